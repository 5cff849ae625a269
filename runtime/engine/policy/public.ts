/**
 * Whether a resource policy makes its resource public, as Block Public Access and GetBucketPolicyStatus judge it: a
 * statement that allows everyone is public unless a condition holds it to fixed values of certain keys.
 * Source: S3 user guide, "Blocking public access to your Amazon S3 storage", "The meaning of 'public'".
 */
import { contains, parseBlock } from './addresses';
import { compile } from './compile';
import type { Statement } from './document';
import { isFixed } from './text';

/** Keys of which a fixed value confines a statement. */
const CONFINING = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceorgid',
  'aws:sourceowner',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  's3:dataaccesspointaccount',
  's3:dataaccesspointarn',
  's3:x-amz-server-side-encryption-aws-kms-key-id',
]);

/** Operators that only hold for the values written. `...IfExists` and negated ones hold for everybody else. */
const CONFINING_OPERATOR =
  /^(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/;

/** @param text a policy that has been accepted; a text that is no policy is nobody's */
export function isPublic(text: string): boolean {
  const compilation = compile(text);
  return !('problem' in compilation) && compilation.document.statements.some(isPublicStatement);
}

export function isPublicStatement({ effect, principals, conditions }: Statement): boolean {
  if (effect !== 'Allow' || !principals) return false;
  if (!principals.entries.some(({ value }) => value === '*')) return false;
  return !conditions.some(({ operator, key, values }) => {
    if (!CONFINING_OPERATOR.test(operator) || values.length === 0) return false;
    const lower = key.toLowerCase();
    if (lower === 'aws:sourceip') return values.every(isNarrow);
    return CONFINING.has(lower) && values.every((value) => isConfined(lower, value));
  });
}

function isConfined(key: string, value: string): boolean {
  // "This value can contain a wildcard for the access point name ... as long as the account id is fixed."
  if (key === 's3:dataaccesspointarn') return /^arn:[^:*?$]+:s3:[^:$]*:\d{12}:accesspoint\/[^$]+$/.test(value);
  // "A fixed value of aws:userid outside the pattern "AROLEID:*"": who assumes a role chooses the session's name.
  if (key === 'aws:userid' && /^AROA\w+:/.test(value)) return false;
  return isFixed(value);
}

const PRIVATE_RANGES = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((range) => parseBlock(range)!);

/** "Broader than /8 for IPv4 and /32 for IPv6 (excluding RFC1918 private ranges)" is public. */
function isNarrow(value: string): boolean {
  const block = parseBlock(value);
  if (!block) return false;
  if (PRIVATE_RANGES.some((range) => range.prefix <= block.prefix && contains(range, block))) return true;
  return block.prefix >= (block.family === 4 ? 8 : 32);
}
