/** Nested stacks: their change sets come with that of the stack around them, and say what changes in them. */
import {
  type Change,
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let cfn: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  cfn = coffer.client(CloudFormationClient);
  await coffer.client(S3Client).send(new CreateBucketCommand({ Bucket: 'templates' }));
});
afterEach(() => coffer.close());

async function stored(Key: string, template: object): Promise<string> {
  await coffer
    .client(S3Client)
    .send(new PutObjectCommand({ Bucket: 'templates', Key, Body: JSON.stringify(template) }));
  return `https://templates.s3.us-east-1.amazonaws.com/${Key}`;
}
const parameter = (Name: string, Value: unknown) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name, Type: 'String', Value },
});
const Parameters = { V: { Type: 'String' } };
const nested = (TemplateURL: string, V: unknown) => ({
  Type: 'AWS::CloudFormation::Stack',
  Properties: { TemplateURL, Parameters: { V } },
});
const outer = (TemplateURL: string, V: string) => JSON.stringify({ Resources: { Middle: nested(TemplateURL, V) } });
const middle = (url: string) =>
  stored('middle', { Parameters, Resources: { Inner: nested(url, { Ref: 'V' }), M: parameter('m', 'same') } });

const describe = (ChangeSetName: string | undefined) =>
  cfn.send(new DescribeChangeSetCommand({ ChangeSetName, IncludePropertyValues: true }));
const changeOf = (changes: Change[] | undefined, id: string) =>
  changes!.map(({ ResourceChange }) => ResourceChange!).find(({ LogicalResourceId }) => LogicalResourceId === id);
async function propose(TemplateBody: string) {
  const asked = { StackName: 'S', ChangeSetName: 'X', TemplateBody, IncludeNestedStacks: true };
  return describe((await cfn.send(new CreateChangeSetCommand(asked))).Id);
}

test('change sets of nested stacks come along, two levels down, and go along', async () => {
  const inner = await stored('inner', { Parameters, Resources: { P: parameter('p', { Ref: 'V' }) } });
  const url = await middle(inner);
  await cfn.send(new CreateStackCommand({ StackName: 'S', TemplateBody: outer(url, 'one') }));
  const set = await propose(outer(url, 'two'));
  const first = changeOf(set.Changes, 'Middle');
  expect(first).toMatchObject({ Action: 'Modify', ChangeSetId: expect.stringContaining(':changeSet/X-Middle-') });
  const second = await describe(first!.ChangeSetId);
  expect(second).toMatchObject({ ParentChangeSetId: set.ChangeSetId, RootChangeSetId: set.ChangeSetId });
  // What does not change in it is not told.
  expect(second.Changes!.map(({ ResourceChange }) => ResourceChange!.LogicalResourceId)).toEqual(['Inner']);
  const third = await describe(changeOf(second.Changes, 'Inner')!.ChangeSetId);
  expect(third).toMatchObject({ ParentChangeSetId: second.ChangeSetId, RootChangeSetId: set.ChangeSetId });
  expect(changeOf(third.Changes, 'P')!.Details![0].Target).toMatchObject({ BeforeValue: 'one', AfterValue: 'two' });

  const child = { ChangeSetName: third.ChangeSetId };
  await expect(cfn.send(new ExecuteChangeSetCommand(child))).rejects.toThrow('its root change set can');
  await expect(cfn.send(new DeleteChangeSetCommand(child))).rejects.toThrow('its root change set can');
  await cfn.send(new ExecuteChangeSetCommand({ ChangeSetName: set.ChangeSetId }));
  expect((await coffer.client(SSMClient).send(new GetParameterCommand({ Name: 'p' }))).Parameter!.Value).toBe('two');
  await expect(describe(third.ChangeSetId)).rejects.toThrow('does not exist');
});

test('one that fails makes the root fail; deleting the root deletes all', async () => {
  const inner = await stored('inner', { Parameters, Resources: { P: parameter('p', { Ref: 'V' }) } });
  await cfn.send(new CreateStackCommand({ StackName: 'S', TemplateBody: outer(inner, 'one') }));
  const wrong = await stored('wrong', { Parameters, Resources: { P: parameter('p', { 'Fn::ImportValue': 'none' }) } });
  const set = await propose(outer(wrong, 'one'));
  const { ChangeSetId } = changeOf(set.Changes, 'Middle')!;
  expect(set).toMatchObject({
    Status: 'FAILED',
    StatusReason: `Nested change set ${ChangeSetId} was not successfully created: Currently in FAILED.`,
  });
  expect(await describe(ChangeSetId)).toMatchObject({ Status: 'FAILED', StatusReason: 'No export named none found' });
  await cfn.send(new DeleteChangeSetCommand({ ChangeSetName: set.ChangeSetId }));
  await expect(describe(ChangeSetId)).rejects.toThrow('does not exist');
  expect((await cfn.send(new DescribeStacksCommand({}))).Stacks!.map(({ StackStatus }) => StackStatus)).toEqual([
    'CREATE_COMPLETE',
    'CREATE_COMPLETE',
  ]);
});
