/** Who asks: signatures that are wrong, late, early, of another scope or of nobody, in headers and in URLs. */
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
  UpdateAccessKeyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { type Asking, ask, askUnsigned, type Door, openDoor, type Presigning, presign } from './wire';

let door: Door;
beforeAll(async () => {
  door = await openDoor();
  await ask(door, { method: 'PUT', target: '/box' });
  await ask(door, { method: 'PUT', target: '/box/k', body: 'hello' });
});
afterAll(() => door.close());

const seconds = (count: number) => new Date(Date.now() + count * 1000);

describe('in a header', () => {
  test.each<[string, Asking, string]>([
    ['right', {}, '200'],
    ['14 minutes late', { at: seconds(-840) }, '200'],
    ['16 minutes late', { at: seconds(-960) }, '403 RequestTimeTooSkewed'],
    ['16 minutes early', { at: seconds(960) }, '403 RequestTimeTooSkewed'],
    ['an unknown key', { accessKeyId: 'AKIAUNKNOWN12345678X' }, '403 InvalidAccessKeyId'],
    [
      'a key of a session that is unknown',
      { accessKeyId: 'ASIAUNKNOWN12345678X', sessionToken: 't' },
      '400 InvalidToken',
    ],
    ['another secret', { secretAccessKey: 'wrong' }, '403 SignatureDoesNotMatch'],
    ['a guess', { accessKeyId: 'nobody', secretAccessKey: 'knows' }, '403 InvalidAccessKeyId'],
    ['another region', { region: 'eu-west-1' }, '400 AuthorizationHeaderMalformed'],
    ['no region', { region: '' }, '400 AuthorizationHeaderMalformed'],
    [
      'an altered header',
      { headers: { 'x-amz-meta-a': '1' }, tamper: (h) => (h['x-amz-meta-a'] = '2') },
      '403 SignatureDoesNotMatch',
    ],
    ['an added header', { tamper: (h) => (h['x-amz-meta-a'] = '2') }, '403 AccessDenied'],
    ['no content hash', { tamper: (h) => void delete h['x-amz-content-sha256'] }, '400 InvalidRequest'],
    ['no date', { tamper: (h) => void delete h['x-amz-date'] }, '403 AccessDenied'],
    ['junk', { tamper: (h) => (h.authorization = 'AWS4-HMAC-SHA256 junk') }, '400 AuthorizationHeaderMalformed'],
    ['another scheme', { tamper: (h) => (h.authorization = 'Basic dGVzdDp0ZXN0') }, '400 InvalidArgument'],
    ['version 2', { tamper: (h) => (h.authorization = 'AWS test:abc') }, '400 InvalidRequest'],
    [
      'another body',
      { method: 'PUT', target: '/box/x', body: 'hello', sends: 'hullo' },
      '400 XAmzContentSHA256Mismatch',
    ],
    [
      'another long body',
      { method: 'PUT', target: '/box/x', body: 'hello'.repeat(200_000), sends: 'hullo'.repeat(200_000) },
      '400 XAmzContentSHA256Mismatch',
    ],
    ['its own long body', { method: 'PUT', target: '/box/long', body: 'hello'.repeat(200_000) }, '200'],
    ['no trace of the others', { target: '/box/x' }, '404 NoSuchKey'],
  ])('%s', async (_, asking, brief) => {
    const { tamper } = asking;
    const answer = await ask(door, { target: '/box/k', ...asking, tamper });
    expect(answer.brief).toBe(brief);
  });
});

describe('in a URL', () => {
  const part = (name: string) => new RegExp(`X-Amz-${name}=[^&]*&?`);
  const same = (target: string) => target;
  const sent = (target: string, how: { method?: string; headers?: Record<string, string> } = {}) =>
    askUnsigned(door, { target, ...how });

  test.each<[string, Presigning, (target: string) => string, string, string]>([
    ['right', {}, same, '200', ''],
    ['over', { at: seconds(-120) }, same, '403 AccessDenied', 'Request has expired'],
    ['not yet', { at: seconds(3600) }, same, '403 AccessDenied', 'Request is not valid yet'],
    ['of a week', { expires: '604800' }, same, '200', ''],
    ['of more than a week', { expires: '604801' }, same, '400 AuthorizationQueryParametersError', 'less than a week'],
    ['of less than nothing', { expires: '-1' }, same, '400 AuthorizationQueryParametersError', 'non-negative'],
    ['of no number', { expires: 'abc' }, same, '400 AuthorizationQueryParametersError', 'should be a number'],
    ['of a fraction', { expires: '1.5' }, same, '400 AuthorizationQueryParametersError', 'should be a number'],
    ['with another time', {}, (t) => t.replace('Expires=60', 'Expires=600'), '403 SignatureDoesNotMatch', ''],
    ['with another key', {}, (t) => t.replace('/box/k', '/box/other'), '403 SignatureDoesNotMatch', ''],
    ['with more parameters', {}, (t) => `${t}&response-content-type=text/html`, '403 SignatureDoesNotMatch', ''],
    [
      'with another algorithm',
      {},
      (t) => t.replace('SHA256', 'SHA1'),
      '400 AuthorizationQueryParametersError',
      'X-Amz-Algorithm',
    ],
    [
      'with half a credential',
      {},
      (t) => t.replace(part('Credential'), 'X-Amz-Credential=x&'),
      '400 AuthorizationQueryParametersError',
      'X-Amz-Credential',
    ],
    [
      'with a date that is none',
      {},
      (t) => t.replace(part('Date'), 'X-Amz-Date=x&'),
      '400 AuthorizationQueryParametersError',
      'X-Amz-Date',
    ],
    [
      'with the date of another day',
      {},
      (t) => t.replace(/X-Amz-Date=\d{8}/, 'X-Amz-Date=20200101'),
      '400 AuthorizationQueryParametersError',
      'Invalid credential date',
    ],
    [
      'that does not sign the host',
      {},
      (t) => t.replace('Headers=host', 'Headers=range'),
      '403 AccessDenied',
      'not signed',
    ],
    [
      'of another region',
      { region: 'eu-west-1' },
      same,
      '400 AuthorizationQueryParametersError',
      "the region 'eu-west-1' is wrong; expecting 'us-east-1'",
    ],
    [
      'of no region',
      { region: '' },
      same,
      '400 AuthorizationQueryParametersError',
      'a non-empty region must be provided in the credential.',
    ],
    ['of an unknown key', { accessKeyId: 'AKIAUNKNOWN12345678X' }, same, '403 InvalidAccessKeyId', ''],
    ['of another secret', { secretAccessKey: 'wrong' }, same, '403 SignatureDoesNotMatch', ''],
    ...['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature'].map(
      (name): [string, Presigning, (target: string) => string, string, string] => [
        `without ${name}`,
        {},
        (t) => t.replace(part(name), ''),
        '400 AuthorizationQueryParametersError',
        `X-Amz-${name}`,
      ],
    ),
  ])('%s', async (_, presigning, change, brief, words) => {
    const answer = await sent(change(presign({ target: '/box/k', ...presigning }, `127.0.0.1:${door.port}`)));
    expect(answer.brief).toBe(brief);
    expect(answer.message).toContain(words);
  });

  test('it is for one method, and for no other headers', async () => {
    const target = presign({ target: '/box/k' }, `127.0.0.1:${door.port}`);
    expect((await sent(target, { method: 'DELETE' })).brief).toBe('403 SignatureDoesNotMatch');
    expect((await sent(target, { headers: { 'x-amz-meta-a': 'b' } })).message).toContain('not signed');
    const twice = await sent(target, { headers: { authorization: 'AWS4-HMAC-SHA256 x' } });
    expect(twice.brief).toBe('400 InvalidArgument');
    expect(twice.message).toContain('Only one auth mechanism allowed');
  });
});

test('sessions and users: tokens, secrets, states, ends', async () => {
  const iam = door.coffer.client(IAMClient);
  const statement = (rest: object) =>
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', ...rest } });
  const trust = statement({ Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' });
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: trust }));
  const PolicyDocument = statement({ Action: 's3:*', Resource: '*' });
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument }));
  const role = { RoleArn: 'arn:aws:iam::000000000000:role/r', RoleSessionName: 'session', DurationSeconds: 900 };
  const { Credentials: given } = await door.coffer.client(STSClient).send(new AssumeRoleCommand(role));
  const keys = {
    accessKeyId: given!.AccessKeyId!,
    secretAccessKey: given!.SecretAccessKey!,
    sessionToken: given!.SessionToken!,
  };

  const brief = async (asking: Asking) => (await ask(door, { target: '/box/k', ...asking })).brief;
  expect(await brief(keys)).toBe('200');
  expect(await brief({ ...keys, sessionToken: undefined })).toBe('403 InvalidAccessKeyId');
  expect(await brief({ ...keys, sessionToken: `${keys.sessionToken.slice(0, -3)}AAA` })).toBe('400 InvalidToken');
  expect(await brief({ ...keys, secretAccessKey: 'x' })).toBe('403 SignatureDoesNotMatch');

  await iam.send(new CreateUserCommand({ UserName: 'u' }));
  const { AccessKey: key } = await iam.send(new CreateAccessKeyCommand({ UserName: 'u' }));
  const user = { accessKeyId: key!.AccessKeyId!, secretAccessKey: key!.SecretAccessKey! };
  expect(await brief(user)).toBe('403 AccessDenied');
  await iam.send(new UpdateAccessKeyCommand({ UserName: 'u', AccessKeyId: user.accessKeyId, Status: 'Inactive' }));
  expect(await brief(user)).toBe('403 InvalidAccessKeyId');

  // A URL ends with the session that signed it, however long it was meant to live.
  const week = presign({ target: '/box/k', ...keys, expires: '604800' }, `127.0.0.1:${door.port}`);
  expect((await askUnsigned(door, { target: week })).brief).toBe('200');
  await door.coffer.clock.advance({ minutes: 16 });
  expect((await askUnsigned(door, { target: week })).brief).toBe('400 ExpiredToken');
  expect(await brief({ ...keys, at: door.coffer.clock.now() })).toBe('400 ExpiredToken');
});

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
test('no region at all is the default one with the defaults of 2022 only', async () => {
  const body = 'Action=GetUser&Version=2010-05-08';
  const asking = { method: 'POST', service: 'iam', region: '', headers: FORM, body };
  const today = await ask(door, asking);
  expect(today.brief).toBe('403 SignatureDoesNotMatch');
  expect(today.message).toBe('Credential should be scoped to a valid region.');
  const older = await openDoor(undefined, { s3: { defaults: '2022' } });
  expect((await ask(older, asking)).brief).toBe('200');
  expect((await ask(older, { target: '/', region: '' })).brief).toBe('200');
  await older.close();
});

const json = (target: string) => ({ 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': target });
test.each<[string, Asking, string]>([
  ['ListBuckets', {}, '403 AccessDenied'],
  ['GetObject', { target: '/box/k' }, '403 AccessDenied'],
  ['PutObject', { method: 'PUT', target: '/box/z', body: 'x' }, '403 AccessDenied'],
  ['CreateBucket', { method: 'PUT', target: '/mine' }, '403 AccessDenied'],
  [
    'kms',
    { method: 'POST', headers: json('TrentService.ListKeys'), body: '{}' },
    '400 MissingAuthenticationTokenException',
  ],
  [
    'ssm',
    { method: 'POST', headers: json('AmazonSSM.DescribeParameters'), body: '{}' },
    '400 MissingAuthenticationTokenException',
  ],
  [
    'logs',
    { method: 'POST', headers: json('Logs_20140328.DescribeLogGroups'), body: '{}' },
    '400 MissingAuthenticationTokenException',
  ],
  ['sqs', { method: 'POST', headers: FORM, body: 'Action=ListQueues&Version=2012-11-05' }, '403 AccessDenied'],
  [
    'iam',
    { method: 'POST', headers: FORM, body: 'Action=ListUsers&Version=2010-05-08' },
    '403 MissingAuthenticationToken',
  ],
  [
    'sts',
    { method: 'POST', headers: FORM, body: 'Action=GetCallerIdentity&Version=2011-06-15' },
    '403 MissingAuthenticationToken',
  ],
  [
    'cloudformation',
    { method: 'POST', headers: FORM, body: 'Action=ListStacks&Version=2010-05-15' },
    '403 MissingAuthenticationToken',
  ],
  ['lambda', { target: '/2015-03-31/functions' }, '403 MissingAuthenticationTokenException'],
])('nobody may: %s', async (_, asking, brief) => {
  expect((await askUnsigned(door, asking)).brief).toBe(brief);
});
