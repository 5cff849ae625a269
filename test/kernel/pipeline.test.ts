/** The straight line, with services made for the purpose: order of steps, refusals by name, defects, edges, peers. */
import type * as Kms from '@aws-sdk/client-kms';
import { KMSClient, ListAliasesCommand, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetObjectCommand, ListBucketsCommand, PutBucketTaggingCommand, S3Client } from '@aws-sdk/client-s3';
import { Clock } from '../../runtime/base/clock';
import { AwsError } from '../../runtime/base/errors';
import { createRequestHandler } from '../../runtime/client';
import type { Call } from '../../runtime/kernel/call';
import { createKernel, type RunningKernel } from '../../runtime/kernel/kernel';
import { servicePrincipal } from '../../runtime/kernel/principal';
import { openRecords, type Records } from '../../runtime/kernel/record';
import type { Service } from '../../runtime/kernel/service';
import { createProtocols } from '../../runtime/protocol/protocols';
import { openStore } from '../../runtime/store/open';
import type { Store } from '../../runtime/store/port';

const ACCOUNT = '000000000000';
let store: Store;
let records: Records;
let running: RunningKernel;
let steps: string[];
const reports: string[] = [];
let handle: (call: Call) => unknown;

const kms: Service = {
  name: 'kms',
  wire: {
    client: () => require('@aws-sdk/client-kms'),
    protocols: ['awsJson1_1'],
    signingNames: ['kms'],
    target: 'TrentService',
    version: '2014-11-01',
  },
  handlers: {
    ListKeys: async (call: Call): Promise<Kms.ListKeysCommandOutput> => {
      steps.push(`ListKeys as ${call.principal.arn} via ${call.via.join('/') || 'nobody'}`);
      return { Keys: [{ KeyId: 'k' }] } as Kms.ListKeysCommandOutput;
    },
    DescribeKey: async () => ({}),
  },
  actions: { ListKeys: () => [{ action: 'kms:ListKeys', resource: '*' }] },
};

const s3: Service = {
  name: 's3',
  answersUnsigned: true,
  wire: {
    client: () => require('@aws-sdk/client-s3'),
    protocols: ['restXml'],
    signingNames: ['s3'],
    version: '2006-03-01',
    xmlNamespace: 'http://s3.amazonaws.com/doc/2006-03-01/',
  },
  handlers: {
    ListBuckets: async (call: Call) => handle(call),
    PutBucketTagging: async (_: Call, input: { Tagging?: unknown }) => {
      steps.push(`handle ${JSON.stringify(input.Tagging)}`);
      return {};
    },
  },
  actions: {
    ListBuckets: () => [],
    PutBucketTagging: (input: { Bucket: string; Tagging?: unknown }) => {
      steps.push(`authorise ${input.Bucket} ${input.Tagging === undefined ? 'before' : 'after'} its document`);
      return [{ action: 's3:PutBucketTagging', resource: `arn:aws:s3:::${input.Bucket}`, owner: ACCOUNT }];
    },
  },
  edge: {
    before: (request) =>
      request.method === 'OPTIONS' ? Promise.resolve({ status: 200, headers: { 'x-edge': 'before' } }) : undefined,
    wants: (request) => request.headers.origin !== undefined,
    async after(_, response) {
      response.headers['x-edge'] = 'after';
    },
  },
};

beforeAll(async () => {
  store = await openStore();
  records = await openRecords(store, (line) => reports.push(line));
  running = createKernel({
    store,
    clock: new Clock(),
    timers: { schedule: async () => {}, cancel: async () => {} },
    services: [kms, s3],
    protocols: createProtocols([kms, s3]),
    records,
    defaultAccount: ACCOUNT,
    defaultRegion: 'us-east-1',
    endpoint: async () => 'http://127.0.0.1:1',
    report: (line) => reports.push(line),
  });
});
afterAll(async () => {
  await running.close();
  await records.close();
  await store.close();
});
beforeEach(() => {
  steps = [];
  reports.length = 0;
});

function config(keys = 'test') {
  return {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: keys, secretAccessKey: keys },
    requestHandler: createRequestHandler(running.answer),
  };
}
const clients = { s3: () => new S3Client(config()), kms: () => new KMSClient(config()) };

test('REST: what the head says is authorised before the document is read', async () => {
  const Tagging = { TagSet: [{ Key: 'a', Value: 'b' }] };
  await clients.s3().send(new PutBucketTaggingCommand({ Bucket: 'mine', Tagging }));
  expect(steps).toEqual(['authorise mine before its document', `handle ${JSON.stringify(Tagging)}`]);
  steps = [];
  const stranger = new S3Client(config('999999999999'));
  const refused = stranger.send(new PutBucketTaggingCommand({ Bucket: 'mine', Tagging }));
  await expect(refused).rejects.toMatchObject({ name: 'AccessDenied' });
  expect(steps).toEqual(['authorise mine before its document']);
});

test('what is not implemented is refused by name: 501 from S3, 4xx from others', async () => {
  await expect(clients.s3().send(new GetObjectCommand({ Bucket: 'b', Key: 'k' }))).rejects.toMatchObject({
    name: 'NotImplemented',
    message: expect.stringContaining('s3:GetObject'),
    $metadata: { httpStatusCode: 501 },
  });
  await expect(clients.kms().send(new ListAliasesCommand({}))).rejects.toMatchObject({
    name: 'UnknownOperationException',
    message: expect.stringContaining('kms:ListAliases'),
    $metadata: { httpStatusCode: 400 },
  });
});

test('a defect is a 500 that tells the client nothing and the operator where', async () => {
  handle = () => {
    throw new TypeError('secret detail');
  };
  const failed = clients.s3().send(new ListBucketsCommand({}));
  await expect(failed).rejects.toMatchObject({ name: 'InternalError', $metadata: { httpStatusCode: 500 } });
  await expect(failed).rejects.not.toThrow(/secret/);
  expect(reports.join()).toMatch(/TypeError: secret detail[\s\S]*pipeline\.test/);
});

test('a handler without an action row is a defect, not a way in', async () => {
  const answer = await running.answer(await signed('DescribeKey', '{"KeyId":"x"}'));
  expect(answer.status).toBe(500);
  expect(reports.join()).toContain('kms has no action row for DescribeKey');
});

test('S3 ids: sixteen letters and digits, the same in header and error document', async () => {
  handle = () => {
    throw new AwsError('SlowDown', 'Please reduce your request rate.', { status: 400 });
  };
  const error = await clients
    .s3()
    .send(new ListBucketsCommand({}))
    .catch((thrown) => thrown);
  expect(error.$metadata.requestId).toMatch(/^[0-9A-F]{16}$/);
  expect(error.RequestId).toBe(error.$metadata.requestId);
  const record = { requestId: error.RequestId, operation: 'ListBuckets', status: 400, error: 'SlowDown' };
  expect(records.requests().at(-1)).toMatchObject(record);
});

test('without a signature only services that say so are asked', async () => {
  handle = () => ({ Buckets: [] });
  const nobody = { signer: { sign: async <R>(request: R) => request } };
  const s3Client = new S3Client({ ...config(), ...nobody });
  expect((await s3Client.send(new ListBucketsCommand({}))).$metadata.httpStatusCode).toBe(200);
  const kmsClient = new KMSClient({ ...config(), ...nobody });
  await expect(kmsClient.send(new ListKeysCommand({}))).rejects.toMatchObject({
    name: 'MissingAuthenticationTokenException',
  });
});

test('edges take requests before routing, and touch answers they want', async () => {
  const request = await signed('ListKeys', '{}');
  expect((await running.answer({ ...request, method: 'OPTIONS' })).headers['x-edge']).toBe('before');
  const get = { ...request, method: 'GET', headers: { host: 'x', origin: 'http://y' } };
  handle = () => ({ Buckets: [] });
  expect((await running.answer(get)).headers['x-edge']).toBe('after');
});

describe('peers', () => {
  test('are called as the same principal, with the caller on the way', async () => {
    handle = async (call) => {
      await call.peers.kms.ListKeys({});
      return { Buckets: [] };
    };
    await clients.s3().send(new ListBucketsCommand({}));
    expect(steps).toEqual([`ListKeys as arn:aws:iam::${ACCOUNT}:root via s3`]);
  });

  test('are authorised like anyone, and a refusal is noted once', async () => {
    const peers = running.kernel.peers(servicePrincipal('s3.amazonaws.com'), { account: ACCOUNT, region: 'us-east-1' });
    await expect(peers.kms.ListKeys({})).rejects.toMatchObject({ code: 'AccessDeniedException' });
    expect(steps).toEqual([]);
    const denied = records.denials().filter(({ action }) => action === 'kms:ListKeys');
    expect(denied).toEqual([expect.objectContaining({ principal: 's3.amazonaws.com', service: 'kms' })]);
  });

  test('of unknown names do not exist', async () => {
    const peers = running.kernel.peers(servicePrincipal('x'), { account: ACCOUNT, region: 'us-east-1' });
    expect(() => (peers as never as Record<string, unknown>).sqs).toThrow('no service named sqs');
  });
});

/** A signed KMS request as a value. */
async function signed(operation: string, body: string) {
  let seen!: Parameters<typeof running.answer>[0];
  const requestHandler = createRequestHandler(async (request) => {
    seen = request;
    return { status: 200, headers: {}, body: Buffer.from('{}') };
  });
  const commands = require('@aws-sdk/client-kms');
  const client = new KMSClient({ ...config(), requestHandler });
  await client.send(new commands[`${operation}Command`](JSON.parse(body)));
  return seen;
}

test('records outlive the process that made them', async () => {
  await records.close();
  const later = await openRecords(store, () => {});
  expect(later.requests()).toEqual(records.requests());
  expect(later.denials()).toEqual(records.denials());
  expect(later.requests().length).toBeGreaterThan(5);
});
