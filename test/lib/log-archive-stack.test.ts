/** The log archive: its template by property, and deployed: shipped to, delivered to, held by its lock. */
import { gzipSync } from 'node:zlib';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectLockConfigurationCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { LogArchiveStack } from '../../lib/log-archive-stack';
import { findings } from '../constructs/packs';

const build = (context: Record<string, unknown> = {}) => {
  const app = new App({ context });
  return new LogArchiveStack(app, 'LogArchive', LogArchiveStack.settings(app));
};

test('all six packs find nothing with every source, and nothing runs', () => {
  const stack = build({ logArchive: { sources: [...LogArchiveStack.SOURCES], bucketName: 'aws-waf-logs-acme' } });
  expect(findings(stack)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
});

test('settings of the app reach the resources', () => {
  const template = Template.fromStack(
    build({
      logArchive: {
        sources: ['cloudTrail'],
        sourceAccounts: ['111122223333', '444455556666'],
        sourceRegions: ['eu-west-1', 'eu-central-1'],
        organizationId: 'o-abcdefghij',
        retentionDays: 800,
        lockDays: 400,
        firstDay: '2025/06/01',
      },
    }),
  );
  template.hasResourceProperties('AWS::S3::Bucket', {
    ObjectLockConfiguration: { Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 400 } } },
    LifecycleConfiguration: { Rules: Match.arrayWith([Match.objectLike({ ExpirationInDays: 800 })]) },
  });
  template.hasResourceProperties('AWS::Glue::Table', {
    TableInput: {
      Name: 'cloudtrail',
      Parameters: Match.objectLike({
        'projection.account.values': '111122223333,444455556666',
        'projection.region.values': 'eu-west-1,eu-central-1',
        'projection.day.range': '2025/06/01,NOW',
        'projection.day.format': 'yyyy/MM/dd',
      }),
    },
  });
  const policies = JSON.stringify(template.findResources('AWS::S3::BucketPolicy'));
  expect(policies).toContain('AWSLogs/o-abcdefghij/*');
  expect(policies).toContain('"aws:SourceOrgID":"o-abcdefghij"');
  expect(policies).not.toContain('delivery.logs.amazonaws.com');
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'a source that nobody knows',
    { sources: ['cloudtrail'] },
    `sources is "cloudtrail"; allowed: ${LogArchiveStack.SOURCES.join(', ')}; fix: correct the name`,
  ],
  [
    'WAF without its name',
    { sources: ['waf'] },
    'bucketName is not set; allowed: a name that begins with aws-waf-logs-',
  ],
  ['Config under a lock', { sources: ['config'], lockDays: 30 }, 'lock is "a default retention"; allowed: none'],
  [
    'a day in another form',
    { firstDay: '2026-01-01' },
    'day.from is "2026-01-01"; allowed: a date in the form yyyy/MM/dd',
  ],
])('%s stops the synth', (_what, logArchive, message) => {
  expect(() => build({ logArchive })).toThrow(message);
});

describe('deployed', () => {
  let coffer: Coffer;
  let output: (name: string) => string;
  beforeAll(async () => {
    coffer = await startCoffer();
    const deployed = await coffer.deploy(build({ logArchive: { retentionDays: 90, lockDays: 60 } }));
    output = (name) => deployed.output(name);
  });
  afterAll(() => coffer.close());

  const as = (role: string) => coffer.client(S3Client, { as: output(`${role}RoleArn`) });
  const name = (error: Error) => error.name;
  const log = () => ({ Bucket: output('BucketName'), Key: 'logs/shop/2026/11/30/logs.json.gz' });

  test('an application ships, an auditor reads; neither does the other', async () => {
    const Body = gzipSync('{"time":"2026-11-30T10:00:00Z","level":"ERROR","message":"no"}\n');
    const put = await as('Shipper').send(new PutObjectCommand({ ...log(), Body }));
    expect(put.SSEKMSKeyId).toBe(output('KeyArn'));
    expect(await as('Shipper').send(new GetObjectCommand(log())).catch(name)).toBe('AccessDenied');
    const read = await as('Auditor').send(new GetObjectCommand(log()));
    expect(Buffer.from(await read.Body!.transformToByteArray())).toEqual(Body);
    expect(
      await as('Auditor')
        .send(new PutObjectCommand({ ...log(), Body }))
        .catch(name),
    ).toBe('AccessDenied');
  });

  test('nobody deletes a log before its time, the administrator included', async () => {
    const admin = coffer.client(S3Client);
    const { ObjectLockConfiguration } = await admin.send(
      new GetObjectLockConfigurationCommand({ Bucket: output('BucketName') }),
    );
    expect(ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: 'COMPLIANCE', Days: 60 });
    const { VersionId, Expiration } = await admin.send(new GetObjectCommand(log()));
    expect(Expiration).toMatch(/rule-id="keep"/);
    expect(await admin.send(new DeleteObjectCommand({ ...log(), VersionId })).catch(name)).toBe('AccessDenied');
    await coffer.clock.advance({ days: 61 });
    const deleted = await admin.send(new DeleteObjectCommand({ ...log(), VersionId }));
    expect(deleted.VersionId).toBe(VersionId);
  });

  test('access to the archive is itself logged, into the bucket that S3 can deliver to', async () => {
    await coffer.clock.advance({ days: 1 });
    await coffer.settled();
    const admin = coffer.client(S3Client);
    const { Contents = [] } = await admin.send(
      new ListObjectsV2Command({ Bucket: output('ManagedBucketName'), Prefix: 'archive/' }),
    );
    expect(Contents.length).toBeGreaterThan(0);
    const { Body } = await admin.send(
      new GetObjectCommand({ Bucket: output('ManagedBucketName'), Key: Contents[0].Key }),
    );
    expect(await Body!.transformToString()).toContain('logs/shop/2026/11/30/logs.json.gz');
  });
});
