/** Browser-based uploads: forms as browsers post them, signed with either version. */
import { createHmac } from 'node:crypto';
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { openForm } from '../../runtime/engine/multipart';
import { sign, signingKey } from '../../runtime/engine/sigv4/signature';

const Bucket = 'uploads';
const DATE = '20300101';
const CREDENTIAL = `test/${DATE}/us-east-1/s3/aws4_request`;

let coffer: Coffer;
let old: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
  old = await startCoffer({ config: { s3: { defaults: '2022' } } });
  for (const one of [coffer, old]) {
    await one.listen({ port: 0 });
    await one.client(S3Client).send(new CreateBucketCommand({ Bucket }));
  }
});
afterAll(async () => {
  await coffer.close();
  await old.close();
});

type Fields = Readonly<Record<string, string>>;

async function post(fields: Fields, file: string | undefined = 'content', to = coffer, bucket = Bucket) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  if (file !== '') form.append('file', new Blob([file]), 'photo.jpg');
  const response = await fetch(`${to.endpoint}/${bucket}`, { method: 'POST', body: form, redirect: 'manual' });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();
const encode = (policy: unknown) => Buffer.from(JSON.stringify(policy)).toString('base64');

/** A form of version 4 whose policy names all of its fields, and more. */
function signed(
  fields: Fields,
  more: readonly unknown[] = [],
  expiration = inAnHour(),
  bucket = Bucket,
): Record<string, string> {
  const own = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': CREDENTIAL,
    'x-amz-date': `${DATE}T000000Z`,
  };
  const all: Fields = { ...fields, ...own };
  const named = Object.entries(all).map(([name, value]) => ({ [name]: value }));
  const policy = encode({ expiration, conditions: [{ bucket }, ...named, ...more] });
  const key = signingKey('test', { date: DATE, region: 'us-east-1', service: 's3' });
  return { ...all, policy, 'x-amz-signature': sign(key, policy) };
}

const code = ({ status, text }: { status: number; text: string }) => `${status} ${/<Code>(\w+)/.exec(text)?.[1] ?? ''}`;

test('a signed form becomes an object', async () => {
  const fields = { key: 'a/é.txt', 'Content-Type': 'text/plain', 'x-amz-meta-who': 'me' };
  const answer = await post(signed(fields));
  expect(answer.status).toBe(204);
  expect(answer.headers.get('etag')).toBe('"9a0364b9e99bb480dd25e1f0284c8555"');
  const { Body, ...object } = await coffer.client(S3Client).send(new GetObjectCommand({ Bucket, Key: 'a/é.txt' }));
  expect(await Body?.transformToString()).toBe('content');
  expect(object).toMatchObject({ ContentType: 'text/plain', Metadata: { who: 'me' } });
});

test('answers as it is asked to', async () => {
  const created = await post(signed({ key: 'one', success_action_status: '201' }));
  expect(created.status).toBe(201);
  expect(created.text).toContain('<Bucket>uploads</Bucket><Key>one</Key>');
  const page = 'http://127.0.0.1:1/done?x=1';
  const moved = await post(signed({ key: 'two', success_action_redirect: page }));
  expect(moved.status).toBe(303);
  expect(moved.headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:1\/done\?x=1&bucket=uploads&key=two&etag=%22/);
});

test('policies know how a request is signed', async () => {
  const box = 'by-form-only';
  const s3 = coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: box }));
  const deny = (Condition: object) => {
    const Resource = `arn:aws:s3:::${box}/*`;
    const Statement = [{ Effect: 'Deny', Principal: '*', Action: 's3:PutObject', Resource, Condition }];
    const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
    return s3.send(new PutBucketPolicyCommand({ Bucket: box, Policy }));
  };
  const byForm = async () => {
    const fields = signed({ key: 'k' }, [], inAnHour(), box);
    return (await post(fields, 'content', coffer, box)).status;
  };
  const byHeader = async () => {
    const put = new PutObjectCommand({ Bucket: box, Key: 'k', Body: 'x' });
    return (await s3.send(put).catch((error) => error)).$metadata.httpStatusCode;
  };
  const byUrl = async () => {
    const url = await getSignedUrl(s3, new PutObjectCommand({ Bucket: box, Key: 'k' }), { expiresIn: 60 });
    return (await fetch(url.replace(/^https?:\/\/[^/]+/, coffer.endpoint!), { method: 'PUT', body: 'x' })).status;
  };
  const all = async () => [await byForm(), await byHeader()];
  await deny({ StringNotEquals: { 's3:authType': 'POST' } });
  expect(await all()).toEqual([204, 403]);
  await deny({ StringEquals: { 's3:authType': 'POST' } });
  expect(await all()).toEqual([403, 200]);
  await deny({ StringNotEquals: { 's3:signatureversion': 'AWS4-HMAC-SHA256' } });
  expect(await all()).toEqual([204, 200]);
  await deny({ StringEquals: { 's3:authType': 'REST-QUERY-STRING' } });
  expect(await byUrl()).toBe(403);
});

test('a key may take the name of the file', async () => {
  const fields = signed({}, [['starts-with', '$key', 'in/']]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of S3's
  expect((await post({ ...fields, key: 'in/${filename}' })).status).toBe(204);
  await coffer.client(S3Client).send(new GetObjectCommand({ Bucket, Key: 'in/photo.jpg' }));
});

const range = (least: number, most: number) => [['content-length-range', least, most]];
const refused: [string, () => Fields, string, string?][] = [
  ['nobody', () => ({ key: 'k' }), '403 AccessDenied'],
  ['no key', () => signed({}), '400 InvalidArgument'],
  ['no file', () => signed({ key: 'k' }), '400 IncorrectNumberOfFilesInPostRequest', ''],
  [
    'another signature',
    () => ({ ...signed({ key: 'k' }), 'x-amz-signature': 'f'.repeat(64) }),
    '403 SignatureDoesNotMatch',
  ],
  ['a changed field', () => ({ ...signed({ key: 'k' }), key: 'other' }), '403 AccessDenied'],
  ['a field beyond the policy', () => ({ ...signed({ key: 'k' }), acl: 'private' }), '403 AccessDenied'],
  ['a policy that is over', () => signed({ key: 'k' }, [], '2020-01-01T00:00:00Z'), '403 AccessDenied'],
  ['a condition of two', () => signed({ key: 'k' }, [{ a: 'b', c: 'd' }]), '400 InvalidPolicyDocument'],
  ['a policy without meaning', () => signed({ key: 'k' }, [['like', '$key', 'k']]), '400 InvalidPolicyDocument'],
  ['a file too large', () => signed({ key: 'k' }, range(0, 3)), '400 EntityTooLarge'],
  ['a file too small', () => signed({ key: 'k' }, range(100, 200)), '400 EntityTooSmall'],
  [
    'fields too long',
    () => signed({ key: 'k', 'x-amz-meta-long': 'x'.repeat(30_000) }),
    '400 MaxPostPreDataLengthExceeded',
  ],
];
test.each(refused)('refuses %s', async (...[, fields, says, file]) => {
  expect(code(await post(fields(), file))).toBe(says);
});

test('fields mean their letters, in every form', async () => {
  const fields = {
    key: 'letters',
    'Content-Disposition': 'filename="é_—"',
    'Cache-Control': '—_é',
    'x-amz-meta-a': 'ÄMÄZÕÑ S3',
    'x-amz-meta-b': '=?UTF-8?B?YWJj?=',
    'x-amz-meta-c': '\u0001\u0002',
  };
  expect((await post(signed(fields))).status).toBe(204);
  const head = await coffer.client(S3Client).send(new HeadObjectCommand({ Bucket, Key: 'letters' }));
  expect(head.Metadata).toEqual({
    a: '=?UTF-8?Q?=C3=84M=C3=84Z=C3=95=C3=91_S3?=',
    b: '=?UTF-8?B?YWJj?=',
    c: '=?UTF-8?B?AQI=?=',
  });
  expect(head.ContentDisposition).toBe('filename="é_ "');
  expect(head.CacheControl).toBe(' _é');
  const url = await getSignedUrl(coffer.client(S3Client), new HeadObjectCommand({ Bucket, Key: 'letters' }));
  const { headers } = await fetch(url, { method: 'HEAD' });
  expect([headers.get('cache-control'), headers.get('content-disposition')]).toEqual(['_é', 'filename="é_ "']);
});

test('a file without a name leaves the placeholder', async () => {
  const form = new FormData();
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of S3's
  for (const [name, value] of Object.entries(signed({ key: 'x-${filename}' }))) form.append(name, value);
  form.append('file', 'content');
  expect((await fetch(`${coffer.endpoint}/${Bucket}`, { method: 'POST', body: form })).status).toBe(204);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: as above
  await coffer.client(S3Client).send(new GetObjectCommand({ Bucket, Key: 'x-${filename}' }));
});

test('what is posted as no form is refused as such', async () => {
  const headers = { 'content-type': 'text/html' };
  const answer = await fetch(`${coffer.endpoint}/${Bucket}`, { method: 'POST', headers, body: 'x' });
  expect(answer.status).toBe(412);
  expect(await answer.text()).toContain('<Condition>Bucket POST must be of the enclosure-type multipart/form-data<');
});

test.each([
  [['eq', '$key', 'other'], 'Policy Condition failed: ["eq", "$key", "other"]'],
  [['eq', 'key', 'k'], 'Policy Condition failed: ["eq", "key", "k"]'],
  [['content-length-range', 'test', '10'], 'Policy Condition failed: ["content-length-range", "test", "10"]'],
])('quotes the condition %j', async (condition, says) => {
  const { status, text } = await post(signed({ key: 'k' }, [condition]));
  expect(status).toBe(403);
  expect(text.replaceAll('&quot;', '"')).toContain(`Invalid according to Policy: ${says}`);
});

test('version 2 is taken in the regions that still speak it', async () => {
  const policy = encode({ expiration: inAnHour(), conditions: [{ bucket: Bucket }, { key: 'old' }] });
  const signature = createHmac('sha1', 'test').update(policy).digest('base64');
  const fields = { key: 'old', AWSAccessKeyId: 'test', policy, signature };
  expect((await post(fields)).status).toBe(204);
  expect((await post(fields, 'content', old)).status).toBe(204);
  const young = await startCoffer({ defaultRegion: 'eu-central-1' });
  try {
    await young.listen({ port: 0 });
    await young
      .client(S3Client)
      .send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' } }));
    expect(code(await post(fields, 'content', young))).toBe('400 InvalidRequest');
  } finally {
    await young.close();
  }
});

test('a form reads the same however it arrives', async () => {
  const text =
    '--b\r\ncontent-disposition: form-data; name="key"\r\n\r\nvalue\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="a \\"b\\".txt"\r\ncontent-type: text/plain\r\n\r\nline\r\n--almost\r\n--b--\r\n';
  for (const size of [1, 2, 7, 1000]) {
    async function* pieces() {
      for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
    }
    const { fields, file } = await openForm(pieces(), 'b', (name) => name === 'file', 1000);
    let content = '';
    for await (const chunk of file.stream) content += Buffer.from(chunk).toString();
    expect({ fields, name: file.name, content }).toEqual({
      fields: [['key', 'value']],
      name: 'a "b".txt',
      content: 'line\r\n--almost',
    });
  }
});
