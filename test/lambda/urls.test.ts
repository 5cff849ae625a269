/** Function URLs: who may call them, what the function sees of a request, and what the caller sees of the answer. */
import { createHash, createHmac } from 'node:crypto';
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import * as sdk from '@aws-sdk/client-lambda';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { HttpRequest } from '@smithy/core/protocols';
import { SignatureV4 } from '@smithy/signature-v4';
import { App, CfnOutput, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';

process.env.CDK_VALIDATION = 'false';

class Sha256 {
  private readonly hash;
  constructor(secret?: never) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret);
  }
  update(data: Uint8Array): void {
    this.hash.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.hash.digest();
  }
}

const SOURCE = `exports.handler = async (event) => {
  if (event.rawPath === '/fail') throw new Error('no');
  if (event.rawPath === '/plain') return { hello: 'you' };
  if (event.rawPath === '/bytes') return { statusCode: 201, headers: { 'Content-Type': 'x/y' }, body: 'AAH/', isBase64Encoded: true };
  return { statusCode: 200, body: JSON.stringify(event), cookies: ['a=1'] };
};`;

function stackOf(origin: string): App {
  const app = new App();
  const stack = new Stack(app, 'Urls');
  const make = (id: string) =>
    new lambda.Function(stack, id, {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(SOURCE),
    });
  const open = make('Open').addFunctionUrl({
    authType: lambda.FunctionUrlAuthType.NONE,
    cors: { allowedOrigins: [origin], allowedMethods: [lambda.HttpMethod.POST], allowedHeaders: ['x-a'] },
  });
  const closed = make('Closed').addFunctionUrl();
  const caller = new iam.Role(stack, 'Caller', { assumedBy: new iam.AccountRootPrincipal(), roleName: 'caller' });
  new iam.Role(stack, 'Stranger', { assumedBy: new iam.AccountRootPrincipal(), roleName: 'stranger' });
  closed.grantInvokeUrl(caller);
  new CfnOutput(stack, 'OpenUrl', { value: open.url });
  new CfnOutput(stack, 'ClosedUrl', { value: closed.url });
  return app;
}

let coffer: Coffer;
let urls: { open: string; closed: string };
beforeAll(async () => {
  coffer = await startCoffer();
  const deployed = await coffer.deploy(stackOf('https://a.example'));
  urls = { open: deployed.output('OpenUrl'), closed: deployed.output('ClosedUrl') };
});
afterAll(() => coffer.close());

interface Asked {
  as?: string;
  method?: string;
  path?: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

async function ask(url: string, { as, method = 'GET', path = '/', headers = {}, ...rest }: Asked = {}) {
  const client = coffer.client(sdk.LambdaClient, { as: as ?? 'admin' });
  const { hostname } = new URL(url);
  let request = new HttpRequest({
    protocol: 'http:',
    hostname,
    method,
    path,
    headers: { host: hostname, ...headers },
    ...rest,
  });
  if (as !== undefined) {
    const credentials = await client.config.credentials();
    const signer = new SignatureV4({ credentials, region: 'us-east-1', service: 'lambda', sha256: Sha256 as never });
    request = (await signer.sign(request)) as HttpRequest;
  }
  const { response } = await client.config.requestHandler.handle(request as never);
  const chunks: Buffer[] = [];
  for await (const chunk of response.body ?? []) chunks.push(Buffer.from(chunk));
  const bytes = Buffer.concat(chunks);
  const json = () => JSON.parse(bytes.toString());
  return { status: response.statusCode, headers: response.headers as Record<string, string>, bytes, json };
}

test('anybody may call a URL without authentication; the function sees the request', async () => {
  expect(urls.open).toMatch(/^https:\/\/[a-z0-9]{32}\.lambda-url\.us-east-1\.on\.aws\/$/);
  const answer = await ask(urls.open, {
    method: 'POST',
    path: '/a%20b',
    query: { q: 'x y' },
    headers: { 'content-type': 'application/json', cookie: 'c=1; d=2', 'user-agent': 'me' },
    body: '{"a":1}',
  });
  expect(answer.status).toBe(200);
  expect(answer.headers['set-cookie']).toBe('a=1');
  expect(answer.json()).toMatchObject({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/a b',
    rawQueryString: 'q=x%20y',
    cookies: ['c=1', 'd=2'],
    queryStringParameters: { q: 'x y' },
    requestContext: {
      accountId: 'anonymous',
      domainName: new URL(urls.open).hostname,
      http: { method: 'POST', path: '/a b', userAgent: 'me' },
    },
    body: '{"a":1}',
    isBase64Encoded: false,
  });
  const binary = await ask(urls.open, { method: 'PUT', body: Buffer.from([0, 255]) });
  expect(binary.json()).toMatchObject({ body: 'AP8=', isBase64Encoded: true });
});

test('answers: what has no status is JSON, bytes are bytes, a failure is a bad gateway', async () => {
  const plain = await ask(urls.open, { path: '/plain' });
  expect([plain.status, plain.headers['content-type'], plain.json()]).toEqual([
    200,
    'application/json',
    { hello: 'you' },
  ]);
  const bytes = await ask(urls.open, { path: '/bytes' });
  expect([bytes.status, bytes.headers['content-type'], bytes.bytes]).toEqual([201, 'x/y', Buffer.from([0, 1, 255])]);
  expect((await ask(urls.open, { path: '/fail' })).status).toBe(502);
});

test('a URL with authentication wants a signature of somebody who may', async () => {
  const allowed = await ask(urls.closed, { as: 'caller' });
  expect(allowed.status).toBe(200);
  expect(allowed.json().requestContext).toMatchObject({
    accountId: '000000000000',
    authorizer: { iam: { accountId: '000000000000', userArn: expect.stringContaining(':assumed-role/caller/') } },
  });
  for (const as of ['stranger', undefined]) {
    const refused = await ask(urls.closed, { as });
    expect([as, refused.status, refused.json().Message]).toEqual([as, 403, expect.stringMatching(/^Forbidden/)]);
  }
  const elsewhere = await ask(urls.closed.replace(/[a-z0-9]{32}/, 'x'.repeat(32)), { as: 'caller' });
  expect(elsewhere.status).toBe(403);
});

test('browsers of the named origins are let in, before the function is asked', async () => {
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST' },
  });
  expect((await ask(urls.open, preflight('https://a.example'))).headers).toMatchObject({
    'access-control-allow-origin': 'https://a.example',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'x-a',
  });
  const stranger = await ask(urls.open, { headers: { origin: 'https://b.example' } });
  expect(stranger.headers['access-control-allow-origin']).toBeUndefined();
});

test('who cannot set a host uses the path', async () => {
  const endpoint = await coffer.listen({ port: 0 });
  const [, id] = /\/\/([a-z0-9]{32})\./.exec(urls.open)!;
  const answer = await fetch(`${endpoint}/_lambda/url/${id}/deep/path?x=1`);
  expect(await answer.json()).toMatchObject({ rawPath: '/deep/path', rawQueryString: 'x=1' });
});

test('an update keeps the URL, and it goes with its stack', async () => {
  const again = await coffer.deploy(stackOf('https://b.example'));
  expect(again.output('OpenUrl')).toBe(urls.open);
  const answer = await ask(urls.open, { path: '/plain', headers: { origin: 'https://b.example' } });
  expect(answer.headers['access-control-allow-origin']).toBe('https://b.example');
  const client = coffer.client(sdk.LambdaClient);
  const { Functions } = await client.send(new sdk.ListFunctionsCommand({}));
  const FunctionName = Functions!.find((fn) => fn.FunctionName!.includes('Open'))!.FunctionName!;
  const { FunctionUrlConfigs } = await client.send(new sdk.ListFunctionUrlConfigsCommand({ FunctionName }));
  expect(FunctionUrlConfigs).toMatchObject([{ FunctionUrl: urls.open, AuthType: 'NONE' }]);
  await expect(
    client.send(new sdk.CreateFunctionUrlConfigCommand({ FunctionName, AuthType: 'NONE' })),
  ).rejects.toMatchObject({ name: 'ResourceConflictException' });
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Urls' }));
  expect((await ask(urls.open)).status).toBe(403);
});
