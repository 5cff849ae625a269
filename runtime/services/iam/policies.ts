/**
 * What IAM tells the authoriser: who an access key belongs to, which policies hold for a user or a session, and the
 * trust policy of a role that somebody wants to assume. Source: IAM user guide, "Policies and permissions in IAM".
 */
import { parseArn } from '../../base/arn';
import type { AttachedPolicy, Check, IdentitySource, PolicySource, ResourceVerdict } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { isDeclaredKey } from '../../kernel/config';
import { type Principal, root } from '../../kernel/principal';
import { defaultDocument } from './entities';
import { arnOf, lastSegment } from './names';
import { type Holder, type Kind, type RoleRow, readAccessKey, readHolder, type UserRow } from './state';

/** Reads the role that it is about to issue: within AWS nobody is asked. */
const STS = 'sts.amazonaws.com';

const EVERYTHING = JSON.stringify({
  Version: '2012-10-17',
  Statement: { Effect: 'Allow', Action: '*', Resource: '*' },
});
const NOTHING = JSON.stringify({ Version: '2012-10-17', Statement: [] });

export const identities: IdentitySource = {
  async credentials({ store, config }, accessKeyId) {
    if (!accessKeyId.startsWith('AKIA') && !isDeclaredKey(config, accessKeyId)) return undefined;
    const key = await readAccessKey(store, accessKeyId);
    if (!key) return undefined;
    const { account, secret, active } = key;
    if (key.user === undefined) {
      return { accessKeyId, secretAccessKey: secret, active, principal: root(account, 'aws', accessKeyId) };
    }
    const user = await readHolder(store, 'user', account, key.user);
    return (
      user && { accessKeyId, secretAccessKey: secret, active, principal: userPrincipal(account, user, accessKeyId) }
    );
  },

  async exists(kernel, text, call) {
    const arn = parseArn(text);
    const kind = /^(user|role)\//.exec(arn?.resource ?? '')?.[1] as 'user' | 'role' | undefined;
    if (arn?.service !== 'iam' || !kind || arn.account !== call.account) return undefined;
    const there = async () => {
      const row = await readHolder(kernel.store, kind, arn.account, lastSegment(arn));
      return row !== undefined && arnOf(arn, kind, row) === text;
    };
    return (await there()) || ((await kernel.supply(text, call)) && there());
  },

  async policies(kernel, principal) {
    const { account, kind, session } = principal;
    if (account === undefined) return [];
    if (kind === 'user') return ofUser(kernel, account, principal.arn, principal.userId);
    if (kind !== 'session' || !session) return [];
    const own = session.roleArn
      ? ofRole(kernel, account, session.roleArn, principal.userId)
      : ofFederating(kernel, account, session.userArn ?? '');
    return [...(await own), ...(await ofSession(kernel, principal))];
  },
};

export const trust: PolicySource = {
  async verdict(kernel: Kernel, check: Check, principal: Principal): Promise<ResourceVerdict | undefined> {
    const arn = parseArn(check.resource);
    const policies: AttachedPolicy[] = [];
    if (check.action === 'iam:GetOpenIDConnectProvider' && principal.service === STS) {
      const reason = 'STS reads the provider of a web identity';
      return { policies, owner: arn?.account, grant: { allowed: true, reason } };
    }
    if (!arn?.resource.startsWith('role/')) return undefined;
    if (check.action.startsWith('sts:')) {
      const role = await readHolder(kernel.store, 'role', arn.account, lastSegment(arn));
      const there = role && arnOf(arn, 'role', role) === check.resource;
      // Of a role that is not there, STS says no more than that the caller may not.
      const { document, origin } = there ? role.trust : { document: NOTHING };
      policies.push({
        kind: 'trust',
        name: `trust policy of ${there ? '' : 'absent '}${arn.resource}`,
        document,
        origin,
      });
      return { policies, owner: arn.account, sameAccount: 'delegated' };
    }
    if (check.action === 'iam:GetRole' && principal.service === STS) {
      return { policies, owner: arn.account, grant: { allowed: true, reason: 'STS reads the role that it issues' } };
    }
    if (check.action !== 'iam:PassRole') return undefined;
    const passed = await readHolder(kernel.store, 'role', arn.account, lastSegment(arn));
    return passed && { policies, owner: arn.account, resourceTags: passed.tags };
  },
};

export function userPrincipal(account: string, user: UserRow, accessKeyId?: string): Principal {
  const arn = arnOf({ account, partition: 'aws' }, 'user', user);
  return { kind: 'user', account, arn, userId: user.id, accessKeyId, tags: user.tags };
}

/** Policies of a user, if it still is the one with this id. */
async function ofUser({ store }: Kernel, account: string, arn: string, id?: string): Promise<AttachedPolicy[]> {
  const name = lastSegment({ resource: arn });
  const user = await readHolder(store, 'user', account, name);
  if (!user || (id !== undefined && user.id !== id)) return [];
  const groups = await Promise.all(user.groups.map((group) => readHolder(store, 'group', account, group)));
  const held = await Promise.all([
    ofHolder(store, 'user', user),
    ...groups.flatMap((group) => (group ? [ofHolder(store, 'group', group)] : [])),
    ofBoundary(store, 'user', user),
  ]);
  return held.flat();
}

/** Policies of the user that a federated session stands for. */
async function ofFederating(kernel: Kernel, account: string, arn: string): Promise<AttachedPolicy[]> {
  if (arn.endsWith(':root')) return [{ kind: 'identity', name: 'root user', document: EVERYTHING }];
  return ofUser(kernel, account, arn);
}

/** Policies of the role behind a session, if it still is the role that was assumed. */
async function ofRole({ store }: Kernel, account: string, arn: string, userId: string): Promise<AttachedPolicy[]> {
  const role = await readHolder(store, 'role', account, lastSegment({ resource: arn }));
  if (!role || !userId.startsWith(`${role.id}:`)) return [];
  const held = await Promise.all([ofHolder(store, 'role', role), ofBoundary(store, 'role', role)]);
  return held.flat();
}

async function ofSession({ store }: Kernel, { session }: Principal): Promise<AttachedPolicy[]> {
  const { policies = [], policyArns = [], name } = session!;
  const inline = policies.map(
    (document): AttachedPolicy => ({
      kind: 'session',
      name: `session policy of ${name}`,
      attachedTo: `session ${name}`,
      document,
    }),
  );
  const managed = await Promise.all(
    policyArns.map((arn) => ofManaged(store, arn, 'session', `session policy ${arn} of ${name}`, `session ${name}`)),
  );
  const limits = [...inline, ...managed];
  // "If you do not pass a policy, the resulting federated user session has no permissions."
  if (limits.length > 0 || session!.roleArn) return limits;
  return [{ kind: 'session', name: `absent session policy of ${name}`, document: NOTHING }];
}

export async function ofHolder(store: Kernel['store'], kind: Kind, holder: Holder): Promise<AttachedPolicy[]> {
  const whose = `${kind} ${holder.name}`;
  const inline = Object.entries(holder.inline).map(
    ([name, text]): AttachedPolicy => ({
      kind: 'identity',
      name: `inline policy "${name}" of ${whose}`,
      attachedTo: whose,
      ...text,
    }),
  );
  const managed = await Promise.all(
    holder.attached.map((arn) => ofManaged(store, arn, 'identity', `managed policy ${arn} of ${whose}`, whose)),
  );
  return [...inline, ...managed];
}

export async function ofBoundary(store: Kernel['store'], kind: Kind, row: UserRow | RoleRow) {
  if (!row.boundary) return [];
  const whose = `${kind} ${row.name}`;
  return [await ofManaged(store, row.boundary, 'boundary', `permissions boundary ${row.boundary} of ${whose}`, whose)];
}

/** A managed policy that is gone allows nothing, also where it is a limit. */
async function ofManaged(
  store: Kernel['store'],
  arn: string,
  kind: AttachedPolicy['kind'],
  name: string,
  attachedTo: string,
): Promise<AttachedPolicy> {
  const { document = NOTHING, origin } = (await defaultDocument(store, arn)) ?? {};
  return { kind, name, arn, attachedTo, document, origin };
}
