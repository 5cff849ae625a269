/** Application data: its template by property, and deployed, used by each of its roles. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { AppDataStack } from '../../lib/app-data-stack';
import { findings } from '../constructs/packs';

const build = (context: Record<string, unknown> = {}) => {
  const app = new App({ context });
  return new AppDataStack(app, 'AppData', AppDataStack.settings(app));
};

test('all six packs find nothing; the one Lambda is the one that does the work', () => {
  const stack = build();
  expect(findings(stack)).toEqual([]);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::Lambda::Function', 1);
  template.hasResourceProperties('AWS::Lambda::Function', {
    Handler: 'describe.handler',
    DeadLetterConfig: { TargetArn: Match.anyValue() },
    LoggingConfig: Match.objectLike({ LogGroup: Match.anyValue() }),
  });
});

test('only uploads/ calls it, so its own results cannot', () => {
  Template.fromStack(build()).hasResourceProperties('AWS::S3::Bucket', {
    NotificationConfiguration: {
      LambdaConfigurations: [
        {
          Event: 's3:ObjectCreated:*',
          Filter: { S3Key: { Rules: [{ Name: 'prefix', Value: 'uploads/' }] } },
        },
      ],
    },
  });
});

test('settings of the app reach the resources', () => {
  const appData = {
    uploadOrigins: ['https://shop.example'],
    recoveryDays: 14,
    concurrency: 5,
    maxSizeGib: 100,
    removal: 'destroy',
  };
  const template = Template.fromStack(build({ appData }));
  template.hasResourceProperties('AWS::S3::Bucket', {
    CorsConfiguration: { CorsRules: [Match.objectLike({ AllowedOrigins: ['https://shop.example'] })] },
    LifecycleConfiguration: {
      Rules: Match.arrayWith([
        Match.objectLike({ Id: 'uploads', NoncurrentVersionExpiration: { NoncurrentDays: 14 } }),
      ]),
    },
  });
  template.hasResourceProperties('AWS::Lambda::Function', { ReservedConcurrentExecutions: 5 });
  template.hasResourceProperties('AWS::CloudWatch::Alarm', { Threshold: 100 * 1024 ** 3 });
  template.hasResource('AWS::KMS::Key', { DeletionPolicy: 'Delete' });
});

test('a setting that nobody knows stops the synth', () => {
  expect(() => build({ appData: { origins: [] } })).toThrow(
    'appData.origins is []; allowed: uploadOrigins, recoveryDays, concurrency, maxSizeGib, removal; fix: correct the name or take it out',
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
  const name = (error: Error) => error.name;

  test('what an uploader puts, a reader finds described', async () => {
    const Bucket = output('BucketName');
    const put = new PutObjectCommand({ Bucket, Key: 'uploads/a b.txt', Body: 'one\ntwo\n', ContentType: 'text/plain' });
    expect((await as('Uploader').send(put)).SSEKMSKeyId).toBe(output('KeyArn'));
    await coffer.settled();
    const read = await as('Reader').send(new GetObjectCommand({ Bucket, Key: 'results/a b.txt.json' }));
    expect(JSON.parse(await read.Body!.transformToString())).toMatchObject({
      source: 'uploads/a b.txt',
      sizeBytes: 8,
      contentType: 'text/plain',
      lines: 2,
    });
    const listed = await as('Reader').send(new ListObjectsV2Command({ Bucket, Prefix: 'results/' }));
    expect(listed.KeyCount).toBe(1);
  });

  test('each role does its part only', async () => {
    const Bucket = output('BucketName');
    const Key = 'uploads/a b.txt';
    const refused = [
      as('Uploader').send(new GetObjectCommand({ Bucket, Key })),
      as('Uploader').send(new PutObjectCommand({ Bucket, Key: 'results/x', Body: 'x' })),
      as('Uploader').send(new DeleteObjectCommand({ Bucket, Key })),
      as('Reader').send(new PutObjectCommand({ Bucket, Key, Body: 'x' })),
      as('Reader').send(new ListObjectsV2Command({ Bucket })),
    ];
    expect(await Promise.all(refused.map((it) => it.catch(name)))).toEqual(refused.map(() => 'AccessDenied'));
  });
});
