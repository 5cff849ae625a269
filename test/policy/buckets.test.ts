/** The examples of the S3 user guide, with what the page says of them. */
import { policy, user } from './ask';
import { allow, deny, s3, table } from './page';

describe('S3 user guide, "Bucket policy examples using condition keys"', () => {
  const account = '123456789012';
  const dave = user('Dave', account);
  const object = s3('awsexamplebucket1/HappyFace.jpg')[0];
  const to = { Principal: { AWS: dave.arn } };
  const full = 's3:x-amz-grant-full-control';
  const put = (Condition: object, more: object = {}) => ({
    ...allow('s3:PutObject', s3('awsexamplebucket1/*'), { ...to, Condition }),
    ...more,
  });
  const notPut = (Condition: object) => put(Condition, { Effect: 'Deny' });
  const group = policy('identity', allow('s3:*', '*'));
  const policies = (...statements: object[]) => ({ policies: [policy('resource', ...statements)] });
  const withGroup = (...statements: object[]) => ({ policies: [policy('resource', ...statements), group] });
  const owner = 'id=AccountA-CanonicalUserID';
  const address = allow('s3:GetObject', s3('awsexamplebucket1/*'), {
    Principal: '*',
    Condition: { IpAddress: { 'aws:SourceIp': '192.0.2.0/24' }, NotIpAddress: { 'aws:SourceIp': '192.0.2.188/32' } },
  });
  const copies = notPut({ StringNotLike: { 's3:x-amz-copy-source': 'awsexamplebucket1/public/*' } });
  const version = 'AaaHbAQitwiL_h47_44lRO2DDfLlBO5e';
  const oneVersion = [
    allow('s3:GetObjectVersion', object, to),
    deny('s3:GetObjectVersion', object, { ...to, Condition: { StringNotEquals: { 's3:VersionId': version } } }),
  ];
  const prefix = [
    allow('s3:ListBucket', s3('awsexamplebucket1'), {
      ...to,
      Condition: { StringEquals: { 's3:prefix': 'projects' } },
    }),
    deny('s3:ListBucket', s3('awsexamplebucket1'), {
      ...to,
      Condition: { StringNotEquals: { 's3:prefix': 'projects' } },
    }),
  ];
  const inSaoPaulo = policy(
    'identity',
    allow('s3:CreateBucket', s3('*'), { Condition: { StringLike: { 's3:LocationConstraint': 'sa-east-1' } } }),
    deny('s3:CreateBucket', s3('*'), { Condition: { StringNotLike: { 's3:LocationConstraint': 'sa-east-1' } } }),
  );
  const required = put({ StringEquals: { [full]: owner } });
  const no = 'implicitDeny: identity';
  table(
    [
      [
        'address in the range',
        's3:GetObject',
        object,
        'allow',
        { ...policies(address), context: { 'aws:SourceIp': '192.0.2.1' } },
      ],
      [
        'the excepted address',
        's3:GetObject',
        object,
        no,
        { ...policies(address), context: { 'aws:SourceIp': '192.0.2.188' } },
      ],
      [
        'address elsewhere',
        's3:GetObject',
        object,
        no,
        { ...policies(address), context: { 'aws:SourceIp': '198.51.100.1' } },
      ],
      ['full control given', 's3:PutObject', object, 'allow', { ...policies(required), context: { [full]: owner } }],
      ['full control not given', 's3:PutObject', object, no, policies(required)],
      ['... but allowed by a group', 's3:PutObject', object, 'allow', withGroup(required)],
      [
        '... unless it is denied explicitly',
        's3:PutObject',
        object,
        'explicitDeny',
        withGroup(required, notPut({ StringNotEquals: { [full]: owner } })),
      ],
      [
        'a copy of what is public',
        's3:PutObject',
        object,
        'allow',
        { ...withGroup(copies), context: { 's3:x-amz-copy-source': 'awsexamplebucket1/public/a.jpg' } },
      ],
      [
        'a copy of something else',
        's3:PutObject',
        object,
        'explicitDeny',
        { ...withGroup(copies), context: { 's3:x-amz-copy-source': 'awsexamplebucket1/private/a.jpg' } },
      ],
      ['no copy at all', 's3:PutObject', object, 'explicitDeny', withGroup(copies)],
      [
        'the one version',
        's3:GetObjectVersion',
        object,
        'allow',
        { ...policies(...oneVersion), context: { 's3:VersionId': version } },
      ],
      [
        'another version',
        's3:GetObjectVersion',
        object,
        'explicitDeny',
        { ...policies(...oneVersion), context: { 's3:VersionId': 'else' } },
      ],
      [
        'the one prefix',
        's3:ListBucket',
        s3('awsexamplebucket1')[0],
        'allow',
        { ...withGroup(...prefix), context: { 's3:prefix': 'projects' } },
      ],
      [
        'another prefix',
        's3:ListBucket',
        s3('awsexamplebucket1')[0],
        'explicitDeny',
        { ...withGroup(...prefix), context: { 's3:prefix': 'else' } },
      ],
      ['no prefix', 's3:ListBucket', s3('awsexamplebucket1')[0], 'explicitDeny', withGroup(...prefix)],
      [
        'a bucket in São Paulo',
        's3:CreateBucket',
        s3('new')[0],
        'allow',
        { policies: [inSaoPaulo], context: { 's3:LocationConstraint': 'sa-east-1' } },
      ],
      [
        'a bucket elsewhere',
        's3:CreateBucket',
        s3('new')[0],
        'explicitDeny',
        { policies: [inSaoPaulo, group], context: { 's3:LocationConstraint': 'eu-west-1' } },
      ],
    ],
    { caller: dave, owner: account },
  );
});
