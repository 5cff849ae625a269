/**
 * The samples that newcomers copy from S3 guides, as they stand there: only the variables of the environment point them
 * here. The account is the one that the samples' ARNs name. Where AWS refuses a sample, so must this.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { describeWith, environment, type Outcome, run } from './command';

jest.setTimeout(120_000);

const account = { AWS_ACCESS_KEY_ID: '123456789012', AWS_SECRET_ACCESS_KEY: '123456789012' };

let coffer: Coffer;
let directory: string;
let variables: Record<string, string>;

beforeEach(async () => {
  coffer = await startCoffer();
  variables = environment(await coffer.listen({ port: 0 }), account);
  directory = await mkdtemp(join(tmpdir(), 'coffer-seeds-'));
});
afterEach(async () => {
  await coffer.close();
  await rm(directory, { recursive: true, force: true });
});

/** The documents that the samples' commands read from files. */
const documents = {
  // The guide writes `Id` and no filter, which the CLI and S3 refuse: see below.
  lifecycle: {
    Rules: [
      {
        ID: 'Move to Glacier after 30 days',
        Status: 'Enabled',
        Filter: {},
        Transitions: [{ Days: 30, StorageClass: 'GLACIER' }],
      },
      {
        ID: 'Delete old versions',
        Status: 'Enabled',
        Filter: {},
        NoncurrentVersionTransitions: [{ NoncurrentDays: 90, StorageClass: 'GLACIER' }],
        NoncurrentVersionExpiration: { NoncurrentDays: 365 },
      },
    ],
  },
  'cost-optimization': {
    Rules: [
      {
        ID: 'CostOptimization',
        Status: 'Enabled',
        Filter: {},
        Transitions: [
          { Days: 30, StorageClass: 'STANDARD_IA' },
          { Days: 90, StorageClass: 'GLACIER' },
        ],
        Expiration: { Days: 365 },
      },
    ],
  },
  unfiltered: { Rules: [{ ID: 'a', Status: 'Enabled', Expiration: { Days: 365 } }] },
  misspelt: { Rules: [{ Id: 'CostOptimization', Status: 'Enabled', Expiration: { Days: 365 } }] },
  'bucket-policy': {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'PublicReadGetObject',
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::my-bucket-name/*',
      },
    ],
  },
  logging: { LoggingEnabled: { TargetBucket: 'my-logging-bucket', TargetPrefix: 'access-logs/' } },
  replication: {
    Role: 'arn:aws:iam::123456789012:role/replication-role',
    Rules: [
      {
        ID: 'ReplicateAll',
        Status: 'Enabled',
        Prefix: '',
        Destination: { Bucket: 'arn:aws:s3:::my-destination-bucket', StorageClass: 'STANDARD' },
      },
    ],
  },
};

describeWith('the aws CLI', ['aws', '--version'])('samples for the aws CLI', () => {
  const shell = (script: string): Promise<Outcome> => run('bash', ['-ec', script], variables, directory);
  const done = { code: 0, out: expect.anything(), err: '' };

  beforeEach(async () => {
    for (const [name, document] of Object.entries(documents))
      await writeFile(join(directory, `${name}.json`), JSON.stringify(document));
    await writeFile(join(directory, 'file.txt'), 'text\n');
    await mkdir(join(directory, 'local-directory/deep'), { recursive: true });
    await writeFile(join(directory, 'local-directory/deep/a.txt'), 'alpha\n');
  });

  test('buckets and their settings', async () => {
    expect(
      await shell(`
aws s3 mb s3://my-unique-bucket-name --region us-east-1 >/dev/null
aws s3 mb s3://my-bucket-name >/dev/null & aws s3 mb s3://my-logging-bucket >/dev/null & aws s3 mb s3://my-destination-bucket >/dev/null; wait
[ "$(aws s3 ls | wc -l)" = 4 ]
aws s3 website s3://my-bucket-name \\
--index-document index.html \\
--error-document error.html
aws s3api put-bucket-versioning \\
--bucket my-bucket-name \\
--versioning-configuration Status=Enabled
aws s3api put-bucket-encryption \\
--bucket my-bucket-name \\
--server-side-encryption-configuration '{
"Rules": [{
"ApplyServerSideEncryptionByDefault": {
"SSEAlgorithm": "AES256"
}
}]
}'
aws s3api put-bucket-lifecycle-configuration \\
--bucket my-bucket-name \\
--lifecycle-configuration file://lifecycle.json >/dev/null
aws s3api put-bucket-lifecycle-configuration --bucket my-logging-bucket --lifecycle-configuration file://cost-optimization.json >/dev/null
aws s3api put-bucket-logging \\
--bucket my-bucket-name \\
--bucket-logging-status file://logging.json
aws s3api put-bucket-versioning --bucket my-destination-bucket --versioning-configuration Status=Enabled
aws iam create-role --role-name replication-role --assume-role-policy-document \\
'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},"Action":"sts:AssumeRole"}]}' >/dev/null
aws s3api put-bucket-replication \\
--bucket my-bucket-name \\
--replication-configuration file://replication.json
echo done`),
    ).toEqual({ ...done, out: 'done\n' });

    const refused = await shell(`
aws s3api put-bucket-policy --bucket my-bucket-name --policy file://bucket-policy.json 2>&1 || true
aws s3api put-bucket-lifecycle-configuration --bucket my-bucket-name --lifecycle-configuration file://misspelt.json 2>&1 || true
aws s3api put-bucket-lifecycle-configuration --bucket my-bucket-name --lifecycle-configuration file://unfiltered.json 2>&1 || true
aws s3 cp s3://my-bucket-name/file.txt ./file.txt --version-id version-id-here 2>&1 || true`);
    // New buckets refuse public policies; the rest are slips of the guide, two of which the CLI finds by itself.
    expect(refused.out).toMatch(/AccessDenied.*public policies are (blocked|prevented)/);
    expect(refused.out).toMatch(/Unknown parameter in LifecycleConfiguration.*"Id"/);
    expect(refused.out).toMatch(/MalformedXML/);
    expect(refused.out).toMatch(/Unknown options: --version-id/);

    expect(
      await shell(`
aws s3api delete-public-access-block --bucket my-bucket-name
aws s3api put-bucket-policy \\
--bucket my-bucket-name \\
--policy file://bucket-policy.json
echo done`),
    ).toEqual({ ...done, out: 'done\n' });
  });

  test('files up, down and listed', async () => {
    const outcome = await shell(`
aws s3 mb s3://my-bucket-name >/dev/null
# Upload single file
aws s3 cp file.txt s3://my-bucket-name/path/to/file.txt --no-progress
# Upload directory
aws s3 sync ./local-directory s3://my-bucket-name/remote-directory/ --no-progress
# Upload with metadata
aws s3 cp file.txt s3://my-bucket-name/file.txt \\
--metadata "key1=value1,key2=value2" \\
--content-type "text/plain" --no-progress
# Download single file
aws s3 cp s3://my-bucket-name/path/to/file.txt ./local-file.txt --no-progress
cmp file.txt local-file.txt
# Download directory
aws s3 sync s3://my-bucket-name/remote-directory/ ./downloaded/ --no-progress
diff -r local-directory downloaded
# List objects in bucket
aws s3 ls s3://my-bucket-name/
# List with prefix
aws s3 ls s3://my-bucket-name/path/
# Recursive list
aws s3 ls s3://my-bucket-name/ --recursive
aws s3api head-object --bucket my-bucket-name --key file.txt --query '[Metadata,ContentType]' --output json`);
    expect(outcome).toEqual({ ...done, out: expect.stringMatching(/"key2": "value2"[\s\S]*"text\/plain"/) });
    expect(outcome.out.match(/^\d{4}-\S+ \S+ +\d+ \S+$/gm)).toHaveLength(1 + 3);
    expect(outcome.out).toMatch(/^ +PRE remote-directory\/$/m);
  });
});

describeWith('boto3', ['python3', '-c', 'import boto3'])('samples for boto3', () => {
  test('all of them, and what AWS says where it refuses', async () => {
    const { code, out, err } = await run('python3', [join(__dirname, 'samples.py')], variables, directory);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^Bucket 'my-unique-bucket-name' created successfully\nBucket 'my-bucket-name' created/);
    expect(out).toMatch(/^Key: prefix\/remote-file.txt, Size: 4\nprefix\/remote-file.txt$/m);
    // There is no CloudWatch here yet: it is refused by its name.
    expect(out).toMatch(/\(NotImplemented\) when calling the PutMetricAlarm operation: .*monitoring/);
    expect(out).toMatch(/done\n$/);
  });
});
