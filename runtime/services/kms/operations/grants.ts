/** Grants: permissions on one key for one principal, made and ended without touching a policy. Source: "Grants in AWS KMS". */

import type * as Kms from '@aws-sdk/client-kms';
import type { GrantListEntry } from '@aws-sdk/client-kms';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { contextKeys, resourceKeys } from '../conditions';
import { constraint, invalidArn, invalidGrantId, limitExceeded, notFound, validation } from '../errors';
import { checkTokens, readToken, writeToken } from '../grants';
import { anyAccount, arnOf, findKey, mustBeEnabled, needKey } from '../keys';
import { pageAfter, pageLimit, readMarker } from '../paging';
import { isPrincipal, isService } from '../policies';
import { grantable } from '../specs';
import { deleteGrant, type GrantRow, grantsIn, grantsOf, type KeyRow, readGrant, readKey, writeGrant } from '../state';
import { stopIfDry } from './ciphers';

/** Source: AWS KMS Developer Guide, "Resource quotas": grants per KMS key. */
const grantsPerKey = 50_000;

const principalArn = /^arn:[\w-]+:(iam|sts)::\d{12}:.+$/;
const serviceName = /^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/;

/** @throws ValidationException, InvalidArnException */
function grantFrom(
  input: Kms.CreateGrantCommandInput,
  key: KeyRow,
  issuer: string,
): Omit<GrantRow, 'grantId' | 'created'> {
  const { GranteePrincipal: grantee, GranteeServicePrincipal: granteeService } = input;
  const { RetiringPrincipal: retiring, RetiringServicePrincipal: retiringService, Constraints: constraints } = input;
  if ((grantee === undefined) === (granteeService === undefined))
    throw validation('You must specify either GranteePrincipal or GranteeServicePrincipal, but not both.');
  if (retiring !== undefined && retiringService !== undefined)
    throw validation('You can specify either RetiringPrincipal or RetiringServicePrincipal, but not both.');
  for (const arn of [grantee, retiring]) if (arn !== undefined && !principalArn.test(arn)) throw invalidArn(arn);
  for (const name of [granteeService, retiringService])
    if (name !== undefined && !serviceName.test(name)) throw validation(`${name} is not a service principal.`);
  if (granteeService !== undefined && (!constraints?.SourceArn || (!retiring && !retiringService)))
    throw validation('GranteeServicePrincipal requires a SourceArn constraint and a retiring principal.');
  const operations = [...new Set(input.Operations ?? [])];
  if (operations.length === 0) throw constraint('operations', '[]', 'have length greater than or equal to 1');
  const allowed = grantable(key.spec, key.usage);
  const bad = operations.find((operation) => !allowed.includes(operation));
  if (bad)
    throw validation(`Operation ${bad} is not supported on a key with key spec ${key.spec} and usage ${key.usage}.`);
  for (const context of [constraints?.EncryptionContextEquals, constraints?.EncryptionContextSubset]) {
    if (!context) continue;
    if (key.spec !== 'SYMMETRIC_DEFAULT')
      throw validation('Encryption context grant constraints are valid only for symmetric encryption KMS keys.');
    if (Object.keys(context).length > 8) throw validation('A grant constraint has at most 8 encryption context pairs.');
  }
  if (input.Name !== undefined && !/^[a-zA-Z0-9:/_-]{1,256}$/.test(input.Name))
    throw constraint('name', input.Name, 'satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$');
  return { name: input.Name, grantee, granteeService, retiring, retiringService, issuer, operations, constraints };
}

/** The same grant again: what a retried CreateGrant with a name must not double. */
const sameGrant = (a: Omit<GrantRow, 'grantId' | 'created'>, b: GrantRow): boolean => {
  const { grantId: _, created: __, ...rest } = b;
  return JSON.stringify(Object.entries(rest).sort()) === JSON.stringify(Object.entries(a).sort());
};

const entryOf = (key: KeyRow, grant: GrantRow): GrantListEntry => ({
  KeyId: arnOf(key),
  GrantId: grant.grantId,
  Name: grant.name,
  CreationDate: new Date(grant.created),
  GranteePrincipal: grant.grantee,
  GranteeServicePrincipal: grant.granteeService,
  RetiringPrincipal: grant.retiring,
  RetiringServicePrincipal: grant.retiringService,
  IssuingAccount: grant.issuer,
  Operations: [...grant.operations],
  Constraints: grant.constraints,
});

/** The grant, for its retiring principal, for its grantee when it says so, and for whom a policy lets. */
async function mayRetire(call: Call, key: KeyRow, grant: GrantRow): Promise<void> {
  const { principal } = call;
  const retires = isPrincipal(grant.retiring, principal) || isService(grant.retiringService, principal);
  const self = isPrincipal(grant.grantee, principal) || isService(grant.granteeService, principal);
  if (retires || (self && grant.operations.includes('RetireGrant'))) return;
  const { constraints } = grant;
  const keys = {
    ...resourceKeys(call, key),
    ...contextKeys(constraints?.EncryptionContextEquals ?? constraints?.EncryptionContextSubset),
    'kms:GrantConstraintType': constraints && Object.keys(constraints),
  };
  await call.authorize({ action: 'kms:RetireGrant', resource: arnOf(key), keys, resourceTags: key.tags });
}

export const grantHandlers = {
  async CreateGrant(call, input) {
    checkTokens(input.GrantTokens);
    const { kernel, now } = call;
    const key = await findKey(call, input.KeyId!, anyAccount);
    mustBeEnabled(key);
    const wanted = grantFrom(input, key, `arn:${call.partition}:iam::${call.account}:root`);
    stopIfDry(input.DryRun);
    const grantId = kernel.random.hex(64);
    const grant = await kernel.store.write(async (tx) => {
      const current = await needKey(tx, { ...key, arn: arnOf(key) });
      mustBeEnabled(current);
      const existing = await grantsOf(tx, key);
      const same = wanted.name === undefined ? undefined : existing.find((one) => sameGrant(wanted, one));
      if (same) return same;
      if (existing.length >= grantsPerKey) throw limitExceeded(`A key has at most ${grantsPerKey} grants.`);
      const made: GrantRow = { ...wanted, grantId, created: now };
      writeGrant(tx, key, made);
      return made;
    });
    const token = writeToken({ keyArn: arnOf(key), grantId: grant.grantId }, kernel.random.hex(32));
    return { GrantToken: token, GrantId: grant.grantId };
  },

  async ListGrants(call, input) {
    const limit = pageLimit(input.Limit, 100, 50);
    const key = await findKey(call, input.KeyId!, anyAccount);
    const rows = (await grantsOf(call.kernel.store, key)).filter(
      (grant) =>
        (input.GrantId === undefined || grant.grantId === input.GrantId) &&
        (input.GranteePrincipal === undefined ||
          grant.grantee === input.GranteePrincipal ||
          grant.granteeService === input.GranteePrincipal) &&
        (input.GranteeServicePrincipal === undefined || grant.granteeService === input.GranteeServicePrincipal),
    );
    const page = pageAfter(rows, limit, readMarker(input.Marker), (grant) => grant.grantId);
    return {
      Grants: page.items.map((grant) => entryOf(key, grant)),
      Truncated: page.truncated,
      NextMarker: page.marker,
    };
  },

  async ListRetirableGrants(call, input) {
    const limit = pageLimit(input.Limit, 100, 50);
    const { RetiringPrincipal: retiring, RetiringServicePrincipal: service } = input;
    const rows = (await grantsIn(call.kernel.store, call.account, call.region)).filter(({ grant }) =>
      retiring === undefined ? grant.retiringService === service : grant.retiring === retiring,
    );
    const position = ({ keyId, grant }: (typeof rows)[number]) => `${keyId}/${grant.grantId}`;
    const page = pageAfter(rows, limit, readMarker(input.Marker), position);
    const entries = await Promise.all(
      page.items.map(async ({ keyId, grant }) => {
        const key = await readKey(call.kernel.store, call.account, call.region, keyId);
        return key && entryOf(key, grant);
      }),
    );
    return {
      Grants: entries.filter((entry) => entry !== undefined),
      Truncated: page.truncated,
      NextMarker: page.marker,
    };
  },

  async RevokeGrant(call, input) {
    const key = await findKey(call, input.KeyId!, anyAccount);
    if (!/^[0-9a-f]{64}$/.test(input.GrantId!)) throw invalidGrantId();
    stopIfDry(input.DryRun);
    await call.kernel.store.write(async (tx) => {
      if (!(await readGrant(tx, key, input.GrantId!))) throw notFound(`Grant ID ${input.GrantId} not found`);
      deleteGrant(tx, key, input.GrantId!);
    });
    return {};
  },

  async RetireGrant(call, input) {
    const token = input.GrantToken === undefined ? undefined : readToken(input.GrantToken);
    const keyArn = token?.keyArn ?? input.KeyId;
    const grantId = token?.grantId ?? input.GrantId;
    if (keyArn === undefined || grantId === undefined)
      throw validation('You must specify either a GrantToken or a KeyId and a GrantId.');
    const key = await findKey(call, keyArn, anyAccount);
    const grant = await readGrant(call.kernel.store, key, grantId);
    if (!grant) throw notFound(`Grant ID ${grantId} not found`);
    await mayRetire(call, key, grant);
    stopIfDry(input.DryRun);
    await call.kernel.store.write(async (tx) => deleteGrant(tx, key, grantId));
    return {};
  },
} satisfies Handlers<typeof Kms>;
