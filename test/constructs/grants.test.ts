/** Grants: what each puts into the policy, and what a caller can then do in the runtime. */
import {
  DeleteObjectCommand,
  GetBucketLifecycleConfigurationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type BucketAccess, Encryption, SecureBucket } from '@coffer/constructs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { AwsSolutionsChecks } from 'cdk-nag';

process.env.CDK_VALIDATION = 'false';

const grants: Record<string, (access: BucketAccess, role: iam.IGrantable) => iam.ManagedPolicy> = {
  read: (access, role) => access.read(role, { prefix: 'in/' }),
  list: (access, role) => access.list(role, { prefix: 'in/' }),
  upload: (access, role) => access.upload(role, { prefix: 'in/' }),
  write: (access, role) => access.write(role, { prefix: 'in/' }),
  presign: (access, role) => access.presignUpload(role, { prefix: 'in/' }),
  delete: (access, role) => access.delete(role, { prefix: 'in/' }),
  administer: (access, role) => access.administer(role),
};

const app = new App();
const stack = new Stack(app, 'Grants');
const bucket = new SecureBucket(stack, 'Data');
const roles = Object.fromEntries(
  Object.entries(grants).map(([name, grant]) => {
    const role = new iam.Role(stack, name, { assumedBy: new iam.AccountPrincipal(stack.account) });
    grant(bucket.access, role);
    return [name, role];
  }),
);
const template = Template.fromStack(stack);

test('every grant is exact actions on a managed policy, and passes AwsSolutions', () => {
  template.resourceCountIs('AWS::IAM::Policy', 0);
  const policies = Object.values(template.findResources('AWS::IAM::ManagedPolicy'));
  expect(policies).toHaveLength(Object.keys(grants).length);
  for (const policy of policies)
    for (const statement of policy.Properties.PolicyDocument.Statement) {
      expect(JSON.stringify(statement.Action)).not.toContain('*');
      expect(statement.Resource).not.toBe('*');
    }
  expect(new AwsSolutionsChecks(app).validateScope(app).violations).toEqual([]);
});

test('users, groups and functions are identities too; a service is not', () => {
  const other = new Stack(new App(), 'Others');
  const plain = new SecureBucket(other, 'Plain', { encryption: Encryption.s3Managed('test') });
  plain.access.read(new iam.User(other, 'User'));
  plain.access.read(new iam.Group(other, 'Group'));
  const made = Template.fromStack(other);
  made.hasResourceProperties('AWS::IAM::ManagedPolicy', { Users: [{ Ref: Match.anyValue() }] });
  made.hasResourceProperties('AWS::IAM::ManagedPolicy', { Groups: [{ Ref: Match.anyValue() }] });
  expect(JSON.stringify(made.findResources('AWS::IAM::ManagedPolicy'))).not.toContain('kms:');
  expect(() => plain.access.read(new iam.ServicePrincipal('athena.amazonaws.com'))).toThrow(
    'invalid props of Others/Plain:\n  identity is "ServicePrincipal"; allowed: a role, user or group, or what has one, e.g. a function; fix: give other principals a statement of the bucket policy: addToResourcePolicy()',
  );
});

test.each(['in/*', '/in', 'in?'])('a prefix %s is refused: it would mean more than it says', (prefix) => {
  expect(() => bucket.access.delete(roles.delete, { prefix })).toThrow(
    `invalid props of Grants/Data:\n  prefix is ${JSON.stringify(prefix)}; allowed: a key prefix without *, ? and $, not beginning with /; fix: name the prefix itself, e.g. "uploads/": the wildcard is added`,
  );
});

describe('in the runtime', () => {
  let coffer: Coffer;
  let Bucket: string;
  const clients: Record<string, S3Client> = {};
  beforeAll(async () => {
    coffer = await startCoffer();
    const deployed = await coffer.deploy(stack);
    Bucket = deployed.resource(bucket).physicalId!;
    for (const [name, role] of Object.entries(roles)) clients[name] = coffer.client(S3Client, { as: role });
    for (const Key of ['in/a', 'out/a'])
      await coffer.client(S3Client).send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));
  });
  afterAll(() => coffer.close());

  const attempts: Record<string, (s3: S3Client) => Promise<unknown>> = {
    get: (s3) => s3.send(new GetObjectCommand({ Bucket, Key: 'in/a' })),
    'get elsewhere': (s3) => s3.send(new GetObjectCommand({ Bucket, Key: 'out/a' })),
    list: (s3) => s3.send(new ListObjectsV2Command({ Bucket, Prefix: 'in/' })),
    'list all': (s3) => s3.send(new ListObjectsV2Command({ Bucket })),
    put: (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'in/b', Body: 'y' })),
    'put elsewhere': (s3) => s3.send(new PutObjectCommand({ Bucket, Key: 'out/b', Body: 'y' })),
    tag: (s3) =>
      s3.send(new PutObjectTaggingCommand({ Bucket, Key: 'in/a', Tagging: { TagSet: [{ Key: 'k', Value: 'v' }] } })),
    delete: (s3) => s3.send(new DeleteObjectCommand({ Bucket, Key: 'in/c' })),
    configure: (s3) => s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })),
    open: (s3) => s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{"Version":"2012-10-17","Statement":[]}' })),
  };
  const may: Record<string, string[]> = {
    read: ['get', 'list'],
    list: ['list'],
    upload: ['put'],
    write: ['list', 'put', 'tag'],
    presign: ['put'],
    delete: ['delete'],
    administer: ['list', 'list all', 'configure'],
  };
  test.each(Object.keys(may))('%s may do what it says, and no more', async (name) => {
    const done: string[] = [];
    for (const [what, attempt] of Object.entries(attempts)) {
      const outcome = await attempt(clients[name]).then(
        () => 'done',
        (error) => error.name,
      );
      if (outcome === 'done') done.push(what);
      else expect(outcome).toBe('AccessDenied');
    }
    expect(done).toEqual(may[name]);
  });
});
