/**
 * A log archive deployed, and the services of AWS asked of it as principals: each may deliver what it is allowed to, from
 * the source that it is allowed for; another account, another source and another place are refused.
 */
import { LogArchive } from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Stack } from 'aws-cdk-lib';

process.env.CDK_VALIDATION = 'false';

const ACCOUNT = '000000000000';
const stack = new Stack(new App(), 'Archive');
const archive = new LogArchive(stack, 'Logs', { bucketName: 'aws-waf-logs-delivered' });
archive.allowCloudTrail({ organizationId: 'o-abcdefghij' });
archive.allowVpcFlowLogs();
archive.allowWaf();
archive.allowCloudFront();
archive.allowConfig();
archive.allowGuardDuty();
archive.allowBedrock();
archive.allowLogExports();
archive.allowS3Inventory({ bucketArns: ['arn:aws:s3:::data'] });
archive.allowLoadBalancers({ prefix: 'elb/' });
archive.allowS3AccessLogs();

let coffer: Coffer;
let managed: string;
let keyArn: string;
beforeAll(async () => {
  coffer = await startCoffer();
  const deployed = await coffer.deploy(stack);
  managed = `arn:aws:s3:::${deployed.resource(archive.managedBucket).physicalId}`;
  keyArn = `arn:aws:kms:us-east-1:${ACCOUNT}:key/${deployed.resource(archive.key as never).physicalId}`;
});
afterAll(() => coffer.close());

const bucket = 'arn:aws:s3:::aws-waf-logs-delivered';

async function may(
  service: string,
  source: { arn: string; account?: string },
  action: string,
  resource: string,
  context: Record<string, string> = {},
): Promise<boolean> {
  const principal = { service, sourceArn: source.arn, sourceAccount: source.account ?? ACCOUNT };
  const { explanations } = await coffer.explain({ principal, action, resource, context });
  return explanations.every(({ effect }) => effect === 'allow');
}

/** Service, its source, the key below which it delivers, whether it hands the object to the bucket's owner by ACL. */
const deliveries: [service: string, sourceArn: string, key: string, acl: boolean][] = [
  [
    'cloudtrail.amazonaws.com',
    `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/all`,
    `AWSLogs/${ACCOUNT}/CloudTrail/x`,
    true,
  ],
  ['cloudtrail.amazonaws.com', `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/all`, 'AWSLogs/o-abcdefghij/x', true],
  ['delivery.logs.amazonaws.com', `arn:aws:logs:us-east-1:${ACCOUNT}:*`, `AWSLogs/${ACCOUNT}/vpcflowlogs/x`, true],
  [
    'delivery.logs.amazonaws.com',
    `arn:aws:logs:us-east-1:${ACCOUNT}:delivery-source:cf`,
    `AWSLogs/${ACCOUNT}/CloudFront/x`,
    true,
  ],
  ['config.amazonaws.com', `arn:aws:config:us-east-1:${ACCOUNT}:recorder`, `AWSLogs/${ACCOUNT}/Config/x`, true],
  [
    'guardduty.amazonaws.com',
    `arn:aws:guardduty:us-east-1:${ACCOUNT}:detector/d`,
    `AWSLogs/${ACCOUNT}/GuardDuty/x`,
    false,
  ],
  [
    'bedrock.amazonaws.com',
    `arn:aws:bedrock:us-east-1:${ACCOUNT}:*`,
    `AWSLogs/${ACCOUNT}/BedrockModelInvocationLogs/x`,
    false,
  ],
  ['logs.us-east-1.amazonaws.com', `arn:aws:logs:us-east-1:${ACCOUNT}:log-group:/app:*`, 'exports/x', true],
  ['s3.amazonaws.com', 'arn:aws:s3:::data', 'inventory/x', true],
];

test.each(deliveries)('%s from %s delivers %s, and nobody in its name', async (service, arn, key, acl) => {
  const context: Record<string, string> = acl ? { 's3:x-amz-acl': 'bucket-owner-full-control' } : {};
  const put = (source: { arn: string; account?: string }, to: string, more = context) =>
    may(service, source, 's3:PutObject', to, more);
  expect(await put({ arn }, `${bucket}/${key}`)).toBe(true);
  // The confused deputy: the same service, for somebody else.
  const stranger = arn.replace(ACCOUNT, '999999999999').replace(':::data', ':::theirs');
  expect(await put({ arn: stranger, account: '999999999999' }, `${bucket}/${key}`)).toBe(false);
  expect(await put({ arn }, `${bucket}/elsewhere/x`)).toBe(false);
  expect(await put({ arn }, `${managed}/${key}`)).toBe(false);
  if (acl) expect(await put({ arn }, `${bucket}/${key}`, {})).toBe(false);
  expect(await may(service, { arn }, 's3:GetObject', `${bucket}/${key}`)).toBe(false);
  expect(await may(service, { arn }, 's3:DeleteObject', `${bucket}/${key}`)).toBe(false);
});

test.each([
  [
    'logdelivery.elasticloadbalancing.amazonaws.com',
    `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/app/a/1`,
    `elb/AWSLogs/${ACCOUNT}/x`,
  ],
  ['logging.s3.amazonaws.com', 'arn:aws:s3:::data', 's3/x'],
])('%s delivers to the bucket with SSE-S3 only', async (service, arn, key) => {
  expect(await may(service, { arn }, 's3:PutObject', `${managed}/${key}`)).toBe(true);
  expect(await may(service, { arn }, 's3:PutObject', `${bucket}/${key}`)).toBe(false);
  expect(await may(service, { arn }, 's3:PutObject', `${managed}/elsewhere/x`)).toBe(false);
});

test.each([
  ['delivery.logs.amazonaws.com', `arn:aws:logs:us-east-1:${ACCOUNT}:*`, {}],
  ['config.amazonaws.com', `arn:aws:config:us-east-1:${ACCOUNT}:recorder`, {}],
  ['guardduty.amazonaws.com', `arn:aws:guardduty:us-east-1:${ACCOUNT}:detector/d`, {}],
  [
    'cloudtrail.amazonaws.com',
    `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/all`,
    { 'kms:EncryptionContext:aws:cloudtrail:arn': `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/all` },
  ],
])('%s may use the key for what it delivers, not for others', async (service, arn, context) => {
  expect(await may(service, { arn }, 'kms:GenerateDataKey', keyArn, context)).toBe(true);
  const stranger = { arn: arn.replace(ACCOUNT, '999999999999'), account: '999999999999' };
  expect(await may(service, stranger, 'kms:GenerateDataKey', keyArn, context)).toBe(false);
  expect(await may(service, { arn }, 'kms:ScheduleKeyDeletion', keyArn, context)).toBe(false);
});
