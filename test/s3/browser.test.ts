import { CreateBucketCommand, PutBucketCorsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { type Setting, start } from './client';

let setting: Setting;
let url: string;
const Bucket = 'seen-by-browsers';

beforeAll(async () => {
  setting = await start();
  url = await setting.coffer.listen({ port: 0 });
  await setting.s3.send(new CreateBucketCommand({ Bucket }));
  await setting.s3.send(new CreateBucketCommand({ Bucket: 'without-rules' }));
  await setting.s3.send(
    new PutBucketCorsCommand({
      Bucket,
      CORSConfiguration: {
        CORSRules: [
          {
            AllowedMethods: ['GET', 'PUT'],
            AllowedOrigins: ['https://*.example.com'],
            AllowedHeaders: ['x-amz-*'],
            ExposeHeaders: ['ETag'],
            MaxAgeSeconds: 60,
          },
          { AllowedMethods: ['GET'], AllowedOrigins: ['*'] },
        ],
      },
    }),
  );
  await setting.s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
});
afterAll(() => setting.coffer.close());

const ask = (path: string, headers: Record<string, string>, method = 'OPTIONS') =>
  fetch(`${url}${path}`, { method, headers });
const origin = 'https://app.example.com';

describe('a preflight', () => {
  it('is answered by the first rule that matches', async () => {
    const answer = await ask(`/${Bucket}/k`, {
      origin,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'X-Amz-Date,x-amz-meta-a',
    });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'x-amz-date, x-amz-meta-a',
      'access-control-expose-headers': 'ETag',
      'access-control-max-age': '60',
      vary: 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method',
    });
    const any = await ask(`/${Bucket}`, { origin: 'http://elsewhere', 'access-control-request-method': 'GET' });
    expect(any.headers.get('access-control-allow-origin')).toBe('*');
    expect(any.headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each([
    ['no origin', `/${Bucket}/k`, {}, '400 BadRequest'],
    [
      'another origin',
      `/${Bucket}/k`,
      { origin: 'http://a', 'access-control-request-method': 'PUT' },
      '403 AccessForbidden',
    ],
    [
      'a header that is not allowed',
      `/${Bucket}/k`,
      { origin, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-other' },
      '403 AccessForbidden',
    ],
    ['no rules', '/without-rules/k', { origin, 'access-control-request-method': 'GET' }, '403 AccessForbidden'],
    ['no bucket', '/no-such-bucket/k', { origin, 'access-control-request-method': 'GET' }, '403 AccessForbidden'],
  ])('is refused with %s', async (_, path, headers, expected) => {
    const answer = await ask(path, headers as Record<string, string>);
    const code = /<Code>(\w+)<\/Code>/.exec(await answer.text())?.[1];
    expect(`${answer.status} ${code}`).toBe(expected);
  });
});

describe('other answers', () => {
  it('carry CORS headers where a rule matches, errors too', async () => {
    const allowed = await ask(`/${Bucket}/k`, { origin }, 'GET');
    expect(allowed.status).toBe(403);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(origin);
    const silent = await ask('/without-rules/k', { origin }, 'GET');
    expect(silent.headers.get('access-control-allow-origin')).toBeNull();
  });
});
