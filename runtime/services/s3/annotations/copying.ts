/**
 * Annotations that go along with a copy: read, decrypted, encrypted under the key of the copy, and made visible in its
 * commit. Source: S3 user guide, "Annotating your objects", copy behavior.
 */
import type { Call } from '../../../kernel/call';
import type { Writer } from '../../../store/port';
import { digestsFor, verify } from '../checksums';
import { invalidArgument, operationAborted } from '../errors';
import { entityTag } from '../operations/put';
import type { Source } from '../sources';
import { incoming, keepBody, newId, readPiece, type Taken, takeBody } from '../state/bodies';
import type { DataKey } from '../state/layers';
import { findVersion } from '../state/objects';
import { type AnnotationSet, annotations, type ChecksumName, type Seal, type StoredObject } from '../state/tables';
import { noAnnotationsUnderCustomerKeys } from './errors';
import { annotationsOf, isSameSet, type Named } from './state';

/** @throws AwsError InvalidArgument */
export function copiesAnnotations(directive: string | undefined, { annotations: set }: StoredObject): boolean {
  if (directive !== undefined && directive !== 'COPY' && directive !== 'EXCLUDE')
    throw invalidArgument('Unknown annotation directive.', 'x-amz-object-annotation-directive', directive);
  return directive !== 'EXCLUDE' && set !== undefined && set.count > 0;
}

export interface CopiedAnnotations {
  readonly set: AnnotationSet;
  /** In the commit of the copy. @throws AwsError OperationAborted when those of the source have changed meanwhile */
  commit(tx: Writer): Promise<void>;
  /** When there is no commit. */
  discard(): Promise<void>;
}

export async function copyAnnotations(
  call: Call,
  source: Source,
  { seal, dataKey, algorithm }: { seal: Seal; dataKey: DataKey; algorithm: ChecksumName | undefined },
): Promise<CopiedAnnotations> {
  if (seal.algorithm === 'SSE-C') throw noAnnotationsUnderCustomerKeys();
  const { store, random } = call.kernel;
  const set = source.object.annotations!;
  const sourceKey = await source.open();
  const copied: (Named & { readonly taken: Taken })[] = [];
  const discard = async () => {
    for (const { taken } of copied) if (taken.piece.blob) await store.blobs.discard(taken.piece.blob);
  };
  try {
    for (const { name, annotation } of await annotationsOf(store, set)) {
      const body = await readPiece(store, annotation.piece, sourceKey);
      if (!body) throw operationAborted();
      const kept = algorithm ?? annotation.checksum.algorithm;
      const taken = await takeBody(store, incoming(body, annotation.piece.sizeBytes), {
        id: newId(call.now, random),
        dataKey,
        digests: digestsFor({ algorithm: kept }),
        onLength: () => {},
      });
      const checksum = verify(taken.digests, { algorithm: kept });
      const etag = entityTag(call, seal, taken.digests.MD5!);
      copied.push({ name, taken, annotation: { at: call.now, etag, checksum, piece: taken.piece } });
    }
  } catch (error) {
    await discard();
    throw error;
  }
  const id = newId(call.now, random);
  return {
    set: { id, count: copied.length, revision: 0 },
    async commit(tx) {
      const now = await findVersion(tx, source.bucket, source.key, source.object.versionId);
      if (!now || now.marker || !isSameSet(now.annotations, set)) throw operationAborted();
      for (const { name, annotation, taken } of copied) {
        keepBody(tx, taken);
        tx.put(annotations, [id, name], annotation);
      }
    },
    discard,
  };
}
