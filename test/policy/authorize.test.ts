/** The authoriser: condition context, gathering of policies, and the errors that clients see. */
import { AwsError } from '../../runtime/base/errors';
import {
  type AttachedPolicy,
  type Authorizer,
  type Check,
  createAuthorizer,
  type ResourceVerdict,
} from '../../runtime/kernel/authorize';
import type { Call, Kernel } from '../../runtime/kernel/call';
import { anonymous, type Principal, root, servicePrincipal } from '../../runtime/kernel/principal';
import { ACCOUNT, policy, STRANGER, session, user } from './ask';

const NOW = Date.parse('2026-11-20T12:00:00Z');
const OBJECT = 'arn:aws:s3:::uploads/a.txt';
const check: Check = { action: 's3:GetObject', resource: OBJECT, owner: ACCOUNT };

const ada: Principal = { ...user(), tags: { Team: 'red', Role: 'dev' } };
const reader: Principal = {
  ...session(),
  session: {
    ...session().session,
    name: 'work',
    tags: { role: 'ops' },
    issuedAt: NOW - 60_000,
    expiresAt: NOW + 60_000,
    sourceIdentity: 'ada',
  },
  tags: { Role: 'dev' },
};

function call(principal: Principal, more: Partial<Call> = {}): Call {
  const headers = { 'user-agent': 'test/1', referer: 'https://example.com' };
  return {
    now: NOW,
    service: 's3',
    principal,
    account: principal.account ?? ACCOUNT,
    region: 'eu-west-1',
    via: [],
    request: { headers, secure: true, remoteAddress: '203.0.113.9' },
    ...more,
  } as unknown as Call;
}

function authorizer(mine: readonly AttachedPolicy[] = [], verdict?: ResourceVerdict): Authorizer {
  return createAuthorizer({
    identities: [{ policies: async () => mine }],
    sources: new Map([['s3', { verdict: async () => verdict }]]),
    kernel: {} as Kernel,
  });
}

async function refusal(promise: Promise<void>): Promise<AwsError> {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  if (!(error instanceof AwsError)) throw error ?? new Error('not refused');
  return error;
}

const allowIf = (condition: object): AttachedPolicy =>
  policy('resource', { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*', Condition: condition });

describe('condition context', () => {
  const equals = (key: string, value: string): object => ({ StringEquals: { [key]: value } });
  const absent = (key: string): object => ({ Null: { [key]: 'true' } });

  test.each<[string, Call, object, Partial<Check>?]>([
    ['user', call(ada), equals('aws:PrincipalArn', user().arn)],
    ['user name', call(ada), equals('aws:username', 'ada')],
    ['user type', call(ada), equals('aws:PrincipalType', 'User')],
    ['account', call(ada), equals('aws:PrincipalAccount', ACCOUNT)],
    ['a session is its role', call(reader), equals('aws:PrincipalArn', reader.session!.roleArn!)],
    ['session userid', call(reader), equals('aws:userid', reader.userId)],
    ['session type', call(reader), equals('aws:PrincipalType', 'AssumedRole')],
    ['session has no user name', call(reader), absent('aws:username')],
    ['source identity', call(reader), equals('aws:SourceIdentity', 'ada')],
    ['token issue time', call(reader), { DateEquals: { 'aws:TokenIssueTime': '2026-11-20T11:59:00Z' } }],
    ['no MFA', call(reader), { Bool: { 'aws:MultiFactorAuthPresent': 'false' } }],
    ['MFA is unknown to long-term keys', call(ada), absent('aws:MultiFactorAuthPresent')],
    ['root', call(root(ACCOUNT)), equals('aws:PrincipalType', 'Account')],
    ['anonymous', call(anonymous), equals('aws:PrincipalType', 'Anonymous')],
    ['anonymous has no ARN', call(anonymous), absent('aws:PrincipalArn')],
    ['tag of the user', call(ada), equals('aws:PrincipalTag/team', 'red')],
    ['session tag before role tag', call(reader), equals('aws:PrincipalTag/Role', 'ops')],
    ['service', call(servicePrincipal('sns.amazonaws.com')), { Bool: { 'aws:PrincipalIsAWSService': true } }],
    [
      'source of a service',
      call(servicePrincipal('sns.amazonaws.com', 'arn:x', STRANGER)),
      equals('aws:SourceAccount', STRANGER),
    ],
    ['TLS', call(ada), { Bool: { 'aws:SecureTransport': true } }],
    ['address', call(ada), { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }],
    ['region', call(ada), equals('aws:RequestedRegion', 'eu-west-1')],
    ['user agent', call(ada), equals('aws:UserAgent', 'test/1')],
    ['referer', call(ada), equals('aws:Referer', 'https://example.com')],
    ['time', call(ada), { DateLessThan: { 'aws:CurrentTime': '2026-11-20T12:00:01Z' } }],
    ['epoch', call(ada), { NumericEquals: { 'aws:EpochTime': NOW / 1000 } }],
    ['called directly', call(ada), { Bool: { 'aws:ViaAWSService': false } }],
    [
      'called via',
      call(ada, { via: ['cloudformation', 's3'] }),
      { 'ForAnyValue:StringEquals': { 'aws:CalledVia': 's3.amazonaws.com' } },
    ],
    [
      'called first via',
      call(ada, { via: ['cloudformation', 's3'] }),
      equals('aws:CalledViaFirst', 'cloudformation.amazonaws.com'),
    ],
    ['owner', call(ada), equals('aws:ResourceAccount', ACCOUNT)],
    ['resource tag', call(ada), equals('aws:ResourceTag/Stage', 'prod'), { resourceTags: { stage: 'prod' } }],
    ['request tag', call(ada), equals('aws:RequestTag/stage', 'prod'), { requestTags: { stage: 'prod' } }],
    [
      'tag keys',
      call(ada),
      { 'ForAllValues:StringEquals': { 'aws:TagKeys': ['stage'] }, Null: { 'aws:TagKeys': false } },
      { requestTags: { stage: 'prod' } },
    ],
    ["the service's own", call(ada), equals('S3:Prefix', 'a/'), { keys: { 's3:prefix': 'a/' } }],
    ["the service's own, absent", call(ada), absent('s3:delimiter'), { keys: { 's3:delimiter': undefined } }],
  ])('%s', async (_, asking, condition, more = {}) => {
    const authorize = authorizer([], { policies: [allowIf(condition)] });
    expect((await authorize.explain(asking, { ...check, ...more })).effect).toBe('allow');
  });
});

describe('refusals', () => {
  const words = (principal: Principal, action: string, where: string, why: string): string =>
    `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${where} ${why}`;
  const quoted = `"${OBJECT}"`;

  test('S3, nothing allows', async () => {
    const error = await refusal(authorizer()(call(ada), [check]));
    expect(error).toMatchObject({ code: 'AccessDenied', status: 403 });
    expect(error.message).toBe(
      words(ada, 's3:GetObject', quoted, 'because no identity-based policy allows the s3:GetObject action'),
    );
  });

  test('S3, explicit deny, with the statement and its construct', async () => {
    const tls = policy('resource', {
      Sid: 'Tls',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: '*',
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    const origin = { stackName: 'App', logicalId: 'Policy', constructPath: 'App/Uploads/Policy/Resource' };
    const verdict = { policies: [{ ...tls, name: 'bucket policy of uploads', origin }] };
    const insecure = call(root(ACCOUNT), { request: { headers: {}, secure: false, remoteAddress: '' } as never });
    const error = await refusal(authorizer([], verdict)(insecure, [check]));
    expect(error.message).toBe(
      words(root(ACCOUNT), 's3:GetObject', quoted, 'with an explicit deny in a resource-based policy'),
    );
    expect(error.detail).toMatchObject({
      effect: 'explicitDeny',
      reason:
        `s3:GetObject on ${OBJECT} is explicitly denied by statement 1 ("Tls") of bucket policy of uploads ` +
        '(App/Uploads/Policy/Resource): aws:SecureTransport is "false", Bool "false".',
      decidedBy: { sid: 'Tls', policy: { origin } },
    });
  });

  test('the nearest miss is named', async () => {
    const uploads = policy('identity', {
      Effect: 'Allow',
      Action: 's3:GetObject',
      Resource: 'arn:aws:s3:::uploads/*',
      Condition: { StringEquals: { 'aws:PrincipalTag/team': 'blue' } },
    });
    const { reason, nearest } = await authorizer([uploads]).explain(call(ada), check);
    expect(reason).toBe(
      `No identity-based policy allows s3:GetObject on ${OBJECT}; nearest is statement 1 of identity policy, ` +
        'but aws:PrincipalTag/team is "red", StringEquals "blue".',
    );
    expect(nearest?.mismatch?.element).toBe('Condition');
  });

  test.each([
    ['kms', 'AccessDeniedException', 400],
    ['lambda', 'AccessDeniedException', 403],
    ['sqs', 'AccessDenied', 403],
    ['sns', 'AuthorizationError', 403],
  ])('%s says %s (%i)', async (service, code, status) => {
    const error = await refusal(authorizer()(call(ada, { service }), [{ action: `${service}:Do`, resource: '*' }]));
    expect(error).toMatchObject({ code, status });
    const action = { sqs: 'sqs:do', sns: 'SNS:Do' }[service] ?? `${service}:Do`;
    expect(error.message).toBe(words(ada, action, '*', `because no identity-based policy allows the ${action} action`));
  });

  test('S3 tells strangers and anonymous callers nothing', async () => {
    const eve: Principal = user('eve', STRANGER);
    expect((await refusal(authorizer()(call(eve), [check]))).message).toBe('Access Denied');
    expect((await refusal(authorizer()(call(anonymous), [check]))).message).toBe('Access Denied');
  });

  test('the first refused check stops', async () => {
    const mine = [policy('identity', { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' })];
    const error = await refusal(authorizer(mine)(call(ada), [check, { ...check, action: 's3:PutObjectAcl' }]));
    expect(error.message).toContain('s3:PutObjectAcl');
  });
});

test('the canonical user of an account is the account', async () => {
  const callerCanonicalId = 'a'.repeat(64);
  const named = policy('resource', {
    Effect: 'Allow',
    Principal: { CanonicalUser: callerCanonicalId },
    Action: '*',
    Resource: '*',
  });
  const authorize = authorizer([], { policies: [named], callerCanonicalId });
  await authorize(call(root(STRANGER)), [check]);
  await expect(authorize(call(user('eve', STRANGER)), [check])).rejects.toThrow('Access Denied');
});
