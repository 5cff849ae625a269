/** Deleted stacks can be described by their id for a while, then they are forgotten. */
import type { Kernel } from '../../../kernel/call';
import { findStack, removeStack } from '../state';

export async function forget(payload: Readonly<Record<string, unknown>>, { store }: Kernel): Promise<void> {
  const [account, region, id] = [payload.account, payload.region, payload.id].map(String);
  await store.write(async (tx) => {
    const stack = await findStack(tx, account, region, id);
    if (stack?.status === 'DELETE_COMPLETE') await removeStack(tx, stack);
  });
}
