import { BackupVault, BucketBackup, LogArchive, type LogArchiveProps, VaultLock } from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { findings } from './packs';

interface Statement {
  Sid: string;
  Principal: { Service: string };
  Action: string | string[];
  Resource: unknown;
  Condition: Record<string, Record<string, unknown>>;
}

/** A stack of a known account and Region, so that ARNs in statements can be read. */
function build(props: LogArchiveProps = {}, context: Record<string, unknown> = {}) {
  const app = new App({ context });
  const stack = new Stack(app, 'S', { env: { account: '111122223333', region: 'eu-west-1' } });
  return { app, stack, archive: new LogArchive(stack, 'Logs', props) };
}

/** Statements for services on the archive's bucket, its managed bucket and its key. */
function allowed(stack: Stack): { bucket: Statement[]; managed: Statement[]; key: Statement[] } {
  const template = Template.fromStack(stack);
  const of = (id: RegExp) =>
    Object.entries(template.toJSON().Resources as Record<string, { Properties: Record<string, unknown> }>)
      .filter(([name]) => id.test(name))
      .flatMap(([, { Properties }]) => {
        const { Statement } = (Properties.PolicyDocument ?? Properties.KeyPolicy) as { Statement: Statement[] };
        return Statement.filter((s) => s.Principal?.Service && !/^AccessLogsOf/.test(s.Sid ?? ''));
      });
  return { bucket: of(/^LogsBucketPolicy/), managed: of(/^LogsManagedPolicy/), key: of(/^LogsBucketKey/) };
}

/** An ARN as it will read: the partition filled in, a resource of the template by its id. */
const read = (value: unknown): string =>
  JSON.stringify(value)
    .replaceAll(/\{"Fn::Join":\["",(\[.*?\])\]\}/g, (_, parts) =>
      JSON.stringify(
        JSON.parse(parts)
          .map((part: string | object) =>
            typeof part === 'string' ? part : JSON.stringify(part).includes('Partition') ? 'aws' : 'BUCKET',
          )
          .join(''),
      ),
    )
    .replaceAll(/\{"Fn::GetAtt":\["Logs\w+","Arn"\]\}/g, '"BUCKET"');

describe('what each service is allowed, by its documentation', () => {
  const account = { 'aws:SourceAccount': '111122223333' };
  const owner = { 's3:x-amz-acl': 'bucket-owner-full-control' };

  test.each<[string, (archive: LogArchive) => void]>([
    ['VPC flow logs', (archive) => archive.allowVpcFlowLogs()],
    ['Resolver queries', (archive) => archive.allowResolverQueryLogs()],
    ['Network Firewall', (archive) => archive.allowNetworkFirewall()],
    ['Network Load Balancers', (archive) => archive.allowNetworkLoadBalancers()],
  ])('%s are vended', (_name, allow) => {
    const { stack, archive } = build();
    allow(archive);
    const { bucket, key } = allowed(stack);
    const source = { ArnLike: { 'aws:SourceArn': 'arn:aws:logs:eu-west-1:111122223333:*' } };
    expect(JSON.parse(read(bucket))).toEqual([
      {
        Sid: 'LogDeliveryAclCheck',
        Effect: 'Allow',
        Principal: { Service: 'delivery.logs.amazonaws.com' },
        Action: 's3:GetBucketAcl',
        Resource: 'BUCKET',
        Condition: { StringEquals: account, ...source },
      },
      {
        Sid: 'LogDeliveryWrite',
        Effect: 'Allow',
        Principal: { Service: 'delivery.logs.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'BUCKET/AWSLogs/111122223333/*',
        Condition: { StringEquals: { ...owner, ...account }, ...source },
      },
    ]);
    expect(JSON.parse(read(key))).toMatchObject([
      { Principal: { Service: 'delivery.logs.amazonaws.com' }, Condition: { StringEquals: account, ...source } },
    ]);
  });

  test.each<[string, LogArchiveProps, (archive: LogArchive) => void, string[], string[]]>([
    [
      'CloudTrail, of one trail and its organisation',
      {},
      (archive) =>
        archive.allowCloudTrail({
          prefix: 'trail/',
          trailArns: ['arn:aws:cloudtrail:eu-west-1:111122223333:trail/all'],
          organizationId: 'o-abcdefghij',
        }),
      [
        'cloudtrail.amazonaws.com s3:GetBucketAcl "BUCKET" {"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"}}',
        'cloudtrail.amazonaws.com s3:PutObject ["BUCKET/trail/AWSLogs/111122223333/*","BUCKET/trail/AWSLogs/o-abcdefghij/*"] {"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"},"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control"}}',
      ],
      [
        'cloudtrail.amazonaws.com kms:GenerateDataKey* "*" {"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"},"StringLike":{"kms:EncryptionContext:aws:cloudtrail:arn":"arn:aws:cloudtrail:*:111122223333:trail/*"}}',
        'cloudtrail.amazonaws.com kms:DescribeKey "*" {"ArnLike":{"aws:SourceArn":"arn:aws:cloudtrail:eu-west-1:111122223333:trail/all"}}',
      ],
    ],
    [
      'CloudFront v2, from us-east-1',
      {},
      (archive) => archive.allowCloudFront(),
      [
        'delivery.logs.amazonaws.com s3:PutObject "BUCKET/AWSLogs/111122223333/*" {"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:111122223333:delivery-source:*"}}',
      ],
      [
        'delivery.logs.amazonaws.com kms:Decrypt,kms:GenerateDataKey "*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:us-east-1:111122223333:delivery-source:*"}}',
      ],
    ],
    [
      'Config, of two accounts',
      { sourceAccounts: ['111122223333', '444455556666'] },
      (archive) => archive.allowConfig(),
      [
        'config.amazonaws.com s3:GetBucketAcl "BUCKET" {"StringEquals":{"aws:SourceAccount":["111122223333","444455556666"]}}',
        'config.amazonaws.com s3:ListBucket "BUCKET" {"StringEquals":{"aws:SourceAccount":["111122223333","444455556666"]}}',
        'config.amazonaws.com s3:PutObject ["BUCKET/AWSLogs/111122223333/Config/*","BUCKET/AWSLogs/444455556666/Config/*"] {"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceAccount":["111122223333","444455556666"]}}',
      ],
      [
        'config.amazonaws.com kms:Decrypt,kms:GenerateDataKey "*" {"StringEquals":{"aws:SourceAccount":["111122223333","444455556666"]}}',
      ],
    ],
    [
      'GuardDuty',
      {},
      (archive) => archive.allowGuardDuty(),
      [
        'guardduty.amazonaws.com s3:GetBucketLocation "BUCKET" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:guardduty:eu-west-1:111122223333:detector/*"}}',
        'guardduty.amazonaws.com s3:PutObject "BUCKET/AWSLogs/111122223333/GuardDuty/*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:guardduty:eu-west-1:111122223333:detector/*"}}',
      ],
      [
        'guardduty.amazonaws.com kms:GenerateDataKey "*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:guardduty:eu-west-1:111122223333:detector/*"}}',
      ],
    ],
    [
      'exports of CloudWatch Logs',
      {},
      (archive) => archive.allowLogExports(),
      [
        'logs.eu-west-1.amazonaws.com s3:GetBucketAcl "BUCKET" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:eu-west-1:111122223333:log-group:*"}}',
        'logs.eu-west-1.amazonaws.com s3:PutObject "BUCKET/exports/*" {"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:eu-west-1:111122223333:log-group:*"}}',
      ],
      [
        'logs.eu-west-1.amazonaws.com kms:GenerateDataKey,kms:Decrypt "*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:logs:eu-west-1:111122223333:log-group:*"}}',
      ],
    ],
    [
      'Bedrock',
      {},
      (archive) => archive.allowBedrock(),
      [
        'bedrock.amazonaws.com s3:PutObject "BUCKET/AWSLogs/111122223333/BedrockModelInvocationLogs/*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:bedrock:eu-west-1:111122223333:*"}}',
      ],
      [
        'bedrock.amazonaws.com kms:GenerateDataKey "*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:bedrock:eu-west-1:111122223333:*"}}',
      ],
    ],
    [
      'inventories',
      {},
      (archive) => archive.allowS3Inventory({ bucketArns: ['arn:aws:s3:::data'] }),
      [
        's3.amazonaws.com s3:PutObject "BUCKET/inventory/*" {"StringEquals":{"s3:x-amz-acl":"bucket-owner-full-control","aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::data"}}',
      ],
      [
        's3.amazonaws.com kms:GenerateDataKey "*" {"StringEquals":{"aws:SourceAccount":"111122223333"},"ArnLike":{"aws:SourceArn":"arn:aws:s3:::data"}}',
      ],
    ],
  ])('%s', (_name, props, allow, onBucket, onKey) => {
    const { stack, archive } = build(props);
    allow(archive);
    const { bucket, key } = allowed(stack);
    const line = (s: Statement) =>
      `${s.Principal.Service} ${[s.Action].flat().join(',')} ${read(s.Resource)} ${read(s.Condition)}`;
    expect(bucket.map(line)).toEqual(onBucket);
    expect(key.map(line)).toEqual(onKey);
  });

  test('load balancers and S3 itself deliver to the bucket with SSE-S3', () => {
    const { stack, archive } = build();
    archive.allowLoadBalancers({ prefix: 'alb/' });
    archive.allowS3AccessLogs();
    const { bucket, managed, key } = allowed(stack);
    expect([bucket, key]).toEqual([[], []]);
    expect(JSON.parse(read(managed))).toEqual([
      {
        Sid: 'LoadBalancersWrite',
        Effect: 'Allow',
        Principal: { Service: 'logdelivery.elasticloadbalancing.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'BUCKET/alb/AWSLogs/111122223333/*',
        Condition: {
          ArnLike: { 'aws:SourceArn': 'arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/*' },
        },
      },
      {
        Sid: 'S3AccessLogsWrite',
        Effect: 'Allow',
        Principal: { Service: 'logging.s3.amazonaws.com' },
        Action: 's3:PutObject',
        Resource: 'BUCKET/s3/*',
        Condition: { StringEquals: account, ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::*' } },
      },
    ]);
  });

  test('an organisation comes in as a whole, by its id', () => {
    const { stack, archive } = build({ sourceOrganizationId: 'o-abcdefghij' });
    archive.allowVpcFlowLogs();
    archive.allowCloudTrail();
    archive.allowLoadBalancers();
    const { bucket, managed, key } = allowed(stack);
    const of = (sid: string) => JSON.parse(read([...bucket, ...managed].find(({ Sid }) => Sid === sid)));
    expect(of('LogDeliveryWrite')).toMatchObject({
      Resource: 'BUCKET/AWSLogs/*/*',
      Condition: {
        StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control', 'aws:SourceOrgID': 'o-abcdefghij' },
        ArnLike: { 'aws:SourceArn': 'arn:aws:logs:eu-west-1:*:*' },
      },
    });
    expect(of('CloudTrailWrite')).toMatchObject({
      Resource: ['BUCKET/AWSLogs/*/*', 'BUCKET/AWSLogs/o-abcdefghij/*'],
      Condition: { StringEquals: { 'aws:SourceOrgID': 'o-abcdefghij' } },
    });
    expect(of('LoadBalancersWrite').Condition.StringEquals).toEqual({ 'aws:SourceOrgID': 'o-abcdefghij' });
    for (const { Condition } of [...bucket, ...key]) expect(JSON.stringify(Condition)).toContain('SourceOrgID');
  });

  test('sources that share a statement add it once; another prefix gets a Sid of its own', () => {
    const { stack, archive } = build({ bucketName: 'aws-waf-logs-acme' });
    archive.allowWaf();
    archive.allowVpcFlowLogs();
    archive.allowVpcFlowLogs({ prefix: 'vpc/' });
    expect(allowed(stack).bucket.map(({ Sid }) => Sid)).toEqual([
      'LogDeliveryAclCheck',
      'LogDeliveryWrite',
      'LogDeliveryWrite2',
    ]);
  });
});

test.each<[string, Record<string, unknown>]>([
  ['no feature flags', {}],
  ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
])('an archive with every source, its backup and its copy pass all six packs with %s', (_name, context) => {
  const { app, stack, archive } = build({ bucketName: 'aws-waf-logs-acme' }, context);
  archive.allowCloudTrail();
  archive.allowWaf();
  archive.allowCloudFront();
  archive.allowConfig();
  archive.allowLoadBalancers();
  archive.allowS3AccessLogs();
  const vault = new BackupVault(stack, 'Vault', { lock: VaultLock.compliance() });
  new BucketBackup(stack, 'Backup', { buckets: [archive.bucket], vault });
  expect(findings(app)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
});

test('logs are kept, cooled and then expired; a lock holds them', () => {
  const template = Template.fromStack(
    build({ retention: Duration.days(400), lock: s3.ObjectLockRetention.compliance(Duration.days(90)) }).stack,
  );
  template.hasResourceProperties('AWS::S3::Bucket', {
    ObjectLockEnabled: true,
    ObjectLockConfiguration: {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 90 } },
    },
    LifecycleConfiguration: {
      Rules: Match.arrayWith([
        Match.objectLike({
          ExpirationInDays: 400,
          Transitions: [{ StorageClass: 'GLACIER_IR', TransitionInDays: 90 }],
        }),
      ]),
    },
  });
});

test('logs that are kept for a short time are not cooled', () => {
  Template.fromStack(build({ retention: Duration.days(100) }).stack).hasResourceProperties('AWS::S3::Bucket', {
    LifecycleConfiguration: {
      Rules: Match.arrayWith([Match.objectLike({ Id: 'keep', ExpirationInDays: 100, Transitions: Match.absent() })]),
    },
  });
});

test("an imported key's missing statements are handed out", () => {
  const app = new App();
  const stack = new Stack(app, 'S', { env: { account: '111122223333', region: 'eu-west-1' } });
  const encryptionKey = kms.Key.fromKeyArn(stack, 'K', 'arn:aws:kms:eu-west-1:111122223333:key/abc');
  const archive = new LogArchive(stack, 'Logs', { encryptionKey });
  archive.allowCloudTrail();
  expect(archive.requiredKeyStatements.map(({ sid }) => sid)).toEqual(['CloudTrailEncrypt', 'CloudTrailDescribeKey']);
});

test.each<[string, LogArchiveProps, (archive: LogArchive) => void, string]>([
  [
    'part of a day',
    { retention: Duration.hours(30) },
    () => {},
    'retention is 1.25; allowed: whole days, at least 1; fix: pass Duration.days(n)',
  ],
  [
    'half a day to cool',
    { coolAfter: Duration.hours(12) },
    () => {},
    'coolAfter is 0.5; allowed: whole days, at least 1; fix: pass Duration.days(n)',
  ],
  [
    'a lock that outlives the logs',
    { retention: Duration.days(30), lock: s3.ObjectLockRetention.governance(Duration.days(60)) },
    () => {},
    'lock is 60; allowed: at most as many days as retention; fix: lengthen retention, or S3 would expire logs that it may not delete',
  ],
  [
    'an account id that lost its zeroes',
    { sourceAccounts: ['12345'] },
    () => {},
    'sourceAccounts[0] is "12345"; allowed: an account id of 12 digits; fix: keep leading zeroes: pass a string',
  ],
  [
    'no accounts',
    { sourceAccounts: [] },
    () => {},
    'sourceAccounts is []; allowed: at least one account; fix: leave it out',
  ],
  [
    'accounts beside their organisation',
    { sourceAccounts: ['111122223333'], sourceOrganizationId: 'o-abcdefghij' },
    () => {},
    'sourceAccounts is ["111122223333"]; allowed: none beside sourceOrganizationId; fix: keep one of the two',
  ],
  [
    'an organisation that is none',
    { sourceOrganizationId: 'acme' },
    () => {},
    'sourceOrganizationId is "acme"; allowed: o- and 10 to 32 lower-case letters or digits; fix: copy it from AWS Organizations',
  ],
  [
    'no Regions',
    { sourceRegions: [] },
    () => {},
    'sourceRegions is []; allowed: at least one Region; fix: leave it out',
  ],
  [
    'WAF without its name',
    { bucketName: 'acme-logs' },
    (archive) => archive.allowWaf(),
    'bucketName is not set; allowed: a name that begins with aws-waf-logs- (WAF delivers to no other); fix: give the archive a bucketName',
  ],
  [
    'Config on a locked archive',
    { lock: s3.ObjectLockRetention.governance(Duration.days(60)) },
    (archive) => archive.allowConfig(),
    'lock is "a default retention"; allowed: none (AWS Config does not deliver to a bucket with one); fix: give Config an archive of its own, without lock',
  ],
  [
    'a prefix without slash',
    {},
    (archive) => archive.allowVpcFlowLogs({ prefix: '/vpc' }),
    'prefix is "/vpc"; allowed: a prefix that ends in / and does not begin with it; fix: use "vpc/"',
  ],
  [
    'a prefix that repeats what services add',
    {},
    (archive) => archive.allowVpcFlowLogs({ prefix: 'AWSLogs/' }),
    'prefix is "AWSLogs/"; allowed: a prefix without AWSLogs, which services add themselves; fix: leave that part out',
  ],
  [
    'a trail by its name',
    {},
    (archive) => archive.allowCloudTrail({ trailArns: ['all'] }),
    'trailArns[0] is "all"; allowed: the ARN of a trail; fix: use arn:aws:cloudtrail:region:account:trail/name',
  ],
  [
    'an organisation by its name',
    {},
    (archive) => archive.allowCloudTrail({ organizationId: 'acme' }),
    'organizationId is "acme"; allowed: o- and 10 to 32 lower-case letters or digits; fix: copy it from AWS Organizations',
  ],
])('an archive refuses %s', (_what, props, act, message) => {
  expect(() => act(build(props).archive)).toThrow(`invalid props of S/Logs:\n  ${message}`);
});
