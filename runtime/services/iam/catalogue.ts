/** Every policy that is written in IAM, of all accounts: inline policies, managed ones as they count, trust policies. */
import type { AttachedPolicy } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { arnOf } from './names';
import { type Kind, type RoleRow, scanAllHolders, scanAllManaged } from './state';

const KINDS: readonly Kind[] = ['user', 'group', 'role'];

export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for (const kind of KINDS) {
    for await (const { value } of scanAllHolders(store, kind)) {
      for (const [name, text] of Object.entries(value.inline)) {
        yield { kind: 'identity', name: `inline policy "${name}" of ${kind} ${value.name}`, ...text };
      }
      const { trust, serviceLinked } = value as Partial<RoleRow>;
      if (trust && !serviceLinked) yield { kind: 'trust', name: `trust policy of role ${value.name}`, ...trust };
    }
  }
  for await (const { key, value } of scanAllManaged(store)) {
    const { document, origin } = value.versions.find(({ id }) => id === value.defaultVersion)!;
    const arn = arnOf({ account: String(key[0]), partition: 'aws' }, 'policy', value);
    yield { kind: 'identity', name: `managed policy ${arn}`, document, origin, arn };
  }
}
