/**
 * The function behind `UploadApi`: who may call it gets a form (presigned POST) or a URL (presigned PUT) for one object
 * of the size and type that it names, good for a few minutes. It writes nothing itself. The SDK that Lambda brings
 * signs URLs; a form's policy is signed here, as the package that would do it comes with a client of its own. Source: S3 user guide, "Browser-based uploads using POST", "Download and upload objects with presigned
 * URLs"; Lambda developer guide, "Invoking Lambda function URLs".
 */
import { createHmac, randomUUID } from 'node:crypto';
import { HeadBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

// A checksum of the body that is not there yet would be signed along.
const s3 = new S3Client({ requestChecksumCalculation: 'WHEN_REQUIRED' });

/** As much of a function URL's event as is read. */
interface Event {
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly requestContext?: {
    readonly http?: { readonly method?: string };
    readonly authorizer?: { readonly iam?: { readonly userArn?: string } };
  };
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: string;
}

const answer = (statusCode: number, body: object): Answer => ({
  statusCode,
  headers: { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  body: JSON.stringify(body),
});

const LONGEST_NAME = 200;

export async function handler(event: Event): Promise<Answer> {
  const limits = {
    maxSizeBytes: Number(process.env.MAX_SIZE_BYTES),
    contentTypes: (process.env.CONTENT_TYPES ?? '').split(','),
    expiresSeconds: Number(process.env.EXPIRES_SECONDS),
  };
  if (event.requestContext?.http?.method !== 'POST')
    return answer(405, { message: 'POST a description of the upload' });
  let asked: Record<string, unknown>;
  try {
    const body = Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8').toString();
    asked = JSON.parse(body) ?? {};
  } catch {
    return answer(400, { message: 'the body is no JSON' });
  }
  const { method = 'POST', name, contentType, sizeBytes } = asked;
  if (method !== 'POST' && method !== 'PUT') return answer(400, { message: 'method: POST (a form) or PUT (a URL)' });
  if (typeof name !== 'string' || name.length === 0 || name.length > LONGEST_NAME)
    return answer(400, { message: `name: 1 to ${LONGEST_NAME} characters` });
  if (typeof contentType !== 'string' || !allowed(contentType, limits.contentTypes))
    return answer(415, { message: `contentType: one of ${limits.contentTypes.join(', ')}` });
  if (typeof sizeBytes !== 'number' || !Number.isInteger(sizeBytes) || sizeBytes < 1 || sizeBytes > limits.maxSizeBytes)
    return answer(413, { message: `sizeBytes: 1 to ${limits.maxSizeBytes}` });

  const Bucket = process.env.BUCKET ?? '';
  const Key = `${process.env.PREFIX ?? ''}${randomUUID()}/${name.normalize('NFC').replace(/[^\p{L}\p{N}._-]+/gu, '_')}`;
  const caller = (event.requestContext?.authorizer?.iam?.userArn ?? '').replace(/[^\x20-\x7e]/g, '_');
  const expiresSeconds = limits.expiresSeconds;
  const expiresAt = new Date(Date.now() + expiresSeconds * 1000).toISOString();
  if (method === 'POST') {
    const chosen = { key: Key, 'Content-Type': contentType, 'x-amz-meta-uploaded-by': caller };
    const fields = await signedForm(Bucket, chosen, sizeBytes, expiresAt);
    const url = (await getSignedUrl(s3, new HeadBucketCommand({ Bucket }))).split('?')[0];
    return answer(200, { method, url, fields, key: Key, expiresAt });
  }
  const command = new PutObjectCommand({
    Bucket,
    Key,
    ContentType: contentType,
    ContentLength: sizeBytes,
    Metadata: { 'uploaded-by': caller },
  });
  const url = await getSignedUrl(s3, command, {
    expiresIn: expiresSeconds,
    // By default the type is left unsigned, and a client might send any other.
    signableHeaders: new Set(['host', 'content-type', 'content-length']),
  });
  return answer(200, { method, url, headers: { 'content-type': contentType }, key: Key, expiresAt });
}

function allowed(contentType: string, types: readonly string[]): boolean {
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(contentType)) return false;
  return types.some(
    (type) => type === contentType || (type.endsWith('/*') && contentType.startsWith(type.slice(0, -1))),
  );
}

/** Source: S3 API reference, "Authenticating Requests in Browser-Based Uploads Using POST (AWS Signature Version 4)". */
async function signedForm(bucket: string, chosen: Record<string, string>, sizeBytes: number, expiration: string) {
  const { accessKeyId, secretAccessKey, sessionToken } = await s3.config.credentials();
  const region = await s3.config.region();
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = [date.slice(0, 8), region, 's3', 'aws4_request'];
  const fields: Record<string, string> = {
    ...chosen,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': [accessKeyId, ...scope].join('/'),
    'X-Amz-Date': date,
    ...(sessionToken === undefined ? {} : { 'X-Amz-Security-Token': sessionToken }),
  };
  const conditions = [
    { bucket },
    ['content-length-range', sizeBytes, sizeBytes],
    ...Object.entries(fields).map(([name, value]) => ({ [name]: value })),
  ];
  const Policy = Buffer.from(JSON.stringify({ expiration, conditions })).toString('base64');
  const key = scope.reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  );
  return { ...fields, Policy, 'X-Amz-Signature': createHmac('sha256', key).update(Policy).digest('hex') };
}
