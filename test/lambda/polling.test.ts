import * as sdk from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { succeeded } from '../../runtime/services/lambda/polling/batch';
import { startLambda } from './harness';

const batch = [{ MessageId: 'a' }, { MessageId: 'b' }];
const item = (itemIdentifier: unknown) => ({ batchItemFailures: [{ itemIdentifier }] });

test.each<[string, unknown, string]>([
  ['null', null, 'ab'],
  ['an empty object', {}, 'ab'],
  ['no failures', { batchItemFailures: [] }, 'ab'],
  ['null failures', { batchItemFailures: null }, 'ab'],
  ['one failure', item('a'), 'b'],
  ['an unknown id', item('c'), ''],
  ['an empty id', item(''), ''],
  ['a null id', item(null), ''],
  ['a wrong key', { batchItemFailures: [{ id: 'a' }] }, ''],
  ['no list', { batchItemFailures: 'a' }, ''],
])('answers to a batch: %s', (_, answer, done) => {
  const left = succeeded(batch, Buffer.from(JSON.stringify(answer)));
  expect(left.map((message) => message.MessageId).join('')).toBe(done);
});

describe('a mapping', () => {
  let runtime: Awaited<ReturnType<typeof startLambda>>;
  beforeAll(async () => {
    runtime = await startLambda();
  });
  afterAll(() => runtime.coffer.close());

  test('a filter lets through what fits, and deletes the rest unseen', async () => {
    const name = await runtime.make(`exports.handler = async ({ Records }) => {
      console.log('bodies', Records.map((record) => record.body).join('|'));
    }`);
    const queue = await runtime.queue('filtered');
    const patterns = [{ body: { kind: ['a', { prefix: 'b' }] } }, { body: [{ suffix: '!' }] }];
    const FilterCriteria = { Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) };
    const mapping = { FunctionName: name, EventSourceArn: queue.arn };
    const create = (more: object) => runtime.send(new sdk.CreateEventSourceMappingCommand({ ...mapping, ...more }));
    await expect(create({ FilterCriteria: { Filters: [{ Pattern: '{"body":"x"}' }] } })).rejects.toThrow(
      'Invalid filter pattern definition',
    );
    const { UUID } = await create({ FilterCriteria });
    for (const MessageBody of ['{"kind":"a"}', '{"kind":"c"}', '{"kind":"bee"}', 'hello!', 'hello']) {
      await runtime.sqs.send(new SendMessageCommand({ QueueUrl: queue.QueueUrl, MessageBody }));
    }
    const bodies = (await runtime.log(name)).flatMap((line) => /bodies\s(.*)/.exec(line)?.[1].trim().split('|') ?? []);
    expect(bodies.sort()).toEqual(['hello!', '{"kind":"a"}', '{"kind":"bee"}']);
    await runtime.send(new sdk.UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
    await runtime.coffer.clock.advance({ minutes: 5 });
    const left = { QueueUrl: queue.QueueUrl, AttributeNames: ['All' as const] };
    const { Attributes } = await runtime.sqs.send(new GetQueueAttributesCommand(left));
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0' });
  });

  test('feeds the function and deletes what it has done with', async () => {
    const name = await runtime.make(`exports.handler = async ({ Records }) => {
      console.log('bodies', Records.map((record) => record.body).join());
      return { batchItemFailures: Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })) };
    }`);
    const queue = await runtime.queue('q');
    const mapping = {
      FunctionName: name,
      EventSourceArn: queue.arn,
      FunctionResponseTypes: ['ReportBatchItemFailures' as const],
    };
    const { UUID, State } = await runtime.send(new sdk.CreateEventSourceMappingCommand(mapping));
    expect(State).toBe('Enabled');
    await expect(runtime.send(new sdk.CreateEventSourceMappingCommand(mapping))).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
    for (const MessageBody of ['good', 'bad', 'better']) {
      await runtime.sqs.send(new SendMessageCommand({ QueueUrl: queue.QueueUrl, MessageBody }));
    }
    const bodies = async () =>
      (await runtime.log(name)).flatMap((message) => /bodies\s(.*)/.exec(message)?.[1].split(',') ?? []).sort();
    expect(await bodies()).toEqual(['bad', 'better', 'good']);
    // What the function reported comes back when its visibility timeout is over, the rest is gone.
    await runtime.coffer.clock.advance({ seconds: 31 });
    expect(await bodies()).toEqual(['bad', 'bad', 'better', 'good']);
    await runtime.send(new sdk.DeleteEventSourceMappingCommand({ UUID }));
    await expect(runtime.send(new sdk.GetEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });

  test('is refused when the queue is missing, or hides messages for too short a time', async () => {
    const FunctionName = await runtime.make('exports.handler = async () => 1', { Timeout: 60 });
    const map = (EventSourceArn: string) =>
      runtime.send(new sdk.CreateEventSourceMappingCommand({ FunctionName, EventSourceArn }));
    await expect(map((await runtime.queue('brief')).arn)).rejects.toMatchObject({
      message: 'Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds',
    });
    await expect(map('arn:aws:sqs:us-east-1:000000000000:none')).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
    });
    await expect(map('arn:aws:kinesis:us-east-1:000000000000:stream/s')).rejects.toMatchObject({
      message: expect.stringContaining('The event source kinesis is not supported here'),
    });
  });
});
