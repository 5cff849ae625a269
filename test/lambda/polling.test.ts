import * as sdk from '@aws-sdk/client-lambda';
import { packArchive } from '../../runtime/engine/archive';
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
  afterAll(() => runtime.close());

  test('feeds the function and deletes what it has done with', async () => {
    const source = `exports.handler = async ({ Records }) => {
      console.log('bodies', Records.map((record) => record.body).join());
      return { batchItemFailures: Records.filter((r) => r.body === 'bad').map((r) => ({ itemIdentifier: r.messageId })) };
    }`;
    const send: sdk.LambdaClient['send'] = (command: never) => runtime.client.send(command);
    await send(
      new sdk.CreateFunctionCommand({
        FunctionName: 'f',
        Runtime: 'nodejs20.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/R',
        Code: { ZipFile: packArchive({ 'index.js': source }) },
      }),
    );
    const mapping = {
      FunctionName: 'f',
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:q',
      FunctionResponseTypes: ['ReportBatchItemFailures' as const],
    };
    const { UUID, State } = await send(new sdk.CreateEventSourceMappingCommand(mapping));
    expect(State).toBe('Enabled');
    await expect(send(new sdk.CreateEventSourceMappingCommand(mapping))).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
    const sqs = runtime.kernel.peers(
      { kind: 'root', arn: 'arn:aws:iam::000000000000:root', userId: '0', account: '000000000000' },
      { account: '000000000000', region: 'us-east-1' },
    ).sqs;
    for (const MessageBody of ['good', 'bad', 'better']) await sqs.SendMessage({ QueueUrl: 'x', MessageBody });
    await runtime.settled();
    expect(runtime.deleted.sort()).toEqual(['r1', 'r3']);
    const seen = runtime.logs.flatMap(({ message }) => /bodies\s(.*)/.exec(message)?.[1].split(',') ?? []);
    expect(seen.sort()).toEqual(['bad', 'better', 'good']);
    await send(new sdk.DeleteEventSourceMappingCommand({ UUID }));
    await expect(send(new sdk.GetEventSourceMappingCommand({ UUID }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
  });
});
