/**
 * Which policies decide. Cases follow the IAM user guide: "Policy evaluation for requests within a single account",
 * "Cross-account policy evaluation logic", "Permissions boundaries for IAM entities", "Session policies", and the KMS
 * developer guide, "Default key policy".
 */
import { ACCOUNT, type Asking, anonymous, answer, policy, root, STRANGER, service, session, user } from './ask';

const get = { Action: 's3:GetObject', Resource: '*' };
const allow = { Effect: 'Allow', ...get };
const deny = { Effect: 'Deny', ...get };
const other = { Effect: 'Allow', Action: 's3:PutObject', Resource: '*' };
const identity = policy('identity', allow);
const to = (principal: unknown, statement: object = allow) =>
  policy('resource', { ...statement, Principal: principal });
const aws = (arn: string) => ({ AWS: arn });
const { arn: userArn } = user();
const sessionArn = session().arn;
const roleArn = session().session!.roleArn!;

const cases: readonly (readonly [string, Asking, string])[] = [
  // Within an account.
  ['nothing is allowed by default', {}, 'implicitDeny: identity'],
  ['an identity policy is enough', { policies: [identity] }, 'allow'],
  ['a resource policy that names the user is enough', { policies: [to(aws(userArn))] }, 'allow'],
  [
    'a resource policy for the account leaves it to identity policies',
    { policies: [to(aws(ACCOUNT))] },
    'implicitDeny: identity',
  ],
  ['explicit deny in the identity policy', { policies: [identity, policy('identity', deny), to('*')] }, 'explicitDeny'],
  ['explicit deny in the resource policy', { policies: [identity, to('*', deny)] }, 'explicitDeny'],
  ['explicit deny for the account', { policies: [identity, to(aws(ACCOUNT), deny)] }, 'explicitDeny'],
  ['explicit deny for somebody else', { policies: [identity, to(aws(STRANGER), deny)] }, 'allow'],
  [
    'explicit deny for the role behind the session',
    { caller: session(), policies: [identity, to(aws(roleArn), deny)] },
    'explicitDeny',
  ],
  ['root needs no policy', { caller: root() }, 'allow'],
  ['root is held to explicit denies', { caller: root(), policies: [to('*', deny)] }, 'explicitDeny'],
  // Boundaries and sessions limit, except where the resource policy names user or session itself.
  ['a boundary that allows', { policies: [identity, policy('boundary', allow)] }, 'allow'],
  ['a boundary that does not', { policies: [identity, policy('boundary', other)] }, 'implicitDeny: boundary'],
  ['a boundary grants nothing', { policies: [policy('boundary', allow)] }, 'implicitDeny: identity'],
  [
    'user ARN in a resource policy passes the boundary',
    { policies: [to(aws(userArn)), policy('boundary', other)] },
    'allow',
  ],
  ['... but not a deny in the boundary', { policies: [to(aws(userArn)), policy('boundary', deny)] }, 'explicitDeny'],
  ['role ARN in a resource policy', { caller: session(), policies: [to(aws(roleArn))] }, 'allow'],
  [
    '... is limited by the boundary',
    { caller: session(), policies: [to(aws(roleArn)), policy('boundary', other)] },
    'implicitDeny: boundary',
  ],
  [
    '... and by the session policy',
    { caller: session(), policies: [to(aws(roleArn)), policy('session', other)] },
    'implicitDeny: session',
  ],
  [
    'session ARN passes boundary and session policy',
    { caller: session(), policies: [to(aws(sessionArn)), policy('boundary', other), policy('session', other)] },
    'allow',
  ],
  [
    'a session policy limits identity policies',
    { caller: session(), policies: [identity, policy('session', other)] },
    'implicitDeny: session',
  ],
  [
    'several session policies are a union',
    { caller: session(), policies: [identity, policy('session', other), policy('session', allow)] },
    'allow',
  ],
  // Across accounts both sides have to allow.
  [
    'stranger with identity policy only',
    { caller: user('eve', STRANGER), policies: [identity] },
    'implicitDeny: resource',
  ],
  [
    'stranger named by the resource only',
    { caller: user('eve', STRANGER), policies: [to(aws(user('eve', STRANGER).arn))] },
    'implicitDeny: identity',
  ],
  ['stranger with both', { caller: user('eve', STRANGER), policies: [identity, to(aws(STRANGER))] }, 'allow'],
  [
    "stranger's session policy counts",
    { caller: session('X', STRANGER), policies: [identity, to(aws(STRANGER)), policy('session', other)] },
    'implicitDeny: session',
  ],
  ["stranger's root", { caller: root(STRANGER), policies: [to(aws(STRANGER))] }, 'allow'],
  ["stranger's root unnamed", { caller: root(STRANGER) }, 'implicitDeny: resource'],
  // Anonymous callers and services have no policies of their own.
  ['anonymous', { caller: anonymous }, 'implicitDeny: resource'],
  ['anonymous, public policy', { caller: anonymous, policies: [to('*')] }, 'allow'],
  ['anonymous, {"AWS":"*"}', { caller: anonymous, policies: [to(aws('*'))] }, 'allow'],
  ['service', { caller: service('sns.amazonaws.com'), policies: [to({ Service: 'sns.amazonaws.com' })] }, 'allow'],
  [
    'another service',
    { caller: service('sns.amazonaws.com'), policies: [to({ Service: 's3.amazonaws.com' })] },
    'implicitDeny: resource',
  ],
  ['service through the resource\'s "*"', { caller: service('sns.amazonaws.com'), policies: [to('*')] }, 'allow'],
  // Keys and role trust: the resource policy has to let the account in.
  ['delegated: identity policy alone', { sameAccount: 'delegated', policies: [identity] }, 'implicitDeny: resource'],
  ['delegated: root alone', { sameAccount: 'delegated', caller: root() }, 'implicitDeny: resource'],
  ['delegated: root let in', { sameAccount: 'delegated', caller: root(), policies: [to(aws(ACCOUNT))] }, 'allow'],
  [
    'delegated: account let in and identity policy',
    { sameAccount: 'delegated', policies: [identity, to(aws(ACCOUNT))] },
    'allow',
  ],
  [
    'delegated: account let in, no identity policy',
    { sameAccount: 'delegated', policies: [to(aws(ACCOUNT))] },
    'implicitDeny: identity',
  ],
  ['delegated: user named', { sameAccount: 'delegated', policies: [to(aws(userArn))] }, 'allow'],
  // Organisations and endpoints guard.
  ['a service control policy that allows', { policies: [identity, policy('serviceControl', allow)] }, 'allow'],
  [
    'a service control policy that does not',
    { policies: [identity, policy('serviceControl', other)] },
    'implicitDeny: serviceControl',
  ],
  [
    'every level has to allow',
    {
      policies: [
        identity,
        { ...policy('serviceControl', allow), level: 'root' },
        { ...policy('serviceControl', other), level: 'account' },
      ],
    },
    'implicitDeny: serviceControl',
  ],
  [
    'a resource control policy that denies',
    { policies: [identity, policy('resourceControl', { ...deny, Principal: '*' })] },
    'explicitDeny',
  ],
  [
    'an endpoint policy that does not allow',
    { policies: [identity, policy('endpoint', { ...other, Principal: '*' })] },
    'implicitDeny: endpoint',
  ],
  // Beyond policies.
  ['a grant', { caller: anonymous, grant: { allowed: true, reason: 'the ACL lets everyone read' } }, 'allow'],
  [
    'a grant does not override a deny',
    { grant: { allowed: true, reason: 'acl' }, policies: [to('*', deny)] },
    'explicitDeny',
  ],
  [
    "a grant across accounts needs the caller's side",
    { caller: user('eve', STRANGER), grant: { allowed: true, reason: 'acl' } },
    'implicitDeny: identity',
  ],
  ['a block', { policies: [identity], block: { reason: 'RestrictPublicBuckets' } }, 'implicitDeny'],
];

test.each(cases)('%s', (_, asking, expected) => {
  expect(answer(asking)).toBe(expected);
});

describe('NotPrincipal with Deny', () => {
  const except = (...arns: string[]) => policy('resource', { ...deny, NotPrincipal: { AWS: arns } });

  test.each([
    ['the user and its account are excepted', user(), [userArn, `arn:aws:iam::${ACCOUNT}:root`], 'allow'],
    ['the account has to be listed too', user(), [userArn], 'explicitDeny'],
    ['session, role and account', session(), [sessionArn, roleArn, ACCOUNT], 'allow'],
    ['session and account without the role', session(), [sessionArn, ACCOUNT], 'explicitDeny'],
    ['somebody else', user('bob'), [userArn, ACCOUNT], 'explicitDeny'],
  ])('%s', (_, caller, arns, expected) => {
    expect(answer({ caller, policies: [identity, except(...arns)] })).toBe(expected);
  });
});
