/** Where template text comes from: the request itself, an S3 object at any host, or the stack's last deployment. */
import { collect, once } from '../../base/bytes';
import { isAwsError } from '../../base/errors';
import { isObject, parseDocument } from '../../engine/template/parse';
import type { Call } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { missingStack, validationError } from './errors';
import { readTemplateText, type Stack } from './state';

/** Source: CloudFormation user guide, "CloudFormation quotas". */
const BODY_LIMIT_BYTES = 51_200;
const URL_LIMIT_BYTES = 1_000_000;

interface TemplateInput {
  readonly TemplateBody?: string;
  readonly TemplateURL?: string;
  readonly UsePreviousTemplate?: boolean;
}

/** @throws AwsError ValidationError when there is not exactly one template, or it is too large or cannot be read */
export async function templateText(call: Call, input: TemplateInput, stack?: Stack): Promise<string> {
  const { TemplateBody, TemplateURL, UsePreviousTemplate } = input;
  const given = [TemplateBody, TemplateURL, UsePreviousTemplate || undefined].filter(
    (it) => it !== undefined && it !== '',
  );
  if (given.length !== 1) {
    throw validationError('Either Template URL or Template Body must be specified.');
  }
  if (TemplateURL) return fetchTemplate(call, TemplateURL);
  if (TemplateBody) {
    const sizeBytes = Buffer.byteLength(TemplateBody);
    if (sizeBytes <= BODY_LIMIT_BYTES) return TemplateBody;
    throw validationError(
      `1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to ${BODY_LIMIT_BYTES}`,
    );
  }
  const text = stack && (await readTemplateText(call.kernel.store, stack, 'current'));
  if (text === undefined) throw missingStack.change(stack?.name ?? '');
  return text;
}

/**
 * Reads from S3 as the caller, whatever host the URL names: the runtime's own, the regional or global endpoint of
 * Amazon S3, with the bucket in the host or in the path.
 */
export function fetchTemplate({ peers }: Call, url: string): Promise<string> {
  return fetchText(peers, url);
}

export async function fetchText(peers: Peers, url: string): Promise<string> {
  const { bucket, key, version } = locate(url);
  try {
    const { Body } = await peers.s3.GetObject({ Bucket: bucket, Key: key, VersionId: version });
    const stream = Body instanceof Uint8Array ? once(Body) : (Body ?? once(new Uint8Array()));
    return (await collect(stream, URL_LIMIT_BYTES)).toString();
  } catch (error) {
    if (isAwsError(error)) throw validationError(`S3 error: ${error.message}`);
    throw validationError(`Template may not exceed ${URL_LIMIT_BYTES} bytes in size.`);
  }
}

function locate(url: string): { bucket: string; key: string; version?: string } {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed) throw validationError('TemplateURL must be a supported URL.');
  const version = parsed.searchParams.get('versionId') ?? undefined;
  const path = decodeURIComponent(parsed.pathname.slice(1));
  if (parsed.protocol === 's3:') return { bucket: parsed.hostname, key: path, version };
  const inHost = /^(.+)\.s3[.-][a-z0-9.-]+$/.exec(parsed.hostname)?.[1];
  if (inHost) return { bucket: inHost, key: path, version };
  const slash = path.indexOf('/');
  if (slash < 1) throw validationError('TemplateURL must reference a valid S3 object to which you have access.');
  return { bucket: path.slice(0, slash), key: path.slice(slash + 1), version };
}

/** `Metadata` of a template, as text. */
export function metadataOf(text: string): string | undefined {
  const { Metadata } = parseDocument(text);
  return isObject(Metadata) ? JSON.stringify(Metadata) : undefined;
}
