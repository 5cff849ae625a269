/**
 * Browser-based uploads: a form that is posted to a bucket becomes the PutObject that it stands for, and the answer to
 * that becomes what the form asks for. Source: S3 API reference, "Browser-Based Uploads Using POST", "POST Object".
 */
import type { Bytes } from '../../../base/bytes';
import type { FormClaim, Request, Response } from '../../../base/http';
import { boundaryOf, FlawedForm, openForm } from '../../../engine/multipart';
import type { Rewritten } from '../../../kernel/service';
import { entityTooLarge, invalidArgument } from '../errors';
import { postAnswer } from './answer';
import { formFieldsTooLong, malformedForm, missingFormField, noFormFile, tooSmallForPolicy } from './errors';
import { checkFields, type Fields, lengthRange, readPolicy } from './policy';
import { tagsHeader } from './tagging';

/** "The form data and boundaries (excluding the contents of the file) cannot exceed 20 KB." */
const LONGEST_FIELDS_BYTES = 20 * 1024;

/** Whether a request is a form for a bucket: `POST /bucket`, or `POST /` to the bucket's host. */
export function isForm({ method, query, path, headers }: Request): boolean {
  if (method !== 'POST' || query.length > 0 || !/^\/[^/]*\/?$/.test(path)) return false;
  if (/\.lambda-url\./.test(headers.host ?? '')) return false;
  return boundaryOf(headers['content-type']) !== undefined;
}

/** Whether somebody posts to a bucket what should have been a form: unsigned, and no call of another service. */
export function isNoForm({ method, query, path, headers }: Request): boolean {
  if (method !== 'POST' || query.length > 0 || !/^\/[^/]+\/?$/.test(path)) return false;
  const type = headers['content-type'] ?? '';
  if (headers.authorization !== undefined || headers['x-amz-target'] !== undefined) return false;
  return !/^(multipart\/form-data|application\/x-www-form-urlencoded|application\/(x-amz-)?(json|cbor))/i.test(type);
}

export async function formRequest(request: Request, bucket: string): Promise<Rewritten> {
  const form = await open(request);
  const fields = fieldsOf(form.fields, form.file.name);
  const key = fields.get('key');
  if (!key) throw missingFormField('key');
  const claim = claimOf(fields);
  let range = { least: 0, most: Number.POSITIVE_INFINITY };
  const inHost = request.path === '/';
  const path = `${inHost ? '' : `/${bucket}`}/${key.split('/').map(encodeURIComponent).join('/')}`;
  const meant: Request = {
    ...request,
    method: 'PUT',
    target: path,
    path,
    query: [],
    headers: headersOf(request, fields),
    repeated: undefined,
    contentLength: undefined,
    body: limited(form.file.stream, () => range),
    form: {
      claim,
      check(now) {
        const policy = readPolicy(fields.get('policy') ?? '');
        checkFields(policy, fields, bucket, now);
        range = lengthRange(policy);
      },
    },
  };
  return {
    request: meant,
    answer: (response: Response) => postAnswer(response, { request: meant, bucket, key, fields }),
  };
}

async function open(request: Request) {
  try {
    const boundary = boundaryOf(request.headers['content-type']) as string;
    return await openForm(request.body, boundary, (name) => name.toLowerCase() === 'file', LONGEST_FIELDS_BYTES);
  } catch (error) {
    throw inS3Words(error);
  }
}

function inS3Words(error: unknown): unknown {
  if (!(error instanceof FlawedForm)) return error;
  if (error.flaw === 'tooLong') return formFieldsTooLong(LONGEST_FIELDS_BYTES);
  return error.flaw === 'noFile' ? noFormFile() : malformedForm();
}

/** The first of each name counts; `${filename}` stands for the name that the user's file has, if it has any. */
function fieldsOf(given: readonly (readonly [string, string])[], fileName: string | undefined): Fields {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a placeholder of S3's
  const placeholder = '${filename}';
  const base = fileName?.replace(/^.*[/\\]/s, '') ?? '';
  const fields = new Map<string, string>();
  for (const [name, value] of given) {
    const lower = name.toLowerCase();
    const taken = UNCHANGED.has(lower) || fileName === undefined ? value : value.replaceAll(placeholder, base);
    if (!fields.has(lower)) fields.set(lower, taken);
  }
  return fields;
}

const UNCHANGED = new Set(['policy', 'signature', 'x-amz-signature']);

/** @throws AwsError InvalidArgument when only a part of a signature is there */
function claimOf(fields: Fields): FormClaim | undefined {
  const algorithm = fields.get('x-amz-algorithm');
  const accessKeyId = fields.get('awsaccesskeyid');
  const need = (name: string, shown = name): string => {
    const value = fields.get(name);
    if (!value) throw missingFormField(shown);
    return value;
  };
  const sessionToken = fields.get('x-amz-security-token');
  if (algorithm !== undefined) {
    if (algorithm !== 'AWS4-HMAC-SHA256')
      throw invalidArgument(
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
        'x-amz-algorithm',
        algorithm,
      );
    const credential = need('x-amz-credential', 'X-Amz-Credential');
    const [id, date, region, service, terminal, ...rest] = credential.split('/');
    if (terminal !== 'aws4_request' || service !== 's3' || rest.length > 0)
      throw invalidArgument('Invalid credential', 'X-Amz-Credential', credential);
    need('x-amz-date', 'X-Amz-Date');
    const [policy, signature] = [need('policy'), need('x-amz-signature', 'X-Amz-Signature')];
    return { version: 4, accessKeyId: id, scope: { date, region, service }, signature, policy, sessionToken };
  }
  if (accessKeyId === undefined && !fields.has('policy') && !fields.has('signature')) return undefined;
  const [policy, signature] = [need('policy'), need('signature')];
  return { version: 2, accessKeyId: need('awsaccesskeyid', 'AWSAccessKeyId'), signature, policy, sessionToken };
}

/** Headers of the browser's request that still say something of the upload. */
const KEPT = ['host', 'origin', 'referer', 'user-agent', 'x-forwarded-for'];
const AS_HEADERS = new Set(['cache-control', 'content-type', 'content-disposition', 'content-encoding', 'expires']);
const OF_THE_SIGNATURE = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-signature',
  'x-amz-security-token',
]);

/** Fields as the headers of a PutObject, in the letters that they mean: they never were on a socket as headers. */
function headersOf({ headers }: Request, fields: Fields): Record<string, string> {
  const made: Record<string, string> = Object.create(null);
  for (const name of KEPT) if (headers[name] !== undefined) made[name] = headers[name];
  for (const [name, value] of fields) {
    if (name === 'acl') made['x-amz-acl'] = value;
    else if (name === 'tagging') made['x-amz-tagging'] = tagsHeader(value);
    else if (AS_HEADERS.has(name) || (name.startsWith('x-amz-') && !OF_THE_SIGNATURE.has(name))) made[name] = value;
  }
  return made;
}

async function* limited(stream: Bytes, range: () => { least: number; most: number }): Bytes {
  const { least, most } = range();
  let sizeBytes = 0;
  try {
    for await (const chunk of stream) {
      sizeBytes += chunk.length;
      if (sizeBytes > most) throw entityTooLarge(sizeBytes, most);
      yield chunk;
    }
  } catch (error) {
    throw inS3Words(error);
  }
  if (sizeBytes < least) throw tooSmallForPolicy(sizeBytes, least);
}
