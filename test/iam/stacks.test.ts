/** IAM's CloudFormation types through real stacks: made, changed in place, replaced, removed. */
import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  AddRoleToInstanceProfileCommand,
  DeleteRoleCommand,
  GetAccountAuthorizationDetailsCommand,
  GetGroupCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let iam: IAMClient;
let cloudformation: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  iam = coffer.client(IAMClient);
  cloudformation = coffer.client(CloudFormationClient);
});
afterEach(() => coffer.close());

const StackName = 'People';
const allow = (Action: string) => ({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });
const trust = (Service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service } }],
});
const ref = (Ref: string) => ({ Ref });
const att = (name: string, attribute: string) => ({ 'Fn::GetAtt': [name, attribute] });
const lambdaBasic = 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole';

/** Runs to the end and gives the stack's outputs. */
async function deploy(resources: object, outputs: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const Outputs = Object.fromEntries(Object.entries(outputs).map(([name, Value]) => [name, { Value }]));
  const input = {
    StackName,
    TemplateBody: JSON.stringify({ Resources: resources, ...(Object.keys(outputs).length > 0 && { Outputs }) }),
    Capabilities: ['CAPABILITY_NAMED_IAM' as const],
  };
  const exists = await cloudformation.send(new DescribeStacksCommand({ StackName })).catch(() => undefined);
  await cloudformation.send(exists ? new UpdateStackCommand(input) : (new CreateStackCommand(input) as never));
  await coffer.settled();
  const { Stacks } = await cloudformation.send(new DescribeStacksCommand({ StackName }));
  const [stack] = Stacks!;
  if (!/^(CREATE|UPDATE)_COMPLETE$/.test(stack.StackStatus!)) {
    const { StackEvents } = await cloudformation.send(new DescribeStackEventsCommand({ StackName }));
    throw new Error(
      StackEvents!
        .map((one) => `${one.LogicalResourceId} ${one.ResourceStatus} ${one.ResourceStatusReason ?? ''}`)
        .join('\n'),
    );
  }
  return Object.fromEntries((stack.Outputs ?? []).map(({ OutputKey, OutputValue }) => [OutputKey!, OutputValue!]));
}

async function remove(): Promise<void> {
  await cloudformation.send(new DeleteStackCommand({ StackName }));
  await coffer.settled();
}

const role = (more: object = {}) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: trust('lambda.amazonaws.com'),
    ManagedPolicyArns: [lambdaBasic],
    Policies: [{ PolicyName: 'own', PolicyDocument: allow('s3:GetObject') }],
    Tags: [{ Key: 'a', Value: '1' }],
    ...more,
  },
});
const inline = (action: string, more: object = {}) => ({
  Type: 'AWS::IAM::Policy',
  Properties: { PolicyName: 'Default', PolicyDocument: allow(action), Roles: [ref('Worker')], ...more },
});

test('a role and its policies change in place', async () => {
  const outputs = { Name: ref('Worker'), Arn: att('Worker', 'Arn'), Id: att('Worker', 'RoleId') };
  const made = await deploy({ Worker: role(), WorkerPolicy: inline('s3:PutObject') }, outputs);
  expect(made.Name).toMatch(/^People-Worker-/);
  const RoleName = made.Name;
  const names = async () => (await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames;
  const attached = async () => (await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies;
  expect(await names()).toEqual(['Default', 'own']);
  expect(await attached()).toHaveLength(1);

  const changes = {
    AssumeRolePolicyDocument: trust('s3.amazonaws.com'),
    Description: 'now described',
    ManagedPolicyArns: [],
    MaxSessionDuration: '7200',
    PermissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess',
    Policies: [],
    Tags: [{ Key: 'b', Value: '2' }],
  };
  const changed = await deploy({ Worker: role(changes), WorkerPolicy: inline('s3:List*') }, outputs);
  expect(changed).toEqual(made);
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  expect(Role).toMatchObject({ Description: 'now described', MaxSessionDuration: 7200, RoleId: made.Id });
  expect(Role!.Tags!.map(({ Key }) => Key)).toEqual(expect.arrayContaining(['b']));
  expect(Role!.Tags!.map(({ Key }) => Key)).not.toContain('a');
  expect(Role!.PermissionsBoundary!.PermissionsBoundaryArn).toBe('arn:aws:iam::aws:policy/PowerUserAccess');
  expect(decodeURIComponent(Role!.AssumeRolePolicyDocument!)).toContain('s3.amazonaws.com');
  expect(await names()).toEqual(['Default']);
  expect(await attached()).toEqual([]);
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'Default' }));
  expect(decodeURIComponent(PolicyDocument!)).toContain('s3:List*');

  const replaced = await deploy({ Worker: role({ Path: '/app/' }), WorkerPolicy: inline('s3:List*') }, outputs);
  expect(replaced.Arn).toContain(':role/app/People-Worker-');
  expect(replaced.Id).not.toBe(made.Id);
  await remove();
  expect((await iam.send(new GetAccountAuthorizationDetailsCommand({ Filter: ['Role'] }))).RoleDetailList).toEqual([]);
});

test('managed policies get a version for each document, as often as it changes', async () => {
  const managed = (action: string) => ({
    Type: 'AWS::IAM::ManagedPolicy',
    Properties: { PolicyDocument: allow(action), Roles: [ref('Worker')], Path: '/shared/' },
  });
  const outputs = { Arn: ref('Shared'), Same: att('Shared', 'PolicyArn') };
  const { Arn: PolicyArn, Same } = await deploy({ Worker: role(), Shared: managed('s3:Get0') }, outputs);
  expect(PolicyArn).toMatch(/:policy\/shared\/People-Shared-/);
  expect(Same).toBe(PolicyArn);
  for (let i = 1; i <= 6; i++) await deploy({ Worker: role(), Shared: managed(`s3:Get${i}`) }, outputs);
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  expect(Versions!.find(({ IsDefaultVersion }) => IsDefaultVersion)!.VersionId).toBe('v7');
  await remove();
  await expect(iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).rejects.toThrow('was not found');
});

test('users, groups, memberships and keys', async () => {
  const resources = {
    Devs: {
      Type: 'AWS::IAM::Group',
      Properties: { GroupName: 'devs', ManagedPolicyArns: ['arn:aws:iam::aws:policy/IAMReadOnlyAccess'] },
    },
    Ada: { Type: 'AWS::IAM::User', Properties: { UserName: 'ada', Groups: [ref('Devs')], Path: '/x/' } },
    Bob: { Type: 'AWS::IAM::User', Properties: { Policies: [{ PolicyName: 'p', PolicyDocument: allow('s3:*') }] } },
    Also: { Type: 'AWS::IAM::UserToGroupAddition', Properties: { GroupName: ref('Devs'), Users: [ref('Bob')] } },
    Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: ref('Ada') } },
    Linked: { Type: 'AWS::IAM::ServiceLinkedRole', Properties: { AWSServiceName: 'storage-lens.s3.amazonaws.com' } },
    BobMore: {
      Type: 'AWS::IAM::UserPolicy',
      Properties: { UserName: ref('Bob'), PolicyName: 'more', PolicyDocument: allow('sqs:*') },
    },
  };
  const outputs = { Id: ref('Key'), Secret: att('Key', 'SecretAccessKey') };
  const { Id, Secret } = await deploy(resources, outputs);
  const { Users } = await iam.send(new GetGroupCommand({ GroupName: 'devs' }));
  expect(Users).toHaveLength(2);
  const own = coffer.client(IAMClient, { as: { accessKeyId: Id, secretAccessKey: Secret } });
  expect((await own.send(new GetUserCommand({}))).User!.Arn).toContain(':user/x/ada');

  const inactive = {
    ...resources,
    Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: ref('Ada'), Status: 'Inactive' } },
  };
  expect(await deploy(inactive, outputs)).toEqual({ Id, Secret });
  const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName: 'ada' }));
  expect(AccessKeyMetadata![0].Status).toBe('Inactive');
  await remove();
  const left = await iam.send(new GetAccountAuthorizationDetailsCommand({}));
  expect([left.UserDetailList, left.GroupDetailList, left.RoleDetailList]).toEqual([[], [], []]);
});

test('an instance profile has one role, in a template or not', async () => {
  const role = (RoleName: string) => ({
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName,
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
    },
  });
  const resources = (which: string, InstanceProfileName = 'box') => ({
    One: role('one'),
    Two: role('two'),
    Box: { Type: 'AWS::IAM::InstanceProfile', Properties: { InstanceProfileName, Path: '/x/', Roles: [ref(which)] } },
  });
  const outputs = { Name: ref('Box'), Arn: att('Box', 'Arn') };
  const first = await deploy(resources('One'), outputs);
  expect(first).toEqual({ Name: 'box', Arn: 'arn:aws:iam::000000000000:instance-profile/x/box' });
  const rolesOf = async (InstanceProfileName: string) => {
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
    return InstanceProfile!.Roles!.map(({ RoleName }) => RoleName);
  };
  expect(await rolesOf('box')).toEqual(['one']);
  const more = { InstanceProfileName: 'box', RoleName: 'two' };
  await expect(iam.send(new AddRoleToInstanceProfileCommand(more))).rejects.toMatchObject({
    name: 'LimitExceededException',
  });
  await expect(iam.send(new DeleteRoleCommand({ RoleName: 'one' }))).rejects.toThrow(
    'remove roles from instance profile',
  );
  await deploy(resources('Two'), outputs);
  expect(await rolesOf('box')).toEqual(['two']);
  expect((await deploy(resources('Two', 'other'), outputs)).Name).toBe('other');
  await expect(rolesOf('box')).rejects.toMatchObject({ name: 'NoSuchEntityException' });
  await remove();
  expect((await iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles).toEqual([]);
});

test('a denial names the construct that the policy came from', async () => {
  const resources = {
    Ada: { Type: 'AWS::IAM::User', Properties: { UserName: 'ada' } },
    Key: { Type: 'AWS::IAM::AccessKey', Properties: { UserName: ref('Ada') } },
    Guard: {
      Type: 'AWS::IAM::Policy',
      Properties: {
        PolicyName: 'Guard',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [{ Sid: 'NoUsers', Effect: 'Deny', Action: 'iam:GetUser', Resource: '*' }],
        },
        Users: [ref('Ada')],
      },
      Metadata: { 'aws:cdk:path': 'People/Ada/Guard/Resource' },
    },
  };
  const { Id, Secret } = await deploy(resources, { Id: ref('Key'), Secret: att('Key', 'SecretAccessKey') });
  const own = coffer.client(IAMClient, { as: { accessKeyId: Id, secretAccessKey: Secret } });
  await expect(own.send(new GetUserCommand({}))).rejects.toThrow('with an explicit deny in an identity-based policy');
  const [denial] = coffer.denials().slice(-1);
  expect(JSON.stringify(denial)).toContain(
    'is explicitly denied by statement 1 (\\"NoUsers\\") of inline policy \\"Guard\\" of user ada (People/Ada/Guard/Resource)',
  );
});
