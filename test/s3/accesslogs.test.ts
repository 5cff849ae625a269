/** Server access logs: which records a bucket's requests make, where they are delivered, and who has to let them in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateUserCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  type BucketCannedACL,
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutBucketAclCommand,
  PutBucketLoggingCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  type TargetObjectKeyFormat,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { AccessLogBucket, Removal, SecureBucket } from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Stack } from 'aws-cdk-lib';
import { refusal, type Setting, start } from './client';

process.env.CDK_VALIDATION = 'false';

let setting: Setting;
let made = 0;
beforeAll(async () => {
  setting = await start();
});
afterAll(() => setting.coffer.close());

/** The fields in the order of the guide. */
const FIELDS =
  'owner bucket time ip requester requestId operation key uri status error bytesSent size total turnaround referer agent version hostId signature cipher authentication host tls accessPoint aclRequired sourceRegion'.split(
    ' ',
  );
const LINE = /\[[^\]]*\]|"[^"]*"|\S+/g;

type Line = Record<string, string>;

interface Log {
  readonly key: string;
  readonly lines: Line[];
}

async function logsIn(Bucket: string, s3: S3Client = setting.s3): Promise<Log[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Promise.all(
    Contents.map(async ({ Key }) => {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const text = await Body!.transformToString();
      expect(text.endsWith('\n')).toBe(true);
      const lines = text.trimEnd().split('\n');
      const fields = lines.map((line) => line.match(LINE)!);
      for (const found of fields) expect(found).toHaveLength(FIELDS.length);
      return { key: Key!, lines: fields.map((found) => Object.fromEntries(FIELDS.map((name, i) => [name, found[i]]))) };
    }),
  );
}

const delivered = async (Bucket: string): Promise<Line[]> => {
  await setting.coffer.clock.advance({ minutes: 10 });
  return (await logsIn(Bucket)).flatMap(({ lines }) => lines);
};

const letIn = (target: string, source: string, s3 = setting.s3) =>
  s3.send(
    new PutBucketPolicyCommand({
      Bucket: target,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: {
          Effect: 'Allow',
          Principal: { Service: 'logging.s3.amazonaws.com' },
          Action: 's3:PutObject',
          Resource: `arn:aws:s3:::${target}/*`,
          Condition: {
            ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${source}` },
            StringEquals: { 'aws:SourceAccount': '000000000000' },
          },
        },
      }),
    }),
  );

const log = (
  Bucket: string,
  TargetBucket: string,
  TargetPrefix = '',
  TargetObjectKeyFormat?: TargetObjectKeyFormat,
  s3 = setting.s3,
) =>
  s3.send(
    new PutBucketLoggingCommand({
      Bucket,
      BucketLoggingStatus: { LoggingEnabled: { TargetBucket, TargetPrefix, TargetObjectKeyFormat } },
    }),
  );

const put = (Bucket: string, Key: string, Body = 'hello') =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body }));

async function pair(): Promise<{ source: string; target: string }> {
  made++;
  const [source, target] = [`logged-${made}`, `logs-${made}`];
  for (const Bucket of [source, target]) await setting.s3.send(new CreateBucketCommand({ Bucket }));
  return { source, target };
}

test('every request makes a record, delivered minutes later and not before', async () => {
  const { source: Bucket, target } = await pair();
  await letIn(target, Bucket);
  await put(Bucket, 'before');
  await setting.coffer.clock.advance({ seconds: 1 });
  await log(Bucket, target, 'to/');
  await put(Bucket, 'a b/ü+.txt');
  await setting.s3.send(new GetObjectCommand({ Bucket, Key: 'a b/ü+.txt', Range: 'bytes=1-2' }));
  await setting.s3.send(new HeadObjectCommand({ Bucket, Key: 'a b/ü+.txt' }));
  await refusal(setting.s3.send(new GetObjectCommand({ Bucket, Key: 'none' })));
  await setting.coffer.settled();
  expect(await logsIn(target)).toEqual([]);

  await setting.coffer.clock.advance({ minutes: 10 });
  const [{ key, lines }, ...more] = await logsIn(target);
  expect(more).toEqual([]);
  expect(key).toMatch(/^to\/\d{4}(-\d\d){5}-[0-9A-F]{16}$/);
  const owner = expect.stringMatching(/^[0-9a-f]{64}$/);
  const common = {
    owner,
    bucket: Bucket,
    time: expect.stringMatching(/^\[\d\d\/[A-Z][a-z]{2}\/\d{4}(:\d\d){3} \+0000\]$/),
    ip: '127.0.0.1',
    requester: owner,
    requestId: expect.stringMatching(/^[0-9A-Z]{16}$/),
    total: expect.stringMatching(/^\d+$/),
    referer: '"-"',
    agent: expect.stringMatching(/^"aws-sdk-js/),
    version: '-',
    hostId: expect.stringMatching(/^\S{20,}$/),
    signature: 'SigV4',
    cipher: '-',
    authentication: 'AuthHeader',
    host: '127.0.0.1:4566',
    tls: 'TLSv1.3',
    accessPoint: '-',
    aclRequired: '-',
    sourceRegion: '-',
  };
  const twice = 'a%2520b/%25C3%25BC%252B.txt';
  const path = `/${Bucket}/a%20b/%C3%BC%2B.txt`;
  const none = { error: '-', bytesSent: '-', size: '-' };
  expect(lines).toEqual(
    [
      { operation: 'REST.PUT.LOGGING_STATUS', key: '-', uri: `"PUT /${Bucket}/?logging= HTTP/1.1"`, status: '200' },
      {
        operation: 'REST.PUT.OBJECT',
        key: twice,
        uri: `"PUT ${path}?x-id=PutObject HTTP/1.1"`,
        status: '200',
        size: '5',
      },
      {
        operation: 'REST.GET.OBJECT',
        key: twice,
        uri: `"GET ${path}?x-id=GetObject HTTP/1.1"`,
        status: '206',
        bytesSent: '2',
        size: '5',
      },
      { operation: 'REST.HEAD.OBJECT', key: twice, uri: `"HEAD ${path} HTTP/1.1"`, status: '200', size: '5' },
      {
        operation: 'REST.GET.OBJECT',
        key: 'none',
        uri: `"GET /${Bucket}/none?x-id=GetObject HTTP/1.1"`,
        status: '404',
        error: 'NoSuchKey',
        bytesSent: expect.stringMatching(/^\d{3}$/),
      },
    ].map((line) => ({ ...common, ...none, turnaround: common.total, ...line })),
  );
});

test('requesters: accounts by id, users by ARN, strangers not at all; who signed how', async () => {
  const { source: Bucket, target } = await pair();
  await letIn(target, Bucket);
  await log(Bucket, target);
  const anonymous = setting.coffer.client(S3Client, { as: 'anonymous' });
  await refusal(anonymous.send(new GetObjectCommand({ Bucket, Key: 'a' })));
  await refusal(
    setting.coffer.client(S3Client, { account: '111122223333' }).send(new ListObjectsV2Command({ Bucket })),
  );
  const iam = setting.coffer.client(IAMClient);
  await iam.send(new CreateUserCommand({ UserName: 'looker' }));
  await refusal(setting.coffer.client(S3Client, { as: 'looker' }).send(new ListObjectsV2Command({ Bucket })));
  const url = await setting.coffer.listen({ port: 0 });
  const socket = new S3Client({
    region: 'us-east-1',
    endpoint: url,
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const signed = await getSignedUrl(socket, new GetObjectCommand({ Bucket, Key: 'a' }));
  await fetch(signed, { headers: { referer: 'http://a/"b', 'user-agent': 'a browser' } }).then((r) => r.text());
  const forged = { credentials: { accessKeyId: 'test', secretAccessKey: 'wrong' } };
  await refusal(setting.coffer.client(S3Client, { config: forged }).send(new ListObjectsV2Command({ Bucket })));
  socket.destroy();

  const lines = await delivered(target);
  const told = lines.map(({ operation, requester, status, error, signature, authentication }) =>
    [operation, requester.length, status, error, signature, authentication].join(' '),
  );
  expect(told).toEqual([
    'REST.PUT.LOGGING_STATUS 64 200 - SigV4 AuthHeader',
    'REST.GET.OBJECT 1 403 AccessDenied - -',
    'REST.GET.BUCKET 64 403 AccessDenied SigV4 AuthHeader',
    'REST.GET.BUCKET 37 403 AccessDenied SigV4 AuthHeader',
    'REST.GET.OBJECT 64 404 NoSuchKey SigV4 QueryString',
    'REST.GET.BUCKET 1 403 SignatureDoesNotMatch SigV4 AuthHeader',
  ]);
  expect(lines[2].requester).not.toBe(lines[0].requester);
  expect(lines[3].requester).toBe('arn:aws:iam::000000000000:user/looker');
  expect(lines[4]).toMatchObject({ referer: '"http://a/%22b"', agent: '"a browser"' });
});

test('a deletion of many has a record per key, a copy one on either side', async () => {
  const { source: Bucket, target } = await pair();
  const { source: other } = await pair();
  await letIn(target, Bucket);
  await put(Bucket, 'a');
  await setting.coffer.clock.advance({ seconds: 1 });
  await log(Bucket, target);
  await setting.s3.send(new CopyObjectCommand({ Bucket, Key: 'b', CopySource: `${Bucket}/a` }));
  await setting.s3.send(new CopyObjectCommand({ Bucket: other, Key: 'c', CopySource: `${Bucket}/a` }));
  await setting.s3.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: 'a' }, { Key: 'b', VersionId: 'nonsense' }], Quiet: true },
    }),
  );
  const lines = await delivered(target);
  expect(lines.map(({ operation, key, status, error }) => [operation, key, status, error].join(' '))).toEqual([
    'REST.PUT.LOGGING_STATUS - 200 -',
    'REST.COPY.OBJECT b 200 -',
    'REST.COPY.OBJECT_GET a 200 -',
    'REST.COPY.OBJECT_GET a 200 -',
    'REST.POST.MULTI_OBJECT_DELETE - 200 -',
    'BATCH.DELETE.OBJECT a 204 -',
    'BATCH.DELETE.OBJECT b 404 NoSuchVersion',
  ]);
  expect(lines[5]).toMatchObject({ uri: '-', total: '-', agent: '-', requestId: lines[4].requestId });
});

test.each<[string, TargetObjectKeyFormat | undefined, (now: string) => RegExp]>([
  ['simple', { SimplePrefix: {} }, (now) => new RegExp(`^p/${now.slice(0, 10)}(-\\d\\d){3}-[0-9A-F]{16}$`)],
  [
    'partitioned by the time of delivery',
    { PartitionedPrefix: { PartitionDateSource: 'DeliveryTime' } },
    (now) => new RegExp(`/${now.slice(0, 10).replaceAll('-', '/')}/${now.slice(0, 10)}(-\\d\\d){3}-[0-9A-F]{16}$`),
  ],
  [
    'partitioned by the time of the event',
    { PartitionedPrefix: { PartitionDateSource: 'EventTime' } },
    (now) => new RegExp(`/${now.slice(0, 10).replaceAll('-', '/')}/${now.slice(0, 10)}-00-00-00-[0-9A-F]{16}$`),
  ],
])('keys of log objects: %s', async (name, format, key) => {
  const { source, target } = await pair();
  await letIn(target, source);
  await log(source, target, 'p/', format);
  await put(source, 'a');
  const now = setting.coffer.clock.now().toISOString();
  await setting.coffer.clock.advance({ minutes: 5 });
  const [only] = await logsIn(target);
  expect(only.key).toMatch(key(name.endsWith('event') ? now : setting.coffer.clock.now().toISOString()));
  if (name !== 'simple') expect(only.key.startsWith(`p/000000000000/us-east-1/${source}/`)).toBe(true);
});

test('by the time of the event, each day has objects of its own', async () => {
  const { source, target } = await pair();
  await letIn(target, source);
  await log(source, target, '', { PartitionedPrefix: {} });
  const untilMidnight = 86_400_000 - (setting.coffer.clock.now().getTime() % 86_400_000);
  await setting.coffer.clock.advance({ milliseconds: untilMidnight - 60_000 });
  await put(source, 'late');
  await setting.coffer.clock.advance({ minutes: 2 });
  await put(source, 'early');
  await setting.coffer.clock.advance({ minutes: 10 });
  const logs = await logsIn(target);
  const dayOf = (object: string) =>
    logs.filter(({ lines }) => lines.some(({ key }) => key === object)).map(({ key }) => key.slice(-36, -26));
  const [[late], [early]] = [dayOf('late'), dayOf('early')];
  expect(Date.parse(early) - Date.parse(late)).toBe(86_400_000);
});

test('nothing is delivered where no policy lets the logging service in, and a denial says so once', async () => {
  const { source, target } = await pair();
  await letIn(target, 'some-other-bucket');
  await log(source, target);
  await put(source, 'a');
  const denials = () =>
    setting.coffer.denials().filter(({ principal }) => JSON.stringify(principal).includes('logging.s3.amazonaws.com'));
  const before = denials().length;
  expect(await delivered(target)).toEqual([]);
  expect(denials()).toHaveLength(before + 1);
  expect(denials().at(-1)).toMatchObject({ operation: 'PutObject', error: 'AccessDenied' });
  await letIn(target, source);
  expect(await delivered(target)).toEqual([]); // what was refused is lost
  await put(source, 'b');
  expect((await delivered(target)).map(({ key }) => key)).toEqual(['b']);
});

test('where ACLs count, one lets it in as well, and others may be let in to the logs', async () => {
  const { source, target } = await pair();
  const stranger = setting.coffer.client(S3Client, { account: '111122223333' });
  const ID = (await stranger.send(new ListBucketsCommand({}))).Owner!.ID!;
  const TargetGrants = [{ Grantee: { Type: 'CanonicalUser' as const, ID }, Permission: 'READ' as const }];
  const LoggingEnabled = { TargetBucket: target, TargetPrefix: '', TargetGrants };
  const configured = () =>
    setting.s3.send(new PutBucketLoggingCommand({ Bucket: source, BucketLoggingStatus: { LoggingEnabled } }));
  expect(await refusal(configured())).toBe('400 InvalidArgument');
  const OwnershipControls = { Rules: [{ ObjectOwnership: 'ObjectWriter' as const }] };
  for (const Bucket of [source, target])
    await setting.s3.send(new PutBucketOwnershipControlsCommand({ Bucket, OwnershipControls }));
  // The vendor's types leave this canned ACL out.
  const ACL = 'log-delivery-write' as BucketCannedACL;
  await setting.s3.send(new PutBucketAclCommand({ Bucket: target, ACL }));
  await setting.s3.send(new PutBucketAclCommand({ Bucket: source, GrantRead: `id=${ID}` }));
  await configured();
  await stranger.send(new ListObjectsV2Command({ Bucket: source }));
  expect((await delivered(target)).map(({ operation, aclRequired }) => `${operation} ${aclRequired}`)).toEqual([
    'REST.PUT.LOGGING_STATUS -',
    'REST.GET.BUCKET Yes',
  ]);
  const [{ key: Key }] = await logsIn(target);
  await stranger.send(new GetObjectCommand({ Bucket: target, Key }));
});

test('records wait for their delivery across a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'coffer-accesslogs-'));
  try {
    const { source, target } = { source: 'kept', target: 'kept-logs' };
    const logsAfter = async (use: (s3: S3Client, coffer: Coffer) => Promise<unknown>) => {
      const coffer = await startCoffer({ directory });
      const s3 = coffer.client(S3Client);
      await use(s3, coffer);
      const logs = await logsIn(target, s3);
      await coffer.close();
      return logs;
    };
    const before = await logsAfter(async (s3) => {
      for (const Bucket of [source, target]) await s3.send(new CreateBucketCommand({ Bucket }));
      await letIn(target, source, s3);
      await log(source, target, '', undefined, s3);
    });
    expect(before).toEqual([]);
    const [{ lines }] = await logsAfter(async (s3, coffer) => {
      await s3.send(new PutObjectCommand({ Bucket: source, Key: 'a', Body: 'x' }));
      await coffer.clock.advance({ minutes: 10 });
    });
    expect(lines.map(({ key }) => key)).toEqual(['-', 'a']);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('a target that logs too logs the deliveries', async () => {
  const { source, target } = await pair();
  const { target: second } = await pair();
  await letIn(target, source);
  await letIn(second, target);
  await log(target, second);
  await log(source, target);
  await put(source, 'a');
  await setting.coffer.clock.advance({ minutes: 20 });
  const lines = (await logsIn(second)).flatMap(({ lines }) => lines);
  expect(lines.filter(({ operation }) => operation === 'REST.PUT.OBJECT')).toMatchObject([
    { bucket: target, requester: 'svc:logging.s3.amazonaws.com', ip: '-', uri: '-', status: '200' },
  ]);
});

test('records go where the configuration of their moment says, also when logging ends', async () => {
  const { source, target } = await pair();
  await letIn(target, source);
  await log(source, target);
  await put(source, 'a');
  await setting.coffer.settled();
  await setting.s3.send(new PutBucketLoggingCommand({ Bucket: source, BucketLoggingStatus: {} }));
  await put(source, 'b');
  expect((await delivered(target)).map(({ key }) => key)).toEqual(['-', 'a']);
});

test('a target must fit', async () => {
  const { source, target } = await pair();
  const west = setting.coffer.client(S3Client, { region: 'eu-west-1' });
  const far = 'logs-far-away';
  const LocationConstraint = 'eu-west-1' as const;
  await west.send(new CreateBucketCommand({ Bucket: far, CreateBucketConfiguration: { LocationConstraint } }));
  expect(await refusal(log(source, far))).toBe('403 CrossLocationLoggingProhibitted');

  const stranger = setting.coffer.client(S3Client, { account: '111122223333' });
  await stranger.send(new CreateBucketCommand({ Bucket: 'logs-of-a-stranger' }));
  expect(await refusal(log(source, 'logs-of-a-stranger'))).toBe('400 InvalidTargetBucketForLogging');

  const locked = 'logs-locked';
  await setting.s3.send(new CreateBucketCommand({ Bucket: locked, ObjectLockEnabledForBucket: true }));
  const Rule = { DefaultRetention: { Mode: 'GOVERNANCE' as const, Days: 1 } };
  const lock = { ObjectLockEnabled: 'Enabled' as const, Rule };
  await setting.s3.send(new PutObjectLockConfigurationCommand({ Bucket: locked, ObjectLockConfiguration: lock }));
  expect(await refusal(log(source, locked))).toBe('400 InvalidTargetBucketForLogging');

  const RequestPaymentConfiguration = { Payer: 'Requester' as const };
  await setting.s3.send(new PutBucketRequestPaymentCommand({ Bucket: target, RequestPaymentConfiguration }));
  expect(await refusal(log(source, target))).toBe('400 InvalidTargetBucketForLogging');
});

test('the buckets of the constructs: deployed, used, logged', async () => {
  const stack = new Stack(new App(), 'Logged');
  const bucket = new SecureBucket(stack, 'Files', { removal: Removal.DESTROY });
  const coffer = await startCoffer();
  try {
    const deployed = await coffer.deploy(stack);
    const Bucket = deployed.resource(bucket).physicalId;
    const target = deployed.resource(AccessLogBucket.shared(stack)).physicalId;
    const s3 = coffer.client(S3Client);
    await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
    const day = coffer.clock.now().toISOString().slice(0, 10);
    await coffer.clock.advance({ minutes: 10 });
    const logs = await logsIn(target!, s3);
    const partition = `000000000000/us-east-1/${Bucket}/${day.replaceAll('-', '/')}/${day}-00-00-00-`;
    expect(logs.at(-1)!.key).toContain(partition);
    expect(logs.at(-1)!.lines.at(-1)).toMatchObject({
      bucket: Bucket,
      operation: 'REST.PUT.OBJECT',
      key: 'a',
      size: '1',
    });
    expect(coffer.denials()).toEqual([]);
  } finally {
    await coffer.close();
  }
});
