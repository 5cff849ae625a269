import type { Peers } from '../../runtime/kernel/peers';
import { type Principal, root, servicePrincipal } from '../../runtime/kernel/principal';
import { account, codeOf, type Rig, region, startRig } from './rig';

const roleArn = `arn:aws:iam::${account}:role/Reader`;
const role: Principal = {
  kind: 'session',
  account,
  arn: `arn:aws:sts::${account}:assumed-role/Reader/test`,
  userId: 'AROA:test',
  session: { roleArn, name: 'test', issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER },
};
const strangerAccount = '444455556666';

let rig: Rig;
let admin: Peers['kms'];
let reader: Peers['kms'];
beforeAll(async () => {
  rig = await startRig();
  admin = rig.admin().kms;
  reader = rig.as(role).kms;
  await rig.as(root(account)).iam.CreateRole({
    RoleName: 'Reader',
    AssumeRolePolicyDocument: policy({ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }),
  });
});
afterAll(() => rig.stop());

const newKey = async (input: Parameters<typeof admin.CreateKey>[0] = {}) => (await admin.CreateKey(input)).KeyMetadata!;
const statement = (principal: object, action: string | string[], condition?: object) => ({
  Effect: 'Allow',
  Principal: principal,
  Action: action,
  Resource: '*',
  ...(condition && { Condition: condition }),
});
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const toAdmin = statement({ AWS: account }, 'kms:*');

describe('key policy', () => {
  test('a role without a word in it stays outside; one that it names comes in', async () => {
    const { KeyId } = await newKey();
    expect(await codeOf(reader.GenerateDataKey({ KeyId, KeySpec: 'AES_256' }))).toBe('AccessDeniedException');
    await admin.PutKeyPolicy({
      KeyId,
      Policy: policy(
        toAdmin,
        statement({ AWS: roleArn }, 'kms:GenerateDataKey', { StringEquals: { 'kms:EncryptionContext:app': 'x' } }),
      ),
    });
    expect(await codeOf(reader.GenerateDataKey({ KeyId, KeySpec: 'AES_256' }))).toBe('AccessDeniedException');
    const made = await reader.GenerateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext: { app: 'x' } });
    expect(made.Plaintext).toHaveLength(32);
    expect(await codeOf(reader.Decrypt({ CiphertextBlob: made.CiphertextBlob }))).toBe('AccessDeniedException');
  });

  test('the account that a key does not let in stays out, its root included', async () => {
    const { KeyId } = await newKey({
      Policy: policy(statement({ AWS: roleArn }, 'kms:*')),
      BypassPolicyLockoutSafetyCheck: true,
    });
    expect(await codeOf(admin.Encrypt({ KeyId, Plaintext: Buffer.from('x') }))).toBe('AccessDeniedException');
    expect(await codeOf(reader.Encrypt({ KeyId, Plaintext: Buffer.from('x') }))).toBe('no error');
  });

  test.each([
    ['names a role that is not there', policy(toAdmin, statement({ AWS: `${roleArn}s` }, 'kms:Decrypt'))],
    ['locks its author out', policy(statement({ AWS: roleArn }, 'kms:*'))],
    ['is not JSON', '{"Version"'],
    ['names no principal', policy({ Effect: 'Allow', Action: 'kms:*', Resource: '*' })],
  ])('a policy that %s is refused', async (_, document) => {
    const { KeyId } = await newKey();
    expect(await codeOf(admin.PutKeyPolicy({ KeyId, Policy: document }))).toBe('MalformedPolicyDocumentException');
    expect((await admin.GetKeyPolicy({ KeyId })).Policy).toContain('key-default-1');
  });

  test('other accounts come in by ARN, when the policy says so', async () => {
    const { KeyId, Arn } = await newKey();
    const stranger = rig.admin(region, strangerAccount).kms;
    const plaintext = Buffer.from('x');
    expect(await codeOf(stranger.Encrypt({ KeyId, Plaintext: plaintext }))).toBe('NotFoundException');
    expect(await codeOf(stranger.Encrypt({ KeyId: Arn, Plaintext: plaintext }))).toBe('AccessDeniedException');
    await admin.PutKeyPolicy({
      KeyId,
      Policy: policy(toAdmin, statement({ AWS: strangerAccount }, ['kms:Encrypt', 'kms:Decrypt', 'kms:DisableKey'])),
    });
    const { CiphertextBlob } = await stranger.Encrypt({ KeyId: Arn, Plaintext: plaintext });
    expect((await stranger.Decrypt({ CiphertextBlob })).KeyId).toBe(Arn);
    expect(await codeOf(stranger.DisableKey({ KeyId: Arn }))).toBe('AccessDeniedException');
  });
});

describe('AWS managed keys', () => {
  test('are made at first use and serve only through their service', async () => {
    const { Aliases } = await admin.ListAliases({ Limit: 100 });
    expect(Aliases!.find(({ AliasName }) => AliasName === 'alias/aws/s3')!.TargetKeyId).toBeUndefined();
    const { KeyMetadata } = await admin.DescribeKey({ KeyId: 'alias/aws/s3' });
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' });
    expect((await admin.DescribeKey({ KeyId: 'alias/aws/s3' })).KeyMetadata!.KeyId).toBe(KeyMetadata!.KeyId);
    expect((await admin.GetKeyRotationStatus({ KeyId: KeyMetadata!.KeyId })).KeyRotationEnabled).toBe(true);

    const throughS3 = rig.as(role, region, ['s3']).kms;
    const wanted = { KeyId: 'alias/aws/s3', KeySpec: 'AES_256' } as const;
    const made = await throughS3.GenerateDataKey(wanted);
    expect((await throughS3.Decrypt({ CiphertextBlob: made.CiphertextBlob })).Plaintext).toEqual(made.Plaintext);
    for (const peers of [reader, admin, rig.as(role, region, ['sqs']).kms])
      expect(await codeOf(peers.GenerateDataKey(wanted))).toBe('AccessDeniedException');
    expect(await codeOf(admin.ScheduleKeyDeletion({ KeyId: KeyMetadata!.KeyId }))).toBe('AccessDeniedException');
    expect(await codeOf(admin.CreateAlias({ AliasName: 'alias/aws/mine', TargetKeyId: KeyMetadata!.KeyId }))).not.toBe(
      'no error',
    );
  });
});

describe('grants', () => {
  test('permit their operations to their grantee, within their constraints, until revoked', async () => {
    const { KeyId, Arn } = await newKey();
    const { GrantId } = await admin
      .CreateGrant({
        KeyId,
        GranteePrincipal: roleArn,
        Operations: ['GenerateDataKey', 'DescribeKey'],
        Constraints: { EncryptionContextSubset: { app: 'x' } },
        Name: 'data keys',
      })
      .catch(() => ({ GrantId: undefined }));
    expect(GrantId).toBeUndefined();
    const made = await admin.CreateGrant({
      KeyId,
      GranteePrincipal: roleArn,
      Operations: ['GenerateDataKey', 'DescribeKey'],
      Constraints: { EncryptionContextSubset: { app: 'x' } },
      Name: 'data-keys',
    });
    const again = await admin.CreateGrant({
      KeyId,
      GranteePrincipal: roleArn,
      Operations: ['GenerateDataKey', 'DescribeKey'],
      Constraints: { EncryptionContextSubset: { app: 'x' } },
      Name: 'data-keys',
    });
    expect(again.GrantId).toBe(made.GrantId);
    expect(again.GrantToken).not.toBe(made.GrantToken);

    const ask = (context: Record<string, string>) =>
      codeOf(reader.GenerateDataKey({ KeyId, KeySpec: 'AES_128', EncryptionContext: context }));
    expect(await ask({ app: 'x', more: 'y' })).toBe('no error');
    expect(await ask({ app: 'y' })).toBe('AccessDeniedException');
    expect(await codeOf(reader.DescribeKey({ KeyId }))).toBe('no error');
    expect(await codeOf(reader.Encrypt({ KeyId, Plaintext: Buffer.from('x') }))).toBe('AccessDeniedException');

    const listed = (await admin.ListGrants({ KeyId })).Grants!;
    expect(listed).toHaveLength(1);
    expect(listed[0]).toMatchObject({ KeyId: Arn, GranteePrincipal: roleArn, Name: 'data-keys' });
    await admin.RevokeGrant({ KeyId, GrantId: made.GrantId });
    expect(await ask({ app: 'x' })).toBe('AccessDeniedException');
    expect(await codeOf(admin.RevokeGrant({ KeyId, GrantId: made.GrantId }))).toBe('NotFoundException');
  });

  test('are retired by whom they name', async () => {
    const { KeyId } = await newKey();
    const give = () =>
      admin.CreateGrant({ KeyId, GranteePrincipal: 'arn:aws:iam::111122223333:user/ann', Operations: ['Encrypt'] });
    const plain = await give();
    expect(await codeOf(reader.RetireGrant({ GrantToken: plain.GrantToken }))).toBe('AccessDeniedException');
    const mine = await admin.CreateGrant({
      KeyId,
      GranteePrincipal: 'arn:aws:iam::111122223333:user/ann',
      RetiringPrincipal: roleArn,
      Operations: ['Encrypt'],
    });
    expect((await admin.ListRetirableGrants({ RetiringPrincipal: roleArn })).Grants).toHaveLength(1);
    expect(await codeOf(reader.RetireGrant({ GrantToken: mine.GrantToken }))).toBe('no error');
    expect(await codeOf(reader.RetireGrant({ GrantToken: 'bm90IGEgdG9rZW4=' }))).toBe('InvalidGrantTokenException');
    expect((await admin.ListGrants({ KeyId })).Grants).toHaveLength(1);
  });

  test('to a service bind the resource that it acts for', async () => {
    const { KeyId } = await newKey();
    const source = 'arn:aws:logs:eu-central-1:111122223333:log-group:x';
    await admin.CreateGrant({
      KeyId,
      GranteeServicePrincipal: 'logs.amazonaws.com',
      RetiringPrincipal: roleArn,
      Operations: ['Encrypt'],
      Constraints: { SourceArn: source },
    });
    const as = (arn: string) => rig.as(servicePrincipal('logs.amazonaws.com', arn, account)).kms;
    expect(await codeOf(as(source).Encrypt({ KeyId, Plaintext: Buffer.from('x') }))).toBe('no error');
    expect(await codeOf(as('arn:aws:logs:::y').Encrypt({ KeyId, Plaintext: Buffer.from('x') }))).toBe(
      'AccessDeniedException',
    );
  });

  test.each([
    ['both kinds of grantee', { GranteePrincipal: roleArn, GranteeServicePrincipal: 'logs.amazonaws.com' }],
    ['an operation that the key does not know', { GranteePrincipal: roleArn, Operations: ['Sign'] as const }],
  ])('with %s are refused', async (_, input) => {
    const { KeyId } = await newKey();
    expect(await codeOf(admin.CreateGrant({ KeyId, Operations: ['Encrypt'], ...input } as never))).toBe(
      'ValidationException',
    );
  });
});
