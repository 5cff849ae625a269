/** STS as a client uses it: sessions by trust policy, limited by session policies, ended by the clock. */
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteRoleCommand,
  GetRoleCommand,
  GetUserCommand,
  IAMClient,
  ListRolesCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  DecodeAuthorizationMessageCommand,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetFederationTokenCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

const ACCOUNT = '111122223333';
const STRANGER = '444455556666';
let coffer: Coffer;
let iam: IAMClient;
let sts: STSClient;

beforeEach(async () => {
  coffer = await startCoffer({ defaultAccount: ACCOUNT });
  iam = coffer.client(IAMClient);
  sts = coffer.client(STSClient);
});
afterEach(() => coffer.close());

const document = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource = '*') => document({ Effect: 'Allow', Action, Resource });
const trust = (principal: object, condition?: object, Action: string | string[] = 'sts:AssumeRole') =>
  document({ Effect: 'Allow', Action, Principal: principal, Condition: condition });
const roleArn = (name: string) => `arn:aws:iam::${ACCOUNT}:role/${name}`;
const keysOf = (given: Credentials | undefined) => ({
  as: {
    accessKeyId: given!.AccessKeyId!,
    secretAccessKey: given!.SecretAccessKey!,
    sessionToken: given!.SessionToken!,
  },
});
const refused = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error) => `${error.Error?.Code ?? error.name}: ${error.message}`,
  );

async function createRole(RoleName: string, AssumeRolePolicyDocument = trust({ AWS: ACCOUNT }), more: object = {}) {
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument, ...more }));
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: 'arn:aws:iam::aws:policy/IAMReadOnlyAccess' }));
}
const assume = (name: string, more: Partial<AssumeRoleCommandInput> = {}, client = sts) =>
  client.send(new AssumeRoleCommand({ RoleArn: roleArn(name), RoleSessionName: 'work', ...more }));

async function newUser(UserName: string, PolicyDocument?: string) {
  await iam.send(new CreateUserCommand({ UserName }));
  if (PolicyDocument) await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: 'p', PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { as: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! } };
}

describe('AssumeRole', () => {
  test('makes a session that is held to its role', async () => {
    await createRole('Reader');
    const { Credentials, AssumedRoleUser } = await assume('Reader');
    expect(AssumedRoleUser!.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/Reader/work`);
    const who = await coffer.client(STSClient, keysOf(Credentials)).send(new GetCallerIdentityCommand({}));
    expect(who).toMatchObject({ Account: ACCOUNT, Arn: AssumedRoleUser!.Arn, UserId: AssumedRoleUser!.AssumedRoleId });
    const own = coffer.client(IAMClient, keysOf(Credentials));
    expect((await own.send(new ListRolesCommand({}))).Roles).toHaveLength(1);
    expect(await refused(own.send(new DeleteRoleCommand({ RoleName: 'Reader' })))).toBe(
      `AccessDenied: User: ${AssumedRoleUser!.Arn} is not authorized to perform: iam:DeleteRole on resource: ${roleArn('Reader')} because no identity-based policy allows the iam:DeleteRole action`,
    );
  });

  test('ends with the clock: the token that was signed with before is expired after', async () => {
    await createRole('Reader');
    const { Credentials } = await assume('Reader', { DurationSeconds: 900 });
    const own = coffer.client(IAMClient, keysOf(Credentials));
    await coffer.clock.advance({ minutes: 14 });
    await own.send(new ListRolesCommand({}));
    await coffer.clock.advance({ minutes: 2 });
    expect(await refused(own.send(new ListRolesCommand({})))).toBe(
      'ExpiredToken: The security token included in the request is expired',
    );
  });

  test.each([
    ['another token', { sessionToken: 'AAAA' }],
    ['no token', { sessionToken: undefined }],
  ])('is nothing with %s', async (_, flaw) => {
    await createRole('Reader');
    const { as } = keysOf((await assume('Reader')).Credentials);
    const own = coffer.client(IAMClient, { as: { ...as, ...flaw } });
    expect(await refused(own.send(new ListRolesCommand({})))).toBe(
      'InvalidClientTokenId: The security token included in the request is invalid.',
    );
  });

  test('is decided by the trust policy', async () => {
    await createRole('ForLambda', trust({ Service: 'lambda.amazonaws.com' }));
    await createRole('ForStranger', trust({ AWS: STRANGER }, { StringEquals: { 'sts:ExternalId': 'x-1' } }));
    const denied = (name: string) =>
      `AccessDenied: User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: sts:AssumeRole on resource: ${roleArn(name)} because no role trust policy allows the sts:AssumeRole action`;
    expect(await refused(assume('ForLambda'))).toBe(denied('ForLambda'));
    expect(await refused(assume('NotThere'))).toBe(denied('NotThere'));
    const stranger = coffer.client(STSClient, { account: STRANGER });
    expect(await refused(assume('ForStranger', {}, stranger))).toContain('no role trust policy');
    expect((await assume('ForStranger', { ExternalId: 'x-1' }, stranger)).AssumedRoleUser!.Arn).toContain(ACCOUNT);
  });

  test('by a user needs the user let in, unless the trust policy names the user', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'bob' }));
    await createRole('ForAll');
    await createRole('ForBob', trust({ AWS: `arn:aws:iam::${ACCOUNT}:user/bob` }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'bob' }));
    const bob = coffer.client(STSClient, {
      as: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! },
    });
    expect(await refused(assume('ForAll', {}, bob))).toContain(
      'because no identity-based policy allows the sts:AssumeRole action',
    );
    await assume('ForBob', {}, bob);
    await iam.send(
      new PutUserPolicyCommand({
        UserName: 'bob',
        PolicyName: 'p',
        PolicyDocument: allow('sts:AssumeRole', roleArn('*')),
      }),
    );
    await assume('ForAll', {}, bob);
  });

  test('is limited by session policies', async () => {
    await createRole('Reader');
    const { Credentials, PackedPolicySize } = await assume('Reader', { Policy: allow('iam:GetRole') });
    expect(PackedPolicySize).toBeGreaterThan(0);
    const own = coffer.client(IAMClient, keysOf(Credentials));
    await own.send(new GetRoleCommand({ RoleName: 'Reader' }));
    expect(await refused(own.send(new ListRolesCommand({})))).toContain(
      'because no session policy allows the iam:ListRoles action',
    );
    expect(await refused(assume('Reader', { Policy: '{}' }))).toContain('MalformedPolicyDocument');
  });

  test('carries tags and source identity, which policies see', async () => {
    const tagging = ['sts:AssumeRole', 'sts:TagSession', 'sts:SetSourceIdentity'];
    await createRole('Tagged', trust({ AWS: ACCOUNT }, undefined, tagging));
    await iam.send(
      new PutRolePolicyCommand({
        RoleName: 'Tagged',
        PolicyName: 'deny',
        PolicyDocument: document({
          Effect: 'Deny',
          Action: 'iam:ListRoles',
          Resource: '*',
          Condition: { StringEquals: { 'aws:PrincipalTag/team': 'red', 'aws:SourceIdentity': 'ada' } },
        }),
      }),
    );
    const tags = { Tags: [{ Key: 'team', Value: 'red' }] };
    const red = await assume('Tagged', { ...tags, SourceIdentity: 'ada' });
    expect(await refused(coffer.client(IAMClient, keysOf(red.Credentials)).send(new ListRolesCommand({})))).toContain(
      'with an explicit deny in an identity-based policy',
    );
    await coffer.client(IAMClient, keysOf((await assume('Tagged', tags)).Credentials)).send(new ListRolesCommand({}));
    await createRole('Untagged');
    expect(await refused(assume('Untagged', tags))).toContain('sts:TagSession');
  });

  test('chains for an hour at most, and keeps transitive tags', async () => {
    await createRole('First', trust({ AWS: ACCOUNT }, undefined, ['sts:AssumeRole', 'sts:TagSession']));
    await iam.send(new PutRolePolicyCommand({ RoleName: 'First', PolicyName: 'p', PolicyDocument: allow('sts:*') }));
    const onlyRed = { StringEquals: { 'aws:PrincipalTag/team': 'red' } };
    await createRole('Second', trust({ AWS: roleArn('First') }, onlyRed, ['sts:AssumeRole', 'sts:TagSession']), {
      MaxSessionDuration: 7200,
    });
    await createRole('Third', trust({ AWS: roleArn('Second') }, onlyRed, ['sts:AssumeRole', 'sts:TagSession']));
    const first = await assume('First', { Tags: [{ Key: 'team', Value: 'red' }], TransitiveTagKeys: ['team'] });
    const client = coffer.client(STSClient, keysOf(first.Credentials));
    expect(await refused(assume('Second', { DurationSeconds: 7200 }, client))).toContain(
      '1 hour session limit for roles assumed by role chaining',
    );
    const second = await assume('Second', {}, client);
    await assume('Third', {}, coffer.client(STSClient, keysOf(second.Credentials)));
    expect(await refused(assume('First', { DurationSeconds: 7200 }))).toContain(
      'exceeds the MaxSessionDuration set for this role',
    );
  });

  test('a session dies with its role, also when another of the name is made', async () => {
    await iam.send(new CreateRoleCommand({ RoleName: 'Brief', AssumeRolePolicyDocument: trust({ AWS: ACCOUNT }) }));
    await iam.send(new CreateUserCommand({ UserName: 'ada' }));
    const own = coffer.client(IAMClient, keysOf((await assume('Brief')).Credentials));
    await iam.send(new DeleteRoleCommand({ RoleName: 'Brief' }));
    await createRole('Brief');
    expect(await refused(own.send(new GetUserCommand({ UserName: 'ada' })))).toContain('AccessDenied');
  });

  test.each([
    [{ RoleSessionName: 'a b' }, 'ValidationError'],
    [{ DurationSeconds: 60 }, 'ValidationError'],
    [{ RoleArn: 'arn:aws:s3:::x' }, 'ValidationError'],
  ])('refuses %j', async (flaw, code) => {
    await createRole('Reader');
    expect(await refused(assume('Reader', flaw))).toContain(code);
  });
});

describe('other ways to a session', () => {
  test('GetSessionToken is the user for a while, but not in IAM', async () => {
    const ada = await newUser('ada', allow(['iam:GetUser', 'sts:*']));
    const { Credentials } = await coffer.client(STSClient, ada).send(new GetSessionTokenCommand({}));
    const session = keysOf(Credentials);
    const own = coffer.client(STSClient, session);
    expect((await own.send(new GetCallerIdentityCommand({}))).Arn).toBe(`arn:aws:iam::${ACCOUNT}:user/ada`);
    expect(await refused(coffer.client(IAMClient, session).send(new GetUserCommand({})))).toContain(
      'InvalidClientTokenId',
    );
    expect(await refused(own.send(new GetSessionTokenCommand({})))).toBe(
      'AccessDenied: Cannot call GetSessionToken with session credentials',
    );
    await coffer.clock.advance({ hours: 13 });
    expect(await refused(own.send(new GetCallerIdentityCommand({})))).toContain('ExpiredToken');
  });

  test('GetFederationToken lends what user and session policy share', async () => {
    const ada = await newUser('ada', allow(['sts:GetFederationToken', 'sts:GetAccessKeyInfo']));
    const client = coffer.client(STSClient, ada);
    const lend = (Policy?: string) => client.send(new GetFederationTokenCommand({ Name: 'guest', Policy }));
    const info = new GetAccessKeyInfoCommand({ AccessKeyId: ada.as.accessKeyId });
    const { Credentials, FederatedUser } = await lend(allow('sts:*'));
    expect(FederatedUser).toEqual({
      FederatedUserId: `${ACCOUNT}:guest`,
      Arn: `arn:aws:sts::${ACCOUNT}:federated-user/guest`,
    });
    expect((await coffer.client(STSClient, keysOf(Credentials)).send(info)).Account).toBe(ACCOUNT);
    const nothing = await lend();
    expect(await refused(coffer.client(STSClient, keysOf(nothing.Credentials)).send(info))).toContain(
      'no session policy allows',
    );
  });

  test('GetAccessKeyInfo reads the account from the key id', async () => {
    const { as } = await newUser('ada');
    expect((await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: as.accessKeyId }))).Account).toBe(ACCOUNT);
    expect(await refused(sts.send(new GetAccessKeyInfoCommand({ AccessKeyId: 'short' })))).toContain('ValidationError');
  });

  test('what is not here is refused by name', async () => {
    const EncodedMessage = 'x'.repeat(20);
    const decode = new DecodeAuthorizationMessageCommand({ EncodedMessage });
    expect(await refused(sts.send(decode))).toContain('DecodeAuthorizationMessage');
    const nobody = coffer.client(STSClient, { as: 'anonymous' });
    expect(await refused(nobody.send(new GetCallerIdentityCommand({})))).toContain('MissingAuthenticationToken');
  });
});
