import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutPublicAccessBlockCommand,
  S3Client,
  SelectObjectContentCommand,
  type SelectObjectContentCommandInput,
  type SelectObjectContentEventStream,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
const Bucket = 'tables-to-query';
const people = 'name,age\nAnn,31\nBob,7\n';

beforeAll(async () => {
  setting = await start();
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await put('people.csv', people);
});
afterAll(() => setting.coffer.close());

const put = (Key: string, Body: string | Uint8Array, more: Partial<PutObjectCommandInput> = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));

type Asked = Partial<SelectObjectContentCommandInput>;

async function events(
  Key: string,
  Expression: string,
  more: Asked = {},
  s3 = setting.s3,
): Promise<SelectObjectContentEventStream[]> {
  const { Payload } = await s3.send(
    new SelectObjectContentCommand({
      Bucket,
      Key,
      Expression,
      ExpressionType: 'SQL',
      InputSerialization: { CSV: { FileHeaderInfo: 'USE' } },
      OutputSerialization: { CSV: {} },
      ...more,
    }),
  );
  const all: SelectObjectContentEventStream[] = [];
  for await (const event of Payload!) all.push(event);
  return all;
}

async function rows(Key: string, expression: string, more?: Asked): Promise<string> {
  const all = await events(Key, expression, more);
  return Buffer.concat(all.map(({ Records }) => Records?.Payload ?? Buffer.alloc(0))).toString();
}

describe('the answer', () => {
  it('is records, statistics, an end', async () => {
    const all = await events('people.csv', 'SELECT s.name FROM S3Object s WHERE CAST(s.age AS INT) > 8');
    expect(all).toEqual([
      { Records: { Payload: expect.any(Uint8Array) } },
      { Stats: { Details: { BytesScanned: people.length, BytesProcessed: people.length, BytesReturned: 4 } } },
      { End: {} },
    ]);
    expect(Buffer.from(all[0].Records!.Payload!).toString()).toBe('Ann\n');
  });

  it('tells of progress when asked, of bytes before and after decompression', async () => {
    const zipped = gzipSync(people);
    await put('people.csv.gz', zipped);
    const all = await events('people.csv.gz', 'SELECT COUNT(*) FROM S3Object', {
      InputSerialization: { CSV: {}, CompressionType: 'GZIP' },
      RequestProgress: { Enabled: true },
    });
    const Details = { BytesScanned: zipped.length, BytesProcessed: people.length, BytesReturned: 2 };
    expect(all.slice(1)).toEqual([{ Progress: { Details } }, { Stats: { Details } }, { End: {} }]);
  });

  it('comes in pieces below 1 MiB', async () => {
    const long = `${'x'.repeat(500_000)}\n`;
    await put('long.csv', long.repeat(5));
    const all = await events('long.csv', 'SELECT * FROM S3Object', { InputSerialization: { CSV: {} } });
    const sizes = all.flatMap(({ Records }) => (Records ? [Records.Payload!.length] : []));
    expect(sizes.length).toBeGreaterThan(5);
    expect(Math.max(...sizes)).toBeLessThan(1024 * 1024);
    expect(sizes.reduce((a, b) => a + b)).toBe(long.length * 5);
  });

  it('breaks off by name when a row far down cannot be evaluated', async () => {
    await put('late.csv', `${'1\n'.repeat(200_000)}x\n`);
    const asked = { InputSerialization: { CSV: {} } };
    await expect(events('late.csv', 'SELECT CAST(_1 AS INT) FROM S3Object', asked)).rejects.toMatchObject({
      name: 'CastFailed',
    });
    expect(await rows('late.csv', 'SELECT CAST(_1 AS INT) FROM S3Object LIMIT 2', asked)).toBe('1\n1\n');
  });

  it('of a large object leaves others their turn', async () => {
    await put('large.csv', '1,some text\n'.repeat(500_000));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const out = await rows('large.csv', 'SELECT COUNT(*), SUM(CAST(_1 AS INT)) FROM S3Object', {
      InputSerialization: { CSV: {} },
    });
    clearInterval(timer);
    expect(out).toBe('500000,500000\n');
    expect(turns).toBeGreaterThan(10);
  });
});

it('reads JSON, Parquet and bzip2', async () => {
  await put('rows.jsonl', '{"a":{"b":[1,2]}}\n{"a":{"b":[3]}}\n');
  const json = { InputSerialization: { JSON: { Type: 'LINES' } }, OutputSerialization: { JSON: {} } } as const;
  expect(await rows('rows.jsonl', 'SELECT s.a.b[0] AS head FROM S3Object s', json)).toBe('{"head":1}\n{"head":3}\n');
  expect(await rows('rows.jsonl', 'SELECT s.a.b[0] FROM S3Object s', { ...json, ScanRange: { Start: 1 } })).toBe(
    '{"_1":3}\n',
  );

  await put('table.parquet', readFileSync(join(__dirname, '../select/parquet/snappy.parquet')));
  const parquet = { InputSerialization: { Parquet: {} } };
  expect(await rows('table.parquet', 'SELECT id, name FROM S3Object WHERE ok', parquet)).toBe('0,n0\n2,n2\n');

  // `printf 'p,1\nq,2\n' | bzip2`
  const zipped = 'QlpoOTFBWSZTWdNRZSYAAANYgAAQAAQwAGAAIAAhkxqDALcCF4u5IpwoSGmospMA';
  await put('table.bz2', Buffer.from(zipped, 'base64'));
  const bzip2 = { InputSerialization: { CSV: {}, CompressionType: 'BZIP2' } } as const;
  expect(await rows('table.bz2', 'SELECT _2 FROM S3Object', bzip2)).toBe('1\n2\n');
  expect(await refusal(rows('people.csv', 'SELECT _2 FROM S3Object', bzip2))).toBe('400 InvalidCompressionFormat');
});

describe('what is asked wrongly is refused before anything is read', () => {
  const csv = { CSV: {} };
  it.each<[string, string, Asked]>([
    ['ExpressionType', '400 InvalidExpressionType', { ExpressionType: 'XPATH' as 'SQL' }],
    ['no InputSerialization', '400 MalformedXML', { InputSerialization: undefined }],
    ['no format', '400 InvalidDataSource', { InputSerialization: {} }],
    ['two formats', '400 ObjectSerializationConflict', { InputSerialization: { CSV: {}, Parquet: {} } }],
    ['two output formats', '400 ObjectSerializationConflict', { OutputSerialization: { CSV: {}, JSON: {} } }],
    ['no JSON type', '400 MissingRequiredParameter', { InputSerialization: { JSON: {} } }],
    ['JSON type', '400 InvalidJsonType', { InputSerialization: { JSON: { Type: 'LINE' as 'LINES' } } }],
    ['header', '400 InvalidFileHeaderInfo', { InputSerialization: { CSV: { FileHeaderInfo: 'YES' as 'USE' } } }],
    ['quoting', '400 InvalidQuoteFields', { OutputSerialization: { CSV: { QuoteFields: 'NEVER' as 'ALWAYS' } } }],
    [
      'compression',
      '400 InvalidCompressionFormat',
      { InputSerialization: { ...csv, CompressionType: 'ZIP' as 'GZIP' } },
    ],
    [
      'compressed Parquet',
      '400 InvalidCompressionFormat',
      { InputSerialization: { Parquet: {}, CompressionType: 'GZIP' } },
    ],
    ['delimiter', '400 InvalidRequestParameter', { InputSerialization: { CSV: { FieldDelimiter: '::' } } }],
    ['empty range', '400 InvalidScanRange', { ScanRange: {} }],
    ['range backwards', '400 InvalidScanRange', { ScanRange: { Start: 5, End: 2 } }],
    ['range beyond', '400 InvalidScanRange', { ScanRange: { Start: 500 } }],
    [
      'range of gzip',
      '400 UnsupportedScanRangeInput',
      { ScanRange: { Start: 1 }, InputSerialization: { ...csv, CompressionType: 'GZIP' } },
    ],
    [
      'range of a document',
      '400 UnsupportedScanRangeInput',
      { ScanRange: { Start: 1 }, InputSerialization: { JSON: { Type: 'DOCUMENT' } } },
    ],
    ['SQL', '400 ParseUnexpectedToken', { Expression: 'SELECT * FROM S3Object ORDER BY 1' }],
    ['a name', '400 MissingHeaders', { Expression: 'SELECT nothing FROM S3Object' }],
    ['bucket', '404 NoSuchBucket', { Bucket: 'not-there-at-all' }],
    ['key', '404 NoSuchKey', { Key: 'nothing' }],
  ])('%s: %s', async (_, code, more) => {
    expect(await refusal(events('people.csv', 'SELECT * FROM S3Object', more))).toBe(code);
  });
});

describe('who may query', () => {
  const expression = 'SELECT COUNT(*) FROM S3Object';

  it('whoever may read the object, and nobody unsigned', async () => {
    const { coffer, s3 } = setting;
    const other = coffer.client(S3Client, { account: '111122223333' });
    const nobody = coffer.client(S3Client, { as: 'anonymous' });
    expect(await refusal(events('people.csv', expression, {}, other))).toBe('403 AccessDenied');
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/people.csv` },
    ];
    await s3.send(
      new PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: { BlockPublicPolicy: false } }),
    );
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }));
    expect(await refusal(events('people.csv', expression, {}, other))).toBe('no error');
    expect(await refusal(nobody.send(new GetObjectCommand({ Bucket, Key: 'people.csv' })))).toBe('no error');
    expect(await refusal(events('people.csv', expression, {}, nobody))).toBe('403 AccessDenied');
    expect(await refusal(events('nothing', expression, {}, other))).toBe('403 AccessDenied');
  });

  it('not of archived objects', async () => {
    await put('cold.csv', people, { StorageClass: 'GLACIER' });
    await put('reduced.csv', people, { StorageClass: 'REDUCED_REDUNDANCY' });
    await put('seldom.csv', people, { StorageClass: 'GLACIER_IR' });
    expect(await refusal(events('cold.csv', expression))).toBe('400 UnsupportedStorageClass');
    expect(await refusal(events('reduced.csv', expression))).toBe('400 UnsupportedStorageClass');
    expect(await rows('seldom.csv', expression)).toBe('2\n');
  });

  it('with the key of the object', async () => {
    await setting.s3.send(
      new PutBucketEncryptionCommand({
        Bucket,
        ServerSideEncryptionConfiguration: {
          Rules: [
            {
              ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' },
              BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
            },
          ],
        },
      }),
    );
    const SSECustomerKey = Buffer.alloc(32, 7).toString('base64');
    const customer = { SSECustomerAlgorithm: 'AES256', SSECustomerKey };
    await put('own.csv', people, customer);
    expect(await rows('own.csv', expression, customer)).toBe('2\n');
    expect(await refusal(events('own.csv', expression))).toBe('400 InvalidRequest');

    const kms = setting.coffer.client(KMSClient);
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const SSEKMSKeyId = KeyMetadata!.Arn;
    await put('kms.csv', people, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId });
    expect(await rows('kms.csv', expression)).toBe('2\n');
    await kms.send(new DisableKeyCommand({ KeyId: SSEKMSKeyId }));
    expect(await refusal(events('kms.csv', expression))).toBe('400 KMS.DisabledException');
  });
});
