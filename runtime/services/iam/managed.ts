/**
 * The AWS managed policies that S3-centred stacks attach, each with the document of its current default version. One
 * that is not here does not exist: a guess would let through what AWS refuses. Source: AWS Managed Policy Reference
 * Guide, read in March 2026.
 */
import { createHash } from 'node:crypto';
import { readOnlyActions } from './readonly';

export interface AwsManaged {
  readonly name: string;
  readonly path: string;
  /** `ANPA…`, made from the name. */
  readonly id: string;
  readonly created: number;
  readonly version: string;
  readonly document: string;
}

interface Statement {
  readonly Sid?: string;
  readonly Effect?: 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: object;
}

const SERVICE_ROLE = '/service-role/';
const writeLogs = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const s3ThroughKms = { StringLike: { 'kms:ViaService': 's3.*.amazonaws.com' } };

/** By name: version and its time, path where it is not `/`, statements (`Allow` on `*` unless they say otherwise). */
const known: Readonly<Record<string, readonly [version: string, created: string, path: string, ...Statement[]]>> = {
  AdministratorAccess: ['v1', '2015-02-06T18:39:46Z', '/', { Action: '*' }],
  PowerUserAccess: [
    'v12',
    '2026-02-12T17:59:14Z',
    '/',
    { NotAction: ['iam:*', 'organizations:*', 'account:*'] },
    {
      Action: [
        'account:GetAccountInformation',
        'account:GetGovCloudAccountInformation',
        'account:GetPrimaryEmail',
        'account:ListRegions',
        'iam:CreateServiceLinkedRole',
        'iam:DeleteServiceLinkedRole',
        'iam:ListRoles',
        'organizations:DescribeEffectivePolicy',
        'organizations:DescribeOrganization',
      ],
    },
  ],
  ReadOnlyAccess: ['v178', '2026-02-12T18:01:33Z', '/', { Sid: 'ReadOnlyActionsGroup1', Action: readOnlyActions }],
  AWSDenyAll: ['v2', '2023-12-18T16:42:05Z', '/', { Sid: 'DenyAll', Effect: 'Deny', Action: ['*'] }],
  IAMFullAccess: [
    'v2',
    '2019-06-21T19:40:00Z',
    '/',
    {
      Action: [
        'iam:*',
        'organizations:DescribeAccount',
        'organizations:DescribeOrganization',
        'organizations:DescribeOrganizationalUnit',
        'organizations:DescribePolicy',
        'organizations:ListChildren',
        'organizations:ListParents',
        'organizations:ListPoliciesForTarget',
        'organizations:ListRoots',
        'organizations:ListPolicies',
        'organizations:ListTargetsForPolicy',
      ],
    },
  ],
  IAMReadOnlyAccess: [
    'v4',
    '2018-01-25T19:11:27Z',
    '/',
    {
      Action: [
        'iam:GenerateCredentialReport',
        'iam:GenerateServiceLastAccessedDetails',
        'iam:Get*',
        'iam:List*',
        'iam:SimulateCustomPolicy',
        'iam:SimulatePrincipalPolicy',
      ],
    },
  ],
  AmazonS3FullAccess: ['v2', '2021-09-27T20:16:37Z', '/', { Action: ['s3:*', 's3-object-lambda:*'] }],
  AmazonS3ReadOnlyAccess: [
    'v3',
    '2023-08-10T21:31:39Z',
    '/',
    { Action: ['s3:Get*', 's3:List*', 's3:Describe*', 's3-object-lambda:Get*', 's3-object-lambda:List*'] },
  ],
  AmazonS3ObjectLambdaExecutionRolePolicy: [
    'v1',
    '2021-08-18T10:07:41Z',
    SERVICE_ROLE,
    { Action: [...writeLogs, 's3-object-lambda:WriteGetObjectResponse'] },
  ],
  AWSLambdaBasicExecutionRole: ['v1', '2015-04-09T15:03:43Z', SERVICE_ROLE, { Action: writeLogs }],
  AWSLambdaVPCAccessExecutionRole: [
    'v3',
    '2024-01-05T22:38:26Z',
    SERVICE_ROLE,
    {
      Sid: 'AWSLambdaVPCAccessExecutionPermissions',
      Action: [
        ...writeLogs,
        'ec2:CreateNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:DeleteNetworkInterface',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
    },
  ],
  AWSLambdaSQSQueueExecutionRole: [
    'v1',
    '2018-06-14T21:50:45Z',
    SERVICE_ROLE,
    { Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', ...writeLogs] },
  ],
  AWSLambdaKinesisExecutionRole: [
    'v2',
    '2018-11-19T20:09:24Z',
    SERVICE_ROLE,
    {
      Action: [
        'kinesis:DescribeStream',
        'kinesis:DescribeStreamSummary',
        'kinesis:GetRecords',
        'kinesis:GetShardIterator',
        'kinesis:ListShards',
        'kinesis:ListStreams',
        'kinesis:SubscribeToShard',
        ...writeLogs,
      ],
    },
  ],
  AWSLambdaDynamoDBExecutionRole: [
    'v1',
    '2015-04-09T15:09:29Z',
    SERVICE_ROLE,
    {
      Action: [
        'dynamodb:DescribeStream',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
        ...writeLogs,
      ],
    },
  ],
  AWSLambdaRole: ['v1', '2015-02-06T18:41:28Z', SERVICE_ROLE, { Action: ['lambda:InvokeFunction'], Resource: ['*'] }],
  AWSLambdaExecute: [
    'v1',
    '2015-02-06T18:40:46Z',
    '/',
    { Action: ['logs:*'], Resource: 'arn:aws:logs:*:*:*' },
    { Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::*' },
  ],
  CloudWatchLambdaInsightsExecutionRolePolicy: [
    'v1',
    '2020-10-07T19:27:06Z',
    '/',
    { Action: 'logs:CreateLogGroup' },
    {
      Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      Resource: 'arn:aws:logs:*:*:log-group:/aws/lambda-insights:*',
    },
  ],
  AWSXRayDaemonWriteAccess: [
    'v2',
    '2024-02-13T21:58:30Z',
    '/',
    {
      Sid: 'AWSXRayDaemonWriteAccess',
      Action: [
        'xray:PutTraceSegments',
        'xray:PutTelemetryRecords',
        'xray:GetSamplingRules',
        'xray:GetSamplingTargets',
        'xray:GetSamplingStatisticSummaries',
      ],
      Resource: ['*'],
    },
  ],
  AmazonAPIGatewayPushToCloudWatchLogs: [
    'v1',
    '2015-11-11T23:41:46Z',
    SERVICE_ROLE,
    {
      Action: [
        'logs:CreateLogGroup',
        'logs:CreateLogStream',
        'logs:DescribeLogGroups',
        'logs:DescribeLogStreams',
        'logs:PutLogEvents',
        'logs:GetLogEvents',
        'logs:FilterLogEvents',
      ],
    },
  ],
  AmazonSQSFullAccess: ['v1', '2015-02-06T18:41:07Z', '/', { Action: ['sqs:*'] }],
  AmazonSQSReadOnlyAccess: [
    'v4',
    '2024-05-24T18:16:44Z',
    '/',
    {
      Sid: 'AmazonSQSReadOnlyAccess',
      Action: [
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:ListDeadLetterSourceQueues',
        'sqs:ListQueues',
        'sqs:ListMessageMoveTasks',
        'sqs:ListQueueTags',
      ],
    },
  ],
  AmazonSSMReadOnlyAccess: ['v1', '2015-05-29T17:44:19Z', '/', { Action: ['ssm:Describe*', 'ssm:Get*', 'ssm:List*'] }],
  AmazonKinesisFirehoseFullAccess: ['v1', '2015-10-07T18:45:26Z', '/', { Action: ['firehose:*'] }],
  AWSCloudFormationFullAccess: ['v1', '2019-07-26T21:50:35Z', '/', { Action: ['cloudformation:*'] }],
  AWSCloudFormationReadOnlyAccess: [
    'v7',
    '2026-02-12T18:02:00Z',
    '/',
    {
      Action: [
        'cloudformation:Describe*',
        'cloudformation:BatchDescribe*',
        'cloudformation:EstimateTemplateCost',
        'cloudformation:Get*',
        'cloudformation:List*',
        'cloudformation:ValidateTemplate',
        'cloudformation:Detect*',
      ],
    },
  ],
  AWSKeyManagementServicePowerUser: [
    'v2',
    '2017-03-07T00:55:11Z',
    '/',
    {
      Action: [
        'kms:CreateAlias',
        'kms:CreateKey',
        'kms:DeleteAlias',
        'kms:Describe*',
        'kms:GenerateRandom',
        'kms:Get*',
        'kms:List*',
        'kms:TagResource',
        'kms:UntagResource',
        'iam:ListGroups',
        'iam:ListRoles',
        'iam:ListUsers',
      ],
    },
  ],
  AWSBackupServiceRolePolicyForS3Restore: [
    'v2',
    '2023-02-07T00:06:00Z',
    '/',
    {
      Action: [
        's3:CreateBucket',
        's3:ListBucketVersions',
        's3:ListBucket',
        's3:GetBucketVersioning',
        's3:GetBucketLocation',
        's3:PutBucketVersioning',
        's3:PutBucketOwnershipControls',
        's3:GetBucketOwnershipControls',
      ],
      Resource: ['arn:aws:s3:::*'],
    },
    {
      Action: [
        's3:GetObject',
        's3:GetObjectVersion',
        's3:DeleteObject',
        's3:PutObjectVersionAcl',
        's3:GetObjectVersionAcl',
        's3:GetObjectTagging',
        's3:PutObjectTagging',
        's3:GetObjectAcl',
        's3:PutObjectAcl',
        's3:ListMultipartUploadParts',
        's3:PutObject',
      ],
      Resource: ['arn:aws:s3:::*/*'],
    },
    { Action: ['kms:DescribeKey', 'kms:GenerateDataKey', 'kms:Decrypt'], Condition: s3ThroughKms },
  ],
};

const made = new Map<string, AwsManaged>();

/** An AWS managed policy by its name. */
export function awsManaged(name: string): AwsManaged | undefined {
  if (!Object.hasOwn(known, name)) return undefined;
  let policy = made.get(name);
  if (!policy) {
    const [version, created, path, ...statements] = known[name];
    const Statement = statements.map((one) => ({ Effect: 'Allow', Resource: '*', ...one }));
    const document = JSON.stringify({ Version: '2012-10-17', Statement }, undefined, 2);
    policy = { name, path, id: idOf(name), created: Date.parse(created), version, document };
    made.set(name, policy);
  }
  return policy;
}

export function awsManagedNames(): readonly string[] {
  return Object.keys(known);
}

function idOf(name: string): string {
  return `ANPA${createHash('sha256').update(name).digest('hex').slice(0, 17).toUpperCase()}`;
}
