/** Resources that exist already: taken into a stack by name, found by a deployment, or brought back to the template. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateSummaryCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, GetBucketTaggingCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let cfn: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  cfn = coffer.client(CloudFormationClient);
  await coffer.client(S3Client).send(new CreateBucketCommand({ Bucket: 'old-bucket' }));
});
afterEach(() => coffer.close());

const StackName = 'S';
const parameter = (Value: string) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name: 'p', Type: 'String', Value },
});
const bucket = (more: object = { DeletionPolicy: 'Retain' }) => ({
  Type: 'AWS::S3::Bucket',
  Properties: { BucketName: 'old-bucket', Tags: [{ Key: 'a', Value: 'b' }] },
  ...more,
});
const body = (Resources: object, more: object = {}) => JSON.stringify({ Resources, ...more });
const toImport = [
  { LogicalResourceId: 'Bucket', ResourceType: 'AWS::S3::Bucket', ResourceIdentifier: { BucketName: 'old-bucket' } },
];

async function propose(TemplateBody: string, more: Partial<CreateChangeSetCommandInput>) {
  await cfn.send(new CreateChangeSetCommand({ StackName, ChangeSetName: 'X', TemplateBody, ...more }));
  return cfn.send(new DescribeChangeSetCommand({ StackName, ChangeSetName: 'X', IncludePropertyValues: true }));
}
const execute = () => cfn.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName: 'X' }));
const status = async () => (await cfn.send(new DescribeStacksCommand({ StackName }))).Stacks![0].StackStatus;
const statuses = async (id: string) => {
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents!.filter((it) => it.LogicalResourceId === id).map((it) => it.ResourceStatus);
};

test('a bucket comes into a new stack, and then is its own', async () => {
  const set = await propose(body({ Bucket: bucket() }), { ChangeSetType: 'IMPORT', ResourcesToImport: toImport });
  expect(set).toMatchObject({ Status: 'CREATE_COMPLETE' });
  expect(set.Changes![0].ResourceChange).toMatchObject({ Action: 'Import', PhysicalResourceId: 'old-bucket' });
  await execute();
  expect(await status()).toBe('IMPORT_COMPLETE');
  expect(await statuses('Bucket')).toEqual([
    'UPDATE_COMPLETE',
    'UPDATE_IN_PROGRESS',
    'IMPORT_COMPLETE',
    'IMPORT_IN_PROGRESS',
  ]);
  const tags = await coffer.client(S3Client).send(new GetBucketTaggingCommand({ Bucket: 'old-bucket' }));
  expect(tags.TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  // Its attributes are known, and a second stack cannot have it.
  const more = body(
    { Bucket: bucket(), Parameter: parameter('x') },
    { Outputs: { Arn: { Value: { 'Fn::GetAtt': ['Bucket', 'Arn'] } } } },
  );
  await propose(more, {});
  await execute();
  expect((await cfn.send(new DescribeStacksCommand({ StackName }))).Stacks![0].Outputs![0].OutputValue).toBe(
    'arn:aws:s3:::old-bucket',
  );
  const other = { StackName: 'T', ChangeSetName: 'X', TemplateBody: body({ Bucket: bucket() }) };
  await cfn.send(new CreateChangeSetCommand({ ...other, ChangeSetType: 'IMPORT', ResourcesToImport: toImport }));
  expect(await cfn.send(new DescribeChangeSetCommand({ StackName: 'T', ChangeSetName: 'X' }))).toMatchObject({
    Status: 'FAILED',
    StatusReason: expect.stringMatching(/^Resource old-bucket already exists in stack arn:.*stack\/S\//),
  });
  // It is kept, as its policy says.
  await cfn.send(new DeleteStackCommand({ StackName }));
  await coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: 'old-bucket' }));
});

test('an import joins a stack, and changes nothing else in it', async () => {
  const had = { Parameter: parameter('x') };
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody: body(had) }));
  const asked = { ChangeSetType: 'IMPORT' as const, ResourcesToImport: toImport };
  expect(await propose(body({ Bucket: bucket(), Parameter: parameter('y') }), asked)).toMatchObject({
    Status: 'FAILED',
    StatusReason: expect.stringContaining(
      'You have modified resources [Parameter] in your template that are not being imported.',
    ),
  });
  expect(
    await propose(body({ ...had, Bucket: bucket() }, { Outputs: { O: { Value: 'o' } } }), {
      ...asked,
      ChangeSetName: 'X2',
    }),
  ).toBeDefined();
  const failed = await cfn.send(new DescribeChangeSetCommand({ StackName, ChangeSetName: 'X2' }));
  expect(failed.StatusReason).toBe('As part of the import operation, you cannot modify or add [Outputs]');
  await cfn.send(
    new CreateChangeSetCommand({
      StackName,
      ChangeSetName: 'X3',
      TemplateBody: body({ ...had, Bucket: bucket() }),
      ...asked,
    }),
  );
  await cfn.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName: 'X3' }));
  expect(await status()).toBe('IMPORT_COMPLETE');
  await propose(body({ ...had, Bucket: bucket({ DeletionPolicy: 'Delete' }) }), { ChangeSetName: 'X' });
  await execute();
  await cfn.send(new DeleteStackCommand({ StackName }));
  await expect(coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: 'old-bucket' }))).rejects.toThrow();
});

test.each([
  ['no policy', body({ Bucket: bucket({}) }), toImport, 'must have a DeletionPolicy attribute'],
  [
    'no such logical id',
    body({ Other: bucket() }),
    toImport,
    'Resource [Bucket] of type [AWS::S3::Bucket] to import is not in the template',
  ],
  [
    'a type that cannot be read',
    body({ K: { Type: 'AWS::MediaLive::Channel', DeletionPolicy: 'Retain' } }),
    [{ LogicalResourceId: 'K', ResourceType: 'AWS::MediaLive::Channel', ResourceIdentifier: { Id: 'x' } }],
    'ResourceTypes [AWS::MediaLive::Channel] are not supported for Import',
  ],
  [
    'another identifier',
    body({ Bucket: bucket() }),
    [{ ...toImport[0], ResourceIdentifier: { Arn: 'x' } }],
    'Expected [BucketName]',
  ],
  ['nothing to import', body({ Bucket: bucket() }), [], 'ResourcesToImport must be given'],
])('an import with %s is refused', async (_, TemplateBody, ResourcesToImport, message) => {
  await expect(propose(TemplateBody, { ChangeSetType: 'IMPORT', ResourcesToImport })).rejects.toThrow(message);
});

test('what is gone by the time of the import is let go of', async () => {
  const ssm = coffer.client(SSMClient);
  await ssm.send(new PutParameterCommand({ Name: 'p', Type: 'String', Value: 'x' }));
  const p = { ...parameter('x'), DeletionPolicy: 'Retain' };
  const parameters = [
    { LogicalResourceId: 'P', ResourceType: 'AWS::SSM::Parameter', ResourceIdentifier: { Name: 'p' } },
  ];
  const missing = [{ ...parameters[0], ResourceIdentifier: { Name: 'q' } }];
  expect(await propose(body({ P: p }), { ChangeSetType: 'IMPORT', ResourcesToImport: missing })).toMatchObject({
    Status: 'FAILED',
    StatusReason: "Resource of type 'AWS::SSM::Parameter' with identifier 'q' was not found.",
  });
  const both = body({ Bucket: bucket(), P: { ...p, DependsOn: 'Bucket' } });
  await cfn.send(
    new CreateChangeSetCommand({
      StackName,
      ChangeSetName: 'Y',
      TemplateBody: both,
      ChangeSetType: 'IMPORT',
      ResourcesToImport: [...toImport, ...parameters],
    }),
  );
  await ssm.send(new DeleteParameterCommand({ Name: 'p' }));
  await cfn.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName: 'Y' }));
  expect(await status()).toBe('IMPORT_ROLLBACK_COMPLETE');
  expect((await statuses('P'))[0]).toBe('IMPORT_FAILED');
  expect((await statuses('Bucket'))[0]).toBe('IMPORT_ROLLBACK_COMPLETE');
  await coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: 'old-bucket' }));
});

test('ImportExistingResources finds what has the name already', async () => {
  const more = { ChangeSetType: 'CREATE' as const, ImportExistingResources: true };
  expect(await propose(body({ Bucket: bucket({ DeletionPolicy: 'Delete' }) }), more)).toMatchObject({
    Status: 'FAILED',
    StatusReason: expect.stringContaining('its DeletionPolicy must be Retain or RetainExceptOnCreate'),
  });
  const both = body({ Bucket: bucket(), Parameter: { ...parameter('x'), DependsOn: 'Bucket' } });
  const set = await cfn
    .send(new CreateChangeSetCommand({ StackName, ChangeSetName: 'Y', TemplateBody: both, ...more }))
    .then(() => cfn.send(new DescribeChangeSetCommand({ StackName, ChangeSetName: 'Y' })));
  expect(set.Changes!.map(({ ResourceChange }) => ResourceChange!.Action)).toEqual(['Import', 'Add']);
  // When something else fails, what was found stays.
  await coffer.client(SSMClient).send(new PutParameterCommand({ Name: 'p', Type: 'String', Value: 'taken' }));
  await cfn.send(new ExecuteChangeSetCommand({ StackName, ChangeSetName: 'Y' }));
  expect(await status()).toBe('ROLLBACK_COMPLETE');
  await coffer.client(S3Client).send(new HeadBucketCommand({ Bucket: 'old-bucket' }));
});

test('a drift-aware change set brings resources back to the template', async () => {
  const ssm = coffer.client(SSMClient);
  const q = { ...parameter('y'), Properties: { ...parameter('y').Properties, Name: 'q' } };
  const TemplateBody = body({ P: parameter('x'), Q: q });
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody }));
  await ssm.send(new PutParameterCommand({ Name: 'p', Value: 'drifted', Overwrite: true }));
  await ssm.send(new DeleteParameterCommand({ Name: 'q' }));
  const set = await propose(TemplateBody, { DeploymentMode: 'REVERT_DRIFT' });
  expect(set.Changes!.map(({ ResourceChange }) => ResourceChange)).toMatchObject([
    { Action: 'Modify', LogicalResourceId: 'P', Details: [{ Target: { BeforeValue: 'drifted', AfterValue: 'x' } }] },
    { Action: 'Add', LogicalResourceId: 'Q' },
  ]);
  await execute();
  expect(await status()).toBe('UPDATE_COMPLETE');
  for (const [Name, Value] of [
    ['p', 'x'],
    ['q', 'y'],
  ])
    expect((await ssm.send(new GetParameterCommand({ Name }))).Parameter!.Value).toBe(Value);
  const { StackResourceDetail } = await cfn.send(
    new DescribeStackResourceCommand({ StackName, LogicalResourceId: 'Q' }),
  );
  expect(StackResourceDetail).toMatchObject({ PhysicalResourceId: 'q', ResourceStatus: 'CREATE_COMPLETE' });
});

test('a summary tells by what resources are imported', async () => {
  const { ResourceIdentifierSummaries } = await cfn.send(
    new GetTemplateSummaryCommand({
      TemplateBody: body({ Bucket: bucket(), P: parameter('x'), C: { Type: 'AWS::MediaLive::Channel' } }),
    }),
  );
  expect(ResourceIdentifierSummaries).toEqual([
    { ResourceType: 'AWS::S3::Bucket', LogicalResourceIds: ['Bucket'], ResourceIdentifiers: ['BucketName'] },
    { ResourceType: 'AWS::SSM::Parameter', LogicalResourceIds: ['P'], ResourceIdentifiers: ['Name'] },
  ]);
});
