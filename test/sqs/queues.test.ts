import { createHash } from 'node:crypto';
import { SQS } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let sqs: SQS;
beforeAll(async () => {
  coffer = await startCoffer();
  sqs = coffer.client(SQS);
});
afterAll(() => coffer.close());

const account = '000000000000';
const arn = (name: string) => `arn:aws:sqs:us-east-1:${account}:${name}`;
const code = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: Error) => error.name,
  );
let made = 0;
async function newQueue(Attributes: Record<string, string> = {}, suffix = '') {
  const { QueueUrl } = await sqs.createQueue({ QueueName: `q${++made}${suffix}`, Attributes });
  return QueueUrl!;
}
const fifo = (attributes: Record<string, string> = {}) => newQueue({ FifoQueue: 'true', ...attributes }, '.fifo');
const receive = async (QueueUrl: string, input: object = {}) =>
  (await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10, ...input })).Messages ?? [];
const bodies = async (QueueUrl: string, input?: object) =>
  (await receive(QueueUrl, input)).map(({ Body }) => Body).sort();

describe('standard queues', () => {
  test('a message is sent, received, hidden, received again and deleted', async () => {
    const QueueUrl = await newQueue();
    const sent = await sqs.sendMessage({
      QueueUrl,
      MessageBody: 'hello',
      MessageAttributes: {
        colour: { DataType: 'String', StringValue: 'red' },
        'size.cm': { DataType: 'Number.int', StringValue: '12' },
        bytes: { DataType: 'Binary', BinaryValue: Buffer.from([1, 2, 3]) },
      },
    });
    expect(sent.MD5OfMessageBody).toBe(createHash('md5').update('hello').digest('hex'));
    const [message] = await receive(QueueUrl, { MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] });
    expect(message).toMatchObject({
      MessageId: sent.MessageId,
      Body: 'hello',
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      Attributes: { SenderId: account, ApproximateReceiveCount: '1' },
      MessageAttributes: { 'size.cm': { DataType: 'Number.int', StringValue: '12' } },
    });
    expect(Buffer.from(message.MessageAttributes!.bytes.BinaryValue!)).toEqual(Buffer.from([1, 2, 3]));
    expect(await receive(QueueUrl)).toEqual([]);
    await coffer.clock.advance({ seconds: 30 });
    const [again] = await receive(QueueUrl, {
      AttributeNames: ['ApproximateReceiveCount'],
      MessageAttributeNames: ['col.*'],
    });
    expect(again.Attributes).toEqual({ ApproximateReceiveCount: '2' });
    expect(Object.keys(again.MessageAttributes!)).toEqual(['colour']);
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: message.ReceiptHandle });
    await coffer.clock.advance({ seconds: 30 });
    const [third] = await receive(QueueUrl);
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: third.ReceiptHandle });
    await coffer.clock.advance({ minutes: 1 });
    expect(await receive(QueueUrl)).toEqual([]);
    expect(await code(sqs.deleteMessage({ QueueUrl, ReceiptHandle: 'x' }))).toBe('ReceiptHandleIsInvalid');
  });

  test('the digest of attributes is the documented one', async () => {
    const QueueUrl = await newQueue();
    const { MD5OfMessageAttributes } = await sqs.sendMessage({
      QueueUrl,
      MessageBody: 'x',
      MessageAttributes: { a: { DataType: 'String', StringValue: 'b' } },
    });
    const part = (text: string) => Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]);
    const bytes = Buffer.concat([part('a'), part('String'), Buffer.from([1]), part('b')]);
    expect(MD5OfMessageAttributes).toBe(createHash('md5').update(bytes).digest('hex'));
  });

  test('delays and visibility follow the clock', async () => {
    const QueueUrl = await newQueue({ DelaySeconds: '5' });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'queue delay' });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'own delay', DelaySeconds: 60 });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'now', DelaySeconds: 0 });
    const counts = async () => {
      const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] });
      const { ApproximateNumberOfMessages: a, ApproximateNumberOfMessagesNotVisible: b } = Attributes!;
      return [a, b, Attributes!.ApproximateNumberOfMessagesDelayed].map(Number);
    };
    expect(await counts()).toEqual([1, 0, 2]);
    const [now] = await receive(QueueUrl);
    expect(now.Body).toBe('now');
    expect(await counts()).toEqual([0, 1, 2]);
    const change = { QueueUrl, ReceiptHandle: now.ReceiptHandle };
    await sqs.changeMessageVisibility({ ...change, VisibilityTimeout: 0 });
    expect(await bodies(QueueUrl)).toEqual(['now']);
    expect(await code(sqs.changeMessageVisibility({ ...change, VisibilityTimeout: 10 }))).toBe('InvalidParameterValue');
    await coffer.clock.advance({ seconds: 5 });
    expect(await bodies(QueueUrl)).toEqual(['queue delay']);
    await coffer.clock.advance({ minutes: 2 });
    expect(await bodies(QueueUrl)).toEqual(['now', 'own delay', 'queue delay']);
  });

  test('messages expire, also when retention is shortened', async () => {
    const QueueUrl = await newQueue({ MessageRetentionPeriod: '3600' });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'old' });
    await coffer.clock.advance({ minutes: 50 });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'new' });
    await coffer.clock.advance({ minutes: 10 });
    expect(await bodies(QueueUrl, { VisibilityTimeout: 0 })).toEqual(['new']);
    await sqs.setQueueAttributes({ QueueUrl, Attributes: { MessageRetentionPeriod: '300' } });
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] });
    expect(Attributes).toEqual({ ApproximateNumberOfMessages: '0' });
  });

  test('long polls wait for a send, for a delay, and no longer than asked', async () => {
    const QueueUrl = await newQueue();
    const waiting = bodies(QueueUrl, { WaitTimeSeconds: 20 });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'woken' });
    expect(await waiting).toEqual(['woken']);
    await sqs.purgeQueue({ QueueUrl });
    await sqs.sendMessage({ QueueUrl, MessageBody: 'delayed', DelaySeconds: 600 });
    const later = bodies(QueueUrl, { WaitTimeSeconds: 20 });
    await coffer.clock.advance({ minutes: 10 });
    expect(await later).toContain('delayed');
    const start = Date.now();
    expect(await bodies(QueueUrl, { WaitTimeSeconds: 1 })).toEqual([]);
    expect(Date.now() - start).toBeGreaterThanOrEqual(950);
  });

  test('dead letters move after too many receives, if they may', async () => {
    const dead = await newQueue();
    const deadArn = arn(`q${made}`);
    const QueueUrl = await newQueue({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 2 }),
      VisibilityTimeout: '0',
    });
    const sourceArn = arn(`q${made}`);
    await sqs.sendMessage({ QueueUrl, MessageBody: 'cursed' });
    expect(await bodies(QueueUrl)).toEqual(['cursed']);
    expect(await bodies(QueueUrl)).toEqual(['cursed']);
    expect(await bodies(QueueUrl)).toEqual([]);
    const [letter] = await receive(dead, { AttributeNames: ['All'] });
    expect(letter).toMatchObject({
      Body: 'cursed',
      Attributes: { DeadLetterQueueSourceArn: sourceArn, ApproximateReceiveCount: '3' },
    });
    expect((await sqs.listDeadLetterSourceQueues({ QueueUrl: dead })).queueUrls).toEqual([QueueUrl]);

    const refuses = await newQueue({ RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'denyAll' }) });
    const target = arn(refuses.slice(refuses.lastIndexOf('/') + 1));
    for (const [deadLetterTargetArn, maxReceiveCount] of [
      [target, 1],
      [arn('none'), 1],
      ['arn:aws:sqs:us-west-2:000000000000:q', 1],
    ])
      expect(await code(newQueue({ RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }) }))).toBe(
        'InvalidParameterValue',
      );
    expect(await code(newQueue({ RedrivePolicy: '{"maxReceiveCount":1}' }))).toBe('InvalidAttributeValue');
  });

  test('batches succeed and fail entry by entry', async () => {
    const QueueUrl = await newQueue();
    const sent = await sqs.sendMessageBatch({
      QueueUrl,
      Entries: [
        { Id: 'a', MessageBody: 'one' },
        { Id: 'b', MessageBody: 'two', DelaySeconds: 901 },
        { Id: 'c', MessageBody: 'three' },
      ],
    });
    expect(sent.Successful!.map(({ Id }) => Id)).toEqual(['a', 'c']);
    expect(sent.Failed).toMatchObject([{ Id: 'b', SenderFault: true, Code: 'InvalidParameterValue' }]);
    const messages = await receive(QueueUrl);
    const visible = await sqs.changeMessageVisibilityBatch({
      QueueUrl,
      Entries: messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle, VisibilityTimeout: 100 })),
    });
    expect(visible.Successful).toHaveLength(2);
    const gone = await sqs.deleteMessageBatch({
      QueueUrl,
      Entries: [
        { Id: 'x', ReceiptHandle: messages[0].ReceiptHandle },
        { Id: 'y', ReceiptHandle: 'bad' },
      ],
    });
    expect(gone).toMatchObject({ Successful: [{ Id: 'x' }], Failed: [{ Id: 'y', Code: 'ReceiptHandleIsInvalid' }] });

    const batch = (entries: { Id: string; MessageBody: string }[]) =>
      code(sqs.sendMessageBatch({ QueueUrl, Entries: entries }));
    const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
    expect(await batch([])).toMatch(/EmptyBatchRequest/);
    expect(await batch(Array.from({ length: 11 }, (_, i) => entry(`e${i}`)))).toMatch(/TooManyEntriesInBatchRequest/);
    expect(await batch([entry('a'), entry('a')])).toMatch(/BatchEntryIdsNotDistinct/);
    expect(await batch([entry('a b')])).toMatch(/InvalidBatchEntryId/);
    const half = 'x'.repeat(600_000);
    expect(await batch([entry('a', half), entry('b', half)])).toMatch(/BatchRequestTooLong/);
  });

  test('purging empties, once a minute', async () => {
    const QueueUrl = await newQueue();
    await sqs.sendMessage({ QueueUrl, MessageBody: 'x' });
    await sqs.purgeQueue({ QueueUrl });
    expect(await receive(QueueUrl)).toEqual([]);
    expect(await code(sqs.purgeQueue({ QueueUrl }))).toMatch(/PurgeQueueInProgress/);
    await coffer.clock.advance({ minutes: 1 });
    expect(await code(sqs.purgeQueue({ QueueUrl }))).toBe('no error');
  });
});

describe('FIFO queues', () => {
  const send = (QueueUrl: string, MessageGroupId: string, MessageBody: string, MessageDeduplicationId?: string) =>
    sqs.sendMessage({ QueueUrl, MessageBody, MessageGroupId, MessageDeduplicationId });

  test('groups are in order, and wait for what is in flight', async () => {
    const QueueUrl = await fifo({ ContentBasedDeduplication: 'true' });
    for (const body of ['a1', 'a2', 'a3']) await send(QueueUrl, 'a', body);
    await send(QueueUrl, 'b', 'b1');
    const first = await receive(QueueUrl, { MaxNumberOfMessages: 1, AttributeNames: ['All'] });
    expect(first[0].Body).toBe('a1');
    expect(first[0].Attributes!.SequenceNumber).toMatch(/^\d{20}$/);
    expect(await bodies(QueueUrl)).toEqual(['b1']);
    expect(await bodies(QueueUrl)).toEqual([]);
    await sqs.deleteMessage({ QueueUrl, ReceiptHandle: first[0].ReceiptHandle });
    expect((await receive(QueueUrl, { MaxNumberOfMessages: 2 })).map(({ Body }) => Body)).toEqual(['a2', 'a3']);
    await coffer.clock.advance({ seconds: 31 });
    expect((await receive(QueueUrl)).map(({ Body }) => Body)).toEqual(['a2', 'a3', 'b1']);
  });

  test('a receipt expires with its visibility', async () => {
    const QueueUrl = await fifo({ ContentBasedDeduplication: 'true' });
    await send(QueueUrl, 'a', 'x');
    const [{ ReceiptHandle }] = await receive(QueueUrl, { VisibilityTimeout: 1 });
    await coffer.clock.advance({ seconds: 2 });
    expect(await code(sqs.deleteMessage({ QueueUrl, ReceiptHandle }))).toBe('InvalidParameterValue');
  });

  test.each([
    ['queue', 1],
    ['messageGroup', 2],
  ])('duplicates within five minutes are one, per %s', async (DeduplicationScope, count) => {
    const QueueUrl = await fifo({ DeduplicationScope });
    const first = await send(QueueUrl, 'a', 'x', 'id');
    const second = await send(QueueUrl, 'a', 'other text', 'id');
    expect([second.MessageId, second.SequenceNumber]).toEqual([first.MessageId, first.SequenceNumber]);
    await send(QueueUrl, 'b', 'x', 'id');
    expect(await receive(QueueUrl)).toHaveLength(count);
    await coffer.clock.advance({ minutes: 5, seconds: 1 });
    await send(QueueUrl, 'c', 'x', 'id');
    expect(await receive(QueueUrl, { VisibilityTimeout: 0 })).toHaveLength(count + 1);
  });

  test('a receive that is tried again gets the same messages', async () => {
    const QueueUrl = await fifo({ ContentBasedDeduplication: 'true' });
    await send(QueueUrl, 'a', 'x');
    const attempt = { ReceiveRequestAttemptId: 'try' };
    const [first] = await receive(QueueUrl, attempt);
    const [second] = await receive(QueueUrl, attempt);
    expect(second.ReceiptHandle).toBe(first.ReceiptHandle);
    expect(await receive(QueueUrl, { ReceiveRequestAttemptId: 'other' })).toEqual([]);
  });

  test.each([
    ['no group', { MessageDeduplicationId: 'x' }, 'MissingParameter'],
    ['no deduplication', { MessageGroupId: 'x' }, 'InvalidParameterValue'],
    ['a delay', { MessageGroupId: 'x', MessageDeduplicationId: 'x', DelaySeconds: 1 }, 'InvalidParameterValue'],
    ['a bad group', { MessageGroupId: 'x y', MessageDeduplicationId: 'x' }, 'InvalidParameterValue'],
  ])('%s is refused', async (_, input, expected) => {
    const QueueUrl = await fifo();
    expect(await code(sqs.sendMessage({ QueueUrl, MessageBody: 'x', ...input }))).toBe(expected);
  });
});

describe('queues themselves', () => {
  test('are made once, listed, found, changed, and gone for a minute', async () => {
    const make = (Attributes?: Record<string, string>) => sqs.createQueue({ QueueName: 'named-a', Attributes });
    const { QueueUrl } = await make({ VisibilityTimeout: '60' });
    expect(QueueUrl).toBe(`http://127.0.0.1:4566/${account}/named-a`);
    expect((await make()).QueueUrl).toBe(QueueUrl);
    expect(await code(make({ VisibilityTimeout: '61' }))).toMatch(/QueueNameExists|QueueAlreadyExists/);
    await sqs.createQueue({ QueueName: 'named-b' });
    const first = await sqs.listQueues({ QueueNamePrefix: 'named-', MaxResults: 1 });
    const second = await sqs.listQueues({ QueueNamePrefix: 'named-', MaxResults: 1, NextToken: first.NextToken });
    expect([...first.QueueUrls!, ...second.QueueUrls!].map((url) => url.split('/').at(-1))).toEqual([
      'named-a',
      'named-b',
    ]);
    expect((await sqs.getQueueUrl({ QueueName: 'named-a' })).QueueUrl).toBe(QueueUrl);
    const { Attributes } = await sqs.getQueueAttributes({ QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({
      QueueArn: arn('named-a'),
      VisibilityTimeout: '60',
      MessageRetentionPeriod: '345600',
      MaximumMessageSize: '1048576',
      SqsManagedSseEnabled: 'true',
    });
    expect(Attributes).not.toHaveProperty('FifoQueue');
    await sqs.deleteQueue({ QueueUrl });
    for (const work of [sqs.sendMessage({ QueueUrl, MessageBody: 'x' }), sqs.getQueueUrl({ QueueName: 'named-a' })])
      expect(await code(work)).toMatch(/QueueDoesNotExist/);
    expect(await code(make())).toMatch(/QueueDeletedRecently/);
    await coffer.clock.advance({ minutes: 1 });
    expect(await code(make())).toBe('no error');
  });

  test.each<[string, Record<string, string>, string]>([
    ['plain', { VisibilityTimeout: '43201' }, 'InvalidAttributeValue'],
    ['plain', { DelaySeconds: 'x' }, 'InvalidAttributeValue'],
    ['plain', { Nonsense: '1' }, 'InvalidAttributeName'],
    ['plain', { ContentBasedDeduplication: 'true' }, 'InvalidAttributeName'],
    ['plain', { Policy: '{' }, 'InvalidAttributeValue'],
    ['plain', { FifoQueue: 'true' }, 'InvalidParameterValue'],
    ['x.fifo', {}, 'InvalidParameterValue'],
    ['x.fifo', { FifoQueue: 'true', FifoThroughputLimit: 'perMessageGroupId' }, 'InvalidAttributeValue'],
    ['bad name', {}, 'InvalidParameterValue'],
    ['x'.repeat(81), {}, 'InvalidParameterValue'],
  ])('%s with %j is refused', async (QueueName, Attributes, expected) => {
    expect(await code(sqs.createQueue({ QueueName, Attributes }))).toBe(expected);
  });

  test.each<[object, string]>([
    [{ MessageBody: '' }, 'MissingParameter'],
    [{ MessageBody: 'a\u0001' }, 'InvalidMessageContents'],
    [{ MessageBody: 'x'.repeat(1_048_577) }, 'InvalidParameterValue'],
    [{ DelaySeconds: 901 }, 'InvalidParameterValue'],
    [{ MessageDeduplicationId: 'x' }, 'InvalidParameterValue'],
    [{ MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } } }, 'InvalidParameterValue'],
    [{ MessageAttributes: { 'aws.a': { DataType: 'String', StringValue: 'x' } } }, 'InvalidParameterValue'],
    [{ MessageAttributes: { a: { DataType: 'Number', StringValue: 'x' } } }, 'InvalidParameterValue'],
  ])('message %# is refused', async (input, expected) => {
    const QueueUrl = await newQueue();
    expect(await code(sqs.sendMessage({ QueueUrl, MessageBody: 'x', ...input }))).toBe(expected);
  });

  test('policies are added, removed and kept to; tags too', async () => {
    const QueueUrl = await newQueue();
    const stranger = coffer.client(SQS, { account: '111122223333' });
    expect(await code(stranger.sendMessage({ QueueUrl, MessageBody: 'x' }))).toMatch(/AccessDenied/);
    const permission = { QueueUrl, Label: 'l', AWSAccountIds: ['111122223333'], Actions: ['SendMessage'] };
    await sqs.addPermission(permission);
    expect(await code(sqs.addPermission(permission))).toBe('InvalidParameterValue');
    expect(await code(stranger.sendMessage({ QueueUrl, MessageBody: 'x' }))).toBe('no error');
    expect(await code(stranger.receiveMessage({ QueueUrl }))).toMatch(/AccessDenied/);
    await sqs.removePermission({ QueueUrl, Label: 'l' });
    expect(await code(stranger.sendMessage({ QueueUrl, MessageBody: 'x' }))).toMatch(/AccessDenied/);
    await sqs.tagQueue({ QueueUrl, Tags: { a: '1', b: '2' } });
    await sqs.untagQueue({ QueueUrl, TagKeys: ['a'] });
    expect((await sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ b: '2' });
  });
});

describe('redrive', () => {
  async function deadLetters(count: number) {
    const dead = await newQueue();
    const deadArn = arn(`q${made}`);
    const source = await newQueue({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 }),
      VisibilityTimeout: '0',
    });
    for (let i = 0; i < count; i++) await sqs.sendMessage({ QueueUrl: source, MessageBody: `m${i}` });
    await receive(source);
    expect(await receive(source)).toEqual([]);
    return { dead, deadArn, source };
  }
  const latest = async (SourceArn: string) => (await sqs.listMessageMoveTasks({ SourceArn })).Results![0];

  test('takes dead letters back to their source, at once', async () => {
    const { deadArn, source } = await deadLetters(2);
    await sqs.startMessageMoveTask({ SourceArn: deadArn });
    expect(await latest(deadArn)).toMatchObject({
      Status: 'COMPLETED',
      ApproximateNumberOfMessagesMoved: 2,
      ApproximateNumberOfMessagesToMove: 2,
    });
    const [message] = await receive(source, { AttributeNames: ['All'], MaxNumberOfMessages: 1 });
    expect(message.Attributes!.ApproximateReceiveCount).toBe('1');
    expect(message.Attributes).not.toHaveProperty('DeadLetterQueueSourceArn');
  });

  test('or so many a second to another queue, until it is cancelled', async () => {
    const { deadArn } = await deadLetters(5);
    const QueueUrl = await newQueue();
    const { TaskHandle } = await sqs.startMessageMoveTask({
      SourceArn: deadArn,
      DestinationArn: arn(`q${made}`),
      MaxNumberOfMessagesPerSecond: 2,
    });
    expect(await code(sqs.startMessageMoveTask({ SourceArn: deadArn }))).toMatch(/UnsupportedOperation/);
    await coffer.clock.advance({ seconds: 1 });
    expect(await bodies(QueueUrl)).toHaveLength(4);
    expect(await sqs.cancelMessageMoveTask({ TaskHandle })).toMatchObject({ ApproximateNumberOfMessagesMoved: 4 });
    await coffer.clock.advance({ seconds: 5 });
    expect(await bodies(QueueUrl)).toEqual([]);
    expect((await latest(deadArn)).Status).toBe('CANCELLED');
  });

  test('only from a dead-letter queue', async () => {
    await newQueue();
    expect(await code(sqs.startMessageMoveTask({ SourceArn: arn(`q${made}`) }))).toBe('InvalidParameterValue');
    expect(await code(sqs.startMessageMoveTask({ SourceArn: arn('none') }))).toMatch(/ResourceNotFound/);
  });
});
