/**
 * What `cdk bootstrap` makes with default settings, version 33, under the same logical ids and names. Left out: the
 * repository for container images, which nothing here could push to.
 */
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what Fn::Sub fills in

export const QUALIFIER = 'hnb659fds';
const VERSION = '33';

const sub = (text: string) => ({ 'Fn::Sub': text });
const named = (kind: string) => sub(`cdk-${QUALIFIER}-${kind}-\${AWS::AccountId}-\${AWS::Region}`);
const managed = (name: string) => sub(`arn:\${AWS::Partition}:iam::aws:policy/${name}`);
const document = (...statements: object[]) => ({ Version: '2012-10-17', Statement: statements });
const allow = (Action: string | string[], Resource: unknown = '*', more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});

const thisAccount = { AWS: { Ref: 'AWS::AccountId' } };
/** Roles of the bootstrap are not for third parties: an external id is turned away. */
const ofTheAccount = document(
  {
    Effect: 'Allow',
    Action: 'sts:AssumeRole',
    Principal: thisAccount,
    Condition: { Null: { 'sts:ExternalId': 'true' } },
  },
  { Effect: 'Allow', Action: 'sts:TagSession', Principal: thisAccount },
);

/** A role that the CDK CLI assumes. */
const role = (kind: string, properties: object = {}) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    RoleName: named(`${kind}-role`),
    AssumeRolePolicyDocument: ofTheAccount,
    Tags: [{ Key: 'aws-cdk:bootstrap-role', Value: kind }],
    ...properties,
  },
});

const defaultPolicy = (kind: string, of: string, ...statements: object[]) => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    PolicyName: named(`${kind}-role-default-policy`),
    PolicyDocument: document(...statements),
    Roles: [{ Ref: of }],
  },
});

const bucketArns = [sub('${StagingBucket.Arn}'), sub('${StagingBucket.Arn}/*')];
const useKey = ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'];
const readBucket = ['s3:GetObject*', 's3:GetBucket*', 's3:List*'];
const writeBucket = ['s3:DeleteObject*', 's3:PutObject*', 's3:Abort*'];

const stagingBucket = {
  Type: 'AWS::S3::Bucket',
  Properties: {
    BucketName: named('assets'),
    AccessControl: 'Private',
    BucketEncryption: {
      ServerSideEncryptionConfiguration: [{ ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms' } }],
    },
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    },
    VersioningConfiguration: { Status: 'Enabled' },
    LifecycleConfiguration: {
      Rules: [
        { Id: 'CleanupOldVersions', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
        {
          Id: 'AbortIncompleteMultipartUploads',
          Status: 'Enabled',
          AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
        },
      ],
    },
  },
  UpdateReplacePolicy: 'Retain',
  DeletionPolicy: 'Retain',
};

const deployPolicy = document(
  allow(
    ['CreateChangeSet', 'DeleteChangeSet', 'ExecuteChangeSet', 'CreateStack', 'UpdateStack', 'RollbackStack']
      .concat('ContinueUpdateRollback', 'DeleteStack', 'UpdateTerminationProtection')
      .concat('CreateStackRefactor', 'ExecuteStackRefactor')
      .map((operation) => `cloudformation:${operation}`),
  ),
  allow([...readBucket, ...writeBucket], '*', {
    Condition: { StringNotEquals: { 's3:ResourceAccount': { Ref: 'AWS::AccountId' } } },
  }),
  allow(useKey, '*', { Condition: { StringEquals: { 'kms:ViaService': sub('s3.${AWS::Region}.amazonaws.com') } } }),
  allow('iam:PassRole', sub('${CloudFormationExecutionRole.Arn}')),
  allow('sts:GetCallerIdentity'),
  allow(readBucket, bucketArns),
  allow(
    ['ssm:GetParameter', 'ssm:GetParameters'],
    sub('arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter${CdkBootstrapVersion}'),
  ),
);

const Resources = {
  StagingBucket: stagingBucket,
  StagingBucketPolicy: {
    Type: 'AWS::S3::BucketPolicy',
    Properties: {
      Bucket: { Ref: 'StagingBucket' },
      PolicyDocument: {
        ...document({
          Sid: 'AllowSSLRequestsOnly',
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: bucketArns,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        }),
        Id: 'AccessControl',
      },
    },
  },
  FilePublishingRole: role('file-publishing'),
  FilePublishingRoleDefaultPolicy: defaultPolicy(
    'file-publishing',
    'FilePublishingRole',
    allow([...readBucket, 's3:GetEncryptionConfiguration', ...writeBucket], bucketArns, {
      Condition: { StringEquals: { 'aws:ResourceAccount': [{ Ref: 'AWS::AccountId' }] } },
    }),
    allow(useKey, sub('arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:key/AWS_MANAGED_KEY')),
  ),
  ImagePublishingRole: role('image-publishing'),
  LookupRole: role('lookup', {
    ManagedPolicyArns: [managed('ReadOnlyAccess')],
    Policies: [
      {
        PolicyName: 'LookupRolePolicy',
        PolicyDocument: document({ Sid: 'DontReadSecrets', Effect: 'Deny', Action: ['kms:Decrypt'], Resource: '*' }),
      },
    ],
  }),
  DeploymentActionRole: role('deploy', {
    ManagedPolicyArns: [managed('AWSCloudFormationReadOnlyAccess')],
    Policies: [{ PolicyName: 'default', PolicyDocument: deployPolicy }],
  }),
  CloudFormationExecutionRole: {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: named('cfn-exec-role'),
      AssumeRolePolicyDocument: document({
        Effect: 'Allow',
        Action: 'sts:AssumeRole',
        Principal: { Service: 'cloudformation.amazonaws.com' },
      }),
      ManagedPolicyArns: [managed('AdministratorAccess')],
    },
  },
  CdkBootstrapVersion: {
    Type: 'AWS::SSM::Parameter',
    Properties: { Type: 'String', Name: `/cdk-bootstrap/${QUALIFIER}/version`, Value: VERSION },
  },
};

export const toolkitTemplate = {
  Description: 'What CDK apps need in order to be deployed here, as cdk bootstrap makes it',
  Resources,
  Outputs: {
    BucketName: { Value: { Ref: 'StagingBucket' } },
    BucketDomainName: { Value: { 'Fn::GetAtt': ['StagingBucket', 'RegionalDomainName'] } },
    FileAssetKeyArn: { Value: 'AWS_MANAGED_KEY', Export: { Name: `CdkBootstrap-${QUALIFIER}-FileAssetKeyArn` } },
    BootstrapVersion: { Value: VERSION },
  },
};
