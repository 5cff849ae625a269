/** Requests that nobody has made: what is said of all of them must hold for each. */
import fc from 'fast-check';
import { decide, type Question } from '../../runtime/engine/policy/decide';
import { covers, type Prospect, prospectOf } from '../../runtime/engine/policy/prospect';
import { ACCOUNT, anonymous, policy, question, root, service, session, user } from '../policy/ask';

const conditions = [
  undefined,
  { Bool: { 'aws:SecureTransport': 'false' } },
  { StringEquals: { 's3:prefix': ['a', 'b'] } },
  { StringLike: { 's3:prefix': 'a*' } },
  { StringNotEquals: { 's3:prefix': 'a' } },
  { Null: { 's3:prefix': 'true' } },
  { StringEquals: { 'aws:PrincipalAccount': ACCOUNT } },
];
const drawn = fc.record({
  kind: fc.constantFrom('identity' as const, 'resource' as const, 'boundary' as const, 'serviceControl' as const),
  list: fc.array(
    fc.record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      Action: fc.constantFrom('s3:GetObject', 's3:*', 's3:PutObject'),
      Resource: fc.constantFrom('*', 'arn:aws:s3:::uploads/*', 'arn:aws:s3:::else/*'),
      Condition: fc.constantFrom(...conditions),
    }),
    { maxLength: 3 },
  ),
});
const asked = fc.record({
  caller: fc.constantFrom(
    user(),
    session(),
    root(),
    user('eve', '444455556666'),
    service('s3.amazonaws.com'),
    anonymous,
  ),
  drawn: fc.array(drawn, { maxLength: 4 }),
  to: fc.constantFrom('*', { AWS: ACCOUNT }, { AWS: user().arn }),
});
type Asked = typeof asked extends fc.Arbitrary<infer T> ? T : never;

/** Every request that there can be, as far as these policies tell requests apart. */
const contexts = ['true', 'false'].flatMap((secure) =>
  [undefined, 'a', 'b', 'ab', 'x'].map((prefix) => ({
    'aws:SecureTransport': secure,
    ...(prefix === undefined ? {} : { 's3:prefix': prefix }),
  })),
);

const isKnown = (key: string) => key.startsWith('aws:principal');
const of = ({ caller, drawn: policies, to }: Asked, context: Readonly<Record<string, string>> = {}): Question =>
  question({
    caller,
    policies: policies.map(({ kind, list }) =>
      policy(kind, ...list.map((one) => (kind === 'resource' ? { ...one, Principal: to } : one))),
    ),
    context: { ...context, ...(caller.account ? { 'aws:PrincipalAccount': caller.account } : {}) },
  });
const outcomes = (one: Asked) => contexts.map((context) => decide(of(one, context)).effect === 'allow');

const settings = { seed: 20261130, numRuns: 1_500 };

test('allowed is allowed in every request, denied in none', () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(asked, (one) => {
      const { effect } = prospectOf(of(one), isKnown);
      seen.add(effect);
      if (effect !== 'conditional') expect(new Set(outcomes(one))).toEqual(new Set([effect === 'allowed']));
    }),
    settings,
  );
  expect(seen).toEqual(new Set(['allowed', 'denied', 'conditional']));
});

test('what covers another lets through whatever the other does', () => {
  let compared = 0;
  fc.assert(
    fc.property(asked, asked, (one, two) => {
      const other = { ...two, caller: one.caller };
      if (!covers(prospectOf(of(one), isKnown), prospectOf(of(other), isKnown))) return;
      compared++;
      const mine = outcomes(one);
      expect(outcomes(other).every((allowed, i) => !allowed || mine[i])).toBe(true);
    }),
    settings,
  );
  expect(compared).toBeGreaterThan(250);
});

test.each<[string, object[], Prospect]>([
  ['nothing', [], { effect: 'denied' }],
  ['an allow', [{}], { effect: 'allowed' }],
  [
    'an allow with a condition',
    [{ Condition: { StringEquals: { 's3:prefix': 'a' } } }],
    { effect: 'conditional', if: [[{ operator: 'StringEquals', key: 's3:prefix', values: ['a'] }]], unless: [] },
  ],
  [
    '... that is beside one without',
    [{ Condition: { StringEquals: { 's3:prefix': 'a' } } }, {}],
    { effect: 'allowed' },
  ],
  [
    'an allow and a denial with conditions',
    [{}, { Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': false } } }],
    {
      effect: 'conditional',
      if: [],
      unless: [[{ operator: 'Bool', key: 'aws:SecureTransport', values: ['false'] }]],
    },
  ],
  [
    'a condition on what is known',
    [{ Condition: { StringEquals: { 'aws:PrincipalAccount': 'x' } } }],
    { effect: 'denied' },
  ],
])('%s', (_, statements, expected) => {
  const mine = policy(
    'identity',
    ...statements.map((one) => ({ Effect: 'Allow', Action: '*', Resource: '*', ...one })),
  );
  const found = prospectOf(question({ policies: [mine], context: { 'aws:PrincipalAccount': ACCOUNT } }), isKnown);
  expect(found).toEqual(expected);
});

test('fewer values of a condition are narrower, of a negated one wider', () => {
  const when = (operator: string, ...values: string[]): Prospect => ({
    effect: 'conditional',
    if: [[{ operator, key: 'aws:SourceVpce', values }]],
    unless: [],
  });
  expect(covers(when('StringEquals', 'a', 'b'), when('StringEquals', 'a'))).toBe(true);
  expect(covers(when('StringEquals', 'a'), when('StringEquals', 'a', 'b'))).toBe(false);
  expect(covers(when('StringNotEquals', 'a'), when('StringNotEquals', 'a', 'b'))).toBe(true);
  expect(covers(when('StringNotEquals', 'a', 'b'), when('StringNotEquals', 'a'))).toBe(false);
  expect(covers(when('StringEquals', 'a'), when('StringLike', 'a'))).toBe(false);
});
