/** Processors, the malware gate and the upload API deployed and used: events arrive, work is done once, uploads pass. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { MalwareGate, MalwareScan, ObjectProcessor, ObjectTrigger, SecureBucket, UploadApi } from '@coffer/constructs';
import { type Coffer, type Deployment, startCoffer } from '@coffer/runtime';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/** A handler as a user writes it; a key with `fail` in it fails every time. */
const HANDLER = `
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { once } from './constructs/handlers/once';
const s3 = new S3Client({});
export const handler = once(async ({ bucket, key, versionId }) => {
  if (key.includes('fail')) throw new Error('told to fail');
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
  const text = (await Body.transformToString()).toUpperCase();
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'out/' + key, Body: text }));
});
`;

const top = join(__dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'coffer-flows-'));
buildSync({
  stdin: { contents: HANDLER, resolveDir: top, loader: 'ts' },
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['@aws-sdk/*'],
  outfile: join(folder, 'index.js'),
});

let coffer: Coffer;
let deployed: Deployment;
let s3: S3Client;
const stack = new Stack(new App(), 'Flows');
const bucket = new SecureBucket(stack, 'Data');
const code = lambda.Code.fromAsset(folder);
const direct = new ObjectProcessor(stack, 'Direct', { description: 'direct', bucket, code, prefix: 'direct/' });
const queued = new ObjectProcessor(stack, 'Queued', {
  description: 'queued',
  bucket,
  code,
  prefix: 'queued/',
  trigger: ObjectTrigger.queue({ maxReceiveCount: 2 }),
});
const announced = new ObjectProcessor(stack, 'Announced', {
  description: 'announced',
  bucket,
  code,
  prefix: 'announced/',
  trigger: ObjectTrigger.topic(),
});
const ruled = new ObjectProcessor(stack, 'Ruled', {
  description: 'ruled',
  bucket,
  code,
  prefix: 'ruled/',
  suffix: '.txt',
  trigger: ObjectTrigger.eventBridge(),
});
for (const processor of [direct, queued, announced, ruled]) processor.allowWrite(bucket, { prefix: 'out/' });
const api = new UploadApi(stack, 'Up', { contentTypes: ['text/plain', 'image/*'], maxSizeBytes: 1000 });
const clean = new SecureBucket(stack, 'CleanToo');
const gate = new MalwareGate(stack, 'Gate', { clean });
const open = new MalwareGate(stack, 'Open', { clean, scan: MalwareScan.none('objects come from our own encoder') });

beforeAll(async () => {
  coffer = await startCoffer();
  deployed = await coffer.deploy(stack);
  await coffer.listen({ port: 0 });
  s3 = coffer.client(S3Client);
});
afterAll(async () => {
  await coffer.close();
  rmSync(folder, { recursive: true });
});

const name = (of: { node: { path: string } }) => deployed.resource(of as Stack).physicalId as string;
const read = async (Bucket: string, Key: string) =>
  (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToString();
const keys = async (Bucket: string) =>
  ((await s3.send(new ListObjectsV2Command({ Bucket }))).Contents ?? []).map(({ Key }) => Key!);

describe.each([
  ['a call by S3', direct, 'direct/'],
  ['a queue', queued, 'queued/'],
  ['a topic', announced, 'announced/'],
  ['a rule', ruled, 'ruled/'],
])('through %s', (_what, processor, prefix) => {
  test('an object is worked on, and the event noted as done', async () => {
    await s3.send(new PutObjectCommand({ Bucket: name(bucket), Key: `${prefix}a b+ü.txt`, Body: 'hello' }));
    await coffer.settled();
    expect(await read(name(bucket), `out/${prefix}a b+ü.txt`)).toBe('HELLO');
    const notes = await keys(name(processor.store!.bucket));
    const note = JSON.parse(await read(name(processor.store!.bucket), notes[0]));
    expect(note).toMatchObject({ state: 'done', key: `${prefix}a b+ü.txt` });
  });
});

test('an event that comes twice is worked on once, until it is forgotten', async () => {
  const record = {
    eventSource: 'aws:s3',
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: name(bucket) }, object: { key: 'direct/twice.txt', sequencer: '01' } },
  };
  await s3.send(new PutObjectCommand({ Bucket: name(bucket), Key: 'direct/twice.txt', Body: 'one' }));
  await coffer.settled();
  const invoke = () =>
    coffer.client(LambdaClient).send(
      new InvokeCommand({
        FunctionName: name(direct.handler),
        Payload: Buffer.from(JSON.stringify({ Records: [record] })),
      }),
    );
  expect((await invoke()).FunctionError).toBeUndefined();
  await s3.send(new DeleteObjectCommand({ Bucket: name(bucket), Key: 'out/direct/twice.txt' }));
  expect((await invoke()).FunctionError).toBeUndefined();
  expect(await keys(name(bucket))).not.toContain('out/direct/twice.txt');
});

test.each([
  ['is under way', 'running', 60_000, 'another call is working on this event', undefined],
  ['died', 'running', -1000, undefined, 'TAKEN'],
  ['failed', 'failed', 0, undefined, 'TAKEN'],
])('a call that %s is not repeated, or taken over', async (_what, state, ahead, error, body) => {
  const key = `direct/taken${ahead}.txt`;
  const sequencer = `03${ahead}`;
  await s3.send(new PutObjectCommand({ Bucket: name(bucket), Key: key, Body: 'taken' }));
  await coffer.settled();
  await s3.send(new DeleteObjectCommand({ Bucket: name(bucket), Key: `out/${key}` }));
  const digest = createHash('sha256').update(
    JSON.stringify([name(bucket), key, undefined, 'ObjectCreated:Put', sequencer]),
  );
  const notes = name(direct.store!.bucket);
  const prefix = (await keys(notes))[0].split('/')[0];
  const note = { state, until: Date.now() + ahead };
  await s3.send(
    new PutObjectCommand({ Bucket: notes, Key: `${prefix}/${digest.digest('hex')}`, Body: JSON.stringify(note) }),
  );
  const record = {
    eventName: 'ObjectCreated:Put',
    s3: { bucket: { name: name(bucket) }, object: { key, sequencer } },
  };
  const { Payload } = await coffer.client(LambdaClient).send(
    new InvokeCommand({
      FunctionName: name(direct.handler),
      Payload: Buffer.from(JSON.stringify({ Records: [record] })),
    }),
  );
  if (error) expect(Buffer.from(Payload!).toString()).toContain(error);
  else expect(await read(name(bucket), `out/${key}`)).toBe(body);
});

test('of a batch only what failed comes back', async () => {
  const message = (key: string) =>
    JSON.stringify({
      Records: [
        { eventName: 'ObjectCreated:Put', s3: { bucket: { name: name(bucket) }, object: { key, sequencer: '02' } } },
      ],
    });
  await s3.send(new PutObjectCommand({ Bucket: name(bucket), Key: 'elsewhere/ok', Body: 'ok' }));
  const payload = {
    Records: [
      { eventSource: 'aws:sqs', messageId: 'bad', body: message('queued/fail') },
      { eventSource: 'aws:sqs', messageId: 'test', body: JSON.stringify({ Event: 's3:TestEvent' }) },
    ],
  };
  const { Payload } = await coffer
    .client(LambdaClient)
    .send(new InvokeCommand({ FunctionName: name(queued.handler), Payload: Buffer.from(JSON.stringify(payload)) }));
  expect(JSON.parse(Buffer.from(Payload!).toString())).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] });
});

test('a queue that S3 fills takes messages of nobody else', async () => {
  const stranger = coffer.client(SQSClient, { as: direct.handler.executionRole });
  await expect(
    stranger.send(new SendMessageCommand({ QueueUrl: name(queued.queue!), MessageBody: '{}' })),
  ).rejects.toThrow(/not authorized|AccessDenied/);
});

describe('the malware gate', () => {
  const scanner = () => coffer.client(S3Client, { as: gate.scanRole! });
  const tag = (Key: string, Value: string, client = scanner()) =>
    client.send(
      new PutObjectTaggingCommand({
        Bucket: name(gate.quarantine),
        Key,
        Tagging: { TagSet: [{ Key: 'GuardDutyMalwareScanStatus', Value }] },
      }),
    );
  const put = (Key: string) => s3.send(new PutObjectCommand({ Bucket: name(gate.quarantine), Key, Body: 'payload' }));

  test('lets clean objects through and keeps nothing of them', async () => {
    await put('good.txt');
    await coffer.settled();
    expect(await keys(name(clean))).toEqual([]);
    await expect(read(name(gate.quarantine), 'good.txt')).rejects.toThrow(/explicit deny/);
    await tag('good.txt', 'NO_THREATS_FOUND');
    await coffer.settled();
    expect(await read(name(clean), 'good.txt')).toBe('payload');
    const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: name(gate.quarantine) }));
    expect(Versions ?? []).toEqual([]);
  });

  test.each(['THREATS_FOUND', 'UNSUPPORTED', 'FAILED'])('keeps what is %s', async (status) => {
    await put(`${status}.txt`);
    await tag(`${status}.txt`, status);
    await coffer.settled();
    expect(await keys(name(clean))).not.toContain(`${status}.txt`);
    expect(await keys(name(gate.quarantine))).toContain(`${status}.txt`);
  });

  test('nobody else may say that an object is clean', async () => {
    await put('forged.txt');
    await expect(tag('forged.txt', 'NO_THREATS_FOUND', s3)).rejects.toThrow(/explicit deny/);
    await expect(
      s3.send(
        new PutObjectCommand({
          Bucket: name(gate.quarantine),
          Key: 'tagged.txt',
          Body: 'x',
          Tagging: 'GuardDutyMalwareScanStatus=NO_THREATS_FOUND',
        }),
      ),
    ).rejects.toThrow(/explicit deny/);
  });
});

test('a gate without a scan lets everything through', async () => {
  const object = { Bucket: name(open.quarantine), Key: 'our own.bin' };
  await s3.send(new PutObjectCommand({ ...object, Body: 'bytes' }));
  await coffer.settled();
  expect(await read(name(clean), 'our own.bin')).toBe('bytes');
  const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: object.Bucket }));
  expect(Versions ?? []).toEqual([]);
});

describe('the upload API', () => {
  const ask = async (body: object | string, method = 'POST') => {
    const event = {
      version: '2.0',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: {
        http: { method },
        authorizer: { iam: { userArn: 'arn:aws:iam::000000000000:user/ann' } },
      },
    };
    const { Payload, FunctionError } = await coffer
      .client(LambdaClient)
      .send(new InvokeCommand({ FunctionName: name(api.handler), Payload: Buffer.from(JSON.stringify(event)) }));
    const said = Buffer.from(Payload!).toString();
    if (FunctionError) throw new Error(said);
    const answer = JSON.parse(said);
    return { status: answer.statusCode, ...JSON.parse(answer.body) };
  };
  const submit = (form: { url: string; fields: Record<string, string> }, body: string, changed = {}) => {
    const data = new FormData();
    for (const [key, value] of Object.entries({ ...form.fields, ...changed })) data.append(key, value as string);
    data.append('file', new Blob([body]), 'file');
    return fetch(form.url, { method: 'POST', body: data });
  };
  const clear = async (key: string) => {
    await coffer.client(S3Client, { as: api.gate.scanRole! }).send(
      new PutObjectTaggingCommand({
        Bucket: name(api.gate.quarantine),
        Key: key,
        Tagging: { TagSet: [{ Key: 'GuardDutyMalwareScanStatus', Value: 'NO_THREATS_FOUND' }] },
      }),
    );
    await coffer.settled();
  };

  test('a form takes the one object that it was made for', async () => {
    const form = await ask({ name: 'my cat.txt', contentType: 'text/plain', sizeBytes: 5 });
    expect(form).toMatchObject({ status: 200, key: expect.stringMatching(/^uploads\/[0-9a-f-]{36}\/my_cat\.txt$/) });
    expect((await submit(form, 'hello!')).status).toBe(400);
    expect((await submit(form, 'hello', { 'Content-Type': 'text/html' })).status).toBe(403);
    expect((await submit(form, 'hello', { key: 'elsewhere' })).status).toBe(403);
    expect((await submit(form, 'hello')).status).toBe(204);
    await clear(form.key);
    const object = await s3.send(new HeadObjectCommand({ Bucket: name(api.clean), Key: form.key }));
    expect(object).toMatchObject({
      ContentType: 'text/plain',
      ContentLength: 5,
      ServerSideEncryption: 'aws:kms',
      Metadata: { 'uploaded-by': 'arn:aws:iam::000000000000:user/ann' },
    });
  });

  test('a URL takes the one object that it was made for', async () => {
    const { url, key, headers } = await ask({
      method: 'PUT',
      name: 'a.png',
      contentType: 'image/png',
      sizeBytes: 4,
    });
    const put = (body: string, type = headers['content-type']) =>
      fetch(url, { method: 'PUT', body, headers: { 'content-type': type } });
    expect((await put('12345')).status).toBe(403);
    expect((await put('1234', 'text/html')).status).toBe(403);
    expect((await put('1234')).status).toBe(200);
    await clear(key);
    expect(await read(name(api.clean), key)).toBe('1234');
  });

  test.each<[object | string, number, RegExp]>([
    ['{', 400, /no JSON/],
    ['null', 400, /name: 1 to 200/],
    [{ name: '', contentType: 'text/plain', sizeBytes: 1 }, 400, /name: 1 to 200/],
    [{ name: 'a', contentType: 'text/html', sizeBytes: 1 }, 415, /one of text\/plain, image\/\*/],
    [{ name: 'a', contentType: 'image/png; x', sizeBytes: 1 }, 415, /one of/],
    [{ name: 'a', contentType: 'text/plain', sizeBytes: 1001 }, 413, /1 to 1000/],
    [{ name: 'a', contentType: 'text/plain', sizeBytes: '5' }, 413, /1 to 1000/],
    [{ name: 'a', contentType: 'text/plain', sizeBytes: 1, method: 'GET' }, 400, /POST \(a form\) or PUT/],
  ])('%j is answered with %i', async (body, status, message) => {
    const answer = await ask(body);
    expect(answer.status).toBe(status);
    expect(answer.message).toMatch(message);
  });

  test('only POST is answered', async () => {
    expect((await ask({}, 'GET')).status).toBe(405);
  });

  test('nobody uploads past the API, the signing role itself neither', async () => {
    const put = (client: S3Client) =>
      client.send(new PutObjectCommand({ Bucket: name(api.gate.quarantine), Key: 'uploads/x', Body: 'x' }));
    await expect(put(s3)).rejects.toThrow(/explicit deny/);
    await expect(put(coffer.client(S3Client, { as: api.handler.executionRole }))).rejects.toThrow(/explicit deny/);
  });

  // Handlers see the host's clock, so what moves this runtime's comes last.
  test('a form and a URL end after five minutes', async () => {
    const wanted = { name: 'late', contentType: 'text/plain', sizeBytes: 1 };
    const form = await ask(wanted);
    const { url } = await ask({ ...wanted, method: 'PUT' });
    await coffer.clock.advance({ minutes: 6 });
    expect((await submit(form, 'x')).status).toBe(403);
    expect((await fetch(url, { method: 'PUT', body: 'x', headers: { 'content-type': 'text/plain' } })).status).toBe(
      403,
    );
  });
});

test.each([
  ['a call by S3', direct, 'direct/'],
  ['a queue', queued, 'queued/'],
  ['a topic', announced, 'announced/'],
  ['a rule', ruled, 'ruled/'],
])('what fails through %s becomes a dead letter after its retries', async (_what, processor, prefix) => {
  await s3.send(new PutObjectCommand({ Bucket: name(bucket), Key: `${prefix}fail.txt`, Body: 'x' }));
  await coffer.settled();
  await coffer.clock.advance({ hours: 1 });
  const { Attributes } = await coffer.client(SQSClient).send(
    new GetQueueAttributesCommand({
      QueueUrl: name(processor.deadLetters),
      AttributeNames: ['ApproximateNumberOfMessages'],
    }),
  );
  expect(Attributes?.ApproximateNumberOfMessages).toBe('1');
});
