/** Website endpoints as a browser meets them: plain HTTP with the website's name in the Host header. */
import { type IncomingHttpHeaders, request } from 'node:http';
import { CreateKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketCorsCommand,
  PutBucketLoggingCommand,
  PutBucketPolicyCommand,
  PutBucketRequestPaymentCommand,
  PutBucketWebsiteCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type WebsiteConfiguration,
} from '@aws-sdk/client-s3';
import { refusal, type Setting, start } from '../s3/client';

let setting: Setting;
let port: number;
let made = 0;
beforeAll(async () => {
  setting = await start();
  port = Number(new URL(await setting.coffer.listen({ port: 0 })).port);
});
afterAll(() => setting.coffer.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** @param host of the website, or only the bucket */
function visit(host: string, path = '/', headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const asked = { host: host.includes('.') ? host : `${host}.s3-website.localhost:${port}`, ...headers };
  return new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, headers: asked }, async (incoming) => {
      let text = '';
      for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
      resolve({ status: incoming.statusCode!, headers: incoming.headers, text });
    })
      .on('error', reject)
      .end();
  });
}

const policy = (Bucket: string, ...more: object[]) =>
  setting.s3.send(
    new PutBucketPolicyCommand({
      Bucket,
      Policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: '*',
            Action: 's3:GetObject',
            NotResource: `arn:aws:s3:::${Bucket}/private/*`,
          },
          ...more,
        ],
      }),
    }),
  );

const put = (Bucket: string, Key: string, Body = Key, more: object = {}) =>
  setting.s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'text/html', ...more }));

const configure = (Bucket: string, WebsiteConfiguration: WebsiteConfiguration) =>
  setting.s3.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));

const IndexDocument = { Suffix: 'index.html' };

/** A public bucket with a few pages. */
async function site(configuration: WebsiteConfiguration = { IndexDocument }): Promise<string> {
  const Bucket = `site-${++made}`;
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await setting.s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  await policy(Bucket);
  await configure(Bucket, configuration);
  for (const key of ['index.html', 'docs/index.html', 'docs/a b.html', 'private/index.html']) await put(Bucket, key);
  return Bucket;
}

describe('a page', () => {
  let bucket: string;
  beforeAll(async () => {
    bucket = await site();
  });

  test.each([
    ['/', 'index.html'],
    ['/?acl', 'index.html'],
    ['/index.html', 'index.html'],
    ['/docs/', 'docs/index.html'],
    ['/docs/a%20b.html', 'docs/a b.html'],
  ])('%s is %s', async (path, expected) => {
    const answer = await visit(bucket, path);
    expect(answer).toMatchObject({ status: 200, text: expected });
    expect(answer.headers).toMatchObject({ 'content-type': 'text/html', server: 'AmazonS3' });
  });

  test.each([
    's3-website-us-east-1.localhost',
    's3-website-us-east-1.amazonaws.com',
    's3-website.us-east-1.amazonaws.com',
  ])('is at %s too', async (endpoint) => {
    expect(await visit(`${bucket}.${endpoint}`)).toMatchObject({ status: 200, text: 'index.html' });
  });

  it('has a head, ranges and conditions', async () => {
    const head = await visit(bucket, '/', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, text: '', headers: { 'content-length': '10' } });
    expect(await visit(bucket, '/', { range: 'bytes=0-4' })).toMatchObject({
      status: 206,
      text: 'index',
      headers: { 'content-range': 'bytes 0-4/10' },
    });
    const { etag = '' } = head.headers;
    expect(await visit(bucket, '/', { 'if-none-match': etag })).toMatchObject({ status: 304, text: '' });
    expect(await visit(bucket, '/', { 'if-match': '"other"' })).toMatchObject({ status: 412 });
    expect(await visit(bucket, '/', { range: 'bytes=99-' })).toMatchObject({
      status: 416,
      headers: { 'content-range': 'bytes */10', 'x-amz-error-code': 'InvalidRange' },
    });
  });

  it('of a folder without slash is a redirect', async () => {
    const answer = await visit(bucket, '/docs');
    expect(answer).toMatchObject({ status: 302, headers: { location: '/docs/', 'x-amz-error-code': 'Found' } });
    expect(answer.text).toContain('<li>Message: Resource Found</li>');
  });

  it('that is a redirect leads elsewhere, but not as an object', async () => {
    await put(bucket, 'old.html', 'moved', { WebsiteRedirectLocation: '/new.html' });
    expect(await visit(bucket, '/old.html')).toMatchObject({
      status: 301,
      text: '',
      headers: { location: '/new.html' },
    });
    const object = await setting.s3.send(new GetObjectCommand({ Bucket: bucket, Key: 'old.html' }));
    expect(object.WebsiteRedirectLocation).toBe('/new.html');
    expect(await object.Body!.transformToString()).toBe('moved');
    const elsewhere = put(bucket, 'x', 'x', { WebsiteRedirectLocation: 'new.html' });
    expect(await refusal(elsewhere)).toBe('400 InvalidRedirectLocation');
  });

  it('answers browsers of other origins by the CORS rules', async () => {
    const CORSRules = [{ AllowedMethods: ['GET'], AllowedOrigins: ['https://app.test'] }];
    await setting.s3.send(new PutBucketCorsCommand({ Bucket: bucket, CORSConfiguration: { CORSRules } }));
    const asked = { origin: 'https://app.test', 'access-control-request-method': 'GET' };
    for (const method of ['GET', 'OPTIONS']) {
      const { status, headers } = await visit(bucket, '/', asked, method);
      expect([status, headers['access-control-allow-origin']]).toEqual([200, 'https://app.test']);
    }
  });
});

describe('an error', () => {
  it('is a page', async () => {
    const bucket = await site();
    const answer = await visit(bucket, '/no%3Csuch%3E');
    expect(answer.status).toBe(404);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-amz-error-code': 'NoSuchKey',
      'x-amz-error-message': 'The specified key does not exist.',
      'x-amz-error-detail-key': 'no<such>',
    });
    expect(answer.text.replace(/(RequestId|HostId): [^<]+/g, '$1')).toBe(
      [
        '<html>',
        '<head><title>404 Not Found</title></head>',
        '<body>',
        '<h1>404 Not Found</h1>',
        '<ul>',
        '<li>Code: NoSuchKey</li>',
        '<li>Message: The specified key does not exist.</li>',
        '<li>Key: no&#60;such&#62;</li>',
        '<li>RequestId</li>',
        '<li>HostId</li>',
        '</ul>',
        '<hr/>',
        '</body>',
        '</html>',
        '',
      ].join('\n'),
    );
    expect((await visit(bucket, '/missing/')).headers['x-amz-error-detail-key']).toBe('missing/index.html');
    expect(await visit(bucket, '/missing', {}, 'HEAD')).toMatchObject({ status: 404, text: '' });
    expect(await visit(bucket, '/%FF')).toMatchObject({ status: 400, headers: { 'x-amz-error-code': 'InvalidURI' } });
  });

  test.each(['POST', 'PUT', 'DELETE'])('is the answer to %s', async (method) => {
    const bucket = await site({ IndexDocument, ErrorDocument: { Key: 'index.html' } });
    const answer = await visit(bucket, '/', {}, method);
    expect(answer.status).toBe(405);
    expect(answer.text).toContain(`<li>Method: ${method}</li>\n<li>ResourceType: OBJECT</li>`);
  });

  it('is what hosts without a website have', async () => {
    const none = await visit('no-such-bucket');
    expect(none.status).toBe(404);
    expect(none.text).toContain('<li>Code: NoSuchBucket</li>');
    expect(none.text).toContain('<li>BucketName: no-such-bucket</li>');
    await setting.s3.send(new CreateBucketCommand({ Bucket: 'no-website' }));
    const unset = await visit('no-website');
    expect(unset.status).toBe(404);
    expect(unset.text).toContain('<li>Code: NoSuchWebsiteConfiguration</li>');
    const bucket = await site();
    const elsewhere = await visit(`${bucket}.s3-website.eu-central-1.amazonaws.com`);
    expect(elsewhere.status).toBe(400);
    expect(elsewhere.text).toContain(`<li>Endpoint: ${bucket}.s3-website-us-east-1.amazonaws.com</li>`);
    const endpoint = await visit('s3-website.eu-central-1.amazonaws.com');
    expect(endpoint).toMatchObject({ status: 301, headers: { location: 'https://aws.amazon.com/s3/' } });
  });

  it('has the error document for 4XX, with its own status', async () => {
    const bucket = await site({ IndexDocument, ErrorDocument: { Key: 'error.html' } });
    const without = await visit(bucket, '/missing');
    expect(without.text).toContain(
      '<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: error.html</li>\n</ul>',
    );
    await put(bucket, 'error.html', 'sorry');
    const expected = { text: 'sorry', headers: { 'content-type': 'text/html' } };
    const missing = await visit(bucket, '/missing', { range: 'bytes=0-1', 'if-none-match': '*' });
    expect(missing).toMatchObject({ ...expected, status: 404 });
    expect(missing.headers['x-amz-error-code']).toBe('NoSuchKey');
    expect(await visit(bucket, '/private/index.html')).toMatchObject({ ...expected, status: 403 });
    await put(bucket, 'error.html', 'moved', { WebsiteRedirectLocation: '/sorry.html' });
    expect(await visit(bucket, '/missing')).toMatchObject({ status: 301, headers: { location: '/sorry.html' } });
  });
});

describe('a redirect', () => {
  it('of all requests', async () => {
    const bucket = await site({ RedirectAllRequestsTo: { HostName: 'example.com', Protocol: 'https' } });
    const answer = await visit(bucket, '/a%20b?c=d');
    expect(answer).toMatchObject({ status: 301, text: '', headers: { location: 'https://example.com/a%20b?c=d' } });
  });

  it('of rules comes before objects, of rules about errors before the error document', async () => {
    const bucket = await site({
      IndexDocument,
      ErrorDocument: { Key: 'index.html' },
      RoutingRules: [
        { Condition: { KeyPrefixEquals: 'docs/' }, Redirect: { ReplaceKeyPrefixWith: 'documents/' } },
        { Condition: { HttpErrorCodeReturnedEquals: '404' }, Redirect: { HostName: 'example.com' } },
        {
          Condition: { HttpErrorCodeReturnedEquals: '403' },
          Redirect: { ReplaceKeyWith: 'login.html', HttpRedirectCode: '302' },
        },
      ],
    });
    const host = `${bucket}.s3-website.localhost:${port}`;
    const to = async (path: string) => {
      const { status, headers } = await visit(bucket, path);
      return `${status} ${headers.location}`;
    };
    expect(await to('/docs/index.html')).toBe(`301 http://${host}/documents/index.html`);
    expect(await to('/missing')).toBe('301 http://example.com/missing');
    expect(await to('/private/index.html')).toBe(`302 http://${host}/login.html`);
    expect(await to('/')).toBe('200 undefined');
  });
});

describe('a visitor', () => {
  const denied = { status: 403, headers: { 'x-amz-error-code': 'AccessDenied' } };

  it('sees what everyone may read, and is told what there is', async () => {
    const bucket = await site();
    expect(await visit(bucket, '/private/index.html')).toMatchObject(denied);
    expect(await visit(bucket, '/private')).toMatchObject({ status: 302, headers: { location: '/private/' } });
    expect(await visit(bucket, '/private/missing')).toMatchObject({ status: 404 });
    const block = { RestrictPublicBuckets: true };
    await setting.s3.send(new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: block }));
    expect(await visit(bucket)).toMatchObject(denied);
    expect((await visit(bucket)).text).toMatch(
      /<h1>403 Forbidden<\/h1>\n<ul>\n<li>Code: AccessDenied<\/li>\n<li>Message: /,
    );
  });

  it('is nobody, whatever the request says', async () => {
    const bucket = await site();
    const signed = { authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request' };
    expect(await visit(bucket, '/private/index.html?X-Amz-Signature=x', signed)).toMatchObject(denied);
  });

  it('is judged by policies as who asked, without TLS', async () => {
    const bucket = await site();
    const Resource = `arn:aws:s3:::${bucket}/*`;
    const deny = { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource };
    await policy(bucket, { ...deny, Condition: { StringNotLike: { 'aws:Referer': 'http://good.test/*' } } });
    expect(await visit(bucket)).toMatchObject(denied);
    expect(await visit(bucket, '/', { referer: 'http://good.test/page' })).toMatchObject({ status: 200 });
    await policy(bucket, { ...deny, Condition: { NotIpAddress: { 'aws:SourceIp': '127.0.0.0/8' } } });
    expect(await visit(bucket)).toMatchObject({ status: 200 });
    await policy(bucket, { ...deny, Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
    expect(await visit(bucket)).toMatchObject(denied);
  });

  it('finds the website also where the policy denies everyone its configuration', async () => {
    const bucket = await site();
    const Resource = `arn:aws:s3:::${bucket}`;
    const Condition = { StringNotEquals: { 'aws:PrincipalAccount': '000000000000' } };
    await policy(bucket, { Effect: 'Deny', Principal: '*', Action: 's3:*', Resource, Condition });
    expect(await visit(bucket)).toMatchObject({ status: 200 });
    expect(setting.coffer.denials().filter(({ operation }) => operation.startsWith('GetBucket'))).toEqual([]);
  });

  it('gets nothing that Requester Pays or KMS guards', async () => {
    const bucket = await site();
    const { KeyMetadata } = await setting.coffer.client(KMSClient).send(new CreateKeyCommand({}));
    await put(bucket, 'sealed', 'x', { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: KeyMetadata!.Arn });
    for (const method of ['GET', 'HEAD'])
      expect(await visit(bucket, '/sealed', {}, method)).toMatchObject({
        status: 400,
        headers: { 'x-amz-error-code': 'InvalidArgument', 'x-amz-error-detail-argumentname': 'Authorization' },
      });
    const RequestPaymentConfiguration = { Payer: 'Requester' as const };
    await setting.s3.send(new PutBucketRequestPaymentCommand({ Bucket: bucket, RequestPaymentConfiguration }));
    expect(await visit(bucket)).toMatchObject(denied);
    await configure(bucket, { RedirectAllRequestsTo: { HostName: 'example.com' } });
    expect(await visit(bucket)).toMatchObject(denied);
  });

  it('is in the access log with the request that was made', async () => {
    const [bucket, target] = [await site(), `logs-${made}`];
    await setting.s3.send(new CreateBucketCommand({ Bucket: target }));
    const principal = { Service: 'logging.s3.amazonaws.com' };
    await setting.s3.send(
      new PutBucketPolicyCommand({
        Bucket: target,
        Policy: JSON.stringify({
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Principal: principal,
            Action: 's3:PutObject',
            Resource: `arn:aws:s3:::${target}/*`,
          },
        }),
      }),
    );
    const LoggingEnabled = { TargetBucket: target, TargetPrefix: '' };
    await setting.s3.send(new PutBucketLoggingCommand({ Bucket: bucket, BucketLoggingStatus: { LoggingEnabled } }));
    await visit(bucket, '/docs/?x');
    await setting.coffer.clock.advance({ minutes: 10 });
    const { Contents = [] } = await setting.s3.send(new ListObjectsV2Command({ Bucket: target }));
    const log = await setting.s3.send(new GetObjectCommand({ Bucket: target, Key: Contents[0].Key }));
    const lines = (await log.Body!.transformToString()).trimEnd().split('\n');
    const visits = lines.filter((line) => !line.includes('LOGGING'));
    expect(visits).toHaveLength(1);
    expect(visits[0]).toContain(' WEBSITE.GET.OBJECT docs/index.html "GET /docs/?x HTTP/1.1" 200 - ');
    expect(visits[0]).toContain(` ${bucket}.s3-website.localhost:${port} `);
  });
});

describe('a configuration', () => {
  const rule = (Redirect: object, Condition?: object) => ({ IndexDocument, RoutingRules: [{ Redirect, Condition }] });
  test.each<[string, WebsiteConfiguration, string]>([
    ['all redirected and rules', { RedirectAllRequestsTo: { HostName: 'a' }, IndexDocument }, 'InvalidArgument'],
    ['no index document', { ErrorDocument: { Key: 'e' } }, 'InvalidArgument'],
    ['a slash in the suffix', { IndexDocument: { Suffix: 'a/b' } }, 'InvalidArgument'],
    ['no rules', { IndexDocument, RoutingRules: [] }, 'MalformedXML'],
    ['51 rules', { IndexDocument, RoutingRules: Array(51).fill({ Redirect: { HostName: 'a' } }) }, 'InvalidRequest'],
    ['a redirect to nowhere', rule({}), 'MalformedXML'],
    ['an empty condition', rule({ HostName: 'a' }, {}), 'InvalidRequest'],
    ['two new keys', rule({ ReplaceKeyWith: 'a', ReplaceKeyPrefixWith: 'b' }), 'InvalidRequest'],
    ['another protocol', rule({ Protocol: 'ftp' }), 'InvalidRequest'],
    ['no redirect code', rule({ HttpRedirectCode: '200' }), 'InvalidRequest'],
    ['no error code', rule({ HostName: 'a' }, { HttpErrorCodeReturnedEquals: '200' }), 'InvalidRequest'],
  ])('with %s is refused', async (_, configuration, code) => {
    await setting.s3.send(new CreateBucketCommand({ Bucket: 'configured' })).catch(() => {});
    expect(await refusal(configure('configured', configuration))).toBe(`400 ${code}`);
  });
});
