/** Plain templates through the unmodified aws CLI and boto3: deployed, changed, unchanged, failed, deleted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { describeWith, environment, type Outcome, run } from './command';

jest.setTimeout(120_000);

let coffer: Coffer;
let endpoint: string;
let directory: string;
beforeAll(async () => {
  coffer = await startCoffer();
  endpoint = await coffer.listen({ port: 0 });
  directory = await mkdtemp(join(tmpdir(), 'coffer-stacks-'));
});
afterAll(async () => {
  await coffer.close();
  await rm(directory, { recursive: true, force: true });
});

const template = (value: string, more = '') => `
Description: a parameter and a queue
Transform: AWS::LanguageExtensions
Parameters:
  Value:
    Type: String
    Default: ${value}
Resources:
  Setting:
    Type: AWS::SSM::Parameter
    Properties:
      Name: /stacks/setting
      Type: String
      Value: !Ref Value
  Queue:
    Type: AWS::SQS::Queue
${more}
Outputs:
  Arn:
    Value: !GetAtt Queue.Arn
`;

describeWith('the aws CLI', ['aws', '--version'])('aws cloudformation', () => {
  const aws = (...args: string[]): Promise<Outcome> =>
    run('aws', ['cloudformation', ...args], environment(endpoint), directory);
  const deploy = (file: string, ...more: string[]) =>
    aws('deploy', '--template-file', file, '--stack-name', 'cli', '--capabilities', 'CAPABILITY_AUTO_EXPAND', ...more);

  test('deploy, again, changed, failed; describe, validate, delete', async () => {
    await writeFile(join(directory, 'first.yaml'), template('one'));
    await writeFile(join(directory, 'broken.yaml'), template('one', '    Properties: {VisibilityTimeout: -1}'));
    expect(await deploy('first.yaml', '--tags', 'team=storage')).toMatchObject({
      code: 0,
      out: expect.stringContaining('Successfully created/updated stack - cli'),
    });
    const described = await aws('describe-stacks', '--stack-name', 'cli', '--output', 'json');
    expect(JSON.parse(described.out).Stacks[0]).toMatchObject({
      StackStatus: 'CREATE_COMPLETE',
      Description: 'a parameter and a queue',
      Tags: [{ Key: 'team', Value: 'storage' }],
      Outputs: [
        { OutputKey: 'Arn', OutputValue: expect.stringMatching(/^arn:aws:sqs:us-east-1:000000000000:cli-Queue-/) },
      ],
    });
    // Without --tags the CLI asks for none, which is a change.
    const unchanged = await deploy('first.yaml', '--tags', 'team=storage');
    expect(`${unchanged.out}${unchanged.err}`).toContain('No changes to deploy. Stack cli is up to date');
    // The CLI names its change sets by the second, and leaves the one without changes.
    await new Promise((done) => setTimeout(done, 1000));
    expect(await deploy('first.yaml', '--parameter-overrides', 'Value=two')).toMatchObject({ code: 0, err: '' });
    const failed = await deploy('broken.yaml');
    expect([failed.code === 0, failed.err]).toEqual([
      false,
      expect.stringContaining('Failed to create/update the stack'),
    ]);
    const template1 = await aws('get-template', '--stack-name', 'cli', '--query', 'TemplateBody', '--output', 'text');
    expect(template1.out.trim()).toBe(template('one').trim());
    const valid = await aws('validate-template', '--template-body', 'file://first.yaml', '--output', 'json');
    expect(JSON.parse(valid.out)).toMatchObject({ DeclaredTransforms: ['AWS::LanguageExtensions'] });
    expect(await aws('delete-stack', '--stack-name', 'cli')).toMatchObject({ code: 0 });
    expect(await aws('wait', 'stack-delete-complete', '--stack-name', 'cli')).toMatchObject({ code: 0 });
  });
});

const program = `
import boto3, json
from botocore.exceptions import ClientError

cfn = boto3.client('cloudformation')
body = lambda value: json.dumps({'Resources': {'P': {'Type': 'AWS::SSM::Parameter',
    'Properties': {'Name': '/boto/p', 'Type': 'String', 'Value': value}}}})
cfn.create_stack(StackName='boto', TemplateBody=body('one'), StackPolicyBody=json.dumps(
    {'Statement': [{'Effect': 'Allow', 'Principal': '*', 'Action': 'Update:*', 'Resource': '*'}]}))
cfn.get_waiter('stack_create_complete').wait(StackName='boto')
assert json.loads(cfn.get_stack_policy(StackName='boto')['StackPolicyBody'])['Statement']
assert cfn.get_template(StackName='boto')['TemplateBody'] == json.loads(body('one'))

cfn.create_change_set(StackName='boto', ChangeSetName='x', TemplateBody=body('two'))
cfn.get_waiter('change_set_create_complete').wait(StackName='boto', ChangeSetName='x')
change = cfn.describe_change_set(StackName='boto', ChangeSetName='x', IncludePropertyValues=True)['Changes'][0]
target = change['ResourceChange']['Details'][0]['Target']
assert (target['BeforeValue'], target['AfterValue']) == ('one', 'two'), target
cfn.execute_change_set(StackName='boto', ChangeSetName='x')
cfn.get_waiter('stack_update_complete').wait(StackName='boto')
assert boto3.client('ssm').get_parameter(Name='/boto/p')['Parameter']['Value'] == 'two'

try:
    cfn.update_stack(StackName='boto', TemplateBody=body('two'))
    raise SystemExit('updated without a change')
except ClientError as error:
    assert error.response['Error']['Message'] == 'No updates are to be performed.', error.response

boto3.client('ssm').put_parameter(Name='/boto/p', Value='drifted', Overwrite=True)
detection = cfn.detect_stack_drift(StackName='boto')['StackDriftDetectionId']
assert cfn.describe_stack_drift_detection_status(StackDriftDetectionId=detection)['StackDriftStatus'] == 'DRIFTED'
events = [e for page in cfn.get_paginator('describe_stack_events').paginate(StackName='boto') for e in page['StackEvents']]
assert events[-1]['ResourceStatus'] == 'CREATE_IN_PROGRESS'
assert any(e['EventName'] == 'UpdateStack' for e in boto3.client('cloudtrail').lookup_events()['Events'])
for refused in ('list_stack_sets', 'list_types'):
    try:
        getattr(cfn, refused)()
        raise SystemExit(refused + ' was answered')
    except ClientError as error:
        assert error.response['ResponseMetadata']['HTTPStatusCode'] < 500, error.response
cfn.delete_stack(StackName='boto')
cfn.get_waiter('stack_delete_complete').wait(StackName='boto')
print('done')
`;

describeWith('boto3', ['python3', '-c', 'import boto3'])('boto3', () => {
  test('stacks, change sets, drift, events', async () => {
    await writeFile(join(directory, 'program.py'), program);
    const outcome = await run('python3', ['program.py'], environment(endpoint), directory);
    expect(outcome).toMatchObject({ code: 0, out: 'done\n' });
  });
});
