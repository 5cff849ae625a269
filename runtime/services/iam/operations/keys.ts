/** Access keys of users, and of the account's root user. */
import type * as Iam from '@aws-sdk/client-iam';
import { newAccessKeyId } from '../../../base/accesskeys';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { findHolder, userNameOf } from '../entities';
import { keyNotFound, quota } from '../errors';
import { timeOf } from '../names';
import { pageOf } from '../paging';
import { type AccessKeyRow, accessKeysFor, deleteAccessKey, readAccessKey, writeAccessKey } from '../state';

/** Source: IAM user guide, "IAM and AWS STS quotas". */
const KEYS_PER_USER = 2;
const SECRET_BYTES = 30;

/** Whose keys are meant: a user's name, or nothing for the root user. */
function ownerOf(call: Call, name: string | undefined): string | undefined {
  return name === undefined && call.principal.kind === 'root' ? undefined : userNameOf(call, name);
}

const statusOf = ({ active }: AccessKeyRow) => (active ? 'Active' : 'Inactive') as Iam.StatusType;

async function findKey(from: Parameters<typeof readAccessKey>[0], call: Call, id: string, owner: string | undefined) {
  if (owner !== undefined) await findHolder(from, 'user', call.account, owner);
  const row = await readAccessKey(from, id);
  if (!row || row.account !== call.account || row.user !== owner) throw keyNotFound(id);
  return row;
}

export const keyHandlers = {
  async CreateAccessKey(call, input) {
    const user = ownerOf(call, input.UserName);
    const { random, store } = call.kernel;
    const id = newAccessKeyId(random, 'AKIA', call.account);
    const secret = random.bytes(SECRET_BYTES).toString('base64');
    const row: AccessKeyRow = { account: call.account, id, secret, user, created: call.now, active: true };
    await store.write(async (tx) => {
      if (user !== undefined) await findHolder(tx, 'user', call.account, user);
      const { length } = await accessKeysFor(tx, call.account, user);
      if (length >= KEYS_PER_USER) throw quota('AccessKeysPerUser', KEYS_PER_USER);
      writeAccessKey(tx, row);
    });
    return {
      AccessKey: {
        UserName: user,
        AccessKeyId: id,
        Status: statusOf(row),
        SecretAccessKey: secret,
        CreateDate: timeOf(row.created),
      },
    };
  },

  async ListAccessKeys(call, input) {
    const user = ownerOf(call, input.UserName);
    const { store } = call.kernel;
    if (user !== undefined) await findHolder(store, 'user', call.account, user);
    const page = await pageOf(await accessKeysFor(store, call.account, user), input, ({ id }) => id);
    return {
      AccessKeyMetadata: page.items.map((row) => ({
        UserName: user,
        AccessKeyId: row.id,
        Status: statusOf(row),
        CreateDate: timeOf(row.created),
      })),
      ...page.paging,
    };
  },

  async UpdateAccessKey(call, input) {
    const owner = ownerOf(call, input.UserName);
    await call.kernel.store.write(async (tx) => {
      const row = await findKey(tx, call, input.AccessKeyId!, owner);
      writeAccessKey(tx, { ...row, active: input.Status === 'Active' });
    });
    return {};
  },

  async DeleteAccessKey(call, input) {
    const owner = ownerOf(call, input.UserName);
    await call.kernel.store.write(async (tx) => {
      deleteAccessKey(tx, await findKey(tx, call, input.AccessKeyId!, owner));
    });
    return {};
  },
} satisfies Handlers<typeof Iam>;
