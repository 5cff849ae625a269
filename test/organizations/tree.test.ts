/** Organizations as its clients use it: the tree, its accounts, its policies and their words. */
import * as Api from '@aws-sdk/client-organizations';
import { ListBucketsCommand } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Coffer } from '@coffer/runtime';
import { deny, document, MANAGEMENT, MEMBER, makeRole, OTHER, refused, s3Of, startWith } from './rig';

let coffer: Coffer;
let api: Api.OrganizationsClient;
let root: string;

beforeEach(async () => {
  coffer = await startWith();
  api = coffer.client(Api.OrganizationsClient);
  await api.send(new Api.CreateOrganizationCommand({ FeatureSet: 'ALL' }));
  root = (await api.send(new Api.ListRootsCommand({}))).Roots![0].Id!;
});
afterEach(() => coffer.close());

const as = (account: string) => coffer.client(Api.OrganizationsClient, { account });
const makeUnit = async (Name: string, ParentId = root) =>
  (await api.send(new Api.CreateOrganizationalUnitCommand({ Name, ParentId }))).OrganizationalUnit!.Id!;
const makePolicy = async (Name: string, content: object, Type: Api.PolicyType = 'SERVICE_CONTROL_POLICY') =>
  (await api.send(new Api.CreatePolicyCommand({ Name, Description: '', Content: JSON.stringify(content), Type })))
    .Policy!.PolicySummary!;
const enable = (PolicyType: Api.PolicyType) => api.send(new Api.EnablePolicyTypeCommand({ RootId: root, PolicyType }));

async function invite(account: string): Promise<void> {
  const Target = { Type: 'ACCOUNT', Id: account } as const;
  const { Handshake } = await api.send(new Api.InviteAccountToOrganizationCommand({ Target }));
  await as(account).send(new Api.AcceptHandshakeCommand({ HandshakeId: Handshake!.Id }));
}

test('an account is created in two steps, with a role for the management account', async () => {
  const { CreateAccountStatus } = await api.send(
    new Api.CreateAccountCommand({ AccountName: 'Team', Email: 'team@example.com' }),
  );
  expect(CreateAccountStatus).toMatchObject({ State: 'IN_PROGRESS', AccountName: 'Team' });
  expect(CreateAccountStatus!.AccountId).toBeUndefined();
  const described = await api.send(
    new Api.DescribeCreateAccountStatusCommand({ CreateAccountRequestId: CreateAccountStatus!.Id }),
  );
  expect(described.CreateAccountStatus).toMatchObject({ State: 'SUCCEEDED' });
  const account = described.CreateAccountStatus!.AccountId!;
  const { Accounts } = await api.send(new Api.ListAccountsCommand({}));
  expect(Accounts!.map(({ Id, JoinedMethod }) => [Id, JoinedMethod])).toEqual(
    [
      [MANAGEMENT, 'INVITED'],
      [account, 'CREATED'],
    ].sort(),
  );
  await makeRole(coffer, MANAGEMENT, 'operator');
  const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
  const sts = coffer.client(STSClient, { as: 'operator' });
  const { AssumedRoleUser } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }));
  expect(AssumedRoleUser!.Arn).toContain(`${account}:assumed-role/OrganizationAccountAccessRole/me`);

  const again = await api.send(new Api.CreateAccountCommand({ AccountName: 'Again', Email: 'Team@example.com' }));
  const failed = await api.send(
    new Api.DescribeCreateAccountStatusCommand({ CreateAccountRequestId: again.CreateAccountStatus!.Id }),
  );
  expect(failed.CreateAccountStatus).toMatchObject({ State: 'FAILED', FailureReason: 'EMAIL_ALREADY_EXISTS' });

  const leaving = new Api.RemoveAccountFromOrganizationCommand({ AccountId: account });
  expect(await refused(api.send(leaving))).toMatch(/^ConstraintViolationException: .* seven days/);
  await coffer.clock.advance({ days: 7 });
  expect(await refused(api.send(leaving))).toBe('no error');
});

test('policies hold once their type is enabled, where they are attached, until they are detached', async () => {
  await invite(MEMBER);
  const policy = await makePolicy('NoS3', deny('s3:*'));
  const unit = await makeUnit('Work');
  const attach = new Api.AttachPolicyCommand({ PolicyId: policy.Id, TargetId: unit });
  const list = () => refused(s3Of(coffer, MEMBER).send(new ListBucketsCommand({})));
  expect(await refused(api.send(attach))).toMatch(/^PolicyTypeNotEnabledException/);
  await enable('SERVICE_CONTROL_POLICY');
  expect(await refused(enable('SERVICE_CONTROL_POLICY'))).toMatch(/^PolicyTypeAlreadyEnabledException/);
  await api.send(attach);
  expect(await refused(api.send(attach))).toMatch(/^DuplicatePolicyAttachmentException/);
  expect(await list()).toBe('no error');
  await api.send(new Api.MoveAccountCommand({ AccountId: MEMBER, SourceParentId: root, DestinationParentId: unit }));
  expect(await list()).toMatch(/explicit deny in a service control policy/);
  const { Policies } = await api.send(
    new Api.ListPoliciesForTargetCommand({ TargetId: unit, Filter: 'SERVICE_CONTROL_POLICY' }),
  );
  expect(Policies!.map(({ Name, AwsManaged }) => [Name, AwsManaged])).toEqual([
    ['FullAWSAccess', true],
    ['NoS3', false],
  ]);
  const { Targets } = await api.send(new Api.ListTargetsForPolicyCommand({ PolicyId: policy.Id }));
  expect(Targets).toMatchObject([{ TargetId: unit, Name: 'Work', Type: 'ORGANIZATIONAL_UNIT' }]);
  await api.send(new Api.UpdatePolicyCommand({ PolicyId: policy.Id, Content: JSON.stringify(deny('kms:*')) }));
  expect(await list()).toBe('no error');
  await api.send(new Api.UpdatePolicyCommand({ PolicyId: policy.Id, Content: JSON.stringify(deny('s3:*')) }));
  expect(await list()).toMatch(/service control policy/);
  expect(await refused(api.send(new Api.DeletePolicyCommand({ PolicyId: policy.Id })))).toMatch(
    /^PolicyInUseException/,
  );
  await api.send(new Api.DetachPolicyCommand({ PolicyId: policy.Id, TargetId: unit }));
  expect(await list()).toBe('no error');
  expect(await refused(api.send(new Api.DetachPolicyCommand({ PolicyId: 'p-FullAWSAccess', TargetId: unit })))).toBe(
    'ConstraintViolationException: You cannot remove the last policy attached to the specified target. You must have at least one attached at all times.',
  );
  await api.send(new Api.AttachPolicyCommand({ PolicyId: policy.Id, TargetId: root }));
  expect(await list()).toMatch(/service control policy/);
  await api.send(new Api.DisablePolicyTypeCommand({ RootId: root, PolicyType: 'SERVICE_CONTROL_POLICY' }));
  expect(await list()).toBe('no error');
  await api.send(new Api.DeletePolicyCommand({ PolicyId: policy.Id }));
});

test('five policies of a type at most, and never without', async () => {
  await enable('SERVICE_CONTROL_POLICY');
  for (let i = 0; i < 4; i++) {
    const { Id } = await makePolicy(`P${i}`, deny('s3:*'));
    await api.send(new Api.AttachPolicyCommand({ PolicyId: Id, TargetId: root }));
  }
  const { Id } = await makePolicy('P5', deny('s3:*'));
  expect(await refused(api.send(new Api.AttachPolicyCommand({ PolicyId: Id, TargetId: root })))).toBe(
    'ConstraintViolationException: You have attached the maximum number of policies to the specified target.',
  );
});

test.each([
  ['no JSON', 'SERVICE_CONTROL_POLICY', '{'],
  ['a principal in an SCP', 'SERVICE_CONTROL_POLICY', deny('s3:*', { Principal: '*' })],
  ['no version', 'SERVICE_CONTROL_POLICY', { Statement: deny('s3:*').Statement }],
  [
    'an allow in an RCP',
    'RESOURCE_CONTROL_POLICY',
    document({ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' }),
  ],
  ['a principal by name in an RCP', 'RESOURCE_CONTROL_POLICY', deny('s3:*', { Principal: { AWS: MEMBER } })],
  ['any action in an RCP', 'RESOURCE_CONTROL_POLICY', deny('*', { Principal: '*' })],
  ['an action of another service in an RCP', 'RESOURCE_CONTROL_POLICY', deny('ec2:*', { Principal: '*' })],
  [
    'NotAction in an RCP',
    'RESOURCE_CONTROL_POLICY',
    document({ Effect: 'Deny', Principal: '*', NotAction: 's3:*', Resource: '*' }),
  ],
] as const)('refuses %s', async (_, Type, content) => {
  const Content = typeof content === 'string' ? content : JSON.stringify(content);
  const create = new Api.CreatePolicyCommand({ Name: 'Bad', Description: '', Type, Content });
  expect(await refused(api.send(create))).toMatch(
    /^MalformedPolicyDocumentException: The provided policy document does not meet the requirements of the specified policy type\. \(.+\)$/,
  );
});

test('a policy has 5,120 characters at most, white space included', async () => {
  const create = (Content: string) =>
    refused(
      api.send(new Api.CreatePolicyCommand({ Name: 'Long', Description: '', Type: 'SERVICE_CONTROL_POLICY', Content })),
    );
  const content = JSON.stringify(deny('s3:*'));
  expect(await create(content.padEnd(5121))).toBe(
    'ConstraintViolationException: You have exceeded the maximum policy size.',
  );
  expect(await create(content.padEnd(5120))).toBe('no error');
});

test('units have names of their own, five levels, and go when they are empty', async () => {
  const top = await makeUnit('A');
  expect(await refused(makeUnit('A'))).toMatch(/^DuplicateOrganizationalUnitException/);
  let parent = top;
  for (const name of ['B', 'C', 'D', 'E']) parent = await makeUnit(name, parent);
  expect(await refused(makeUnit('F', parent))).toMatch(/^ConstraintViolationException/);
  expect(await refused(makeUnit('X', 'ou-none-00000000'))).toMatch(/^ParentNotFoundException/);
  expect(await refused(api.send(new Api.DeleteOrganizationalUnitCommand({ OrganizationalUnitId: top })))).toMatch(
    /^OrganizationalUnitNotEmptyException/,
  );
  const { Parents } = await api.send(new Api.ListParentsCommand({ ChildId: top }));
  expect(Parents).toEqual([{ Id: root, Type: 'ROOT' }]);
  const { Children } = await api.send(new Api.ListChildrenCommand({ ParentId: top, ChildType: 'ORGANIZATIONAL_UNIT' }));
  expect(Children).toHaveLength(1);
  expect(await refused(api.send(new Api.DeleteOrganizationalUnitCommand({ OrganizationalUnitId: parent })))).toBe(
    'no error',
  );
});

test('only the management account manages, and members see their organisation', async () => {
  await invite(MEMBER);
  const member = as(MEMBER);
  expect((await member.send(new Api.DescribeOrganizationCommand({}))).Organization!.MasterAccountId).toBe(MANAGEMENT);
  expect(await refused(member.send(new Api.ListAccountsCommand({})))).toBe(
    "AccessDeniedException: You don't have permissions to access this resource.",
  );
  expect(await refused(as(OTHER).send(new Api.DescribeOrganizationCommand({})))).toBe(
    'AWSOrganizationsNotInUseException: Your account is not a member of an organization.',
  );
  expect(await refused(member.send(new Api.CreateOrganizationCommand({})))).toMatch(/^AlreadyInOrganizationException/);
  expect(await refused(api.send(new Api.DeleteOrganizationCommand({})))).toMatch(/^OrganizationNotEmptyException/);
  await member.send(new Api.LeaveOrganizationCommand({}));
  expect(await refused(api.send(new Api.LeaveOrganizationCommand({})))).toMatch(/^MasterCannotLeave/);
  await api.send(new Api.DeleteOrganizationCommand({}));
  expect(await refused(api.send(new Api.DescribeOrganizationCommand({})))).toMatch(/^AWSOrganizationsNotInUse/);
});

test('an invitation is for its account, and for fifteen days', async () => {
  const Target = { Type: 'ACCOUNT', Id: MEMBER } as const;
  const invitation = new Api.InviteAccountToOrganizationCommand({ Target, Notes: 'join us' });
  const { Handshake } = await api.send(invitation);
  expect(await refused(api.send(invitation))).toMatch(/^DuplicateHandshakeException/);
  const HandshakeId = Handshake!.Id;
  expect(await refused(as(OTHER).send(new Api.AcceptHandshakeCommand({ HandshakeId })))).toMatch(/^AccessDenied/);
  await coffer.clock.advance({ days: 15 });
  expect(await refused(as(MEMBER).send(new Api.AcceptHandshakeCommand({ HandshakeId })))).toMatch(
    /^InvalidHandshakeTransitionException/,
  );
  const { Handshakes } = await as(MEMBER).send(new Api.ListHandshakesForAccountCommand({}));
  expect(Handshakes!.map(({ State }) => State)).toEqual(['EXPIRED']);
});

test('what is not modelled is refused by name', async () => {
  expect(await refused(api.send(new Api.CloseAccountCommand({ AccountId: MEMBER })))).toMatch(/CloseAccount/);
  expect(await refused(enable('TAG_POLICY'))).toMatch(/^InvalidInputException: .*TAG_POLICY/);
});
