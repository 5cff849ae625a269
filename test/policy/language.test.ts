// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
/**
 * The policy language, element by element. Cases follow the IAM user guide: "IAM JSON policy elements: Action",
 * "... Resource", "... Principal", "... Condition operators", "Multivalued context keys", "Variables and tags".
 */
import { wildcard } from '../../runtime/engine/pattern';
import { answer, type Context, policy, user } from './ask';

const allows = (statement: object, context: Context = {}, asked: object = {}): boolean =>
  answer({
    policies: [policy('identity', { Effect: 'Allow', Action: '*', Resource: '*', ...statement })],
    context,
    ...asked,
  }) === 'allow';

describe('wildcards', () => {
  test.each([
    ['*', '', true],
    ['a*c', 'abbbc', true],
    ['a*c', 'ac', true],
    ['a*c', 'acb', false],
    ['a*b', 'a', false],
    ['ab*ba', 'aba', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['a?', 'a😀', true],
    ['*?', '', false],
    ['*?', '😀', true],
    ['*a?c*', 'xxaacabcx', true],
    ['*aab', 'aaaab', true],
    ['*a?b', 'aacb', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['a**c', 'abc', true],
    ['a.c', 'abc', false],
    ['', '', true],
    ['', 'a', false],
  ])('%s on %s: %s', (pattern, text, expected) => expect(wildcard(pattern)(text)).toBe(expected));

  test('many stars cost no backtracking', () => {
    const started = performance.now();
    expect(wildcard(`${'a*'.repeat(50)}b`)('a'.repeat(20_000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(200);
  });
});

describe('Action', () => {
  test.each([
    [{ Action: 's3:GetObject' }, 's3:GetObject', true],
    [{ Action: 'S3:getobject' }, 's3:GetObject', true],
    [{ Action: 's3:Get*' }, 's3:GetObject', true],
    [{ Action: 's3:*Object' }, 's3:GetObject', true],
    [{ Action: 's3:GetObject' }, 's3:GetObjectAcl', false],
    [{ Action: ['s3:PutObject', 's3:Get?bject'] }, 's3:GetObject', true],
    [{ Action: undefined, NotAction: 's3:Put*' }, 's3:GetObject', true],
    [{ Action: undefined, NotAction: ['iam:*', 's3:Get*'] }, 's3:GetObject', false],
  ])('%j asked %s: %s', (statement, action, expected) => expect(allows(statement, {}, { action })).toBe(expected));
});

describe('Resource', () => {
  const object = 'arn:aws:s3:::uploads/2026/a.txt';
  const queue = 'arn:aws:sqs:us-east-1:111122223333:jobs';
  test.each([
    ['*', object, true],
    ['arn:aws:s3:::uploads/*', object, true],
    ['arn:aws:s3:::uploads/*/a.txt', object, true],
    ['arn:aws:s3:::Uploads/*', object, false],
    ['arn:aws:s3:::uploads', object, false],
    ['arn:aws:s3:::upload?/2026/a.txt', object, true],
    ['arn:*:s3:::uploads/*', object, true],
    ['arn:aws:sqs:*:111122223333:*', queue, true],
    ['arn:aws:sqs:us-*:*:jobs', queue, true],
    // "If the * wildcard is the last character of a resource ARN segment, it can expand ... beyond the colon boundaries."
    ['arn:aws:sqs:*', queue, true],
    ['arn:aws:sqs:us-*', queue, true],
    ['arn:aws:sqs:us-*-1:111122223333:jobs', queue, true],
    ['arn:aws:sqs:us-*jobs', queue, false],
    ['arn:aws:sqs:us-east-1?111122223333:jobs:x', 'arn:aws:sqs:us-east-1:111122223333:jobs:x', false],
    ['*', '*', true],
    ['arn:aws:s3:::*', '*', false],
  ])('%s asked %s: %s', (pattern, resource, expected) => {
    expect(allows({ Resource: pattern }, {}, { resource })).toBe(expected);
    expect(allows({ Resource: undefined, NotResource: [pattern] }, {}, { resource })).toBe(!expected);
  });
});

describe('variables', () => {
  const context = { 'aws:username': 'ada', 'aws:PrincipalTag/team': 'red', 'aws:TagKeys': ['a', 'b'], odd: 'x*' };
  const home = 'arn:aws:s3:::home/ada/x';
  test.each([
    ['arn:aws:s3:::home/${aws:username}/*', home, true],
    ['arn:aws:s3:::home/${AWS:UserName}/*', home, true],
    ['arn:aws:s3:::home/${aws:username}/*', 'arn:aws:s3:::home/bob/x', false],
    ['arn:aws:s3:::${aws:PrincipalTag/Team}/*', 'arn:aws:s3:::red/x', true],
    ["arn:aws:s3:::${aws:PrincipalTag/none, 'shared'}/*", 'arn:aws:s3:::shared/x', true],
    ["arn:aws:s3:::${aws:PrincipalTag/team, 'shared'}/*", 'arn:aws:s3:::red/x', true],
    // A key without a value matches nothing.
    ['arn:aws:s3:::home/${aws:PrincipalTag/none}*', home, false],
    ['arn:aws:s3:::${aws:TagKeys}/*', 'arn:aws:s3:::a/x', false],
    // Values are literal; ${*}, ${?} and ${$} are the characters.
    ['arn:aws:s3:::${odd}', 'arn:aws:s3:::xy', false],
    ['arn:aws:s3:::${odd}', 'arn:aws:s3:::x*', true],
    ['arn:aws:s3:::a${*}', 'arn:aws:s3:::ab', false],
    ['arn:aws:s3:::a${*}${?}${$}', 'arn:aws:s3:::a*?$', true],
  ])('%s asked %s: %s', (pattern, resource, expected) =>
    expect(allows({ Resource: pattern }, context, { resource })).toBe(expected),
  );

  test('mean nothing in version 2008-10-17', () => {
    const statement = { Effect: 'Allow', Action: '*', Resource: 'arn:aws:s3:::home/${aws:username}/*' };
    const old = { kind: 'identity', name: 'old', document: JSON.stringify({ Statement: statement }) } as const;
    expect(answer({ policies: [old], context, resource: home })).toBe('implicitDeny: identity');
    expect(answer({ policies: [old], resource: 'arn:aws:s3:::home/${aws:username}/x' })).toBe('allow');
  });
});

describe('Condition', () => {
  const held = (condition: object, context: Context): boolean => allows({ Condition: condition }, context);
  const key = (value: string | string[]): Context => ({ k: value });

  test.each<[string, unknown, string, boolean]>([
    ['StringEquals', 'a', 'a', true],
    ['StringEquals', 'a', 'A', false],
    ['StringEquals', 'a*', 'ab', false],
    ['StringEquals', ['a', 'b'], 'b', true],
    ['StringNotEquals', ['a', 'b'], 'b', false],
    ['StringNotEquals', ['a', 'b'], 'c', true],
    ['StringEqualsIgnoreCase', 'Abc', 'aBC', true],
    ['StringNotEqualsIgnoreCase', 'Abc', 'aBC', false],
    ['StringLike', 'a*c', 'abc', true],
    ['StringLike', 'A*c', 'abc', false],
    ['StringNotLike', 'a*c', 'abc', false],
    ['NumericEquals', 10, '10.0', true],
    ['NumericNotEquals', '10', '11', true],
    ['NumericLessThan', '10', '9', true],
    ['NumericLessThan', '10', '10', false],
    ['NumericLessThanEquals', '10', '10', true],
    ['NumericGreaterThan', '9', '10', true],
    ['NumericGreaterThanEquals', '10', '9.99', false],
    ['NumericLessThan', '10', 'nine', false],
    ['DateEquals', '2026-11-20T00:00:00Z', '2026-11-20T01:00:00+01:00', true],
    ['DateEquals', '2026-11-20', '2026-11-20T00:00:00.000Z', true],
    ['DateNotEquals', '2026-11-20', '2026-11-21', true],
    ['DateLessThan', '2026-11-20T00:00:00Z', '2026-11-19T23:59:59Z', true],
    ['DateLessThanEquals', '1795132800', '2026-11-20T00:00:00Z', true],
    ['DateGreaterThan', '2026-11-20T00:00:00Z', '1795132801', true],
    ['DateGreaterThanEquals', '2026-11-20', '2026-11-19', false],
    ['Bool', 'true', 'true', true],
    ['Bool', false, 'true', false],
    ['Bool', 'True', 'true', true],
    ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
    ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ6', false],
    ['IpAddress', '203.0.113.0/24', '203.0.113.77', true],
    ['IpAddress', '203.0.113.0/24', '203.0.114.77', false],
    ['IpAddress', '203.0.113.7', '203.0.113.7', true],
    ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
    ['IpAddress', '2001:db8:1234:5678::/64', '2001:db8:1234:5678::ffff', true],
    ['IpAddress', '2001:db8::/32', '2001:db9::1', false],
    ['IpAddress', '203.0.113.0/24', '::ffff:203.0.113.1', true],
    ['NotIpAddress', ['203.0.113.0/24', '10.0.0.0/8'], '10.1.1.1', false],
    ['NotIpAddress', '203.0.113.0/24', '10.1.1.1', true],
    ['ArnEquals', 'arn:aws:sns:*:*:jobs-*', 'arn:aws:sns:us-east-1:111122223333:jobs-1', true],
    ['ArnLike', 'arn:aws:s3:::uploads*', 'arn:aws:s3:::uploads-1', true],
    // "Each of the six colon-delimited components of the ARN is checked separately."
    ['ArnLike', 'arn:aws:sns:*', 'arn:aws:sns:us-east-1:111122223333:jobs', false],
    ['ArnLike', 'arn:aws:sns:*:jobs', 'arn:aws:sns:us-east-1:111122223333:jobs', false],
    ['ArnNotEquals', 'arn:aws:sns:*:*:a', 'arn:aws:sns:us-east-1:111122223333:a', false],
    ['ArnNotLike', 'arn:aws:sns:*:*:a', 'arn:aws:sns:us-east-1:111122223333:b', true],
  ])('%s %j given %s: %s', (operator, wanted, value, expected) => {
    expect(held({ [operator]: { K: wanted } }, key(value))).toBe(expected);
    expect(held({ [`${operator}IfExists`]: { k: wanted } }, key(value))).toBe(expected);
    expect(held({ [`${operator}IfExists`]: { k: wanted } }, {})).toBe(true);
    // "If the policy condition requires that the key is not matched ... and the right key is not present, the condition is true."
    expect(held({ [operator]: { k: wanted } }, {})).toBe(/Not/.test(operator));
  });

  test.each<[string, unknown, Context, boolean]>([
    ['ForAllValues:StringEquals', ['a', 'b'], key(['a']), true],
    ['ForAllValues:StringEquals', ['a', 'b'], key(['a', 'c']), false],
    ['ForAllValues:StringEquals', ['a', 'b'], {}, true],
    ['ForAllValues:StringEquals', ['a', 'b'], key([]), true],
    ['ForAllValues:StringEquals', ['a'], key(''), true],
    ['ForAllValues:StringNotEquals', ['a', 'b'], key(['c', 'd']), true],
    ['ForAllValues:StringNotEquals', ['a', 'b'], key(['c', 'a']), false],
    ['ForAnyValue:StringEquals', ['a', 'b'], key(['x', 'b']), true],
    ['ForAnyValue:StringEquals', ['a', 'b'], key(['x']), false],
    ['ForAnyValue:StringEquals', ['a', 'b'], {}, false],
    ['ForAnyValue:StringNotEquals', ['a'], key(['a', 'b']), true],
    ['ForAnyValue:StringNotEquals', ['a'], {}, false],
    ['ForAnyValue:StringLikeIfExists', ['a*'], {}, true],
    ['ForAllValues:ArnLike', ['arn:aws:s3:::*'], key(['arn:aws:s3:::a']), true],
    ['StringEquals', ['a'], key(['x', 'a']), true],
    ['StringNotEquals', ['a'], key(['x', 'a']), false],
    ['Null', 'true', {}, true],
    ['Null', 'true', key('x'), false],
    ['Null', false, key('x'), true],
    ['Null', 'false', {}, false],
    ['StringEquals', '${j}', { k: 'v', j: 'v' }, true],
    ['StringEquals', '${j}', { k: 'v' }, false],
    ['StringNotEquals', '${j}', { k: 'v' }, true],
    ['StringLike', "${j, 'w'}*", { k: 'wx' }, true],
    ['ArnLike', 'arn:aws:iam::${j}:role/*', { k: 'arn:aws:iam::111122223333:role/x', j: '111122223333' }, true],
    ['StringEquals', [], key('x'), false],
  ])('%s %j given %j: %s', (operator, wanted, context, expected) =>
    expect(held({ [operator]: { k: wanted } }, context)).toBe(expected),
  );

  test('all keys and operators have to hold', () => {
    const condition = { StringEquals: { a: '1', b: '2' }, Bool: { c: 'true' } };
    expect(held(condition, { a: '1', b: '2', c: 'true' })).toBe(true);
    expect(held(condition, { a: '1', b: '3', c: 'true' })).toBe(false);
    expect(held(condition, { a: '1', b: '2', c: 'false' })).toBe(false);
  });
});

describe('Principal', () => {
  const { arn, userId } = user();
  const named = (principal: unknown): boolean =>
    answer({
      policies: [policy('resource', { Effect: 'Allow', Action: '*', Resource: '*', Principal: principal })],
    }) === 'allow';

  test.each([
    ['*', true],
    [{ AWS: '*' }, true],
    [{ AWS: arn }, true],
    [{ AWS: userId }, true],
    [{ AWS: [user('bob').arn, arn] }, true],
    [{ AWS: user('bob').arn }, false],
    [{ AWS: user('ADA').arn }, false],
    [{ Service: 's3.amazonaws.com' }, false],
    [{ Federated: 'cognito-identity.amazonaws.com' }, false],
    [{ Service: 's3.amazonaws.com', AWS: arn }, true],
  ])('%j: %s', (principal, expected) => expect(named(principal)).toBe(expected));
});
