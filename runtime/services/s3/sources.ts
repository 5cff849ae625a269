/** The source of a copy, found, permitted and within its conditions, but not yet opened. */
import type { Call } from '../../kernel/call';
import { checkCopySource } from './conditions';
import { copySourceOf } from './copies';
import { readingKeyOf } from './customerkeys';
import { unseal } from './encryption';
import { copySourceArchived, invalidRequest } from './errors';
import { requireReadable } from './restores';
import type { Taken } from './state/bodies';
import type { DataKey } from './state/layers';
import type { Bucket, Checksum, ChecksumName, Seal, StoredObject } from './state/tables';
import { bucketNamed, checkOwner, missing, versionIn } from './target';

interface CopyInput {
  readonly CopySource?: string;
  readonly CopySourceIfMatch?: string;
  readonly CopySourceIfNoneMatch?: string;
  readonly CopySourceIfModifiedSince?: Date;
  readonly CopySourceIfUnmodifiedSince?: Date;
  readonly CopySourceSSECustomerAlgorithm?: string;
  readonly CopySourceSSECustomerKey?: string;
  readonly CopySourceSSECustomerKeyMD5?: string;
  readonly ExpectedSourceBucketOwner?: string;
}

export interface Source {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId?: string;
  readonly object: StoredObject;
  /** The key of its body. */
  open(): Promise<DataKey>;
}

/**
 * A body in one file under S3's own key is the same bytes wherever it is named: for a copy that is to be encrypted so too,
 * and has the same checksum, one more reference is enough.
 */
export function sharedBody({ object }: Source, seal: Seal, algorithm: ChecksumName): SharedBody | undefined {
  const { piece, checksum, etag } = object;
  if (!piece?.blob || object.seal.algorithm !== 'AES256' || seal.algorithm !== 'AES256') return undefined;
  if (checksum?.type !== 'FULL_OBJECT' || checksum.algorithm !== algorithm) return undefined;
  return { taken: { piece }, checksum, etag };
}

export interface SharedBody {
  readonly taken: Pick<Taken, 'piece' | 'row'>;
  readonly checksum: Checksum;
  readonly etag: string;
}

/** Which version was copied, where there is more than the null one to tell. */
export function copiedVersionMember({ bucket, object: { versionId } }: Source) {
  return bucket.versioning && versionId !== 'null' ? { CopySourceVersionId: versionId } : {};
}

export async function copySource(call: Call, input: CopyInput): Promise<Source> {
  const { bucket: name, key, versionId } = copySourceOf(input.CopySource ?? '');
  const bucket = await bucketNamed(call, name);
  checkOwner(call, bucket, input.ExpectedSourceBucketOwner);
  const customer = readingKeyOf({
    SSECustomerAlgorithm: input.CopySourceSSECustomerAlgorithm,
    SSECustomerKey: input.CopySourceSSECustomerKey,
    SSECustomerKeyMD5: input.CopySourceSSECustomerKeyMD5,
  });
  const object = await versionIn(call, bucket, key, versionId);
  if (object?.marker && versionId !== undefined)
    throw invalidRequest('The source of a copy request may not specifically refer to a delete marker by version id.');
  if (!object || object.marker) throw await missing(call, bucket, key, versionId, object);
  requireReadable(object, call.now, copySourceArchived);
  const conditions = {
    IfMatch: input.CopySourceIfMatch,
    IfNoneMatch: input.CopySourceIfNoneMatch,
    IfModifiedSince: input.CopySourceIfModifiedSince,
    IfUnmodifiedSince: input.CopySourceIfUnmodifiedSince,
  };
  checkCopySource(conditions, object, call.now);
  return { bucket, key, versionId, object, open: () => unseal(call, bucket, key, object.seal, customer) };
}
