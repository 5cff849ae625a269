import {
  CloudFormationClient,
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  GetBucketCorsCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListBucketInventoryConfigurationsCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from './client';

let setting: Setting;
let stacks: CloudFormationClient;

beforeAll(async () => {
  setting = await start();
  stacks = setting.coffer.client(CloudFormationClient);
});
afterAll(() => setting.coffer.close());

const StackName = 'storage';

function template(properties: object, more: object = {}): string {
  return JSON.stringify({
    Resources: { Bucket: { Type: 'AWS::S3::Bucket', Properties: properties }, ...more },
    Outputs: {
      Name: { Value: { Ref: 'Bucket' } },
      Arn: { Value: { 'Fn::GetAtt': ['Bucket', 'Arn'] } },
      Domain: { Value: { 'Fn::GetAtt': ['Bucket', 'RegionalDomainName'] } },
    },
  });
}

async function status(): Promise<{ status?: string; outputs: Record<string, string> }> {
  await setting.coffer.settled();
  const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
  const { StackStatus, Outputs = [] } = Stacks![0];
  return { status: StackStatus, outputs: Object.fromEntries(Outputs.map((o) => [o.OutputKey!, o.OutputValue!])) };
}

describe('AWS::S3::Bucket', () => {
  let Bucket: string;

  it('is made with all that a CDK stack says', async () => {
    const properties = {
      VersioningConfiguration: { Status: 'Enabled' },
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          { BucketKeyEnabled: true, ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } },
        ],
      },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
      LifecycleConfiguration: {
        Rules: [
          { Id: 'a', Status: 'Enabled', Prefix: 'tmp/', ExpirationInDays: 7, TagFilters: [{ Key: 'k', Value: 'v' }] },
          { Id: 'b', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } },
          {
            Id: 'c',
            Status: 'Enabled',
            Transitions: [{ StorageClass: 'GLACIER', TransitionInDays: 30 }],
            NoncurrentVersionExpiration: { NoncurrentDays: 9 },
          },
        ],
      },
      CorsConfiguration: {
        CorsRules: [{ AllowedMethods: ['GET'], AllowedOrigins: ['*'], ExposedHeaders: ['ETag'], MaxAge: '30' }],
      },
      LoggingConfiguration: { LogFilePrefix: 'self/' },
      ObjectLockEnabled: true,
      ObjectLockConfiguration: {
        ObjectLockEnabled: 'Enabled',
        Rule: { DefaultRetention: { Mode: 'GOVERNANCE', Days: 1 } },
      },
      InventoryConfigurations: [
        {
          Id: 'i',
          Enabled: true,
          IncludedObjectVersions: 'Current',
          ScheduleFrequency: 'Weekly',
          Destination: { BucketArn: 'arn:aws:s3:::t', Format: 'CSV' },
        },
      ],
      Tags: [{ Key: 'team', Value: 'blue' }],
    };
    const { LoggingConfiguration: _, ...made } = properties;
    const policy = {
      Policy: {
        Type: 'AWS::S3::BucketPolicy',
        Properties: {
          Bucket: { Ref: 'Bucket' },
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Deny',
                Principal: { AWS: '*' },
                Action: 's3:*',
                Resource: [
                  { 'Fn::GetAtt': ['Bucket', 'Arn'] },
                  { 'Fn::Join': ['', [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, '/*']] },
                ],
                Condition: { Bool: { 'aws:SecureTransport': 'false' } },
              },
            ],
          },
        },
      },
    };
    await stacks.send(new CreateStackCommand({ StackName, TemplateBody: template(made, policy) }));
    const { status: done, outputs } = await status();
    if (done !== 'CREATE_COMPLETE') {
      const { StackEvents } = await stacks.send(new DescribeStackEventsCommand({ StackName }));
      throw new Error(
        JSON.stringify(StackEvents?.map((e) => [e.LogicalResourceId, e.ResourceStatus, e.ResourceStatusReason])),
      );
    }
    Bucket = outputs.Name;
    expect(Bucket).toMatch(/^storage-bucket-[a-z0-9]+$/);
    expect(outputs).toMatchObject({ Arn: `arn:aws:s3:::${Bucket}`, Domain: `${Bucket}.s3.us-east-1.amazonaws.com` });
    const { s3 } = setting;
    expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
    const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
    expect(Rules).toMatchObject([
      { ID: 'a', Filter: { And: { Prefix: 'tmp/', Tags: [{ Key: 'k', Value: 'v' }] } }, Expiration: { Days: 7 } },
      { ID: 'b', Filter: { Prefix: '' }, AbortIncompleteMultipartUpload: { DaysAfterInitiation: 3 } },
      {
        ID: 'c',
        Transitions: [{ Days: 30, StorageClass: 'GLACIER' }],
        NoncurrentVersionExpiration: { NoncurrentDays: 9 },
      },
    ]);
    const { CORSRules } = await s3.send(new GetBucketCorsCommand({ Bucket }));
    expect(CORSRules).toMatchObject([{ ExposeHeaders: ['ETag'], MaxAgeSeconds: 30 }]);
    const lock = await s3.send(new GetObjectLockConfigurationCommand({ Bucket }));
    expect(lock.ObjectLockConfiguration?.Rule?.DefaultRetention).toEqual({ Mode: 'GOVERNANCE', Days: 1 });
    const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
    expect(JSON.parse(Policy!).Statement[0].Resource[1]).toBe(`arn:aws:s3:::${Bucket}/*`);
  });

  it('is updated in place', async () => {
    const TemplateBody = template({
      VersioningConfiguration: { Status: 'Enabled' },
      Tags: [{ Key: 'team', Value: 'red' }],
    });
    await stacks.send(new UpdateStackCommand({ StackName, TemplateBody }));
    expect((await status()).outputs.Name).toBe(Bucket);
    const { s3 } = setting;
    const { TagSet } = await s3.send(new GetBucketTaggingCommand({ Bucket }));
    expect(TagSet).toContainEqual({ Key: 'team', Value: 'red' });
    expect(await refusal(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })))).toBe(
      '404 NoSuchLifecycleConfiguration',
    );
    expect(await refusal(s3.send(new GetPublicAccessBlockCommand({ Bucket })))).toBe(
      '404 NoSuchPublicAccessBlockConfiguration',
    );
    expect(await refusal(s3.send(new GetBucketPolicyCommand({ Bucket })))).toBe('404 NoSuchBucketPolicy');
    const { InventoryConfigurationList } = await s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket }));
    expect(InventoryConfigurationList).toBeUndefined();
  });

  it('goes with its stack', async () => {
    await stacks.send(new DeleteStackCommand({ StackName }));
    await setting.coffer.settled();
    expect(await refusal(setting.s3.send(new HeadBucketCommand({ Bucket })))).toBe('404 NotFound');
  });

  it('is tagged anew with ABAC on', async () => {
    const name = 'storage-with-abac';
    const deployed = async (command: CreateStackCommand | UpdateStackCommand) => {
      await stacks.send(command as CreateStackCommand);
      await setting.coffer.settled();
      const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName: name }));
      const Name = Stacks![0].Outputs!.find(({ OutputKey }) => OutputKey === 'Name')!.OutputValue;
      const { TagSet } = await setting.s3.send(new GetBucketTaggingCommand({ Bucket: Name }));
      const own = TagSet!.filter(({ Key }) => !Key!.startsWith('aws:'));
      return [Stacks![0].StackStatus, ...own.map(({ Key, Value }) => `${Key}=${Value}`)];
    };
    const body = (Tags: object[]) => template({ AbacStatus: 'Enabled', Tags });
    const first = body([
      { Key: 'team', Value: 'blue' },
      { Key: 'old', Value: 'x' },
    ]);
    expect(await deployed(new CreateStackCommand({ StackName: name, TemplateBody: first }))).toEqual([
      'CREATE_COMPLETE',
      'old=x',
      'team=blue',
    ]);
    const TemplateBody = body([{ Key: 'team', Value: 'red' }]);
    expect(await deployed(new UpdateStackCommand({ StackName: name, TemplateBody }))).toEqual([
      'UPDATE_COMPLETE',
      'team=red',
    ]);
  });

  it('encrypts in two layers, and lets customers’ keys in, where it is told to', async () => {
    const StackName = 'storage-in-layers';
    const TemplateBody = template({
      BucketEncryption: {
        ServerSideEncryptionConfiguration: [
          {
            ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' },
            BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
          },
        ],
      },
    });
    await stacks.send(new CreateStackCommand({ StackName, TemplateBody }));
    await setting.coffer.settled();
    const { Stacks } = await stacks.send(new DescribeStacksCommand({ StackName }));
    const Bucket = Stacks![0].Outputs!.find(({ OutputKey }) => OutputKey === 'Name')!.OutputValue!;
    const { s3 } = setting;
    const told = await s3.send(new GetBucketEncryptionCommand({ Bucket }));
    expect(told.ServerSideEncryptionConfiguration?.Rules?.[0]).toMatchObject({
      ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms:dsse' },
      BlockedEncryptionTypes: { EncryptionType: ['NONE'] },
    });
    const written = await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
    expect(written.ServerSideEncryption).toBe('aws:kms:dsse');
  });

  it('refuses what it does not know, by name and place', async () => {
    const LifecycleConfiguration = { Rules: [{ Status: 'Enabled', ExpireInDays: 7 }] };
    await stacks.send(
      new CreateStackCommand({ StackName: 'wrong', TemplateBody: template({ LifecycleConfiguration }) }),
    );
    await setting.coffer.settled();
    const { StackEvents } = await stacks.send(new DescribeStackEventsCommand({ StackName: 'wrong' }));
    const failed = StackEvents?.find((event) => event.ResourceStatus === 'CREATE_FAILED');
    expect(failed?.ResourceStatusReason).toContain('#/LifecycleConfiguration/Rules/0: extraneous key [ExpireInDays]');
  });
});
