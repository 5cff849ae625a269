/** The key under which S3-managed encryption derives the keys of bodies: made once for a store, at first need. */
import type { Kernel } from '../../../kernel/call';
import { secrets } from './tables';

const NAME = 'objects';
const known = new WeakMap<Kernel, Promise<Uint8Array>>();

export function managedSecret(kernel: Kernel): Promise<Uint8Array> {
  let secret = known.get(kernel);
  if (!secret) {
    secret = load(kernel);
    known.set(kernel, secret);
  }
  return secret;
}

async function load({ store, random }: Kernel): Promise<Uint8Array> {
  const kept = await store.get(secrets, [NAME]);
  if (kept) return kept;
  const fresh = random.bytes(32);
  return store.write(async (tx) => {
    const other = await tx.get(secrets, [NAME]);
    if (!other) tx.put<Uint8Array>(secrets, [NAME], fresh);
    return other ?? fresh;
  });
}
