/**
 * Attacks on a bucket. Sources: S3 user guide, "Security best practices for Amazon S3", "Blocking public access",
 * "Bucket policy examples using condition keys", "How S3 Object Lock works"; IAM user guide, "The confused deputy problem".
 */

import { createHash } from 'node:crypto';
import type { ServerSideEncryption } from '@aws-sdk/client-s3';
import type { Statement } from '../engine/policy/document';
import { noBody } from '../kernel/incoming';
import type { Manner, Sketch } from './attempt';
import { send } from './attempt';
import {
  type Attack,
  about,
  admin,
  anonymousAnd,
  attack,
  deputies,
  deputy,
  type Ground,
  orNothing,
  statementsIn,
} from './ground';

const VICTIM = 'coffer-audit/victim';
const NO_ACLS = /^(AccessControlListNotSupported|InvalidBucketAclWithObjectOwnership)$/;
const ALLOW_ALL = (bucket: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:*',
      Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
    },
  });

interface Bucket {
  readonly name: string;
  readonly statements: readonly Statement[];
  /** Keys that are attacked: one of our own, and one for each pattern that the policy allows something. */
  readonly keys: readonly string[];
  readonly encryption?: { readonly algorithm?: string; readonly keyId?: string };
  readonly lock: { readonly enabled: boolean; readonly mode?: string };
  /** Headers with which its administrator can write. */
  readonly writing: Readonly<Record<string, string>>;
  readonly versionId?: string;
  /** Aliases of its access points: other doors to the same objects. */
  readonly points: readonly { readonly name: string; readonly alias: string }[];
  /** Why its administrator could not write what was to be attacked. */
  readonly unwritable?: string;
  /** A key of the same account that is not the bucket's. */
  readonly otherKey?: string;
}

export async function bucketAttacks(ground: Ground): Promise<readonly Attack[]> {
  const bucket = await prepare(ground);
  return [
    ...(bucket.unwritable === undefined
      ? []
      : [{ name: 'objects of its administrator as victims', skipped: `none could be written: ${bucket.unwritable}` }]),
    ...strangers(ground, bucket),
    ...pointAttacks(ground, bucket),
    ...deputyAttacks(ground, bucket),
    ...transport(ground, bucket),
    ...presigned(ground, bucket),
    ...uploads(ground, bucket),
    ...locks(ground, bucket),
    ...openings(ground, bucket),
  ];
}

async function prepare(ground: Ground): Promise<Bucket> {
  const { s3, s3control, kms } = admin(ground);
  const { physicalName: name, account } = ground.resource;
  const of = { Bucket: name };
  const statements = statementsIn((await orNothing(s3.GetBucketPolicy(of)))?.Policy);
  const rules = (await orNothing(s3.GetBucketEncryption(of)))?.ServerSideEncryptionConfiguration?.Rules;
  const byDefault = rules?.[0]?.ApplyServerSideEncryptionByDefault;
  const lock = (await orNothing(s3.GetObjectLockConfiguration(of)))?.ObjectLockConfiguration;
  const encryption = byDefault && { algorithm: byDefault.SSEAlgorithm, keyId: byDefault.KMSMasterKeyID };
  const stated: Record<string, string> = {};
  if (encryption?.algorithm) stated['x-amz-server-side-encryption'] = encryption.algorithm;
  if (encryption?.keyId) stated['x-amz-server-side-encryption-aws-kms-key-id'] = encryption.keyId;
  const keys = [VICTIM, ...new Set(statements.flatMap((statement) => keysOf(statement, name)))];
  const { life } = ground;
  const put = (key: string, headers: Bucket['writing']) =>
    send(
      life,
      {
        service: 's3',
        region: ground.resource.region,
        method: 'PUT',
        path: pathOf(name, key),
        headers,
        body: 'victim',
      },
      { as: account },
    );
  // Some policies want encryption stated, some forbid it: whichever way is let through is the administrator's.
  const plainly = await put(VICTIM, {});
  const writing = plainly.status === 200 ? {} : stated;
  const written = plainly.status === 200 ? plainly : await put(VICTIM, stated);
  for (const key of keys.slice(1)) await put(key, writing);
  const points = (await orNothing(s3control.ListAccessPoints({ AccountId: account, Bucket: name })))?.AccessPointList;
  const { VersionId: versionId } = (await orNothing(s3.HeadObject({ ...of, Key: VICTIM }))) ?? {};
  return {
    name,
    statements,
    keys,
    encryption,
    lock: { enabled: lock?.ObjectLockEnabled === 'Enabled', mode: lock?.Rule?.DefaultRetention?.Mode },
    writing,
    points: (points ?? []).map(({ Name = '', Alias = '' }) => ({ name: Name, alias: Alias })),
    unwritable: written.status === 200 ? undefined : written.reason,
    versionId,
    otherKey: (await orNothing(kms.CreateKey({})))?.KeyMetadata?.Arn,
  };
}

const pathOf = (bucket: string, key: string) => `/${bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;

/** Keys that the patterns of an allowing statement mean. */
function keysOf({ effect, resources }: Statement, bucket: string): string[] {
  const prefix = `arn:aws:s3:::${bucket}/`;
  if (effect !== 'Allow' || resources?.negated) return [];
  return (resources?.values ?? [])
    .filter((value) => value.startsWith(prefix) && value !== `${prefix}*`)
    .map((value) =>
      value
        .slice(prefix.length)
        .replace(/\$\{[^}]*\}/g, 'victim')
        .replaceAll('*', 'victim')
        .replaceAll('?', 'v'),
    );
}

function on(bucket: Bucket, method: string, key?: string, more: Partial<Sketch> = {}): Omit<Sketch, 'region'> {
  return { service: 's3', method, path: key === undefined ? `/${bucket.name}` : pathOf(bucket.name, key), ...more };
}

function strangers(ground: Ground, bucket: Bucket): Attack[] {
  return anonymousAnd(ground).flatMap(({ name, as }) => [
    attack(ground, `${name}: list`, on(bucket, 'GET', undefined, { query: { 'list-type': '2' } }), { as }),
    attack(ground, `${name}: list versions`, on(bucket, 'GET', undefined, { query: { versions: '' } }), { as }),
    ...bucket.keys.flatMap((key) => [
      attack(ground, `${name}: get ${key}`, on(bucket, 'GET', key), { as }),
      attack(ground, `${name}: put ${key}`, on(bucket, 'PUT', key, { body: 'x', headers: bucket.writing }), { as }),
      attack(ground, `${name}: delete ${key}`, on(bucket, 'DELETE', key), { as }),
    ]),
    attack(ground, `${name}: read the policy`, on(bucket, 'GET', undefined, { query: { policy: '' } }), { as }),
    attack(
      ground,
      `${name}: put a policy`,
      on(bucket, 'PUT', undefined, { query: { policy: '' }, body: ALLOW_ALL(bucket.name) }),
      { as },
    ),
  ]);
}

/** The same objects by way of access points, which have policies and a Block Public Access of their own. */
function pointAttacks(ground: Ground, bucket: Bucket): Attack[] {
  return bucket.points.flatMap(({ name: point, alias }) =>
    anonymousAnd(ground).flatMap(({ name, as }) => {
      const through = { ...bucket, name: alias };
      const by = `${name} through access point ${point}`;
      return [
        attack(ground, `${by}: list`, on(through, 'GET', undefined, { query: { 'list-type': '2' } }), { as }),
        attack(ground, `${by}: get`, on(through, 'GET', VICTIM), { as }),
        attack(ground, `${by}: put`, on(through, 'PUT', VICTIM, { body: 'x', headers: bucket.writing }), { as }),
        attack(ground, `${by}: delete`, on(through, 'DELETE', VICTIM), { as }),
      ];
    }),
  );
}

function deputyAttacks(ground: Ground, bucket: Bucket): Attack[] {
  const Bucket = bucket.name;
  const usual = [
    's3.amazonaws.com',
    'logging.s3.amazonaws.com',
    'cloudtrail.amazonaws.com',
    'delivery.logs.amazonaws.com',
  ];
  const Body = { stream: noBody, length: 0, trailers: {} };
  const given = {
    ServerSideEncryption: bucket.writing['x-amz-server-side-encryption'] as ServerSideEncryption | undefined,
    SSEKMSKeyId: bucket.writing['x-amz-server-side-encryption-aws-kms-key-id'],
  };
  return deputies(bucket.statements, usual).flatMap((service) => {
    const named = bucket.statements
      .filter(({ principals }) =>
        principals?.entries.some(({ type, value }) => type === 'Service' && value === service),
      )
      .flatMap((statement) => keysOf(statement, bucket.name));
    const keys = named.length > 0 ? [...new Set(named)] : [VICTIM];
    return [
      ...keys.flatMap((Key) => [
        deputy(ground, service, `put ${Key}`, ({ s3 }) => s3.PutObject({ Bucket, Key, ...given }, Body)),
        deputy(ground, service, `put ${Key}, full control to the owner`, ({ s3 }) =>
          s3.PutObject({ Bucket, Key, ...given, ACL: 'bucket-owner-full-control' }, Body),
        ),
        deputy(ground, service, `get ${Key}`, ({ s3 }) => s3.GetObject({ Bucket, Key })),
      ]),
      deputy(ground, service, 'list', ({ s3 }) => s3.ListObjectsV2({ Bucket })),
    ];
  });
}

function transport(ground: Ground, bucket: Bucket): Attack[] {
  const { account: as } = ground.resource;
  const both = (name: string, manner: Manner) => [
    attack(ground, `administrator, ${name}: list`, on(bucket, 'GET'), { as, ...manner }),
    attack(ground, `administrator, ${name}: get`, on(bucket, 'GET', VICTIM), { as, ...manner }),
    attack(ground, `administrator, ${name}: put`, on(bucket, 'PUT', VICTIM, { body: 'x', headers: bucket.writing }), {
      as,
      ...manner,
    }),
  ];
  return [
    ...both('plain HTTP', { plainHttp: true }),
    ...(about(bucket.statements, /^s3:TlsVersion$/i).length > 0
      ? both('TLS 1.1', { tlsVersion: '1.1' })
      : [
          {
            name: 'administrator, TLS 1.1',
            skipped: 'no policy asks for a version, and AWS takes none below 1.2 anyway',
          },
        ]),
  ];
}

function presigned(ground: Ground, bucket: Bucket): Attack[] {
  const { account: as } = ground.resource;
  const get = on(bucket, 'GET', VICTIM);
  const fresh = { as, presigned: { agoSeconds: 0, expiresSeconds: 300 } };
  const elsewhere = pathOf(bucket.name, `${VICTIM}-else`);
  return [
    attack(ground, 'expired URL: get', get, { as, presigned: { agoSeconds: 7200, expiresSeconds: 60 } }),
    attack(ground, 'URL with another key: get', get, {
      ...fresh,
      tamper: (request) => ({ ...request, path: elsewhere, target: request.target.replace(request.path, elsewhere) }),
    }),
    attack(ground, 'URL with a longer life: get', get, {
      ...fresh,
      presigned: { agoSeconds: 7200, expiresSeconds: 60 },
      tamper: (request) => ({
        ...request,
        target: request.target.replace('X-Amz-Expires=60', 'X-Amz-Expires=604800'),
        query: request.query.map(([name, value]) => [name, name === 'X-Amz-Expires' ? '604800' : value] as const),
      }),
    }),
    attack(ground, 'URL for reading: delete', get, {
      ...fresh,
      tamper: (request) => ({ ...request, method: 'DELETE' }),
    }),
  ];
}

const ALGORITHMS = ['AES256', 'aws:kms', 'aws:kms:dsse'];
const ALGORITHM = 'x-amz-server-side-encryption';
const KEY_ID = 'x-amz-server-side-encryption-aws-kms-key-id';

/** Uploads that the policy speaks of: what it asks for is left out, or said otherwise. */
function uploads(ground: Ground, bucket: Bucket): Attack[] {
  const { account: as } = ground.resource;
  const { statements, encryption = {}, otherKey } = bucket;
  const put = (name: string, headers: Record<string, string>, manner: Manner = {}) =>
    attack(ground, `administrator: put ${name}`, on(bucket, 'PUT', VICTIM, { body: 'x', headers }), { as, ...manner });
  const skipped = (what: string, of: string): Attack => ({
    name: `administrator: put ${what}`,
    skipped: `no policy of the bucket is about ${of}`,
  });
  const algorithms = about(statements, /^s3:x-amz-server-side-encryption$/i);
  const keys = about(statements, /^s3:x-amz-server-side-encryption-aws-kms-key-id$/i);
  const wanted = encryption.algorithm ?? 'AES256';
  const other = ALGORITHMS.find((one) => one !== wanted && !mentions(algorithms, one)) ?? ALGORITHMS[0];
  return [
    algorithms.length > 0
      ? put(`with ${other}`, { [ALGORITHM]: other })
      : skipped('with another encryption', ALGORITHM),
    keys.length > 0 && otherKey
      ? put('under another key', { [ALGORITHM]: 'aws:kms', [KEY_ID]: otherKey })
      : skipped('under another key', KEY_ID),
    about(statements, /^s3:x-amz-server-side-encryption-customer-algorithm$/i).length > 0
      ? put('under a key of its own (SSE-C)', customerKey)
      : skipped('under a key of its own (SSE-C)', 'x-amz-server-side-encryption-customer-algorithm'),
    about(statements, /^s3:x-amz-content-sha256$/i).length > 0
      ? put('with an unsigned payload', { ...bucket.writing }, { unsignedPayload: true })
      : skipped('with an unsigned payload', 'x-amz-content-sha256'),
  ];
}

const secret = Buffer.alloc(32, 7);
const customerKey = {
  'x-amz-server-side-encryption-customer-algorithm': 'AES256',
  'x-amz-server-side-encryption-customer-key': secret.toString('base64'),
  'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(secret).digest('base64'),
};

function mentions(statements: readonly Statement[], value: string): boolean {
  return statements.some(({ conditions }) => conditions.some(({ values }) => values.includes(value)));
}

function locks(ground: Ground, bucket: Bucket): Attack[] {
  const { account: as } = ground.resource;
  const { lock, versionId } = bucket;
  if (!lock.enabled && !ground.locked)
    return [{ name: 'administrator: delete a version', skipped: 'the bucket has no Object Lock' }];
  const version = { versionId: versionId ?? 'null' };
  const retention = `<Retention xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Mode>GOVERNANCE</Mode><RetainUntilDate>${new Date(ground.life.kernel.clock.now() + 60_000).toISOString()}</RetainUntilDate></Retention>`;
  return [
    ...(lock.mode === 'COMPLIANCE'
      ? [
          attack(
            ground,
            'administrator: delete a locked version, bypassing governance',
            on(bucket, 'DELETE', VICTIM, { query: version, headers: { 'x-amz-bypass-governance-retention': 'true' } }),
            { as },
          ),
        ]
      : []),
    ...(lock.mode
      ? [
          attack(
            ground,
            'administrator: shorten a lock',
            on(bucket, 'PUT', VICTIM, { query: { retention: '', ...version }, body: retention }),
            { as },
          ),
        ]
      : []),
    attack(ground, 'administrator: delete a locked version', on(bucket, 'DELETE', VICTIM, { query: version }), { as }),
  ];
}

/** What would open the bucket to everybody. Last, for they would. */
function openings(ground: Ground, bucket: Bucket): Attack[] {
  const { account: as } = ground.resource;
  const acl = { 'x-amz-acl': 'public-read' };
  return [
    {
      ...attack(
        ground,
        'administrator: put a public ACL',
        on(bucket, 'PUT', undefined, { query: { acl: '' }, headers: acl }),
        { as },
      ),
      heldBy: NO_ACLS,
    },
    {
      ...attack(
        ground,
        'administrator: put an object with a public ACL',
        on(bucket, 'PUT', VICTIM, { body: 'x', headers: { ...bucket.writing, ...acl } }),
        { as },
      ),
      heldBy: NO_ACLS,
    },
    attack(
      ground,
      'administrator: put a public policy',
      on(bucket, 'PUT', undefined, { query: { policy: '' }, body: ALLOW_ALL(bucket.name) }),
      { as },
    ),
  ];
}
