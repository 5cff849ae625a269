/** Subscription filters: what fits goes to a function, from a template as a user writes it. */

import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import {
  CloudWatchLogsClient,
  CreateLogStreamCommand,
  DescribeSubscriptionFiltersCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
  PutSubscriptionFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as destinations from 'aws-cdk-lib/aws-logs-destinations';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let client: CloudWatchLogsClient;
beforeAll(async () => {
  coffer = await startCoffer();
  client = coffer.client(CloudWatchLogsClient);
});
afterAll(() => coffer.close());

function stackOf(term: string): App {
  const app = new App();
  const stack = new Stack(app, 'Subscribed');
  const reader = new lambda.Function(stack, 'Reader', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline(
      `exports.handler = async ({ awslogs }) =>
        console.log('got ' + require('zlib').gunzipSync(Buffer.from(awslogs.data, 'base64')));`,
    ),
  });
  const group = new logs.LogGroup(stack, 'Group', { removalPolicy: RemovalPolicy.DESTROY });
  group.addSubscriptionFilter('Filter', {
    destination: new destinations.LambdaDestination(reader),
    filterPattern: logs.FilterPattern.anyTerm(term),
  });
  new CfnOutput(stack, 'GroupName', { value: group.logGroupName });
  new CfnOutput(stack, 'ReaderName', { value: reader.functionName });
  new CfnOutput(stack, 'ReaderArn', { value: reader.functionArn });
  return app;
}

test('a function gets what fits, and a template changes and removes the filter', async () => {
  const deployed = await coffer.deploy(stackOf('ERROR'));
  expect(deployed.stacks[0].inert).toEqual({});
  const logGroupName = deployed.output('GroupName');
  const stream = { logGroupName, logStreamName: 's' };
  await client.send(new CreateLogStreamCommand(stream));
  const timestamp = Date.now();
  const put = (...lines: string[]) =>
    client.send(new PutLogEventsCommand({ ...stream, logEvents: lines.map((message) => ({ timestamp, message })) }));
  const got = async () => {
    await coffer.settled();
    const group = { logGroupName: `/aws/lambda/${deployed.output('ReaderName')}`, filterPattern: 'got' };
    const { events = [] } = await client.send(new FilterLogEventsCommand(group));
    return events.map(({ message = '' }) => JSON.parse(message.slice(message.indexOf('{'))));
  };
  await put('fine', 'ERROR one', 'ERROR two');
  const found = { ...stream, eventId: undefined };
  const { events } = await client.send(new FilterLogEventsCommand({ logGroupName: found.logGroupName }));
  expect(await got()).toMatchObject([
    {
      messageType: 'DATA_MESSAGE',
      owner: '000000000000',
      logGroup: logGroupName,
      logStream: 's',
      logEvents: [
        { id: events![1].eventId, timestamp, message: 'ERROR one' },
        { id: events![2].eventId, timestamp, message: 'ERROR two' },
      ],
    },
  ]);
  await coffer.deploy(stackOf('WARN'));
  const { subscriptionFilters } = await client.send(new DescribeSubscriptionFiltersCommand({ logGroupName }));
  expect(subscriptionFilters).toMatchObject([
    { filterPattern: '"WARN"', destinationArn: deployed.output('ReaderArn') },
  ]);
  await put('ERROR three');
  expect(await got()).toHaveLength(1);
  const own = `/aws/lambda/${deployed.output('ReaderName')}`;
  const loop = { logGroupName: own, filterName: 'f', filterPattern: '', destinationArn: deployed.output('ReaderArn') };
  await expect(client.send(new PutSubscriptionFilterCommand(loop))).rejects.toThrow('it would feed itself');
  const nobody = { ...loop, logGroupName, destinationArn: 'arn:aws:lambda:us-east-1:000000000000:function:nobody' };
  await expect(client.send(new PutSubscriptionFilterCommand(nobody))).rejects.toThrow('Could not execute the lambda');
  const stranger = { ...loop, logGroupName, destinationArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/s' };
  await expect(client.send(new PutSubscriptionFilterCommand(stranger))).rejects.toThrow('kinesis destinations');
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Subscribed' }));
});
