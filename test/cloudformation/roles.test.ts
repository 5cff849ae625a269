import {
  CloudFormationClient,
  CreateStackCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
beforeEach(async () => {
  coffer = await startCoffer();
});
afterEach(() => coffer.close());

const TemplateBody = JSON.stringify({ Resources: { B: { Type: 'AWS::S3::Bucket' } } });
const allow = (...Action: string[]) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action, Resource: '*' }] });

async function role(service: string, ...actions: string[]): Promise<string> {
  const iam = coffer.client(IAMClient);
  const Statement = [{ Effect: 'Allow', Principal: { Service: service }, Action: 'sts:AssumeRole' }];
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'deployer', AssumeRolePolicyDocument }));
  if (actions.length > 0) {
    await iam.send(
      new PutRolePolicyCommand({ RoleName: 'deployer', PolicyName: 'p', PolicyDocument: allow(...actions) }),
    );
  }
  return Role!.Arn!;
}

async function bucket(client: CloudFormationClient) {
  const { StackResources } = await client.send(new DescribeStackResourcesCommand({ StackName: 'S' }));
  return StackResources![0];
}

test('resources are made with what the stack’s role may do', async () => {
  const client = coffer.client(CloudFormationClient);
  const RoleARN = await role('cloudformation.amazonaws.com', 's3:GetObject');
  await client.send(new CreateStackCommand({ StackName: 'S', TemplateBody, RoleARN }));
  expect(await bucket(client)).toMatchObject({
    ResourceStatus: 'CREATE_FAILED',
    ResourceStatusReason: expect.stringMatching(
      /assumed-role\/deployer\/AWSCloudFormation is not authorized to perform: s3:.*HandlerErrorCode: AccessDenied\)$/,
    ),
  });
});

test('a role that CloudFormation may not assume is refused', async () => {
  const client = coffer.client(CloudFormationClient);
  const RoleARN = await role('lambda.amazonaws.com', 's3:*');
  await expect(client.send(new CreateStackCommand({ StackName: 'S', TemplateBody, RoleARN }))).rejects.toThrow(
    `Role ${RoleARN} is invalid or cannot be assumed`,
  );
});

test('a user needs CloudFormation’s permission, the role’s handing over, and nothing of S3', async () => {
  const iam = coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  const as = { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
  const client = coffer.client(CloudFormationClient, { as });
  const create = (RoleARN?: string) => client.send(new CreateStackCommand({ StackName: 'S', TemplateBody, RoleARN }));
  const permit = (...actions: string[]) =>
    iam.send(new PutUserPolicyCommand({ UserName: 'u', PolicyName: 'p', PolicyDocument: allow(...actions) }));
  await expect(create()).rejects.toThrow(/user\/u is not authorized to perform: cloudformation:CreateStack/);
  const RoleARN = await role('cloudformation.amazonaws.com', 's3:*');
  await permit('cloudformation:*');
  await expect(create(RoleARN)).rejects.toThrow(/is not authorized to perform: iam:PassRole/);
  await permit('cloudformation:*', 'iam:PassRole');
  await create(RoleARN);
  expect((await client.send(new DescribeStacksCommand({ StackName: 'S' }))).Stacks).toMatchObject([
    { StackStatus: 'CREATE_COMPLETE', RoleARN },
  ]);
});
