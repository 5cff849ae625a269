/**
 * When access keys and roles were last used, and for what. Noted beside the request and never in its way, and not each
 * time: a use that is much like the one before, within a quarter of an hour, changes nothing that anybody asks for.
 * Source: IAM API reference, GetAccessKeyLastUsed, RoleLastUsed.
 */
import type { CredentialUse, IdentitySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { isDeclaredKey } from '../../kernel/config';
import type { Reader } from '../../store/port';
import { readAccessKey, readHolder, readUse, type UseRow, writeLastUse } from './state';

const APART_MS = 15 * 60 * 1000;
const MOST_REMEMBERED = 10_000;

export interface Uses {
  readonly note: NonNullable<IdentitySource['used']>;
  /** The newest use of an access key or of a role, by its id. */
  last(kernel: Kernel, id: string): Promise<UseRow | undefined>;
  /** Resolves when all that was noted is kept. */
  settled(): Promise<void>;
}

export function createUses(): Uses {
  let remembered = new Map<string, UseRow>();
  const writing = new Set<Promise<void>>();

  async function settled(): Promise<void> {
    while (writing.size > 0) await Promise.all(writing);
  }

  return {
    note(kernel, use) {
      const id = idOf(kernel, use);
      if (id === undefined) return;
      const { service, region } = use;
      const before = remembered.get(id);
      const at = kernel.clock.now();
      if (before && before.service === service && before.region === region && at - before.at < APART_MS) return;
      if (remembered.size >= MOST_REMEMBERED) remembered = new Map();
      remembered.set(id, { at, service, region });
      const done = kernel.busy();
      const write = kernel.store
        .write(async (tx) => {
          if (await isThere(tx, id, use)) writeLastUse(tx, id, { at, service, region });
        })
        .catch((error: Error) => kernel.report(`the use of ${id} could not be noted: ${error.message}`))
        .finally(() => {
          writing.delete(write);
          done();
        });
      writing.add(write);
    },
    async last(kernel, id) {
      await settled();
      return readUse(kernel.store, id);
    },
    settled,
  };
}

/** Whoever has gone in the meantime leaves nothing behind. */
async function isThere(from: Reader, id: string, { principal: { account, session } }: CredentialUse): Promise<boolean> {
  if (session?.roleArn === undefined) return (await readAccessKey(from, id)) !== undefined;
  const name = session.roleArn.slice(session.roleArn.lastIndexOf('/') + 1);
  return (await readHolder(from, 'role', account!, name))?.id === id;
}

/** Of a session its role counts; other temporary credentials and plain ones are nobody's keys. */
function idOf({ config }: Kernel, { principal }: CredentialUse): string | undefined {
  const { session, userId, accessKeyId = '' } = principal;
  if (session) return session.roleArn === undefined ? undefined : userId.slice(0, userId.indexOf(':'));
  return accessKeyId.startsWith('AKIA') || isDeclaredKey(config, accessKeyId) ? accessKeyId : undefined;
}
