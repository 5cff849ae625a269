// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
/** The examples of AWS's own pages, with what the page says of them. Each table names its page. */
import type { Policy } from '../../runtime/engine/policy/decide';
import type { Principal } from '../../runtime/kernel/principal';
import { type Context, policy, session, user } from './ask';
import { allow, deny, s3, table } from './page';

describe('IAM user guide, "Policy evaluation logic": Example identity-based and resource-based policy evaluation', () => {
  const account = '123456789012';
  const carlos = user('carlossalazar', account);
  const identity = policy(
    'identity',
    allow(
      ['s3:GetBucketLocation', 's3:GetAccountPublicAccessBlock', 's3:ListAccessPoints', 's3:ListAllMyBuckets'],
      s3('*'),
    ),
    allow('s3:*', s3('carlossalazar/*', 'carlossalazar')),
    deny('s3:*', s3('*log*')),
  );
  const bucket = policy(
    'resource',
    allow('s3:*', s3('carlossalazar/*', 'carlossalazar'), { Principal: { AWS: carlos.arn } }),
  );
  table(
    [
      ['carlossalazar-logs is denied', 's3:PutObject', s3('carlossalazar-logs/file')[0], 'explicitDeny'],
      [
        'both policies allow carlossalazar',
        's3:PutObject',
        s3('carlossalazar/file')[0],
        'allow',
        { policies: [identity, bucket] },
      ],
      ['one of them is enough', 's3:PutObject', s3('carlossalazar/file')[0], 'allow'],
      ['the other is, too', 's3:PutObject', s3('carlossalazar/file')[0], 'allow', { policies: [bucket] }],
      ['other buckets: no more than their location', 's3:PutObject', s3('else/file')[0], 'implicitDeny: identity'],
      ['... which is allowed', 's3:GetBucketLocation', s3('else')[0], 'allow'],
    ],
    { caller: carlos, owner: account, policies: [identity] },
  );
});

describe('IAM user guide, "Policy evaluation logic": The difference between explicit and implicit denies', () => {
  const mine = policy('identity', allow(['iam:Get*', 'iam:List*'], '*'), deny('iam:*Report', '*'));
  table(
    [
      ['get', 'iam:GetUser', '*', 'allow'],
      ['everything else implicitly', 'iam:CreatePolicy', '*', 'implicitDeny: identity'],
      ['reports explicitly', 'iam:GetOrganizationsAccessReport', '*', 'explicitDeny'],
      [
        'whoever allows them',
        'iam:GenerateCredentialReport',
        '*',
        'explicitDeny',
        { policies: [mine, policy('identity', allow('iam:GenerateCredentialReport', '*'))] },
      ],
    ],
    { policies: [mine] },
  );
});

describe('IAM user guide, "Cross-account policy evaluation logic": Example cross-account policy evaluation', () => {
  const carlos = user('carlossalazar', '111111111111');
  const identity = policy(
    'identity',
    allow('s3:ListAllMyBuckets', '*'),
    allow('s3:*Object*', s3('Production/*')),
    deny('s3:*', s3('*log*', '*log*/*')),
  );
  const bucket = policy(
    'resource',
    allow(['s3:GetObject*', 's3:PutObject*', 's3:ReplicateObject', 's3:RestoreObject'], s3('Production/*'), {
      Principal: { AWS: carlos.arn },
    }),
  );
  table(
    [
      ['the logs', 's3:PutObject', s3('Production-logs/file')[0], 'explicitDeny', { policies: [identity] }],
      ['Production', 's3:PutObject', s3('Production/file')[0], 'allow'],
      ['"create and edit, but not delete"', 's3:DeleteObject', s3('Production/file')[0], 'implicitDeny: resource'],
      ['"he can\'t manage the bucket"', 's3:PutBucketPolicy', s3('Production')[0], 'implicitDeny: resource'],
      [
        'without his own policy',
        's3:PutObject',
        s3('Production/file')[0],
        'implicitDeny: identity',
        { policies: [bucket] },
      ],
    ],
    { caller: carlos, owner: '222222222222', policies: [identity, bucket] },
  );
});

describe('IAM user guide, "Permissions boundaries for IAM entities"', () => {
  const shirley = user('ShirleyRodriguez');
  table(
    [
      ['Shirley can create no user', 'iam:CreateUser', '*', 'implicitDeny: boundary'],
      ['a boundary alone allows nothing', 's3:GetObject', s3('a/b')[0], 'implicitDeny: identity'],
    ],
    {
      caller: shirley,
      policies: [
        policy('boundary', allow(['s3:*', 'cloudwatch:*', 'ec2:*'], '*')),
        policy('identity', allow('iam:CreateUser', '*')),
      ],
    },
  );

  const ofX = 'arn:aws:iam::111122223333:policy/XCompanyBoundaries';
  const zhangs = [
    policy(
      'boundary',
      allow(['iam:CreateUser', 'iam:AttachUserPolicy', 'iam:PutUserPermissionsBoundary'], '*', {
        Condition: { StringEquals: { 'iam:PermissionsBoundary': ofX } },
      }),
      allow(['cloudwatch:*', 'iam:GetUser', 'iam:*Group*', 'iam:CreatePolicy', 'iam:DeletePolicy'], '*'),
      deny(['iam:CreatePolicyVersion', 'iam:DeletePolicy', 'iam:SetDefaultPolicyVersion'], [ofX]),
      deny('iam:DeleteUserPermissionsBoundary', '*'),
    ),
    policy(
      'identity',
      allow('iam:*', '*'),
      allow(['cloudwatch:GetDashboard', 'cloudwatch:ListMetrics'], '*'),
      allow('s3:ListBucket', s3('ZhangBucket')),
    ),
  ];
  table(
    [
      ['Zhang forgets the boundary', 'iam:CreateUser', '*', 'implicitDeny: boundary'],
      ['Zhang sets the boundary', 'iam:CreateUser', '*', 'allow', { context: { 'iam:PermissionsBoundary': ofX } }],
      ['he removes no boundary', 'iam:DeleteUserPermissionsBoundary', '*', 'explicitDeny'],
      ['he edits no boundary policy', 'iam:CreatePolicyVersion', ofX, 'explicitDeny'],
      ['other policies he deletes', 'iam:DeletePolicy', 'arn:aws:iam::111122223333:policy/Other', 'allow'],
      ['CloudWatch is limited by his permissions', 'cloudwatch:PutDashboard', '*', 'implicitDeny: identity'],
      ['... and not beyond', 'cloudwatch:GetDashboard', '*', 'allow'],
      ['no S3, whatever his permissions', 's3:ListBucket', s3('ZhangBucket')[0], 'implicitDeny: boundary'],
    ],
    { caller: user('Zhang'), policies: zhangs },
  );

  const nikhils = [
    policy(
      'boundary',
      allow(['s3:*', 'cloudwatch:*', 'ec2:*', 'dynamodb:*'], '*'),
      allow(['iam:ListUsers', 'iam:GetAccountPasswordPolicy'], '*'),
      allow(['iam:*AccessKey*', 'iam:ChangePassword', 'iam:GetUser'], ['arn:aws:iam::*:user/${aws:username}']),
      deny('s3:*', s3('logs', 'logs/*')),
      deny('ec2:*', 'arn:aws:ec2:*:*:instance/i-1234567890abcdef0'),
    ),
    policy('identity', allow('iam:*', '*'), allow(['s3:Get*', 's3:List*'], '*')),
  ];
  const secret = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:x';
  const toNikhil = (action: string, resource: string) =>
    policy('resource', allow(action, resource, { Principal: { AWS: user('Nikhil').arn } }));
  const instance = 'arn:aws:ec2:us-east-1:111122223333:instance/i-1234567890abcdef0';
  table(
    [
      ['he changes his own password', 'iam:ChangePassword', user('Nikhil').arn, 'allow'],
      ["... and nobody else's", 'iam:ChangePassword', user('Maria').arn, 'implicitDeny: boundary'],
      ['he creates no user', 'iam:CreateUser', user('x').arn, 'implicitDeny: boundary'],
      ['he reads buckets', 's3:GetObject', s3('a/b')[0], 'allow'],
      ['... but not the logs', 's3:GetObject', s3('logs/b')[0], 'explicitDeny'],
      [
        'an instance whose policy allows him is denied by the boundary',
        'ec2:StopInstances',
        instance,
        'explicitDeny',
        { policies: [...nikhils, toNikhil('ec2:StopInstances', instance)] },
      ],
      [
        'a secret whose policy allows him is not',
        'secretsmanager:GetSecretValue',
        secret,
        'allow',
        { policies: [...nikhils, toNikhil('secretsmanager:GetSecretValue', secret)] },
      ],
    ],
    { caller: user('Nikhil'), policies: nikhils, context: { 'aws:username': 'Nikhil' } },
  );

  const except = policy(
    'resource',
    deny('s3:*', '*', { Principal: undefined, NotPrincipal: { AWS: [user().arn, 'arn:aws:iam::111122223333:root'] } }),
  );
  table(
    [
      ['NotPrincipal excepts the user', 's3:GetObject', s3('a/b')[0], 'allow'],
      [
        '"will always deny any IAM principal that has a permissions boundary"',
        's3:GetObject',
        s3('a/b')[0],
        'explicitDeny',
        { policies: [policy('identity', allow('*', '*')), policy('boundary', allow('*', '*')), except] },
      ],
    ],
    { policies: [policy('identity', allow('*', '*')), except] },
  );
});

describe('IAM user guide, "Policy evaluation logic": resource-based policies and implicit denies (same account)', () => {
  const other = [policy('boundary', allow('s3:PutObject', '*')), policy('session', allow('s3:PutObject', '*'))];
  const to = (arn: string): Policy => policy('resource', allow('s3:GetObject', '*', { Principal: { AWS: arn } }));
  const role = session('examplerole');
  const federated: Principal = {
    kind: 'session',
    account: '111122223333',
    arn: 'arn:aws:sts::111122223333:federated-user/exampleuser',
    userId: '111122223333:exampleuser',
    session: { userArn: user('exampleuser').arn, name: 'exampleuser', issuedAt: 0, expiresAt: 0 },
  };
  table(
    [
      [
        'role ARN: limited',
        's3:GetObject',
        '*',
        'implicitDeny: boundary',
        { policies: [...other, to(role.session!.roleArn!)] },
      ],
      ['session ARN: not limited', 's3:GetObject', '*', 'allow', { policies: [...other, to(role.arn)] }],
      [
        'user ARN: not limited',
        's3:GetObject',
        '*',
        'allow',
        { caller: user('exampleuser'), policies: [other[0], to(user('exampleuser').arn)] },
      ],
      [
        'federated user ARN: not limited',
        's3:GetObject',
        '*',
        'allow',
        { caller: federated, policies: [...other, to(federated.arn)] },
      ],
      [
        'ARN of the user who federated: limited',
        's3:GetObject',
        '*',
        'implicitDeny: session',
        { caller: federated, policies: [other[1], to(user('exampleuser').arn)] },
      ],
      [
        '... and granted within the session policy',
        's3:GetObject',
        '*',
        'allow',
        { caller: federated, policies: [policy('session', allow('s3:*', '*')), to(user('exampleuser').arn)] },
      ],
    ],
    { caller: role },
  );
});

describe('IAM user guide, "Multivalued context keys": evaluation of set operators', () => {
  const thread = 'arn:aws:dynamodb:us-east-1:111122223333:table/Thread';
  const attributes = (...names: string[]): Context => ({ 'dynamodb:requestedAttributes': names });
  const only = policy(
    'identity',
    allow('dynamodb:GetItem', thread, {
      Condition: { 'ForAllValues:StringLike': { 'dynamodb:requestedAttributes': ['PostDateTime', 'Message', 'Tags'] } },
    }),
  );
  const never = policy(
    'identity',
    allow('dynamodb:*', thread),
    deny('dynamodb:PutItem', thread, {
      Condition: { 'ForAnyValue:StringLike': { 'dynamodb:requestedAttributes': ['ID', 'PostDateTime'] } },
    }),
  );
  table(
    [
      ['listed ones', 'dynamodb:GetItem', thread, 'allow', { context: attributes('PostDateTime', 'Message') }],
      ['with ID', 'dynamodb:GetItem', thread, 'implicitDeny: identity', { context: attributes('PostDateTime', 'ID') }],
      [
        'with UserName',
        'dynamodb:GetItem',
        thread,
        'implicitDeny: identity',
        { context: attributes('PostDateTime', 'UserName') },
      ],
      ['an empty data set', 'dynamodb:GetItem', thread, 'allow', { context: attributes() }],
      [
        'any forbidden one',
        'dynamodb:PutItem',
        thread,
        'explicitDeny',
        { policies: [never], context: attributes('UserName', 'Message', 'PostDateTime') },
      ],
      ['none of them', 'dynamodb:PutItem', thread, 'allow', { policies: [never], context: attributes('UserName') }],
      ['ForAnyValue of nothing', 'dynamodb:PutItem', thread, 'allow', { policies: [never], context: attributes() }],
    ],
    { policies: [only] },
  );
});
