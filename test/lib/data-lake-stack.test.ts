/** The data lake: its template by property, and deployed, used by each of its roles. */
import { gzipSync } from 'node:zlib';
import {
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Size } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { DataLakeStack } from '../../lib/data-lake-stack';
import { findings } from '../constructs/packs';

const build = (context: Record<string, unknown> = {}) => {
  const app = new App({ context });
  return new DataLakeStack(app, 'DataLake', DataLakeStack.settings(app));
};

test('all six packs find nothing, and nothing runs', () => {
  const stack = build();
  expect(findings(stack)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
});

test('settings of the app reach the resources', () => {
  const template = Template.fromStack(
    build({
      dataLake: { databasePrefix: 'shop', firstYear: 2020, scanLimitGib: 10, maxSizeGib: 500, removal: 'destroy' },
    }),
  );
  template.hasResourceProperties('AWS::Glue::Table', {
    DatabaseName: 'shop_raw',
    TableInput: {
      Name: 'events',
      Parameters: Match.objectLike({
        'projection.year.range': '2020,2040',
        'projection.month.digits': '2',
        'storage.location.template': Match.anyValue(),
      }),
    },
  });
  template.hasResourceProperties('AWS::Athena::WorkGroup', {
    Name: 'shop',
    WorkGroupConfiguration: { BytesScannedCutoffPerQuery: Size.gibibytes(10).toBytes() },
  });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: Size.gibibytes(500).toBytes() });
  template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Delete' });
});

test('a setting that nobody knows stops the synth', () => {
  expect(() => build({ dataLake: { scanLimit: 10 } })).toThrow(
    'dataLake.scanLimit is 10; allowed: databasePrefix, firstYear, scanLimitGib, resultsRetentionDays, maxSizeGib, removal; fix: correct the name or take it out',
  );
});

describe('deployed', () => {
  let coffer: Coffer;
  let output: (name: string) => string;
  beforeAll(async () => {
    coffer = await startCoffer();
    const deployed = await coffer.deploy(build());
    output = (name) => deployed.output(name);
  });
  afterAll(() => coffer.close());

  const as = (role: string) => coffer.client(S3Client, { as: output(`${role}RoleArn`) });
  const Key = 'events/year=2026/month=11/day=30/data.json.gz';
  const name = (error: Error) => error.name;

  test('a producer puts events where the table looks for them, under the key of the lake', async () => {
    const Body = gzipSync('{"id":"1","kind":"order","amount":9.5}\n');
    const put = await as('Producer').send(new PutObjectCommand({ Bucket: output('RawBucketName'), Key, Body }));
    expect(put.SSEKMSKeyId).toBe(output('KeyArn'));
    await expect(as('Producer').send(new GetObjectCommand({ Bucket: output('RawBucketName'), Key }))).rejects.toThrow();
    const elsewhere = new PutObjectCommand({ Bucket: output('RawBucketName'), Key: 'other/x', Body });
    expect(await as('Producer').send(elsewhere).catch(name)).toBe('AccessDenied');
  });

  test('an engineer reads raw and writes curated data; an analyst reads what was made for them only', async () => {
    const engineer = as('Engineer');
    const { Body } = await engineer.send(new GetObjectCommand({ Bucket: output('RawBucketName'), Key }));
    const made = { Bucket: output('CuratedBucketName'), Key: 'events/year=2026/month=11/day=30/part-0.parquet' };
    await engineer.send(new PutObjectCommand({ ...made, Body: await Body!.transformToByteArray() }));
    const analyst = as('Analyst');
    expect((await analyst.send(new GetObjectCommand(made))).ContentLength).toBeGreaterThan(0);
    const raw = { Bucket: output('RawBucketName'), Key };
    expect(await analyst.send(new GetObjectCommand(raw)).catch(name)).toBe('AccessDenied');
    expect(await analyst.send(new PutObjectCommand({ ...made, Body: 'x' })).catch(name)).toBe('AccessDenied');
    const results = new ListObjectsV2Command({ Bucket: output('ResultsBucketName'), Prefix: 'results/' });
    expect((await analyst.send(results)).KeyCount).toBe(0);
  });

  test('results say when they expire; raw data does not', async () => {
    const result = { Bucket: output('ResultsBucketName'), Key: 'results/q.csv' };
    const put = await as('Analyst').send(new PutObjectCommand({ ...result, Body: 'a,b\n' }));
    expect(put.Expiration).toMatch(/rule-id="results-expire"/);
    const raw = await as('Engineer').send(new HeadObjectCommand({ Bucket: output('RawBucketName'), Key }));
    expect(raw.Expiration).toBeUndefined();
  });
});
