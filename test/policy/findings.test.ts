// biome-ignore-all lint/suspicious/noTemplateCurlyInString: forms of ARNs and policy variables
/** What AWS accepts in a policy and nobody can have meant. Facts: Service Authorization Reference. */
import { CreateUserCommand, IAMClient, PutUserPolicyCommand } from '@aws-sdk/client-iam';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { findingsIn } from '../../runtime/engine/policy/findings';
import { mayMatch } from '../../runtime/engine/policy/vocabulary';
import { vocabulary } from '../../runtime/kernel/vocabulary';
import { awsManaged, awsManagedNames } from '../../runtime/services/iam/managed';

type Statement = Readonly<Record<string, unknown>>;
const found = async (statement: Statement) => {
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Resource: '*', ...statement }] });
  return (await findingsIn(text, vocabulary)).map(
    ({ code, place, value, message }) => `${code} ${value} at ${place}: ${message}`,
  );
};

test.each<[string, Statement, RegExp]>([
  [
    'an action',
    { Action: 's3:GetObjct' },
    /^unknownAction s3:GetObjct at Statement\[0\]\.Action: There is no action s3:GetObjct; did you mean s3:GetObject\?$/,
  ],
  [
    'a pattern of actions',
    { Action: ['s3:Get*', 's3:Fetch*'] },
    /^unknownAction s3:Fetch\* .*No action matches s3:Fetch\*\.$/,
  ],
  ['an action in NotAction', { NotAction: 'iam:Passrol' }, /^unknownAction iam:Passrol at Statement\[0\]\.NotAction/],
  ['a service', { Action: 'kmz:Decrypt' }, /^unknownService kmz:Decrypt .*did you mean kms\?$/],
  [
    'a key',
    { Action: 's3:PutObject', Condition: { StringEquals: { 's3:x-amz-acls': 'private' } } },
    /^unknownKey s3:x-amz-acls at Statement\[0\]\.Condition\.StringEquals: .*did you mean s3:x-amz-acl\?$/,
  ],
  [
    'a global key',
    { Action: 's3:PutObject', Condition: { IpAddress: { 'aws:SourceIP4': '10.0.0.0/8' } } },
    /^unknownKey aws:SourceIP4/,
  ],
  [
    'a key without a service',
    { Action: 's3:PutObject', Condition: { StringEquals: { prefix: 'a' } } },
    /^unknownKey prefix/,
  ],
  [
    'a key that the action never carries',
    { Action: 's3:GetObject', Condition: { StringLike: { 's3:prefix': 'a/*' } } },
    /^keyNeverCarried s3:prefix .*No request for s3:GetObject carries s3:prefix: with StringLike the statement never applies\.$/,
  ],
  [
    'a key that one of two never carries',
    { Action: ['s3:ListBucket', 's3:GetObject'], Condition: { StringLike: { 's3:prefix': 'a/*' } } },
    /^keyNeverCarried s3:prefix .*s3:GetObject carries/,
  ],
  [
    'tags that no request brings',
    { Action: 's3:GetObject', Condition: { StringEquals: { 'aws:RequestTag/team': 'a' } } },
    /^keyNeverCarried aws:RequestTag\/team/,
  ],
  [
    'an object action on a bucket',
    { Action: 's3:GetObject', Resource: 'arn:aws:s3:::uploads' },
    /^resourceNeverMatched s3:GetObject at Statement\[0\]\.Resource: s3:GetObject never applies to arn:aws:s3:::uploads/,
  ],
  [
    'a bucket action on objects',
    { Action: 's3:ListBucket', Resource: 'arn:aws:s3:::uploads/*' },
    /^resourceNeverMatched s3:ListBucket/,
  ],
  [
    'a resource of another service',
    { Action: 'kms:Decrypt', Resource: 'arn:aws:s3:::uploads' },
    /^resourceNeverMatched kms:Decrypt/,
  ],
  [
    'a resource where there is none',
    { Action: 's3:ListAllMyBuckets', Resource: 'arn:aws:s3:::uploads' },
    /^resourceNeverMatched s3:ListAllMyBuckets .*asked of "\*" only\.$/,
  ],
])('%s', async (_, statement, says) => {
  const findings = await found(statement);
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatch(says);
});

test.each<[string, Statement]>([
  ['a wildcard over everything', { Action: '*', Condition: { StringEquals: { 's3:prefix': 'a' } } }],
  [
    'another spelling',
    { Action: 'S3:getobject', Resource: 'arn:aws:s3:::a/*', Condition: { bool: { 'aws:securetransport': 'true' } } },
  ],
  ['a key that some of a pattern carry', { Action: 's3:*', Condition: { StringLike: { 's3:prefix': 'a/*' } } }],
  [
    'an absent key that decides nothing',
    { Action: ['s3:ListBucket', 's3:GetObject'], Condition: { StringLikeIfExists: { 's3:prefix': 'a/*' } } },
  ],
  [
    'keys with names in them',
    {
      Action: 's3:GetObject',
      Condition: { StringEquals: { 's3:ExistingObjectTag/Security Level': 'a', 'aws:PrincipalTag/team': 'b' } },
    },
  ],
  [
    'an encryption context',
    { Action: 'kms:Decrypt', Condition: { StringEquals: { 'kms:EncryptionContext:aws:s3:arn': 'x' } } },
  ],
  [
    'claims of a provider',
    {
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: { StringLike: { 'oidc.eks.eu-west-1.amazonaws.com/id/ABC:sub': 'x' } },
    },
  ],
  ['variables in a resource', { Action: 's3:GetObject', Resource: 'arn:aws:s3:::${aws:username}*' }],
  [
    'a bucket and its objects',
    { Action: ['s3:GetObject', 's3:ListBucket'], Resource: ['arn:aws:s3:::a', 'arn:aws:s3:::a/*'] },
  ],
  ['SQS in capitals', { Action: 'SQS:SendMessage', Resource: 'arn:aws:sqs:eu-west-1:111122223333:q' }],
])('nothing about %s', async (_, statement) => {
  const { bool, ...Condition } = (statement.Condition ?? {}) as Record<string, object>;
  expect(await found({ ...statement, Condition: bool ? { ...Condition, Bool: bool } : Condition })).toEqual([]);
});

test.each<[boolean, string, string]>([
  [true, 'arn:aws:s3:::a*', 'arn:${Partition}:s3:::${BucketName}'],
  [false, 'arn:aws:s3:::a/b*', 'arn:${Partition}:s3:::${BucketName}'],
  [true, 'arn:aws:s3:::*a', 'arn:${Partition}:s3:::${BucketName}/${ObjectName}'],
  [true, 'arn:*:s3:::a/?', 'arn:${Partition}:s3:::${BucketName}/${ObjectName}'],
  [false, 'arn:aws:sqs:::a/b', 'arn:${Partition}:s3:::${BucketName}/${ObjectName}'],
  [true, 'arn:aws:iam::*:role/x/y', 'arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}'],
  [false, 'arn:aws:iam::111122223333:user/x', 'arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}'],
])('%s: %s and %s meet', (expected, resource, form) => {
  expect(mayMatch(resource, form)).toBe(expected);
});

test("AWS's own policies for these services have no findings", async () => {
  const ours =
    /^(AmazonS3|AWSLambda\w*Role$|AWSKeyManagement|AmazonSQS|AmazonSNS|IAM|AWSCloudFormation|AdministratorAccess$|PowerUser)/;
  const names = awsManagedNames().filter((name) => ours.test(name));
  expect(names.length).toBeGreaterThan(20);
  const documents = names.map((name) => awsManaged(name)!.document);
  const findings = await Promise.all(documents.map((document) => findingsIn(document, vocabulary)));
  expect(findings.flat()).toEqual([]);
});

describe('in a runtime', () => {
  let coffer: Coffer;
  beforeEach(async () => {
    coffer = await startCoffer();
  });
  afterEach(() => coffer.close());

  test('every policy that somebody wrote is looked at, with the construct that made it', async () => {
    const iam = coffer.client(IAMClient);
    await iam.send(new CreateUserCommand({ UserName: 'ada' }));
    const document = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 's3:GetObjects', Resource: '*' }],
    };
    await iam.send(
      new PutUserPolicyCommand({ UserName: 'ada', PolicyName: 'p', PolicyDocument: JSON.stringify(document) }),
    );
    const KeyPolicy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::000000000000:root' },
          Action: ['kms:*', 'kms:Decript'],
          Resource: '*',
        },
      ],
    };
    await coffer.deploy({
      stackName: 'App',
      template: {
        Resources: {
          Key: { Type: 'AWS::KMS::Key', Properties: { KeyPolicy }, Metadata: { 'aws:cdk:path': 'App/Key/Resource' } },
        },
      },
    });
    const all = await coffer.findings();
    expect(
      all.map(({ value, policy }) => [value, policy.name.replace(/[0-9a-f-]{36}/, 'ID'), policy.origin?.logicalId]),
    ).toEqual([
      ['s3:GetObjects', 'inline policy "p" of user ada', undefined],
      ['kms:Decript', 'key policy of ID', 'Key'],
    ]);
    expect(await coffer.findings({ stacks: ['App'] })).toHaveLength(1);
  });

  test('of every service that keeps policies', async () => {
    await coffer.close();
    const statement = (Action: string, more: object = {}) => ({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action, Resource: '*', ...more }],
    });
    const everyone = { Principal: { AWS: '000000000000' } };
    coffer = await startCoffer({
      config: { organization: { serviceControlPolicies: { Guard: statement('s3:Lst*') } } },
    });
    await coffer.deploy({
      stackName: 'App',
      template: {
        Resources: {
          Queue: { Type: 'AWS::SQS::Queue' },
          Topic: { Type: 'AWS::SNS::Topic' },
          Bucket: { Type: 'AWS::S3::Bucket' },
          QueuePolicy: {
            Type: 'AWS::SQS::QueuePolicy',
            Properties: { Queues: [{ Ref: 'Queue' }], PolicyDocument: statement('sqs:SendMesage', everyone) },
          },
          TopicPolicy: {
            Type: 'AWS::SNS::TopicPolicy',
            Properties: { Topics: [{ Ref: 'Topic' }], PolicyDocument: statement('sns:Publsh', everyone) },
          },
          LogPolicy: {
            Type: 'AWS::Logs::ResourcePolicy',
            Properties: {
              PolicyName: 'p',
              PolicyDocument: JSON.stringify(
                statement('logs:PutLogEvent', { Principal: { Service: 'es.amazonaws.com' } }),
              ),
            },
          },
          Role: {
            Type: 'AWS::IAM::Role',
            Properties: {
              AssumeRolePolicyDocument: {
                Version: '2012-10-17',
                Statement: [
                  {
                    Effect: 'Allow',
                    Action: 'sts:AssumeRole',
                    Principal: { Service: 'lambda.amazonaws.com' },
                    Condition: { StringEquals: { 'sts:ExternalIds': 'x' } },
                  },
                ],
              },
            },
          },
        },
      },
    });
    const found = await coffer.findings();
    expect(found.map(({ value, policy }) => `${policy.kind} ${value}`).sort()).toEqual([
      'resource logs:PutLogEvent',
      'resource sns:Publsh',
      'resource sqs:SendMesage',
      'serviceControl s3:Lst*',
      'trust sts:ExternalIds',
    ]);
  });
});
