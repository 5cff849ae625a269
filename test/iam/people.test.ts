/** IAM as a client uses it: users, groups, roles, keys, and the errors with AWS's codes. */
import {
  AddUserToGroupCommand,
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  CreateUserCommand,
  DeleteGroupCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteServiceLinkedRoleCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  GetAccountAuthorizationDetailsCommand,
  GetAccountSummaryCommand,
  GetGroupCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetServiceLinkedRoleDeletionStatusCommand,
  GetUserCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolesCommand,
  ListUsersCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
  RemoveUserFromGroupCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateUserCommand,
} from '@aws-sdk/client-iam';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

const ACCOUNT = '111122223333';
let coffer: Coffer;
let iam: IAMClient;

beforeEach(async () => {
  coffer = await startCoffer({ defaultAccount: ACCOUNT });
  // The SDK takes LimitExceeded for throttling and would try again.
  iam = coffer.client(IAMClient, { config: { maxAttempts: 1 } });
});
afterEach(() => coffer.close());

const document = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource = '*') => document({ Effect: 'Allow', Action, Resource });
const trusting = (principal: object) => document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal });
const lambdaTrust = trusting({ Service: 'lambda.amazonaws.com' });
const managed = (name: string) => `arn:aws:iam::${ACCOUNT}:policy/${name}`;
const aws = (name: string) => `arn:aws:iam::aws:policy/${name}`;

const refused = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error) => `${error.Error?.Code ?? error.name}: ${error.message}`,
  );
const createRole = (RoleName: string, more: object = {}) =>
  iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: lambdaTrust, ...more }));

describe('users and groups', () => {
  test('live and die', async () => {
    const { User } = await iam.send(
      new CreateUserCommand({ UserName: 'ada', Path: '/dev/', Tags: [{ Key: 'team', Value: 'red' }] }),
    );
    expect(User).toMatchObject({
      Path: '/dev/',
      Arn: `arn:aws:iam::${ACCOUNT}:user/dev/ada`,
      Tags: [{ Key: 'team', Value: 'red' }],
    });
    expect(User!.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(await refused(iam.send(new CreateUserCommand({ UserName: 'ADA' })))).toBe(
      'EntityAlreadyExists: User with name ADA already exists.',
    );
    expect(await refused(iam.send(new GetUserCommand({ UserName: 'bob' })))).toBe(
      'NoSuchEntity: The user with name bob cannot be found.',
    );

    await iam.send(new CreateGroupCommand({ GroupName: 'devs' }));
    await iam.send(new AddUserToGroupCommand({ GroupName: 'devs', UserName: 'ada' }));
    await iam.send(new UpdateUserCommand({ UserName: 'ada', NewUserName: 'lovelace' }));
    const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'devs' }));
    expect(Users!.map(({ UserName }) => UserName)).toEqual(['lovelace']);
    const { Groups } = await iam.send(new ListGroupsForUserCommand({ UserName: 'lovelace' }));
    expect(Groups!.map(({ GroupName }) => GroupName)).toEqual(['devs']);
    expect(await refused(iam.send(new DeleteGroupCommand({ GroupName: 'devs' })))).toContain('DeleteConflict');
    expect(await refused(iam.send(new DeleteUserCommand({ UserName: 'lovelace' })))).toBe(
      'DeleteConflict: Cannot delete entity, must remove users from group first.',
    );
    await iam.send(new RemoveUserFromGroupCommand({ GroupName: 'devs', UserName: 'lovelace' }));
    await iam.send(new DeleteUserCommand({ UserName: 'lovelace' }));
    await iam.send(new DeleteGroupCommand({ GroupName: 'devs' }));
  });

  test.each([
    [
      'a b',
      'ValidationError: The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
    ],
    [
      'x'.repeat(65),
      `ValidationError: 1 validation error detected: Value '${'x'.repeat(65)}' at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64`,
    ],
  ])('are not named %s', async (UserName, expected) => {
    expect(await refused(iam.send(new CreateUserCommand({ UserName })))).toBe(expected);
  });

  test('are listed in pages, by path', async () => {
    for (const name of ['Cy', 'ada', 'Bob'])
      await iam.send(new CreateUserCommand({ UserName: name, Path: name === 'ada' ? '/' : '/x/' }));
    const first = await iam.send(new ListUsersCommand({ MaxItems: 2 }));
    expect(first.Users!.map(({ UserName }) => UserName)).toEqual(['ada', 'Bob']);
    const second = await iam.send(new ListUsersCommand({ MaxItems: 2, Marker: first.Marker }));
    expect([second.Users!.map(({ UserName }) => UserName), second.IsTruncated]).toEqual([['Cy'], false]);
    const { Users } = await iam.send(new ListUsersCommand({ PathPrefix: '/x/' }));
    expect(Users).toHaveLength(2);
  });

  test('act with their keys, within their policies, until a key is switched off', async () => {
    await iam.send(new CreateUserCommand({ UserName: 'ada' }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const keys = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
    expect(keys.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/);
    const as = { as: keys };
    expect((await coffer.client(STSClient, as).send(new GetCallerIdentityCommand({}))).Arn).toBe(
      `arn:aws:iam::${ACCOUNT}:user/ada`,
    );
    const own = coffer.client(IAMClient, as);
    expect(await refused(own.send(new GetUserCommand({})))).toBe(
      `AccessDenied: User: arn:aws:iam::${ACCOUNT}:user/ada is not authorized to perform: iam:GetUser on resource: arn:aws:iam::${ACCOUNT}:user/ada because no identity-based policy allows the iam:GetUser action`,
    );
    await iam.send(
      new PutUserPolicyCommand({
        UserName: 'ada',
        PolicyName: 'own',
        PolicyDocument: allow('iam:GetUser', `arn:aws:iam::${ACCOUNT}:user/\${aws:username}`),
      }),
    );
    expect((await own.send(new GetUserCommand({}))).User!.UserName).toBe('ada');
    await iam.send(new UpdateAccessKeyCommand({ UserName: 'ada', AccessKeyId: keys.accessKeyId, Status: 'Inactive' }));
    expect(await refused(own.send(new GetUserCommand({})))).toContain('InvalidClientTokenId');
    await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    expect(await refused(iam.send(new CreateAccessKeyCommand({ UserName: 'ada' })))).toBe(
      'LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2',
    );
  });

  test('a boundary and a group are part of it', async () => {
    await iam.send(new CreatePolicyCommand({ PolicyName: 'edge', PolicyDocument: allow('iam:Get*') }));
    await iam.send(new CreateUserCommand({ UserName: 'ada', PermissionsBoundary: managed('edge') }));
    await iam.send(new AttachUserPolicyCommand({ UserName: 'ada', PolicyArn: aws('IAMFullAccess') }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'ada' }));
    const own = coffer.client(IAMClient, {
      as: { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! },
    });
    expect((await own.send(new GetUserCommand({}))).User!.PermissionsBoundary!.PermissionsBoundaryArn).toBe(
      managed('edge'),
    );
    expect(await refused(own.send(new ListUsersCommand({})))).toContain(
      'because no permissions boundary allows the iam:ListUsers action',
    );
    expect(await refused(iam.send(new DeletePolicyCommand({ PolicyArn: managed('edge') })))).toContain(
      'DeleteConflict',
    );
  });
});

describe('roles', () => {
  test('live and die', async () => {
    const { Role } = await createRole('Worker', {
      Path: '/app/',
      Description: 'works',
      Tags: [{ Key: 'a', Value: '1' }],
    });
    expect(Role).toMatchObject({ Arn: `arn:aws:iam::${ACCOUNT}:role/app/Worker`, MaxSessionDuration: 3600 });
    expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toBe(lambdaTrust);
    await iam.send(new TagRoleCommand({ RoleName: 'Worker', Tags: [{ Key: 'A', Value: '2' }] }));
    expect((await iam.send(new GetRoleCommand({ RoleName: 'Worker' }))).Role!.Tags).toEqual([{ Key: 'A', Value: '2' }]);
    await iam.send(new UntagRoleCommand({ RoleName: 'Worker', TagKeys: ['a'] }));
    expect((await iam.send(new GetRoleCommand({ RoleName: 'Worker' }))).Role!.Tags ?? []).toEqual([]);

    await iam.send(new PutRolePolicyCommand({ RoleName: 'Worker', PolicyName: 'p', PolicyDocument: allow('s3:*') }));
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName: 'Worker', PolicyName: 'p' }));
    expect(decodeURIComponent(PolicyDocument!)).toBe(allow('s3:*'));
    expect(await refused(iam.send(new DeleteRoleCommand({ RoleName: 'Worker' })))).toBe(
      'DeleteConflict: Cannot delete entity, must delete policies first.',
    );
    await iam.send(
      new AttachRolePolicyCommand({ RoleName: 'Worker', PolicyArn: aws('service-role/AWSLambdaBasicExecutionRole') }),
    );
    const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'Worker' }));
    expect(AttachedPolicies).toEqual([
      { PolicyName: 'AWSLambdaBasicExecutionRole', PolicyArn: aws('service-role/AWSLambdaBasicExecutionRole') },
    ]);
    expect(
      await refused(
        iam.send(new DetachRolePolicyCommand({ RoleName: 'Worker', PolicyArn: aws('AdministratorAccess') })),
      ),
    ).toBe(`NoSuchEntity: Policy ${aws('AdministratorAccess')} was not found.`);
    expect(
      await refused(iam.send(new AttachRolePolicyCommand({ RoleName: 'Worker', PolicyArn: aws('NoSuchPolicy') }))),
    ).toBe(`NoSuchEntity: Policy ${aws('NoSuchPolicy')} does not exist or is not attachable.`);
    expect(
      await refused(
        iam.send(new PutRolePermissionsBoundaryCommand({ RoleName: 'Worker', PermissionsBoundary: managed('none') })),
      ),
    ).toContain('NoSuchEntity');
  });

  test.each([
    [
      'a resource',
      document({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: ACCOUNT }, Resource: '*' }),
      'Has prohibited field Resource (Statement[0])',
    ],
    [
      'another action',
      document({ Effect: 'Allow', Action: 's3:*', Principal: { AWS: ACCOUNT } }),
      'AssumeRole policy may only specify STS AssumeRole actions. (Statement[0].Action)',
    ],
    [
      'a principal that is not there',
      trusting({ AWS: `arn:aws:iam::${ACCOUNT}:user/nobody` }),
      `Invalid principal in policy: "AWS":"arn:aws:iam::${ACCOUNT}:user/nobody"`,
    ],
    ['no JSON', '{', 'Syntax errors in policy. (line 1, column 2)'],
  ])('do not trust by %s', async (_, AssumeRolePolicyDocument, message) => {
    expect(await refused(createRole('R', { AssumeRolePolicyDocument }))).toBe(`MalformedPolicyDocument: ${message}`);
    await createRole('S');
    expect(
      await refused(
        iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'S', PolicyDocument: AssumeRolePolicyDocument })),
      ),
    ).toContain('Malformed');
  });

  test('inline policies have a quota together', async () => {
    await createRole('R');
    const half = allow('s3:GetObject', `arn:aws:s3:::${'x'.repeat(5_100)}`);
    await iam.send(new PutRolePolicyCommand({ RoleName: 'R', PolicyName: 'a', PolicyDocument: half }));
    const second = new PutRolePolicyCommand({ RoleName: 'R', PolicyName: 'b', PolicyDocument: half });
    expect(await refused(iam.send(second))).toBe(
      'LimitExceeded: Maximum policy size of 10240 bytes exceeded for role R',
    );
    await iam.send(new PutRolePolicyCommand({ RoleName: 'R', PolicyName: 'a', PolicyDocument: half }));
  });

  test('service-linked ones belong to their service', async () => {
    const { Role } = await iam.send(
      new CreateServiceLinkedRoleCommand({ AWSServiceName: 'storage-lens.s3.amazonaws.com' }),
    );
    expect(Role).toMatchObject({
      RoleName: 'AWSServiceRoleForS3StorageLens',
      Path: '/aws-service-role/storage-lens.s3.amazonaws.com/',
    });
    const RoleName = Role!.RoleName;
    expect(await refused(iam.send(new DeleteRoleCommand({ RoleName })))).toContain('UnmodifiableEntity');
    expect(
      await refused(iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: aws('AdministratorAccess') }))),
    ).toContain('UnmodifiableEntity');
    const { DeletionTaskId } = await iam.send(new DeleteServiceLinkedRoleCommand({ RoleName }));
    const { Status } = await iam.send(new GetServiceLinkedRoleDeletionStatusCommand({ DeletionTaskId }));
    expect(Status).toBe('SUCCEEDED');
    expect((await iam.send(new ListRolesCommand({}))).Roles).toEqual([]);
  });
});

describe('managed policies', () => {
  test('have versions', async () => {
    const { Policy } = await iam.send(
      new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument: allow('s3:GetObject'), Description: 'd' }),
    );
    const PolicyArn = Policy!.Arn;
    expect(Policy).toMatchObject({ DefaultVersionId: 'v1', AttachmentCount: 0, IsAttachable: true });
    for (let i = 2; i <= 5; i++)
      await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow(`s3:Get${i}`) }));
    const sixth = new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: allow('s3:*'), SetAsDefault: true });
    expect(await refused(iam.send(sixth))).toContain('LimitExceeded: A managed policy can have up to 5 versions.');
    await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v3' }));
    expect(await refused(iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v3' })))).toBe(
      'DeleteConflict: Cannot delete the default version of a policy.',
    );
    await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v1' }));
    expect((await iam.send(sixth)).PolicyVersion!.VersionId).toBe('v6');
    const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions!.map(({ VersionId, IsDefaultVersion }) => `${VersionId}${IsDefaultVersion ? '*' : ''}`)).toEqual([
      'v6*',
      'v5',
      'v4',
      'v3',
      'v2',
    ]);
    expect(await refused(iam.send(new DeletePolicyCommand({ PolicyArn })))).toContain(
      'This policy has more than one version.',
    );
    const { PolicyVersion } = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v6' }));
    expect(decodeURIComponent(PolicyVersion!.Document!)).toBe(allow('s3:*'));
  });

  test('know whom they are attached to', async () => {
    await createRole('R');
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'R', PolicyArn: aws('AmazonS3ReadOnlyAccess') }));
    const { Policy } = await iam.send(new GetPolicyCommand({ PolicyArn: aws('AmazonS3ReadOnlyAccess') }));
    expect(Policy).toMatchObject({ AttachmentCount: 1, DefaultVersionId: 'v3' });
    const { PolicyRoles } = await iam.send(
      new ListEntitiesForPolicyCommand({ PolicyArn: aws('AmazonS3ReadOnlyAccess') }),
    );
    expect(PolicyRoles!.map(({ RoleName }) => RoleName)).toEqual(['R']);
    const { Policies } = await iam.send(new ListPoliciesCommand({ OnlyAttached: true }));
    expect(Policies!.map(({ Arn }) => Arn)).toEqual([aws('AmazonS3ReadOnlyAccess')]);
    const details = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
    expect(details.RoleDetailList![0].AttachedManagedPolicies).toHaveLength(1);
    expect(details.Policies!.map(({ PolicyName }) => PolicyName)).toEqual(['AmazonS3ReadOnlyAccess']);
    expect((await iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toMatchObject({
      Roles: 1,
      Users: 0,
      PolicySizeQuota: 6144,
    });
  });

  test.each([
    [
      'no version',
      JSON.stringify({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } }),
      'MalformedPolicyDocument: Policy document must be version 2012-10-17 or greater. (Version)',
    ],
    [
      'a principal',
      document({ Effect: 'Allow', Action: '*', Resource: '*', Principal: '*' }),
      'MalformedPolicyDocument: Policy document should not specify a principal. (Statement[0])',
    ],
    [
      'no resource',
      document({ Effect: 'Allow', Action: '*' }),
      'MalformedPolicyDocument: Policy statement must contain resources. (Statement[0])',
    ],
    [
      'too much',
      allow('s3:GetObject', `arn:aws:s3:::${'x'.repeat(6_200)}`),
      'LimitExceeded: Cannot exceed quota for PolicySize: 6144',
    ],
  ])('are refused with %s', async (_, PolicyDocument, expected) => {
    expect(await refused(iam.send(new CreatePolicyCommand({ PolicyName: 'p', PolicyDocument })))).toBe(expected);
  });
});

describe('simulation', () => {
  test('of policies that are given', async () => {
    const { EvaluationResults } = await iam.send(
      new SimulateCustomPolicyCommand({
        PolicyInputList: [
          allow(['s3:GetObject', 's3:PutObject']),
          document({
            Effect: 'Deny',
            Action: 's3:Put*',
            Resource: '*',
            Condition: { Bool: { 'aws:SecureTransport': 'false' } },
          }),
        ],
        ActionNames: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        ResourceArns: ['arn:aws:s3:::b/k'],
        ContextEntries: [
          { ContextKeyName: 'aws:securetransport', ContextKeyType: 'boolean', ContextKeyValues: ['false'] },
        ],
      }),
    );
    expect(EvaluationResults!.map(({ EvalDecision }) => EvalDecision)).toEqual([
      'allowed',
      'explicitDeny',
      'implicitDeny',
    ]);
    expect(EvaluationResults![1].MatchedStatements![0].SourcePolicyId).toBe('PolicyInputList.2');
  });

  test('of a role that is there', async () => {
    const { Role } = await createRole('R');
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'R', PolicyArn: aws('AmazonS3ReadOnlyAccess') }));
    const { EvaluationResults } = await iam.send(
      new SimulatePrincipalPolicyCommand({ PolicySourceArn: Role!.Arn, ActionNames: ['s3:GetObject', 's3:PutObject'] }),
    );
    expect(EvaluationResults!.map(({ EvalDecision }) => EvalDecision)).toEqual(['allowed', 'implicitDeny']);
  });
});
