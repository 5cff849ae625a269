import type { Peers } from '../../runtime/kernel/peers';
import { type Principal, servicePrincipal } from '../../runtime/kernel/principal';
import { account, codeOf, type Rig, region, startRig } from '../kms/rig';

const hour = 3_600_000;
const day = 24 * hour;
const arn = (group: string) => `arn:aws:logs:${region}:${account}:log-group:${group}`;

let rig: Rig;
let logs: Peers['logs'];
let now: () => number;
beforeAll(async () => {
  rig = await startRig();
  logs = rig.admin().logs;
  now = () => rig.kernel.clock.now();
});
afterAll(() => rig.stop());

let made = 0;
async function newStream(logStreamName = 's') {
  const logGroupName = `/app/${++made}`;
  await logs.CreateLogGroup({ logGroupName });
  await logs.CreateLogStream({ logGroupName, logStreamName });
  return { logGroupName, logStreamName };
}
const put = (stream: { logGroupName: string; logStreamName: string }, ...events: [number, string][]) =>
  logs.PutLogEvents({ ...stream, logEvents: events.map(([timestamp, message]) => ({ timestamp, message })) });
const messages = (events: { message?: string }[] | undefined) => events!.map(({ message }) => message);

test('a stream is read from either end, page by page', async () => {
  const stream = await newStream();
  const start = now() - hour;
  await put(stream, ...Array.from({ length: 5 }, (_, i): [number, string] => [start + i, `m${i}`]));
  const newest = await logs.GetLogEvents({ ...stream, limit: 2 });
  expect(messages(newest.events)).toEqual(['m3', 'm4']);
  const before = await logs.GetLogEvents({ ...stream, limit: 2, nextToken: newest.nextBackwardToken });
  expect(messages(before.events)).toEqual(['m1', 'm2']);
  const oldest = await logs.GetLogEvents({ ...stream, limit: 2, startFromHead: true });
  expect(messages(oldest.events)).toEqual(['m0', 'm1']);
  const next = await logs.GetLogEvents({ ...stream, nextToken: oldest.nextForwardToken, startFromHead: true });
  expect(messages(next.events)).toEqual(['m2', 'm3', 'm4']);
  const end = await logs.GetLogEvents({ ...stream, nextToken: next.nextForwardToken });
  expect(end.events).toEqual([]);
  expect(end.nextForwardToken).toBe(next.nextForwardToken);
  await put(stream, [now(), 'late']);
  expect(messages((await logs.GetLogEvents({ ...stream, nextToken: end.nextForwardToken })).events)).toEqual(['late']);
  const span = await logs.GetLogEvents({ ...stream, startTime: start + 1, endTime: start + 3 });
  expect(messages(span.events)).toEqual(['m1', 'm2']);
  expect(await codeOf(logs.GetLogEvents({ ...stream, nextToken: 'x' }))).toBe('InvalidParameterException');

  const { logStreams } = await logs.DescribeLogStreams({ logGroupName: stream.logGroupName });
  expect(logStreams).toMatchObject([{ logStreamName: 's', firstEventTimestamp: start, storedBytes: 0 }]);
});

test('an empty stream can be followed', async () => {
  const stream = await newStream();
  const { nextForwardToken } = await logs.GetLogEvents({ ...stream, startFromHead: true });
  await put(stream, [now() - hour, 'first']);
  expect(messages((await logs.GetLogEvents({ ...stream, nextToken: nextForwardToken })).events)).toEqual(['first']);
});

test('a group is searched across its streams, in order of time, in pages', async () => {
  const a = await newStream('a');
  const b = { ...a, logStreamName: 'b' };
  await logs.CreateLogStream(b);
  const start = now() - hour;
  await put(a, [start, 'ERROR one'], [start + 2, 'fine'], [start + 4, 'ERROR three']);
  await put(b, [start + 1, 'ERROR two'], [start + 5, '{"level":"warn"}']);
  const { logGroupName } = a;
  const first = await logs.FilterLogEvents({ logGroupName, filterPattern: 'ERROR', limit: 2 });
  expect(first.events).toMatchObject([
    { logStreamName: 'a', message: 'ERROR one', timestamp: start },
    { logStreamName: 'b', message: 'ERROR two' },
  ]);
  expect(first.events![0].eventId).toMatch(/^\d{56}$/);
  const second = await logs.FilterLogEvents({ logGroupName, filterPattern: 'ERROR', nextToken: first.nextToken });
  expect(messages(second.events)).toEqual(['ERROR three']);
  expect(second.nextToken).toBeUndefined();
  const found = async (input: object) => messages((await logs.FilterLogEvents({ logGroupName, ...input })).events);
  expect(await found({ filterPattern: '{ $.level = "warn" }' })).toEqual(['{"level":"warn"}']);
  expect(await found({ logStreamNames: ['b'] })).toHaveLength(2);
  expect(await found({ logStreamNamePrefix: 'a' })).toHaveLength(3);
  expect(await found({ startTime: start + 1, endTime: start + 2 })).toEqual(['ERROR two', 'fine']);
  expect(await found({ startFromHead: false, limit: 1 })).toEqual(['{"level":"warn"}']);
  expect(await codeOf(logs.FilterLogEvents({ logGroupName, filterPattern: '{ bad' }))).toBe(
    'InvalidParameterException',
  );
});

test('batches are taken as documented', async () => {
  const stream = await newStream();
  const at = now();
  expect(await codeOf(put(stream, [at, 'b'], [at - 1, 'a']))).toBe('InvalidParameterException');
  expect(await codeOf(put(stream, [at - 2 * day, 'a'], [at, 'b']))).toBe('InvalidParameterException');
  expect(await codeOf(put(stream, [at, '']))).toBe('InvalidParameterException');
  expect(await codeOf(put(stream, [at, 'x'.repeat(1_048_576)]))).toBe('InvalidParameterException');
  expect(await codeOf(put(stream, ...Array(10_001).fill([at, 'x'])))).toBe('InvalidParameterException');
  expect(await codeOf(put({ ...stream, logStreamName: 'none' }, [at, 'x']))).toBe('ResourceNotFoundException');
  const { rejectedLogEventsInfo } = await put(stream, [at - 15 * day, 'old'], [at, 'good'], [at + 3 * hour, 'new']);
  expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1, tooNewLogEventStartIndex: 2 });
  expect(messages((await logs.GetLogEvents(stream)).events)).toEqual(['good']);
});

test('retention hides at once and removes by the clock', async () => {
  const stream = await newStream();
  await put(stream, [now(), 'one']);
  await logs.PutRetentionPolicy({ logGroupName: stream.logGroupName, retentionInDays: 3 });
  await rig.advance({ days: 2 });
  await put(stream, [now(), 'two']);
  const bytes = async () =>
    (await logs.DescribeLogGroups({ logGroupNamePrefix: stream.logGroupName })).logGroups![0].storedBytes;
  expect(await bytes()).toBe(6);
  await rig.advance({ days: 1, seconds: 1 });
  expect(messages((await logs.GetLogEvents(stream)).events)).toEqual(['two']);
  expect(await bytes()).toBe(3);
  await rig.advance({ days: 3 });
  expect(await bytes()).toBe(0);
  expect(await codeOf(logs.PutRetentionPolicy({ logGroupName: stream.logGroupName, retentionInDays: 2 }))).toBe(
    'InvalidParameterException',
  );
});

test('groups and streams have rules, lists and ends', async () => {
  for (const logGroupName of ['/list/a', '/list/b', '/list/c']) await logs.CreateLogGroup({ logGroupName });
  expect(await codeOf(logs.CreateLogGroup({ logGroupName: '/list/a' }))).toBe('ResourceAlreadyExistsException');
  expect(await codeOf(logs.CreateLogGroup({ logGroupName: 'a b' }))).toBe('InvalidParameterException');
  expect(await codeOf(logs.CreateLogGroup({ logGroupName: 'x', logGroupClass: 'DELIVERY' }))).toBe(
    'InvalidParameterException',
  );
  const first = await logs.DescribeLogGroups({ logGroupNamePrefix: '/list/', limit: 2 });
  expect(first.logGroups).toMatchObject([{ arn: `${arn('/list/a')}:*`, logGroupArn: arn('/list/a') }, {}]);
  const { logGroups } = await logs.DescribeLogGroups({ logGroupNamePrefix: '/list/', nextToken: first.nextToken });
  expect(logGroups).toMatchObject([{ logGroupName: '/list/c' }]);
  expect((await logs.DescribeLogGroups({ logGroupNamePattern: 'ist/b' })).logGroups).toHaveLength(1);

  const stream = { logGroupName: '/list/a', logStreamName: 's' };
  expect(await codeOf(logs.CreateLogStream({ ...stream, logStreamName: 'a:b' }))).toBe('InvalidParameterException');
  await logs.CreateLogStream(stream);
  await put(stream, [now(), 'x']);
  await logs.DeleteLogStream(stream);
  expect((await logs.FilterLogEvents({ logGroupName: '/list/a' })).events).toEqual([]);
  await logs.PutLogGroupDeletionProtection({ logGroupIdentifier: arn('/list/a'), deletionProtectionEnabled: true });
  expect(await codeOf(logs.DeleteLogGroup({ logGroupName: '/list/a' }))).toBe('ValidationException');
  await logs.PutLogGroupDeletionProtection({ logGroupIdentifier: '/list/a', deletionProtectionEnabled: false });
  await logs.DeleteLogGroup({ logGroupName: '/list/a' });
  await rig.advance({ seconds: 1 });
  expect(await codeOf(logs.DescribeLogStreams({ logGroupName: '/list/a' }))).toBe('ResourceNotFoundException');

  await logs.TagResource({ resourceArn: arn('/list/b'), tags: { team: 'x', cost: '1' } });
  await logs.UntagResource({ resourceArn: arn('/list/b'), tagKeys: ['cost'] });
  expect((await logs.ListTagsForResource({ resourceArn: arn('/list/b') })).tags).toEqual({ team: 'x' });
});

test('an encrypted group needs its key', async () => {
  const { kms: keys } = rig.admin();
  const { KeyMetadata } = await keys.CreateKey({});
  const logGroupName = '/sealed';
  const stream = { logGroupName, logStreamName: 's' };
  expect(await codeOf(logs.CreateLogGroup({ logGroupName, kmsKeyId: KeyMetadata!.Arn }))).toBe(
    'InvalidParameterException',
  );
  const statement = (principal: object) => ({ Effect: 'Allow', Principal: principal, Action: 'kms:*', Resource: '*' });
  await keys.PutKeyPolicy({
    KeyId: KeyMetadata!.KeyId,
    Policy: JSON.stringify({
      Version: '2012-10-17',
      Statement: [statement({ AWS: account }), statement({ Service: `logs.${region}.amazonaws.com` })],
    }),
  });
  await logs.CreateLogGroup({ logGroupName, kmsKeyId: KeyMetadata!.Arn });
  await logs.CreateLogStream(stream);
  await put(stream, [now(), 'hush']);
  expect(messages((await logs.GetLogEvents(stream)).events)).toEqual(['hush']);
  await keys.DisableKey({ KeyId: KeyMetadata!.KeyId });
  await rig.advance({ minutes: 6 });
  expect(await codeOf(logs.GetLogEvents(stream))).toBe('InvalidOperationException');
  expect(await codeOf(put(stream, [now(), 'more']))).toBe('InvalidOperationException');
  await logs.DisassociateKmsKey({ logGroupName });
  await put(stream, [now(), 'open']);
  await keys.EnableKey({ KeyId: KeyMetadata!.KeyId });
  expect(messages((await logs.GetLogEvents(stream)).events)).toEqual(['hush', 'open']);
});

test('resource policies let services in, not roles', async () => {
  const stream = await newStream();
  const policyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' }, Action: 'logs:PutLogEvents', Resource: '*' },
      { Effect: 'Allow', Principal: { AWS: account }, Action: 'logs:*', Resource: '*' },
    ],
  });
  const events = rig.as(servicePrincipal('events.amazonaws.com')).logs;
  const role: Principal = {
    kind: 'session',
    account,
    arn: `arn:aws:sts::${account}:assumed-role/R/s`,
    userId: 'AROA:s',
    session: { roleArn: `arn:aws:iam::${account}:role/R`, name: 's', issuedAt: 0, expiresAt: Number.MAX_SAFE_INTEGER },
  };
  const write = { ...stream, logEvents: [{ timestamp: now(), message: 'x' }] };
  expect(await codeOf(events.PutLogEvents(write))).toBe('AccessDeniedException');
  await logs.PutResourcePolicy({ policyName: 'p', policyDocument });
  expect(await codeOf(events.PutLogEvents(write))).toBe('no error');
  expect(await codeOf(rig.as(role).logs.PutLogEvents(write))).toBe('AccessDeniedException');
  expect((await logs.DescribeResourcePolicies({})).resourcePolicies).toMatchObject([{ policyName: 'p' }]);
  await logs.DeleteResourcePolicy({ policyName: 'p' });
  expect(await codeOf(logs.DeleteResourcePolicy({ policyName: 'p' }))).toBe('ResourceNotFoundException');
  expect(await codeOf(logs.PutResourcePolicy({ policyName: 'p', policyDocument: '{' }))).toBe(
    'InvalidParameterException',
  );
});
