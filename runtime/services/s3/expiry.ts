/**
 * When a lifecycle rule will expire an object, as writes and reads tell it in `x-amz-expiration`. Days are whole: an
 * object goes at the midnight (UTC) after its days are over. Source: S3 user guide, "Lifecycle configuration elements",
 * "How Amazon S3 calculates how long an object has been noncurrent"; S3 API reference, "HeadObject", x-amz-expiration.
 */
import type { Call } from '../../kernel/call';
import { findConfiguration } from './state/buckets';
import type { Bucket, StoredObject } from './state/tables';

type Dated = Pick<StoredObject, 'at' | 'sizeBytes' | 'tags'>;

/** As a configuration keeps it. */
interface Rule {
  readonly ID: string;
  readonly Status: string;
  readonly Prefix?: string;
  readonly Filter?: Filter & { readonly And?: Filter & { readonly Tags?: readonly Tag[] } };
  readonly Expiration?: { readonly Days?: number; readonly Date?: string };
  readonly AbortIncompleteMultipartUpload?: { readonly DaysAfterInitiation?: number };
}

interface Tag {
  readonly Key?: string;
  readonly Value?: string;
}

interface Filter {
  readonly Prefix?: string;
  readonly Tag?: Tag;
  readonly ObjectSizeGreaterThan?: number;
  readonly ObjectSizeLessThan?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** The output member, for the current version of a key. */
export async function expirationMember(call: Call, bucket: Bucket, key: string, object: Dated) {
  const first = await earliest(call, bucket, (rule) => (covers(rule, key, object) ? expiry(rule, object) : undefined));
  if (!first) return {};
  const id = encodeURIComponent(first.id);
  return { Expiration: `expiry-date="${new Date(first.at).toUTCString()}", rule-id="${id}"` };
}

/**
 * The output members of an upload that a rule will abort. Source: S3 API reference, "CreateMultipartUpload",
 * x-amz-abort-date.
 * @param at when the upload began, virtual milliseconds
 */
export async function abortMembers(call: Call, bucket: Bucket, key: string, at: number) {
  const first = await earliest(call, bucket, ({ Prefix, Filter: filter, AbortIncompleteMultipartUpload: abort }) => {
    const days = abort?.DaysAfterInitiation;
    const prefix = Prefix ?? filter?.And?.Prefix ?? filter?.Prefix ?? '';
    return days !== undefined && key.startsWith(prefix) ? midnightAfter(at, days) : undefined;
  });
  return first ? { AbortDate: new Date(first.at), AbortRuleId: first.id } : {};
}

/** The enabled rule that acts first. */
async function earliest(call: Call, bucket: Bucket, actsAt: (rule: Rule) => number | undefined) {
  const kept = await findConfiguration(call.kernel.store, bucket.id, 'lifecycle');
  if (!kept) return undefined;
  const { rules } = kept.value as { rules: readonly Rule[] };
  let first: { at: number; id: string } | undefined;
  for (const rule of rules) {
    const at = rule.Status === 'Enabled' ? actsAt(rule) : undefined;
    if (at !== undefined && (!first || at < first.at)) first = { at, id: rule.ID };
  }
  return first;
}

function midnightAfter(at: number, days: number): number {
  return Math.ceil((at + days * DAY_MS) / DAY_MS) * DAY_MS;
}

function expiry({ Expiration }: Rule, { at }: Dated): number | undefined {
  if (Expiration?.Date !== undefined) return Date.parse(Expiration.Date);
  if (Expiration?.Days === undefined) return undefined;
  return midnightAfter(at, Expiration.Days);
}

function covers({ Prefix, Filter: filter }: Rule, key: string, { sizeBytes, tags = {} }: Dated): boolean {
  const { And, Tag: single, ...plain } = filter ?? {};
  const all = And ?? plain;
  const wanted = And?.Tags ?? (single ? [single] : []);
  return (
    key.startsWith(Prefix ?? all.Prefix ?? '') &&
    sizeBytes > (all.ObjectSizeGreaterThan ?? -1) &&
    sizeBytes < (all.ObjectSizeLessThan ?? Number.POSITIVE_INFINITY) &&
    wanted.every(({ Key = '', Value }) => tags[Key] === Value)
  );
}
