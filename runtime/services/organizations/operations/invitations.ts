/**
 * Invitations, by which an account that exists joins an organisation. They expire after 15 days of the runtime's clock.
 * Source: AWS Organizations user guide, "Managing account invitations".
 */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { managed } from '../entities';
import {
  alreadyInState,
  denied,
  duplicateHandshake,
  handshakeNotFound,
  handshakeState,
  invalidPattern,
  inviteeTaken,
  notModelled,
} from '../errors';
import { handshakeArn, lower } from '../names';
import { pageOf } from '../paging';
import {
  allHandshakes,
  type HandshakeRow,
  type OrganizationRow,
  organizationOf,
  readHandshake,
  readOrganization,
  writeHandshake,
  writeMember,
  writeOrganization,
} from '../state';
import { readTags } from '../tags';
import { attachedAtFirst } from '../tree';
import { linkRole } from '../welcome';

const EXPIRES_MS = 15 * 24 * 3_600_000;

const stateAt = ({ state, expires }: HandshakeRow, now: number) =>
  state === 'OPEN' && now >= expires ? ('EXPIRED' as const) : state;

function handshakeOf(row: OrganizationRow, handshake: HandshakeRow, now: number): Organizations.Handshake {
  const { email, name } = row.accounts[row.management];
  const resources: Organizations.HandshakeResource[] = [
    {
      Type: 'ORGANIZATION',
      Value: row.id,
      Resources: [
        { Type: 'MASTER_EMAIL', Value: email },
        { Type: 'MASTER_NAME', Value: name },
        { Type: 'ORGANIZATION_FEATURE_SET', Value: 'ALL' },
      ],
    },
    { Type: 'ACCOUNT', Value: handshake.account },
  ];
  if (handshake.notes !== undefined) resources.push({ Type: 'NOTES', Value: handshake.notes });
  return {
    Id: handshake.id,
    Arn: handshakeArn(row, handshake.id),
    Parties: [
      { Id: row.id.slice(2), Type: 'ORGANIZATION' },
      { Id: handshake.account, Type: 'ACCOUNT' },
    ],
    State: stateAt(handshake, now),
    RequestedTimestamp: new Date(handshake.requested),
    ExpirationTimestamp: new Date(handshake.expires),
    Action: 'INVITE',
    Resources: resources,
  };
}

/** A handshake that is still open to this account. @throws HandshakeNotFoundException, ...  */
async function open(
  from: Reader,
  { account, now }: Call,
  id: string | undefined,
  party: 'invited' | 'inviting',
  wanted: HandshakeRow['state'],
) {
  const handshake = id === undefined ? undefined : await readHandshake(from, id);
  const row = handshake && (await readOrganization(from, handshake.organization));
  if (!handshake || !row) throw handshakeNotFound();
  if (account !== (party === 'invited' ? handshake.account : row.management)) throw denied();
  const state = stateAt(handshake, now);
  if (state === wanted) throw alreadyInState();
  if (state !== 'OPEN') throw handshakeState(state!);
  return { handshake, row };
}

async function close(
  call: Call,
  id: string | undefined,
  party: 'invited' | 'inviting',
  state: 'DECLINED' | 'CANCELED',
) {
  return call.kernel.store.write(async (tx) => {
    const { handshake, row } = await open(tx, call, id, party, state);
    const closed: HandshakeRow = { ...handshake, state };
    writeHandshake(tx, closed);
    return { Handshake: handshakeOf(row, closed, call.now) };
  });
}

async function list(
  call: Call,
  input: Organizations.ListHandshakesForAccountCommandInput,
  mine: (row: HandshakeRow) => boolean,
) {
  const { store } = call.kernel;
  if (input.Filter?.ActionType !== undefined && input.Filter.ActionType !== 'INVITE') return { Handshakes: [] };
  const found: Organizations.Handshake[] = [];
  for (const handshake of (await allHandshakes(store)).filter(mine)) {
    const row = await readOrganization(store, handshake.organization);
    if (row) found.push(handshakeOf(row, handshake, call.now));
  }
  const { items, NextToken } = pageOf(found, input);
  return { Handshakes: items, NextToken };
}

export const invitationHandlers = {
  async InviteAccountToOrganization(call, input) {
    const { now } = call;
    if (input.Target?.Type !== 'ACCOUNT') throw notModelled('invitations by e-mail address');
    const account = input.Target.Id ?? '';
    if (!/^\d{12}$/.test(account)) throw invalidPattern('Target.Id');
    const tags = readTags(input.Tags);
    const id = `h-${lower(call.kernel.random, 16)}`;
    return call.kernel.store.write(async (tx) => {
      const row = await managed(tx, call);
      if (await organizationOf(tx, account)) throw inviteeTaken();
      const others = (await allHandshakes(tx)).filter((one) => one.organization === row.id && one.account === account);
      if (others.some((one) => stateAt(one, now) === 'OPEN')) throw duplicateHandshake();
      const expires = now + EXPIRES_MS;
      const handshake: HandshakeRow = {
        id,
        organization: row.id,
        account,
        state: 'OPEN',
        requested: now,
        expires,
        notes: input.Notes,
        tags,
      };
      writeHandshake(tx, handshake);
      return { Handshake: handshakeOf(row, handshake, now) };
    });
  },

  async AcceptHandshake(call, { HandshakeId: id }) {
    const { store, config } = call.kernel;
    const { account, now } = call;
    await open(store, call, id, 'invited', 'ACCEPTED');
    await linkRole(call.kernel, account);
    const declared = config.accounts.find((one) => one.id === account);
    return store.write(async (tx) => {
      const { handshake, row } = await open(tx, call, id, 'invited', 'ACCEPTED');
      if (await organizationOf(tx, account)) throw inviteeTaken();
      const accepted: HandshakeRow = { ...handshake, state: 'ACCEPTED' };
      writeHandshake(tx, accepted);
      writeMember(tx, account, row.id);
      const { name = `account ${account}`, email = `${account}@example.com` } = declared ?? {};
      writeOrganization(tx, {
        ...row,
        accounts: { ...row.accounts, [account]: { name, email, parent: row.root, method: 'INVITED', joined: now } },
        attachments: { ...row.attachments, [account]: attachedAtFirst(row) },
        tags: { ...row.tags, [account]: handshake.tags },
      });
      return { Handshake: handshakeOf(row, accepted, now) };
    });
  },

  DeclineHandshake: (call, { HandshakeId }) => close(call, HandshakeId, 'invited', 'DECLINED'),
  CancelHandshake: (call, { HandshakeId }) => close(call, HandshakeId, 'inviting', 'CANCELED'),

  async DescribeHandshake(call, { HandshakeId: id }) {
    const { store } = call.kernel;
    const handshake = id === undefined ? undefined : await readHandshake(store, id);
    const row = handshake && (await readOrganization(store, handshake.organization));
    if (!handshake || !row) throw handshakeNotFound();
    if (call.account !== handshake.account && call.account !== row.management) throw denied();
    return { Handshake: handshakeOf(row, handshake, call.now) };
  },

  ListHandshakesForAccount: (call, input) => list(call, input, ({ account }) => account === call.account),

  async ListHandshakesForOrganization(call, input) {
    const { id } = await managed(call.kernel.store, call);
    return list(call, input, ({ organization }) => organization === id);
  },
} satisfies Handlers<typeof Organizations>;
