/** Makes the users and keys that a configuration declares. Whoever is there already stays as they are. */
import type { Kernel } from '../../kernel/call';
import { root } from '../../kernel/principal';
import { readAccessKey, readHolder, writeAccessKey } from './state';

export async function makeDeclared(kernel: Kernel): Promise<void> {
  const { config, store, clock, defaultRegion } = kernel;
  for (const { id: account, accessKeys, users } of config.accounts) {
    const { iam } = kernel.peers(root(account), { account, region: defaultRegion });
    for (const { name: UserName, managedPolicies, inlinePolicies } of users) {
      if (await readHolder(store, 'user', account, UserName)) continue;
      await iam.CreateUser({ UserName });
      for (const PolicyArn of managedPolicies) await iam.AttachUserPolicy({ UserName, PolicyArn });
      for (const [PolicyName, PolicyDocument] of Object.entries(inlinePolicies))
        await iam.PutUserPolicy({ UserName, PolicyName, PolicyDocument });
    }
    const keys = [
      ...accessKeys.map((key) => ({ ...key, user: undefined })),
      ...users.flatMap(({ name, accessKeys: own }) => own.map((key) => ({ ...key, user: name }))),
    ];
    await store.write(async (tx) => {
      for (const key of keys) {
        if (await readAccessKey(tx, key.id)) continue;
        writeAccessKey(tx, { account, ...key, created: clock.now(), active: true });
      }
    });
  }
}
