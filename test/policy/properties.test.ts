// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
/** What must hold for all policies: seeded random statements against random questions. */
import fc from 'fast-check';
import { decide, type Policy } from '../../runtime/engine/policy/decide';
import { ACCOUNT, anonymous, lookupIn, policy, root, STRANGER, service, session, user } from './ask';

const actions = ['s3:GetObject', 's3:PutObject', 's3:Get*', 's3:*', '*', 'kms:Decrypt'];
const resources = ['*', 'arn:aws:s3:::a/*', 'arn:aws:s3:::b/*', 'arn:aws:s3:::${aws:username}/*'];
const principals = [
  '*',
  { AWS: ACCOUNT },
  { AWS: user().arn },
  { AWS: session().arn },
  { AWS: session().session!.roleArn },
  { AWS: STRANGER },
  { Service: 's3.amazonaws.com' },
];
const conditions = [
  undefined,
  { Bool: { 'aws:SecureTransport': 'false' } },
  { StringEquals: { 'aws:username': ['a', 'ada'] } },
  { 'ForAllValues:StringLike': { 'aws:TagKeys': 'x*' } },
];
const kinds = ['identity', 'resource', 'boundary', 'session', 'serviceControl', 'resourceControl'] as const;

const statement = fc.record({
  Action: fc.constantFrom(...actions),
  Resource: fc.constantFrom(...resources),
  Condition: fc.constantFrom(...conditions),
});
const statements = fc.record({
  effect: fc.constantFrom('Allow', 'Deny'),
  body: statement,
  principal: fc.constantFrom(...principals),
});

type Drawn = { effect: string; body: object; principal: unknown };
const speaksOfPrincipals = (kind: Policy['kind']): boolean => kind === 'resource' || kind === 'resourceControl';
const written = (kind: Policy['kind'], drawn: readonly Drawn[]): Policy =>
  policy(
    kind,
    ...drawn.map(({ effect, body, principal }) => ({
      ...body,
      Effect: effect,
      ...(speaksOfPrincipals(kind) ? { Principal: principal } : {}),
    })),
  );

const world = fc.record({
  action: fc.constantFrom('s3:GetObject', 's3:PutObject', 'kms:Decrypt'),
  resource: fc.constantFrom('arn:aws:s3:::a/x', 'arn:aws:s3:::b/x'),
  caller: fc.constantFrom(user(), session(), root(), user('eve', STRANGER), service('s3.amazonaws.com'), anonymous),
  sameAccount: fc.constantFrom('sufficient' as const, 'delegated' as const),
  secure: fc.constantFrom('true', 'false'),
  drawn: fc.array(fc.record({ kind: fc.constantFrom(...kinds), list: fc.array(statements, { maxLength: 3 }) }), {
    maxLength: 5,
  }),
});

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;
const ask = ({ secure, drawn, ...rest }: World, ...more: Policy[]): string =>
  decide({
    ...rest,
    owner: ACCOUNT,
    lookup: lookupIn({ 'aws:SecureTransport': secure, 'aws:username': 'ada' }),
    policies: [...drawn.map(({ kind, list }) => written(kind, list)), ...more],
  }).effect;

const everything = { Effect: 'Deny', Action: '*', Resource: '*' };
const settings = { seed: 2026, numRuns: 400 };

test('an explicit deny is never overridden', () => {
  fc.assert(
    fc.property(world, (w) => {
      expect(ask(w, policy('identity', everything))).toBe('explicitDeny');
      expect(ask(w, policy('resource', { ...everything, Principal: '*' }))).toBe('explicitDeny');
    }),
    settings,
  );
});

test('one more Allow in a policy never takes access away', () => {
  fc.assert(
    fc.property(world, statements, fc.nat(), (w, extra, at) => {
      fc.pre(w.drawn.length > 0 && ask(w) === 'allow');
      const grown = w.drawn.map((one, i) =>
        i === at % w.drawn.length ? { ...one, list: [...one.list, { ...extra, effect: 'Allow' as const }] } : one,
      );
      expect(ask({ ...w, drawn: grown })).toBe('allow');
    }),
    settings,
  );
});

test('one more identity or resource policy of Allows never takes access away', () => {
  fc.assert(
    fc.property(world, fc.constantFrom('identity' as const, 'resource' as const), statements, (w, kind, extra) => {
      fc.pre(ask(w) === 'allow');
      expect(ask(w, written(kind, [{ ...extra, effect: 'Allow' as const }]))).toBe('allow');
    }),
    settings,
  );
});

test('one more Deny never gives access', () => {
  fc.assert(
    fc.property(world, fc.constantFrom(...kinds), statements, (w, kind, extra) => {
      fc.pre(ask(w) !== 'allow');
      expect(ask(w, written(kind, [{ ...extra, effect: 'Deny' as const }]))).not.toBe('allow');
    }),
    settings,
  );
});
