/**
 * Accounts of an organisation. An account is created at once, and its request told as still going on, as AWS does: who
 * wants the account's id asks DescribeCreateAccountStatus.
 */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { accountOf, change, managed, ownOrganization } from '../entities';
import {
  accountNotFound,
  creationNotFound,
  destinationNotFound,
  duplicateAccount,
  masterCannotLeave,
  parentNotFound,
  sourceNotFound,
  waitPeriod,
} from '../errors';
import { checkEmail, checkName } from '../names';
import { pageOf } from '../paging';
import {
  type CreationRow,
  creationsOf,
  deleteMember,
  type OrganizationRow,
  organizationOf,
  readCreation,
  writeCreation,
  writeMember,
  writeOrganization,
} from '../state';
import { readTags } from '../tags';
import { accountsUnder, attachedAtFirst, isParent, withoutAccount } from '../tree';
import { linkRole, makeAccessRole } from '../welcome';

const WAIT_MS = 7 * 24 * 3_600_000;

function statusOf({
  id,
  name,
  requested,
  completed,
  account,
  failure,
}: CreationRow): Organizations.CreateAccountStatus {
  return {
    Id: id,
    AccountName: name,
    State: account === undefined ? 'FAILED' : 'SUCCEEDED',
    RequestedTimestamp: new Date(requested),
    CompletedTimestamp: new Date(completed),
    AccountId: account,
    FailureReason: failure,
  };
}

/** Twelve digits that no organisation and no configuration has yet. */
async function newAccountId({ kernel }: Call): Promise<string> {
  for (;;) {
    const id = String(kernel.random.bytes(6).readUIntBE(0, 6) % 10 ** 12).padStart(12, '0');
    const declared = id === kernel.defaultAccount || kernel.config.accounts.some((one) => one.id === id);
    if (!declared && !(await organizationOf(kernel.store, id))) return id;
  }
}

/** Takes an account out. @throws ConstraintViolationException */
function remove(tx: Writer, row: OrganizationRow, id: string, now: number): void {
  const account = row.accounts[id];
  if (!account) throw accountNotFound();
  if (id === row.management) throw masterCannotLeave();
  if (account.method === 'CREATED' && now < account.joined + WAIT_MS) throw waitPeriod();
  deleteMember(tx, id);
  writeOrganization(tx, withoutAccount(row, id));
}

export const accountHandlers = {
  async CreateAccount(call, input) {
    const { kernel, now, partition } = call;
    const name = checkName('AccountName', input.AccountName, 50);
    const email = checkEmail(input.Email);
    const tags = readTags(input.Tags);
    const row = await managed(kernel.store, call);
    const id = `car-${kernel.random.hex(32)}`;
    const base = { id, name, email, requested: now, completed: now };
    const account = await newAccountId(call);
    const taken = (one: OrganizationRow) =>
      Object.values(one.accounts).some((other) => other.email.toLowerCase() === email.toLowerCase());
    if (!taken(row)) {
      await makeAccessRole(kernel, account, row.management, partition, input.RoleName);
      await linkRole(kernel, account);
    }
    const creation = await kernel.store.write(async (tx): Promise<CreationRow> => {
      const before = await managed(tx, call);
      const made: CreationRow = taken(before) ? { ...base, failure: 'EMAIL_ALREADY_EXISTS' } : { ...base, account };
      writeCreation(tx, before.id, made);
      if (made.account === undefined) return made;
      writeMember(tx, account, before.id);
      writeOrganization(tx, {
        ...before,
        accounts: {
          ...before.accounts,
          [account]: { name, email, parent: before.root, method: 'CREATED', joined: now },
        },
        attachments: { ...before.attachments, [account]: attachedAtFirst(before) },
        tags: { ...before.tags, [account]: tags },
      });
      return made;
    });
    return {
      CreateAccountStatus: {
        Id: creation.id,
        AccountName: name,
        State: 'IN_PROGRESS',
        RequestedTimestamp: new Date(now),
      },
    };
  },

  async DescribeCreateAccountStatus(call, input) {
    const { store } = call.kernel;
    const creation = await readCreation(store, (await managed(store, call)).id, input.CreateAccountRequestId!);
    if (!creation) throw creationNotFound();
    return { CreateAccountStatus: statusOf(creation) };
  },

  async ListCreateAccountStatus(call, input) {
    const { store } = call.kernel;
    const all = (await creationsOf(store, (await managed(store, call)).id)).map(statusOf);
    const wanted = all.filter(({ State }) => !input.States || input.States.includes(State!));
    const { items, NextToken } = pageOf(wanted, input);
    return { CreateAccountStatuses: items, NextToken };
  },

  async ListAccounts(call, input) {
    const row = await managed(call.kernel.store, call);
    const { items, NextToken } = pageOf(Object.keys(row.accounts).sort(), input);
    return { Accounts: items.map((id) => accountOf(row, id)), NextToken };
  },

  async ListAccountsForParent(call, input) {
    const row = await managed(call.kernel.store, call);
    if (!isParent(row, input.ParentId!)) throw parentNotFound();
    const { items, NextToken } = pageOf(accountsUnder(row, input.ParentId!), input);
    return { Accounts: items.map((id) => accountOf(row, id)), NextToken };
  },

  async DescribeAccount(call, input) {
    const row = await managed(call.kernel.store, call);
    if (!row.accounts[input.AccountId!]) throw accountNotFound();
    return { Account: accountOf(row, input.AccountId!) };
  },

  async MoveAccount(call, { AccountId: id = '', SourceParentId: from = '', DestinationParentId: to = '' }) {
    await change(call, (row) => {
      const account = row.accounts[id];
      if (!account) throw accountNotFound();
      if (!isParent(row, from) || account.parent !== from) throw sourceNotFound();
      if (!isParent(row, to)) throw destinationNotFound();
      if (from === to) throw duplicateAccount();
      return { ...row, accounts: { ...row.accounts, [id]: { ...account, parent: to } } };
    });
    return {};
  },

  async RemoveAccountFromOrganization(call, input) {
    await call.kernel.store.write(async (tx) => remove(tx, await managed(tx, call), input.AccountId!, call.now));
    return {};
  },

  async LeaveOrganization(call) {
    await call.kernel.store.write(async (tx) => remove(tx, await ownOrganization(tx, call), call.account, call.now));
    return {};
  },
} satisfies Handlers<typeof Organizations>;
