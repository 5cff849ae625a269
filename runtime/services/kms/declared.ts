/** Makes the keys that a configuration declares, under the ids that it gives them. What is there already stays. */
import { partitionOf } from '../../base/arn';
import type { Kernel } from '../../kernel/call';
import { root } from '../../kernel/principal';
import { defaultPolicy } from './policies';
import { newMaterial } from './rotation';
import { type KeyRow, readKey, writeKey, writeMaterial, writePolicy } from './state';

export async function makeDeclared(kernel: Kernel): Promise<void> {
  for (const { id: account, kmsKeys } of kernel.config.accounts) {
    for (const { id: keyId, alias, region = kernel.defaultRegion } of kmsKeys) {
      if (await readKey(kernel.store, account, region, keyId)) continue;
      await makeKey(kernel, account, region, keyId);
      if (alias === undefined) continue;
      await kernel.peers(root(account), { account, region }).kms.CreateAlias({ AliasName: alias, TargetKeyId: keyId });
    }
  }
}

async function makeKey(kernel: Kernel, account: string, region: string, keyId: string): Promise<void> {
  const partition = partitionOf(region);
  const { id, bytes } = await newMaterial({ spec: 'SYMMETRIC_DEFAULT' }, kernel);
  const created = kernel.clock.now();
  const key: KeyRow = {
    account,
    region,
    partition,
    keyId,
    created,
    description: '',
    usage: 'ENCRYPT_DECRYPT',
    spec: 'SYMMETRIC_DEFAULT',
    origin: 'AWS_KMS',
    manager: 'CUSTOMER',
    state: 'Enabled',
    material: id,
    tags: {},
    aliases: [],
  };
  await kernel.store.write(async (tx) => {
    writeKey(tx, key);
    writePolicy(tx, key, { document: defaultPolicy(partition, account) });
    writeMaterial(tx, region, id, { account, keyId, created, bytes });
  });
}
