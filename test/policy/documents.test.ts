// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
/** Malformed policies are refused with their place, whoever attaches them; and what counts as public. */
import { compile } from '../../runtime/engine/policy/compile';
import { findProblem, identityDialect, resourceDialect, trustDialect } from '../../runtime/engine/policy/dialect';
import { isPublic } from '../../runtime/engine/policy/public';

const ok = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
const text = (...statements: object[]): string => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const problem = (document: string, dialect = identityDialect): string | undefined => {
  const found = findProblem(document, dialect);
  return found && `${found.code} at ${found.place}`;
};

test.each<[string, string, string | undefined]>([
  ['one statement without a list', JSON.stringify({ Version: '2012-10-17', Statement: ok }), undefined],
  ['no JSON', '{\n "Version": nonsense}', 'json at line 2, column 13'],
  ['nothing', '', 'json at line 1, column 1'],
  ['a list', '[]', 'invalidValue at policy'],
  ['no statement', '{"Version":"2012-10-17"}', 'missingElement at policy'],
  ['unknown version', '{"Version":"2012-10-18","Statement":[]}', 'invalidVersion at Version'],
  ['old version', JSON.stringify({ Statement: [ok] }), 'invalidVersion at Version'],
  ['unknown element', text({ ...ok, Resources: '*' }), 'unknownElement at Statement[0].Resources'],
  [
    'an element twice',
    '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
    'duplicateElement at line 1, column 25',
  ],
  ['no effect', text({ ...ok, Effect: undefined }), 'missingElement at Statement[0]'],
  ['effect in lower case', text(ok, { ...ok, Effect: 'allow' }), 'invalidValue at Statement[1].Effect'],
  ['no action', text({ ...ok, Action: [] }), 'missingElement at Statement[0]'],
  ['both actions', text({ ...ok, NotAction: 'iam:*' }), 'duplicateElement at Statement[0]'],
  ['action without vendor', text({ ...ok, Action: 'GetObject' }), 'invalidAction at Statement[0].Action'],
  ['action with two colons', text({ ...ok, Action: 's3:Get:Object' }), 'invalidAction at Statement[0].Action'],
  ['wildcard vendor', text({ ...ok, Action: 's*:Get' }), 'invalidAction at Statement[0].Action'],
  ['no resource', text({ ...ok, Resource: undefined }), 'missingElement at Statement[0]'],
  ['resource without ARN', text({ ...ok, Resource: 'uploads/*' }), 'invalidResource at Statement[0].Resource'],
  [
    'resource of any service',
    text({ ...ok, Resource: 'arn:aws:*:::uploads' }),
    'invalidResource at Statement[0].Resource',
  ],
  ['a number as resource', text({ ...ok, Resource: [7] }), 'invalidValue at Statement[0].Resource[0]'],
  ['a principal', text({ ...ok, Principal: '*' }), 'prohibitedElement at Statement[0]'],
  ['Sid with a space', text({ ...ok, Sid: 'a b' }), 'invalidSid at Statement[0].Sid'],
  ['Sid twice', text({ ...ok, Sid: 'a' }, { ...ok, Sid: 'a' }), 'duplicateSid at Statement[1].Sid'],
  [
    'unknown operator',
    text({ ...ok, Condition: { StringIs: { a: 'b' } } }),
    'invalidOperator at Statement[0].Condition.StringIs',
  ],
  [
    'operator of the object prototype',
    text({ ...ok, Condition: { toString: { a: 'b' } } }),
    'invalidOperator at Statement[0].Condition.toString',
  ],
  [
    'NullIfExists',
    text({ ...ok, Condition: { NullIfExists: { a: 'true' } } }),
    'invalidOperator at Statement[0].Condition.NullIfExists',
  ],
  [
    'a date that is none',
    text({ ...ok, Condition: { DateLessThan: { a: 'soon' } } }),
    'invalidValue at Statement[0].Condition.DateLessThan.a',
  ],
  [
    'an address that is none',
    text({ ...ok, Condition: { IpAddress: { a: '1.2.3.4/33' } } }),
    'invalidValue at Statement[0].Condition.IpAddress.a',
  ],
  [
    'an object as value',
    text({ ...ok, Condition: { Bool: { a: {} } } }),
    'invalidValue at Statement[0].Condition.Bool.a',
  ],
])('%s', (_, document, expected) => expect(problem(document)).toBe(expected));

const by = (principal: unknown): string => text({ ...ok, Principal: principal });

test.each<[string, string, string | undefined]>([
  ['everyone', by('*'), undefined],
  [
    'account, user, role, session, service',
    by({
      AWS: [
        '111122223333',
        'arn:aws:iam::111122223333:root',
        'arn:aws:iam::111122223333:user/a/b',
        'arn:aws:sts::111122223333:assumed-role/r/s',
      ],
      Service: 'sns.amazonaws.com',
    }),
    undefined,
  ],
  ['Sids of key policies', text({ ...ok, Principal: '*', Sid: 'Enable IAM User Permissions' }), undefined],
  ['no principal', text(ok), 'missingElement at Statement[0]'],
  [
    'a wildcard in an ARN',
    by({ AWS: 'arn:aws:iam::111122223333:role/*' }),
    'invalidPrincipal at Statement[0].Principal.AWS',
  ],
  ['a text', by('111122223333'), 'invalidValue at Statement[0].Principal'],
  ['an unknown type', by({ User: 'x' }), 'invalidPrincipal at Statement[0].Principal'],
  ['NotPrincipal with Allow', text({ ...ok, NotPrincipal: '*' }), 'prohibitedElement at Statement[0]'],
])('resource policy: %s', (_, document, expected) => expect(problem(document, resourceDialect)).toBe(expected));

test('role trust policies hold no resources and only sts actions', () => {
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
  expect(problem(text(trust), trustDialect)).toBeUndefined();
  expect(problem(text({ ...trust, Resource: '*' }), trustDialect)).toBe('prohibitedElement at Statement[0]');
  expect(problem(text({ ...trust, Action: 's3:GetObject' }), trustDialect)).toBe(
    'invalidAction at Statement[0].Action',
  );
});

test('a text compiles once', () => {
  expect(compile(text(ok))).toBe(compile(text(ok)));
});

// S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'".
const granting = (principal: unknown, condition?: object): string =>
  text({ ...ok, Principal: principal, Condition: condition });
test.each<[string, string, boolean]>([
  ['everyone', granting('*'), true],
  ['everyone of AWS', granting({ AWS: '*' }), true],
  ['an account', granting({ AWS: '111122223333' }), false],
  ['a service', granting({ Service: 'cloudtrail.amazonaws.com' }), false],
  ['a deny', text({ ...ok, Effect: 'Deny', Principal: '*' }), false],
  ['from one VPC', granting('*', { StringEquals: { 'aws:SourceVpc': 'vpc-91237329' } }), false],
  ['from any VPC', granting('*', { StringLike: { 'aws:SourceVpc': 'vpc-*' } }), true],
  ['from a variable', granting('*', { StringEquals: { 'aws:SourceVpc': '${aws:PrincipalTag/vpc}' } }), true],
  ['from an organisation', granting('*', { StringEquals: { 'aws:PrincipalOrgID': 'o-123' } }), false],
  ['from an organisation, if any', granting('*', { StringEqualsIfExists: { 'aws:PrincipalOrgID': 'o-123' } }), true],
  ['not from a VPC', granting('*', { StringNotEquals: { 'aws:SourceVpc': 'vpc-1' } }), true],
  ['from a narrow range', granting('*', { IpAddress: { 'aws:SourceIp': '203.0.113.0/24' } }), false],
  ['from a broad range', granting('*', { IpAddress: { 'aws:SourceIp': '0.0.0.0/1' } }), true],
  ['from a private range', granting('*', { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '192.168.1.0/24'] } }), false],
  ['from a broad IPv6 range', granting('*', { IpAddress: { 'aws:SourceIp': '2001::/16' } }), true],
  ['over TLS', granting('*', { Bool: { 'aws:SecureTransport': 'true' } }), true],
  [
    'access points of an account',
    granting('*', { ArnLike: { 's3:DataAccessPointArn': 'arn:aws:s3:us-east-1:111122223333:accesspoint/*' } }),
    false,
  ],
  [
    'access points of any account',
    granting('*', { ArnLike: { 's3:DataAccessPointArn': 'arn:aws:s3:us-east-1:*:accesspoint/x' } }),
    true,
  ],
  ['one statement of two', text({ ...ok, Principal: { AWS: '111122223333' } }, { ...ok, Principal: '*' }), true],
])('public: %s', (_, document, expected) => expect(isPublic(document)).toBe(expected));
