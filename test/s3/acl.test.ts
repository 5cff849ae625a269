/** ACLs in all their forms, and what ownership leaves of them. */
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketOwnershipControlsCommand,
  DeletePublicAccessBlockCommand,
  GetBucketAclCommand,
  GetBucketOwnershipControlsCommand,
  GetObjectAclCommand,
  GetObjectCommand,
  type Grant,
  ListObjectsV2Command,
  type ObjectCannedACL,
  type ObjectOwnership,
  PutBucketAclCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startCoffer } from '@coffer/runtime';
import { refusal, type Setting, start } from './client';

const Bucket = 'listed';
const STRANGER = '111122223333';
const ALL = 'http://acs.amazonaws.com/groups/global/AllUsers';
const AUTHENTICATED = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
const LOGS = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
let setting: Setting;
let stranger: S3Client;
let nobody: S3Client;
let owner: string;
let other: string;

async function idOf(client: S3Client, name: string): Promise<string> {
  await client.send(new CreateBucketCommand({ Bucket: name }));
  return (await client.send(new GetBucketAclCommand({ Bucket: name }))).Owner!.ID!;
}
const own = (Ownership: ObjectOwnership, name = Bucket) =>
  refusal(
    setting.s3.send(
      new PutBucketOwnershipControlsCommand({
        Bucket: name,
        OwnershipControls: { Rules: [{ ObjectOwnership: Ownership }] },
      }),
    ),
  );

beforeAll(async () => {
  setting = await start();
  stranger = setting.coffer.client(S3Client, { account: STRANGER });
  nobody = setting.coffer.client(S3Client, { as: 'anonymous' });
  other = await idOf(stranger, 'somebody-elses');
  owner = await idOf(setting.s3, Bucket);
  await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await own('ObjectWriter');
});
afterAll(() => setting.coffer.close());

/** Grants as text, sorted. */
function told(grants: Grant[] | undefined): string[] {
  const name = ({ ID, URI }: NonNullable<Grant['Grantee']>) =>
    ({ [owner]: 'owner', [other]: 'other' })[ID ?? ''] ?? (URI ?? ID ?? '').split('/').pop();
  return (grants ?? []).map(({ Grantee, Permission }) => `${name(Grantee!)} ${Permission}`).sort();
}
const onObject = async (Key = 'k') => told((await setting.s3.send(new GetObjectAclCommand({ Bucket, Key }))).Grants);
const onBucket = async () => told((await setting.s3.send(new GetBucketAclCommand({ Bucket }))).Grants);
const put = (more: object = {}, Key = 'k', client = setting.s3) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body: 'x', ...more }));
const putAcl = (more: object, Key = 'k') => setting.s3.send(new PutObjectAclCommand({ Bucket, Key, ...more }));
const read = (client: S3Client, Key = 'k') => refusal(client.send(new GetObjectCommand({ Bucket, Key })));
const grant = (Grantee: Grant['Grantee'], Permission: Grant['Permission']): Grant => ({ Grantee, Permission });
const policy = (...Grants: Grant[]) => ({ AccessControlPolicy: { Owner: { ID: owner }, Grants } });

describe('a canned ACL', () => {
  it.each<[ObjectCannedACL, string[]]>([
    ['private', []],
    ['public-read', ['AllUsers READ']],
    ['public-read-write', ['AllUsers READ', 'AllUsers WRITE']],
    ['authenticated-read', ['AuthenticatedUsers READ']],
    ['bucket-owner-read', []],
    ['bucket-owner-full-control', []],
  ])('%s of an object grants what the user guide says', async (ACL, more) => {
    await put({ ACL });
    expect(await onObject()).toEqual([...more, 'owner FULL_CONTROL'].sort());
    await put();
    await putAcl({ ACL });
    expect(await onObject()).toEqual([...more, 'owner FULL_CONTROL'].sort());
  });

  it('lets the EC2 account read what it executes', async () => {
    await put({ ACL: 'aws-exec-read' });
    expect(await onObject()).toEqual([expect.stringMatching(/^[0-9a-f]{64} READ$/), 'owner FULL_CONTROL']);
  });

  it('of a bucket may be for log delivery, of an object not', async () => {
    const ACL = 'log-delivery-write' as 'private';
    await setting.s3.send(new PutBucketAclCommand({ Bucket, ACL }));
    expect(await onBucket()).toEqual(['LogDelivery READ_ACP', 'LogDelivery WRITE', 'owner FULL_CONTROL']);
    expect(await refusal(put({ ACL }))).toBe('400 InvalidArgument');
    await setting.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
    expect(await refusal(put({ ACL: 'public-ready' }))).toBe('400 InvalidArgument');
    // "If you specify this canned ACL when creating a bucket, Amazon S3 ignores it."
    await setting.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'bucket-owner-read' as 'private' }));
    expect(await onBucket()).toEqual(['owner FULL_CONTROL']);
  });

  it.each<[ObjectCannedACL, string]>([
    ['bucket-owner-read', 'owner READ'],
    ['bucket-owner-full-control', 'owner FULL_CONTROL'],
  ])('%s lets the bucket’s owner at a stranger’s object', async (ACL, granted) => {
    await setting.s3.send(new PutBucketAclCommand({ Bucket, GrantWrite: `id=${other}` }));
    await put({ ACL: 'private' }, 'theirs', stranger);
    expect(await read(setting.s3, 'theirs')).toBe('403 AccessDenied');
    await put({ ACL }, 'theirs', stranger);
    expect(await read(setting.s3, 'theirs')).toBe('no error');
    const { Grants, Owner } = await stranger.send(new GetObjectAclCommand({ Bucket, Key: 'theirs' }));
    expect(Owner?.ID).toBe(other);
    expect(told(Grants)).toEqual(['other FULL_CONTROL', granted].sort());
    await setting.s3.send(new PutBucketAclCommand({ Bucket, ACL: 'private' }));
  });
});

describe('grants in headers', () => {
  it('name users and groups, and count', async () => {
    const GrantRead = `uri="${AUTHENTICATED}", id=${other}`;
    await put({ GrantRead, GrantReadACP: `uri=${ALL}`, GrantFullControl: `id="${owner}"` });
    expect(await onObject()).toEqual(
      ['AllUsers READ_ACP', 'AuthenticatedUsers READ', 'other READ', 'owner FULL_CONTROL'].sort(),
    );
    expect(await read(stranger)).toBe('no error');
    expect(await read(nobody)).toBe('403 AccessDenied');
    expect(await refusal(nobody.send(new GetObjectAclCommand({ Bucket, Key: 'k' })))).toBe('no error');
    const acl = new PutObjectAclCommand({ Bucket, Key: 'k', ACL: 'private' });
    expect(await refusal(stranger.send(acl))).toBe('403 AccessDenied');
    await putAcl({ GrantWriteACP: `id=${other}` });
    expect(await refusal(stranger.send(acl))).toBe('no error');
  });

  it.each<[string, object]>([
    ['400 InvalidRequest', { ACL: 'private', GrantRead: `uri=${ALL}` }],
    ['400 InvalidArgument', { GrantRead: 'uri=http://acs.amazonaws.com/groups/global/Nobody' }],
    ['400 InvalidArgument', { GrantRead: 'id=nobody' }],
    ['400 InvalidArgument', { GrantRead: 'everyone' }],
    ['400 InvalidArgument', { GrantRead: 'name=ada' }],
    ['405 MethodNotAllowed', { GrantRead: 'emailAddress="ada@example.com"' }],
  ])('are refused %s: %j', async (code, more) => {
    expect(await refusal(put(more))).toBe(code);
    expect(await refusal(putAcl(more))).toBe(code);
    expect(await refusal(setting.s3.send(new PutBucketAclCommand({ Bucket, ...more })))).toBe(code);
  });
});

describe('an ACL document', () => {
  beforeEach(() => put());

  it('says everything anew', async () => {
    await putAcl(
      policy(grant({ Type: 'CanonicalUser', ID: other }, 'READ'), grant({ Type: 'Group', URI: ALL }, 'READ')),
    );
    expect(await onObject()).toEqual(['AllUsers READ', 'other READ'].sort());
    // The owner reads and writes the ACL whatever it says.
    await putAcl(policy());
    expect(await onObject()).toEqual([]);
    await putAcl({ ACL: 'private' });
    expect(await onObject()).toEqual(['owner FULL_CONTROL']);
  });

  it('has at most 100 grants', async () => {
    const many = (count: number) =>
      refusal(putAcl(policy(...Array(count).fill(grant({ Type: 'CanonicalUser', ID: other }, 'READ')))));
    expect(await many(100)).toBe('no error');
    expect(await many(101)).toBe('400 MalformedACLError');
    const GrantRead = Array(101).fill(`id=${other}`).join(',');
    expect(await refusal(put({ GrantRead }))).toBe('400 MalformedACLError');
  });

  it.each<[string, () => object]>([
    ['400 MalformedACLError', () => ({ AccessControlPolicy: { Grants: [] } })],
    ['400 MalformedACLError', () => policy(grant({ Type: 'CanonicalUser', ID: other }, 'RULE' as 'READ'))],
    ['400 MalformedACLError', () => policy(grant({ Type: 'Friend' as 'Group', ID: other }, 'READ'))],
    ['400 MalformedACLError', () => policy({ Permission: 'READ' })],
    ['400 InvalidArgument', () => policy(grant({ Type: 'Group', URI: `${ALL}s` }, 'READ'))],
    ['400 InvalidArgument', () => policy(grant({ Type: 'CanonicalUser', ID: 'nobody' }, 'READ'))],
    [
      '405 MethodNotAllowed',
      () => policy(grant({ Type: 'AmazonCustomerByEmail', EmailAddress: 'ada@example.com' }, 'READ')),
    ],
    ['403 AccessDenied', () => ({ AccessControlPolicy: { Owner: { ID: other }, Grants: [] } })],
    ['400 UnexpectedContent', () => ({ ...policy(), ACL: 'private' })],
    ['400 MissingSecurityHeader', () => ({})],
  ])('is refused %s', async (code, more) => {
    expect(await refusal(putAcl(more()))).toBe(code);
    expect(await onObject()).toEqual(['owner FULL_CONTROL']);
  });

  it('named people by e-mail address until October 2025', async () => {
    const email = 'ada@example.com';
    const accounts = [{ id: STRANGER, name: 'ada', email }];
    const coffer = await startCoffer({ config: { s3: { defaults: '2022' }, accounts } });
    const s3 = coffer.client(S3Client);
    await s3.send(new CreateBucketCommand({ Bucket }));
    const GrantRead = `emailAddress=${email}`;
    await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x', GrantRead }));
    expect(await read(coffer.client(S3Client, { account: STRANGER }))).toBe('no error');
    await coffer.close();
  });
});

describe('ownership', () => {
  const name = 'owned-in-turn';
  const ownerOf = async (Key: string) => {
    const { Owner } = await stranger.send(new GetObjectAclCommand({ Bucket: name, Key }));
    return Owner?.ID === owner ? 'owner' : 'other';
  };
  beforeAll(async () => {
    await setting.s3.send(new CreateBucketCommand({ Bucket: name }));
    await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket: name }));
    const Statement = {
      Effect: 'Allow',
      Principal: { AWS: STRANGER },
      Action: ['s3:PutObject', 's3:PutObjectAcl', 's3:GetObject', 's3:GetObjectAcl'],
      Resource: `arn:aws:s3:::${name}/*`,
    };
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    await setting.s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
  });
  const write = (Key: string, ACL?: ObjectCannedACL) =>
    refusal(stranger.send(new PutObjectCommand({ Bucket: name, Key, Body: 'x', ACL })));

  it('BucketOwnerEnforced: all is the bucket owner’s, and ACLs may only say so', async () => {
    expect(await own('BucketOwnerEnforced', name)).toBe('no error');
    expect(await write('plain')).toBe('no error');
    expect(await write('full', 'bucket-owner-full-control')).toBe('no error');
    expect([await ownerOf('plain'), await ownerOf('full')]).toEqual(['owner', 'owner']);
    const off = '400 AccessControlListNotSupported';
    for (const ACL of ['private', 'public-read', 'bucket-owner-read', 'authenticated-read'] as const) {
      expect(await write('refused', ACL)).toBe(off);
      const upload = new CreateMultipartUploadCommand({ Bucket: name, Key: 'refused', ACL });
      expect(await refusal(stranger.send(upload))).toBe(off);
    }
    const copy = { Bucket: name, Key: 'copy', CopySource: `${name}/plain` };
    expect(await refusal(stranger.send(new CopyObjectCommand({ ...copy, ACL: 'private' })))).toBe(off);
    expect(await refusal(stranger.send(new CopyObjectCommand(copy)))).toBe('no error');
    const { s3 } = setting;
    const bucketAcl = (more: object) => refusal(s3.send(new PutBucketAclCommand({ Bucket: name, ...more })));
    const objectAcl = (more: object) =>
      refusal(s3.send(new PutObjectAclCommand({ Bucket: name, Key: 'plain', ...more })));
    const everything = policy(grant({ Type: 'CanonicalUser', ID: owner }, 'FULL_CONTROL'));
    for (const set of [bucketAcl, objectAcl]) {
      expect(await set({ ACL: 'bucket-owner-full-control' })).toBe('no error');
      expect(await set(everything)).toBe(off);
      expect(await set({ ACL: 'private' })).toBe(off);
      expect(await set({ GrantRead: `id=${other}` })).toBe(off);
      expect(await set(policy(grant({ Type: 'Group', URI: ALL }, 'READ')))).toBe(off);
    }
    const { Owner, Grants } = await s3.send(new GetBucketAclCommand({ Bucket: name }));
    expect([Owner?.ID, told(Grants)]).toEqual([owner, ['owner FULL_CONTROL']]);
  });

  it('BucketOwnerPreferred: what is given away is the bucket owner’s', async () => {
    expect(await own('BucketOwnerPreferred', name)).toBe('no error');
    expect(await write('preferred')).toBe('no error');
    expect(await write('preferred-full', 'bucket-owner-full-control')).toBe('no error');
    expect([await ownerOf('preferred'), await ownerOf('preferred-full')]).toEqual(['other', 'owner']);
    const { Grants } = await setting.s3.send(new GetObjectAclCommand({ Bucket: name, Key: 'preferred-full' }));
    expect(told(Grants)).toEqual(['owner FULL_CONTROL']);
  });

  it('ObjectWriter: what is written is the writer’s', async () => {
    expect(await own('ObjectWriter', name)).toBe('no error');
    expect(await write('written', 'bucket-owner-full-control')).toBe('no error');
    expect(await ownerOf('written')).toBe('other');
    // What was written while ACLs were off stays the bucket owner's.
    expect(await ownerOf('plain')).toBe('owner');
    const get = (Key: string) => refusal(setting.s3.send(new GetObjectCommand({ Bucket: name, Key })));
    expect(await get('written')).toBe('no error');
    expect(await write('written-private')).toBe('no error');
    expect(await get('written-private')).toBe('403 AccessDenied');
    await own('BucketOwnerEnforced', name);
    expect(await get('written-private')).toBe('no error');
    await own('ObjectWriter', name);
    expect(await get('written-private')).toBe('403 AccessDenied');
  });

  it('goes to enforced only from an ACL that lets nobody else in', async () => {
    const { s3 } = setting;
    for (const acl of [{ ACL: 'public-read' as const }, { GrantRead: `id=${other}` }, { GrantWrite: `uri=${LOGS}` }]) {
      await s3.send(new PutBucketAclCommand({ Bucket: name, ...acl }));
      expect(await own('BucketOwnerEnforced', name)).toBe('400 InvalidBucketAclWithObjectOwnership');
      expect(await own('BucketOwnerPreferred', name)).toBe('no error');
    }
    await s3.send(new PutBucketAclCommand({ Bucket: name, ACL: 'private' }));
    expect(await own('BucketOwnerEnforced', name)).toBe('no error');
    const create = (more: object) => refusal(s3.send(new CreateBucketCommand({ Bucket: 'never-made', ...more })));
    expect(await create({ ACL: 'public-read' })).toBe('400 InvalidBucketAclWithObjectOwnership');
    expect(await create({ ACL: 'public-read', ObjectOwnership: 'ObjectWriter' })).toBe(
      '400 InvalidBucketAclWithBlockPublicAccessError',
    );
  });

  it('may be unset, which leaves ACLs on', async () => {
    const { s3 } = setting;
    const get = () => s3.send(new GetBucketOwnershipControlsCommand({ Bucket: name }));
    expect((await get()).OwnershipControls?.Rules).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    await s3.send(new DeleteBucketOwnershipControlsCommand({ Bucket: name }));
    expect(await refusal(get())).toBe('404 OwnershipControlsNotFoundError');
    expect(await refusal(s3.send(new PutBucketAclCommand({ Bucket: name, GrantRead: `id=${other}` })))).toBe(
      'no error',
    );
    expect(await refusal(stranger.send(new ListObjectsV2Command({ Bucket: name })))).toBe('no error');
    for (const Rules of [
      [],
      [{ ObjectOwnership: 'Mine' as 'ObjectWriter' }],
      Array(2).fill({ ObjectOwnership: 'ObjectWriter' }),
    ]) {
      const wrong = new PutBucketOwnershipControlsCommand({ Bucket: name, OwnershipControls: { Rules } });
      expect(await refusal(s3.send(wrong))).toBe('400 MalformedXML');
    }
  });
});
