/** What deleting a key or a version asks: also of each entry of DeleteObjects. */
import type { Check } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import type { Bucket } from '../state/tables';
import { objectCheck } from './keys';

interface Deletion {
  readonly Key?: string;
  readonly VersionId?: string;
  /** `If-Match`, or the entry's ETag. */
  readonly ETag?: string;
}

export function deletionChecks(
  call: Call,
  bucket: Bucket,
  { Key = '', VersionId, ETag }: Deletion,
  bypass: boolean,
): Check[] {
  const keys = { 's3:VersionId': VersionId, 's3:if-match': ETag };
  const action = VersionId === undefined ? 's3:DeleteObject' : 's3:DeleteObjectVersion';
  const checks = [objectCheck(call, bucket, Key, action, keys)];
  // To compare a tag is to read it. Source: S3 user guide, "How to perform conditional deletes".
  if (ETag !== undefined && ETag !== '*') checks.push(objectCheck(call, bucket, Key, 's3:GetObject', keys));
  if (bypass && bucket.lock) checks.push(objectCheck(call, bucket, Key, 's3:BypassGovernanceRetention', keys));
  return checks;
}
