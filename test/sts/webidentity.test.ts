/** Web identities: a token of an issuer becomes a session, by provider, trust policy and clock. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

const ACCOUNT = '111122223333';
const ISSUER = 'https://token.actions.githubusercontent.com';
const PROVIDER = `arn:aws:iam::${ACCOUNT}:oidc-provider/token.actions.githubusercontent.com`;
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/deploy`;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = (key: KeyObject, kid?: string) => ({ ...key.export({ format: 'jwk' }), kid });

let coffer: Coffer;
let iam: IAMClient;

const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const trust = (Condition?: object, Action: string | string[] = 'sts:AssumeRoleWithWebIdentity') =>
  document({ Effect: 'Allow', Principal: { Federated: PROVIDER }, Action, Condition });

beforeEach(async () => {
  coffer = await startCoffer({
    defaultAccount: ACCOUNT,
    config: { oidcIssuers: [{ url: ISSUER, keys: [jwk(ec.publicKey, 'one'), jwk(rsa.publicKey, 'two')] }] },
  });
  iam = coffer.client(IAMClient);
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: ISSUER, ClientIDList: ['sts.amazonaws.com'] }));
  await iam.send(new CreateRoleCommand({ RoleName: 'deploy', AssumeRolePolicyDocument: trust() }));
});
afterEach(() => coffer.close());

const now = () => Math.floor(coffer.clock.now().getTime() / 1000);

function tokenOf(claims: object = {}, header: object = {}, key: KeyObject = ec.privateKey): string {
  const base = {
    iss: ISSUER,
    sub: 'repo:octo/app:ref:refs/heads/main',
    aud: 'sts.amazonaws.com',
    iat: now(),
    exp: now() + 300,
  };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'ES256', kid: 'one', ...header })}.${part({ ...base, ...claims })}`;
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' });
  return `${signed}.${signature.toString('base64url')}`;
}

const assume = (WebIdentityToken: string, more: object = {}) =>
  coffer
    .client(STSClient, { as: 'anonymous' })
    .send(new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: 'ci', WebIdentityToken, ...more }));
const refused = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error) => `${error.Error?.Code ?? error.name}: ${error.message}`,
  );

test('a token that the trust policy lets in becomes a session, without a signature', async () => {
  const answer = await assume(tokenOf(), { DurationSeconds: 900 });
  expect(answer).toMatchObject({
    Provider: PROVIDER,
    Audience: 'sts.amazonaws.com',
    SubjectFromWebIdentityToken: 'repo:octo/app:ref:refs/heads/main',
    AssumedRoleUser: { Arn: `arn:aws:sts::${ACCOUNT}:assumed-role/deploy/ci` },
  });
  const { AccessKeyId, SecretAccessKey, SessionToken } = answer.Credentials!;
  const as = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
  const identity = await coffer.client(STSClient, { as }).send(new GetCallerIdentityCommand({}));
  expect(identity.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/deploy/ci`);
  // Its claims and its provider stay with it.
  const s3 = coffer.client(S3Client, { as });
  const allowing = (Condition: object) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'deploy',
        PolicyName: 'p',
        PolicyDocument: document({ Effect: 'Allow', Action: 's3:*', Resource: '*', Condition }),
      }),
    );
  await allowing({
    StringEquals: { 'aws:FederatedProvider': PROVIDER },
    StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:octo/*' },
  });
  expect(await refused(s3.send(new ListBucketsCommand({})))).toBe('no error');
  await allowing({ StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:other/*' } });
  expect(await refused(s3.send(new ListBucketsCommand({})))).toMatch(/^AccessDenied/);
  await allowing({});
  await coffer.clock.advance({ minutes: 15 });
  expect(await refused(s3.send(new ListBucketsCommand({})))).toMatch(/^ExpiredToken/);
});

test.each<[string, object, object, string]>([
  ['subject', { StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:octo/app:*' } }, {}, 'no error'],
  ['other subject', { StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:octo/lib:*' } }, {}, 'no'],
  ['audience', { StringEquals: { 'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com' } }, {}, 'no error'],
  [
    'a claim of GitHub',
    { StringEquals: { 'token.actions.githubusercontent.com:repository_id': '7' } },
    { repository_id: '7' },
    'no error',
  ],
  [
    'another value of it',
    { StringEquals: { 'token.actions.githubusercontent.com:repository_id': '7' } },
    { repository_id: '8' },
    'no',
  ],
  [
    'a claim that is no key',
    { StringEquals: { 'token.actions.githubusercontent.com:runner': 'x' } },
    { runner: 'x' },
    'no',
  ],
  ['session name', { StringEquals: { 'sts:RoleSessionName': 'ci' } }, {}, 'no error'],
])('the trust policy decides by %s', async (_, condition, claims, outcome) => {
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'deploy', PolicyDocument: trust(condition) }));
  expect(await refused(assume(tokenOf(claims)))).toBe(
    outcome === 'no' ? 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity' : outcome,
  );
});

test('tokens are held to keys, clock, provider and audience', async () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  expect(await refused(assume(tokenOf({}, { alg: 'RS256', kid: 'two' }, rsa.privateKey)))).toBe('no error');
  expect(await refused(assume(tokenOf({}, {}, other.privateKey)))).toMatch(/^InvalidIdentityToken: .*signature/);
  expect(await refused(assume(tokenOf({}, { kid: 'two' })))).toMatch(/^InvalidIdentityToken: .*signature/);
  expect(await refused(assume(tokenOf({}, { alg: 'none' })))).toMatch(/^InvalidIdentityToken: .*signature/);
  expect(await refused(assume('no-token-at-all'))).toMatch(/^InvalidIdentityToken: .*not a valid JWT/);
  expect(await refused(assume(tokenOf({ sub: undefined })))).toBe(
    'InvalidIdentityToken: Missing a required claim: sub',
  );
  expect(await refused(assume(tokenOf({ aud: 'me' })))).toBe('InvalidIdentityToken: Incorrect token audience');
  expect(await refused(assume(tokenOf({ azp: 'me' })))).toBe('InvalidIdentityToken: Incorrect token audience');
  expect(await refused(assume(tokenOf({ iss: 'https://other.example' })))).toBe(
    'InvalidIdentityToken: No OpenIDConnect provider found in your account for https://other.example',
  );
  const token = tokenOf();
  await coffer.clock.advance({ minutes: 5 });
  expect(await refused(assume(token))).toMatch(/^ExpiredTokenException: Token expired: current date\/time \d+ must be/);
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: 'https://nobody.example', ClientIDList: ['x'] }));
  expect(await refused(assume(tokenOf({ iss: 'https://nobody.example', aud: 'x' })))).toMatch(
    /^InvalidIdentityToken: Couldn't retrieve verification key from your identity provider/,
  );
});

test('session tags and source identity come from claims, with permission', async () => {
  const claims = {
    'https://aws.amazon.com/tags': { principal_tags: { team: ['blue'] }, transitive_tag_keys: ['team'] },
    'https://aws.amazon.com/source_identity': 'octocat',
  };
  expect(await refused(assume(tokenOf(claims)))).toMatch(/^AccessDenied: Not authorized to perform sts:TagSession/);
  const actions = ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession', 'sts:SetSourceIdentity'];
  const PolicyDocument = trust({ StringEquals: { 'aws:RequestTag/team': 'blue' } }, actions);
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'deploy', PolicyDocument }));
  const answer = await assume(tokenOf(claims));
  expect(answer.SourceIdentity).toBe('octocat');
  expect(answer.PackedPolicySize).toBeGreaterThan(0);
});

test('a local issuer serves its keys', async () => {
  await coffer.close();
  const server = createServer((_, response) => response.end(JSON.stringify({ keys: [jwk(ec.publicKey, 'one')] })));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  coffer = await startCoffer({
    defaultAccount: ACCOUNT,
    config: { oidcIssuers: [{ url: ISSUER, jwksUri: `http://127.0.0.1:${port}/jwks` }] },
  });
  iam = coffer.client(IAMClient);
  await iam.send(new CreateOpenIDConnectProviderCommand({ Url: ISSUER, ClientIDList: ['sts.amazonaws.com'] }));
  await iam.send(new CreateRoleCommand({ RoleName: 'deploy', AssumeRolePolicyDocument: trust() }));
  expect(await refused(assume(tokenOf()))).toBe('no error');
  await new Promise((resolve) => server.close(resolve));
  expect(await refused(assume(tokenOf()))).toMatch(/^InvalidIdentityToken: Couldn't retrieve/);
});

test('providers are one per address, with client ids', async () => {
  const again = new CreateOpenIDConnectProviderCommand({ Url: ISSUER });
  expect(await refused(iam.send(again))).toMatch(/^EntityAlreadyExists/);
  const plain = new CreateOpenIDConnectProviderCommand({ Url: 'http://plain.example' });
  expect(await refused(iam.send(plain))).toMatch(/^ValidationError/);
  const arn = { OpenIDConnectProviderArn: PROVIDER };
  await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...arn, ClientID: 'other' }));
  const { Url, ClientIDList } = await iam.send(new GetOpenIDConnectProviderCommand(arn));
  expect([Url, ClientIDList]).toEqual([ISSUER.slice(8), ['sts.amazonaws.com', 'other']]);
  const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
  expect(OpenIDConnectProviderList).toEqual([{ Arn: PROVIDER }]);
  await iam.send(new DeleteOpenIDConnectProviderCommand(arn));
  expect(await refused(iam.send(new GetOpenIDConnectProviderCommand(arn)))).toMatch(/^NoSuchEntity/);
  expect(await refused(assume(tokenOf()))).toMatch(/^InvalidIdentityToken: No OpenIDConnect provider found/);
});
