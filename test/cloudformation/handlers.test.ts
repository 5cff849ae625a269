/** Custom resources whose Node handlers are CDK's own: they answer by https on port 443, as on AWS. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
} from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { GetParameterCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, CustomResource, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as subscriptions from 'aws-cdk-lib/aws-sns-subscriptions';
import * as cr from 'aws-cdk-lib/custom-resources';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
const lines: string[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => lines.push(line) });
});
afterAll(() => coffer.close());
afterEach(() => expect(lines.splice(0)).toEqual([]));

const destroy = (StackName: string) => coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName }));
const parameter = async (Name: string) =>
  (await coffer.client(SSMClient).send(new GetParameterCommand({ Name }))).Parameter?.Value;

function calling(Value: string): App {
  const app = new App();
  const stack = new Stack(app, 'Calls');
  const put: cr.AwsSdkCall = {
    service: 'SSM',
    action: 'putParameter',
    parameters: { Name: '/from/a/call', Value, Type: 'String', Overwrite: true },
    physicalResourceId: cr.PhysicalResourceId.of('call'),
  };
  const call = new cr.AwsCustomResource(stack, 'Call', {
    onCreate: put,
    onUpdate: put,
    onDelete: { service: 'SSM', action: 'deleteParameter', parameters: { Name: '/from/a/call' } },
    policy: cr.AwsCustomResourcePolicy.fromSdkCalls({ resources: cr.AwsCustomResourcePolicy.ANY_RESOURCE }),
    installLatestAwsSdk: false,
  });
  new CfnOutput(stack, 'Version', { value: call.getResponseField('Version') });
  return app;
}

test('AwsCustomResource calls when made, changed and deleted', async () => {
  expect((await coffer.deploy(calling('one'))).output('Version')).toBe('1');
  expect(await parameter('/from/a/call')).toBe('one');
  expect((await coffer.deploy(calling('two'))).output('Version')).toBe('2');
  expect(await parameter('/from/a/call')).toBe('two');
  await destroy('Calls');
  await expect(parameter('/from/a/call')).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

test('a call that AWS refuses fails the resource with its reason', async () => {
  const app = new App();
  const stack = new Stack(app, 'Refused');
  new cr.AwsCustomResource(stack, 'Call', {
    onCreate: {
      service: 'SSM',
      action: 'getParameter',
      parameters: { Name: '/not/there' },
      physicalResourceId: cr.PhysicalResourceId.of('call'),
    },
    policy: cr.AwsCustomResourcePolicy.fromSdkCalls({ resources: ['arn:aws:ssm:::parameter/other'] }),
    installLatestAwsSdk: false,
  });
  await expect(coffer.deploy(app)).rejects.toThrow('not authorized to perform: ssm:GetParameter');
});

test('LogRetention sets it', async () => {
  const app = new App();
  const stack = new Stack(app, 'Retention');
  new logs.LogRetention(stack, 'Retention', {
    logGroupName: '/of/somebody/else',
    retention: logs.RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  await coffer.deploy(app);
  const described = new DescribeLogGroupsCommand({ logGroupNamePrefix: '/of/somebody/else' });
  const groups = async () => (await coffer.client(CloudWatchLogsClient).send(described)).logGroups;
  expect(await groups()).toMatchObject([{ retentionInDays: 7 }]);
  await destroy('Retention');
  expect(await groups()).toEqual([]);
});

test("the provider framework hands a user's function over", async () => {
  const app = new App();
  const stack = new Stack(app, 'Provided');
  const onEventHandler = new lambda.Function(stack, 'OnEvent', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(
      `exports.handler = async ({ RequestType, ResourceProperties: { Size } }) => {
        if (Size === '0') throw new Error('too small');
        return { PhysicalResourceId: 'thing', Data: { Said: RequestType + ' ' + Size } };
      };`,
    ),
  });
  const { serviceToken } = new cr.Provider(stack, 'Provider', { onEventHandler });
  const thing = new CustomResource(stack, 'Thing', { serviceToken, properties: { Size: 3 } });
  new CfnOutput(stack, 'Said', { value: thing.getAttString('Said') });
  expect((await coffer.deploy(app)).output('Said')).toBe('Create 3');
  await destroy('Provided');
});

test('a handler of ones own that takes https for granted', async () => {
  const app = new App();
  const stack = new Stack(app, 'Inline');
  const { functionArn: serviceToken } = new lambda.Function(stack, 'Handler', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(
      `const { request } = require('https');
      exports.handler = (event) => new Promise((done, fail) => {
        const { hostname, pathname: path } = new URL(event.ResponseURL);
        const { StackId, RequestId, LogicalResourceId } = event;
        const body = { Status: 'SUCCESS', PhysicalResourceId: 'p', StackId, RequestId, LogicalResourceId, Data: { Said: 'hello' } };
        request({ hostname, port: 443, path, method: 'PUT', headers: { 'content-type': '' } }, done)
          .on('error', fail)
          .end(JSON.stringify(body));
      });`,
    ),
  });
  const thing = new CustomResource(stack, 'Thing', { serviceToken });
  new CfnOutput(stack, 'Said', { value: thing.getAttString('Said') });
  expect((await coffer.deploy(app)).output('Said')).toBe('hello');
});

function waiting(queries: number): App {
  const app = new App();
  const stack = new Stack(app, 'Waited');
  const fn = (id: string, source: string) =>
    new lambda.Function(stack, id, {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(source),
    });
  const provider = new cr.Provider(stack, 'Provider', {
    onEventHandler: fn(
      'OnEvent',
      'exports.handler = async ({ RequestType }) => ({ PhysicalResourceId: "waited", Data: { RequestType } });',
    ),
    isCompleteHandler: fn(
      'IsComplete',
      `let asked = 0;
      exports.handler = async ({ RequestType, ResourceProperties: { Queries } }) => {
        const IsComplete = RequestType === 'Delete' || ++asked > Number(Queries);
        return IsComplete ? { IsComplete, Data: { asked } } : { IsComplete };
      };`,
    ),
    queryInterval: Duration.seconds(1),
    totalTimeout: Duration.seconds(2),
  });
  const thing = new CustomResource(stack, 'Thing', {
    serviceToken: provider.serviceToken,
    properties: { Queries: queries },
  });
  new CfnOutput(stack, 'Said', { value: `${thing.getAttString('RequestType')} ${thing.getAttString('asked')}` });
  return app;
}

test('the provider framework asks until it is complete, or gives up', async () => {
  expect((await coffer.deploy(waiting(1))).output('Said')).toBe('Create 2');
  await expect(coffer.deploy(waiting(9))).rejects.toThrow('Operation timed out');
  await destroy('Waited');
});

function secretive(value: string, more: object = {}): object {
  const ZipFile = `const response = require('cfn-response');
    exports.handler = (event, context) => response.send(event, context, 'SUCCESS', { Word: 'secret-' + event.ResourceProperties.Value }, 'p', true);`;
  const Role = { 'Fn::GetAtt': ['Role', 'Arn'] };
  const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }];
  return {
    Parameters: { Pin: { Type: 'String', NoEcho: true } },
    Resources: {
      Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement } } },
      Fn: {
        Type: 'AWS::Lambda::Function',
        Properties: { Handler: 'index.handler', Runtime: 'nodejs22.x', Role, Code: { ZipFile } },
      },
      Secret: { Type: 'Custom::Secret', Properties: { ServiceToken: { 'Fn::GetAtt': ['Fn', 'Arn'] }, Value: value } },
      Kept: {
        Type: 'AWS::SSM::Parameter',
        Properties: {
          Type: 'String',
          Value: { 'Fn::Join': [' ', [{ 'Fn::GetAtt': ['Secret', 'Word'] }, { Ref: 'Pin' }]] },
          ...more,
        },
      },
    },
    Outputs: { Word: { Value: { 'Fn::GetAtt': ['Secret', 'Word'] } } },
  };
}

test('what is not to be echoed is in no change set, and used all the same', async () => {
  const client = coffer.client(CloudFormationClient);
  const StackName = 'Secretive';
  const deployed = await coffer.deploy(
    { template: secretive('1'), stackName: StackName },
    { parameters: { Pin: 'pin-1234' } },
  );
  expect(deployed.output('Word')).toBe('secret-1');
  expect(await parameter(deployed.resource('Kept').physicalId!)).toBe('secret-1 pin-1234');
  const described = async (template: object, Pin: string) => {
    const ChangeSetName = `c${Pin}`;
    await client.send(
      new CreateChangeSetCommand({
        StackName,
        ChangeSetName,
        TemplateBody: JSON.stringify(template),
        Capabilities: ['CAPABILITY_IAM'],
        Parameters: [{ ParameterKey: 'Pin', ParameterValue: Pin }],
      }),
    );
    const shown = new DescribeChangeSetCommand({ StackName, ChangeSetName, IncludePropertyValues: true });
    return JSON.stringify((await client.send(shown)).Changes);
  };
  const text = await described(secretive('1', { Description: 'd' }), 'pin-5678');
  expect(text).toContain('***** *****');
  expect(text).not.toMatch(/secret-1|pin-1234|pin-5678/);
  await destroy(StackName);
});

test('what failed to be created is deleted, and what is replaced, too', async () => {
  const template = (value: string) => {
    const ZipFile = `const response = require('cfn-response');
      exports.handler = (event, context) => {
        const { RequestType, PhysicalResourceId, ResourceProperties: { Value } } = event;
        if (RequestType === 'Delete') console.log('deletes ' + PhysicalResourceId);
        const status = RequestType !== 'Delete' && Value === 'bad' ? 'FAILED' : 'SUCCESS';
        response.send(event, context, status, {}, RequestType === 'Delete' ? PhysicalResourceId : 'id-' + Value);
      };`;
    const Statement = [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }];
    const logging = { Effect: 'Allow', Action: 'logs:*', Resource: '*' };
    const Policies = [{ PolicyName: 'p', PolicyDocument: { Version: '2012-10-17', Statement: [logging] } }];
    const Role = { 'Fn::GetAtt': ['Role', 'Arn'] };
    const Fn = { FunctionName: 'replacer', Handler: 'index.handler', Runtime: 'nodejs22.x', Role, Code: { ZipFile } };
    return {
      Resources: {
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: { AssumeRolePolicyDocument: { Version: '2012-10-17', Statement }, Policies },
        },
        Fn: { Type: 'AWS::Lambda::Function', Properties: Fn },
        It: { Type: 'Custom::It', Properties: { ServiceToken: { 'Fn::GetAtt': ['Fn', 'Arn'] }, Value: value } },
      },
    };
  };
  const deploy = (value: string) => coffer.deploy({ template: template(value), stackName: 'Replaced' });
  const deleted = async () => {
    await coffer.settled();
    const found = new FilterLogEventsCommand({ logGroupName: '/aws/lambda/replacer', filterPattern: 'deletes' });
    const { events = [] } = await coffer.client(CloudWatchLogsClient).send(found);
    return events.map(({ message }) => /deletes (\S+)/.exec(message!)![1]);
  };
  await expect(deploy('bad')).rejects.toThrow('Received response status [FAILED] from custom resource');
  expect(await deleted()).toEqual(['id-bad']);
  expect((await deploy('one')).resource('It').physicalId).toBe('id-one');
  expect((await deploy('two')).resource('It').physicalId).toBe('id-two');
  expect(await deleted()).toEqual(['id-bad', 'id-one']);
  await expect(deploy('bad')).rejects.toThrow('Received response status [FAILED] from custom resource');
  expect((await deploy('two')).resource('It').physicalId).toBe('id-two');
  await destroy('Replaced');
  expect((await deleted()).at(-1)).toBe('id-two');
});

test('a topic may be the service token', async () => {
  const app = new App();
  const stack = new Stack(app, 'Told');
  const topic = new sns.Topic(stack, 'Topic');
  const handler = new lambda.Function(stack, 'Handler', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(
      `exports.handler = async ({ Records: [{ Sns }] }) => {
        const { ResponseURL, RequestType, StackId, RequestId, LogicalResourceId } = JSON.parse(Sns.Message);
        const said = { Status: 'SUCCESS', PhysicalResourceId: 'p', StackId, RequestId, LogicalResourceId, Data: { RequestType } };
        await fetch(ResponseURL, { method: 'PUT', body: JSON.stringify(said) });
      };`,
    ),
  });
  topic.addSubscription(new subscriptions.LambdaSubscription(handler));
  const thing = new CustomResource(stack, 'Thing', { serviceToken: topic.topicArn });
  thing.node.addDependency(handler, ...handler.node.findAll().filter((it) => it.node.id === 'Topic'));
  new CfnOutput(stack, 'Said', { value: thing.getAttString('RequestType') });
  expect((await coffer.deploy(app)).output('Said')).toBe('Create');
  await destroy('Told');
});

test('values go from Region to Region, and are taken back', async () => {
  const app = () => {
    const made = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': 'strong' } });
    const env = (region: string) => ({ env: { account: '000000000000', region }, crossRegionReferences: true });
    const first = new Stack(made, 'First', env('us-east-1'));
    const second = new Stack(made, 'Second', env('eu-west-1'));
    const group = new logs.LogGroup(first, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
    new CfnOutput(second, 'Arn', { value: group.logGroupArn });
    return made;
  };
  const deployed = await coffer.deploy(app());
  expect(deployed.output('Arn')).toMatch(/^arn:aws:logs:us-east-1:000000000000:log-group:First-Group/);
  const ssm = coffer.client(SSMClient, { region: 'eu-west-1' });
  const path = { Path: '/cdk/exports/', Recursive: true };
  const { Parameters } = await ssm.send(new GetParametersByPathCommand(path));
  expect(Parameters).toMatchObject([{ Value: deployed.output('Arn') }]);
  await coffer
    .client(CloudFormationClient, { region: 'eu-west-1' })
    .send(new DeleteStackCommand({ StackName: 'Second' }));
  await destroy('First');
  expect((await ssm.send(new GetParametersByPathCommand(path))).Parameters).toEqual([]);
});
