// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
/** Transforms: the language extensions, snippets out of S3, and what is refused. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  type CreateStackCommandInput,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let cfn: CloudFormationClient;
beforeEach(async () => {
  coffer = await startCoffer();
  cfn = coffer.client(CloudFormationClient);
});
afterEach(() => coffer.close());

const Transform = 'AWS::LanguageExtensions';
const parameter = (Name: unknown, Value: unknown) => ({
  Type: 'AWS::SSM::Parameter',
  Properties: { Name, Type: 'String', Value },
});
const create = (body: object, more: Partial<CreateStackCommandInput> = {}) =>
  cfn.send(
    new CreateStackCommand({
      StackName: 'S',
      TemplateBody: JSON.stringify(body),
      Capabilities: ['CAPABILITY_AUTO_EXPAND'],
      ...more,
    }),
  );
const stack = async () => (await cfn.send(new DescribeStacksCommand({ StackName: 'S' }))).Stacks![0];
const parameterValue = async (Name: string) =>
  (await coffer.client(SSMClient).send(new GetParameterCommand({ Name }))).Parameter!.Value;

const loop = {
  Transform,
  Parameters: {
    Names: { Type: 'CommaDelimitedList', Default: 'a.1,b.2' },
    Keep: { Type: 'String', Default: 'Retain' },
  },
  Mappings: { Sizes: { small: { ids: ['x', 'y'] } } },
  Resources: {
    'Fn::ForEach::Settings': [
      'Name',
      { Ref: 'Names' },
      {
        'Setting&{Name}': {
          ...parameter({ 'Fn::Sub': '/p/${Name}' }, { Ref: 'Name' }),
          DeletionPolicy: { Ref: 'Keep' },
        },
      },
    ],
    Count: parameter('/p/count', { 'Fn::Length': { Ref: 'Names' } }),
    Json: parameter('/p/json', { 'Fn::ToJsonString': { all: { Ref: 'Names' }, of: { Ref: 'Count' } } }),
    'Fn::ForEach::Outer': [
      'X',
      { 'Fn::FindInMap': ['Sizes', 'small', 'ids'] },
      { 'Fn::ForEach::Inner': ['Y', ['1', '2'], { 'N${X}${Y}': parameter('/n/${X}/${Y}', '${X}${Y}') }] },
    ],
  },
  Outputs: {
    'Fn::ForEach::Out': ['Name', { Ref: 'Names' }, { 'Out&{Name}': { Value: { Ref: 'Setting&{Name}' } } }],
    Default: { Value: { 'Fn::FindInMap': ['Sizes', 'large', 'ids', { DefaultValue: 'none' }] } },
  },
};

test('loops are written out, lengths and JSON computed, policies chosen', async () => {
  await create(loop);
  expect((await stack()).StackStatus).toBe('CREATE_COMPLETE');
  const { StackResources } = await cfn.send(new DescribeStackResourcesCommand({ StackName: 'S' }));
  expect(StackResources!.map((it) => it.LogicalResourceId).sort()).toEqual([
    'Count',
    'Json',
    'Nx1',
    'Nx2',
    'Ny1',
    'Ny2',
    'Settinga1',
    'Settingb2',
  ]);
  expect(await parameterValue('/p/a.1')).toBe('a.1');
  expect(await parameterValue('/p/count')).toBe('2');
  expect(JSON.parse((await parameterValue('/p/json'))!)).toEqual({ all: ['a.1', 'b.2'], of: '/p/count' });
  expect(await parameterValue('/n/y/2')).toBe('y2');
  const outputs = Object.fromEntries((await stack()).Outputs!.map((it) => [it.OutputKey, it.OutputValue]));
  expect(outputs).toEqual({ Outa1: '/p/a.1', Outb2: '/p/b.2', Default: 'none' });

  const original = await cfn.send(new GetTemplateCommand({ StackName: 'S' }));
  expect(original.TemplateBody).toBe(JSON.stringify(loop));
  const { TemplateBody } = await cfn.send(new GetTemplateCommand({ StackName: 'S', TemplateStage: 'Processed' }));
  const processed = JSON.parse(TemplateBody!);
  expect(processed.Transform).toBeUndefined();
  expect(processed.Resources.Settinga1).toEqual({
    ...parameter({ 'Fn::Sub': '/p/a.1' }, 'a.1'),
    DeletionPolicy: 'Retain',
  });
  const summary = await cfn.send(new GetTemplateSummaryCommand({ StackName: 'S' }));
  expect(summary).toMatchObject({ DeclaredTransforms: [Transform], Capabilities: ['CAPABILITY_AUTO_EXPAND'] });
});

test('another value of a parameter makes another loop', async () => {
  await create(loop);
  const update = { StackName: 'S', UsePreviousTemplate: true, Capabilities: ['CAPABILITY_AUTO_EXPAND' as const] };
  await cfn.send(new UpdateStackCommand({ ...update, Parameters: [{ ParameterKey: 'Names', ParameterValue: 'c' }] }));
  expect((await stack()).StackStatus).toBe('UPDATE_COMPLETE');
  expect(await parameterValue('/p/count')).toBe('1');
  expect(await parameterValue('/p/c')).toBe('c');
});

test.each<[string, object, string]>([
  [
    'no capability',
    { Transform, Resources: { P: parameter('p', 'v') } },
    'Requires capabilities : [CAPABILITY_AUTO_EXPAND]',
  ],
  [
    'a loop of another shape',
    { Transform, Resources: { 'Fn::ForEach::L': ['X', ['a']] } },
    'Fn::ForEach layout is incorrect',
  ],
  [
    'a loop over no list',
    { Transform, Resources: { P: parameter('p', 'v'), 'Fn::ForEach::L': ['X', { Ref: 'P' }, { '${X}': {} }] } },
    'Fn::ForEach could not be resolved',
  ],
  [
    'a loop that repeats itself',
    { Transform, Resources: { 'Fn::ForEach::L': ['X', ['a', 'b'], { P: parameter('p', 'v') }] } },
    'duplicate key P',
  ],
  [
    'a length of no list',
    { Transform, Resources: { P: parameter('p', { 'Fn::Length': 'x' }) } },
    'Fn::Length requires a list',
  ],
  [
    'extensions without their transform',
    { Resources: { P: parameter('p', { 'Fn::Length': ['x'] }) } },
    'Fn::Length needs the transform AWS::LanguageExtensions',
  ],
  ['a macro', { Transform: 'Mine', Resources: { P: parameter('p', 'v') } }, 'No transform named Mine found.'],
  [
    'serverless',
    { Transform: 'AWS::Serverless-2016-10-31', Resources: { P: parameter('p', 'v') } },
    'Transforms are not supported by this runtime: [AWS::Serverless-2016-10-31]',
  ],
])('%s is refused', async (name, body, message) => {
  const more = name === 'no capability' ? { Capabilities: [] } : {};
  await expect(create(body, more)).rejects.toThrow(message);
});

test('snippets come out of S3, at the top and in between', async () => {
  const s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'snippets' }));
  const put = (Key: string, Body: string) => s3.send(new PutObjectCommand({ Bucket: 'snippets', Key, Body }));
  await put('value.yaml', 'Value: !Sub "${AWS::Region}"');
  await put('resources.json', JSON.stringify({ Resources: { Q: parameter('q', 'from S3') } }));
  await put('again.yaml', 'Fn::Transform: {Name: AWS::Include, Parameters: {Location: s3://snippets/value.yaml}}');
  const include = (Location: unknown) => ({ Name: 'AWS::Include', Parameters: { Location } });
  const body = (file: string) => ({
    Transform: [include('s3://snippets/resources.json')],
    Parameters: { File: { Type: 'String', Default: file } },
    Resources: {
      P: {
        Type: 'AWS::SSM::Parameter',
        Properties: {
          Name: 'p',
          Type: 'String',
          'Fn::Transform': include({ 'Fn::Sub': 's3://snippets/${File}' }),
        },
      },
    },
  });
  const proposal = { StackName: 'S', ChangeSetName: 'X', ChangeSetType: 'CREATE' as const };
  const TemplateBody = JSON.stringify(body('value.yaml'));
  await cfn.send(new CreateChangeSetCommand({ ...proposal, TemplateBody, Capabilities: ['CAPABILITY_AUTO_EXPAND'] }));
  await cfn.send(new ExecuteChangeSetCommand(proposal));
  expect(await parameterValue('p')).toBe('us-east-1');
  expect(await parameterValue('q')).toBe('from S3');
  const processed = await cfn.send(new GetTemplateCommand({ StackName: 'S', TemplateStage: 'Processed' }));
  expect(Object.keys(JSON.parse(processed.TemplateBody!).Resources)).toEqual(['P', 'Q']);
  await expect(create(body('none'), { StackName: 'T' })).rejects.toThrow('S3 error: The specified key does not exist');
  await expect(create(body('again.yaml'), { StackName: 'T' })).rejects.toThrow('a snippet cannot include another');
});
