/** CopyObject. Source: S3 API reference, "CopyObject"; S3 user guide, "Copying, moving, and renaming objects". */
import type { Call } from '../../../kernel/call';
import { copiesAnnotations, copyAnnotations } from '../annotations/copying';
import { algorithmNamed, checksumMembers, DEFAULT_CHECKSUM, digestsFor, verify } from '../checksums';
import { encryptionChoice, sealFor, writtenEncryptionMembers } from '../encryption';
import { copySourceTooLarge, invalidArgument, invalidRequest } from '../errors';
import type { In, Out } from '../model';
import { checkKey } from '../names';
import { wholeSecond } from '../pages';
import { openBody, whileReplaced } from '../reading';
import { noteRetrieval } from '../retrievals';
import { copiedVersionMember, copySource, type SharedBody, type Source, sharedBody } from '../sources';
import { incoming, newId, takeBody, using } from '../state/bodies';
import type { DataKey } from '../state/layers';
import type { Bucket, Checksum, ChecksumName, Seal } from '../state/tables';
import { bucketOf } from '../target';
import { checkWriteEarly, commitObject, type Draft, draftOf, LARGEST_PUT, versionMember } from '../writing';
import { entityTag } from './put';

export function CopyObject(call: Call, input: In<'CopyObject'>): Promise<Out<'CopyObject'>> {
  return whileReplaced(call, () => copy(call, input));
}

async function copy(call: Call, input: In<'CopyObject'>): Promise<Out<'CopyObject'> | undefined> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  checkKey(key);
  checkDirective(input.MetadataDirective, 'x-amz-metadata-directive', 'Unknown metadata directive.');
  checkDirective(input.TaggingDirective, 'x-amz-tagging-directive', 'Unknown tagging directive.');
  const choice = encryptionChoice(call, bucket, input);
  const source = await copySource(call, input);
  if (source.object.sizeBytes > LARGEST_PUT) throw copySourceTooLarge(LARGEST_PUT);
  if (isOntoItself(source, bucket, key) && !changesAnything(input, bucket, source))
    throw invalidRequest(
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    );
  const annotated = copiesAnnotations(input.AnnotationDirective, source.object);
  const draft = copiedDraft(source, draftOf(call, bucket, input), input);
  const conditional = await checkWriteEarly(call, bucket, key, input);

  const { seal, dataKey } = await sealFor(call, bucket, key, choice);
  const algorithm = algorithmOf(input.ChecksumAlgorithm, source.object.checksum);
  const body = sharedBody(source, seal, algorithm) ?? (await copiedBody(call, source, seal, dataKey, algorithm));
  if (!body) return undefined;
  const { taken, checksum, etag } = body;
  const { piece } = taken;
  const object = await using(call.kernel.store, taken, async () => {
    const asked = input.ChecksumAlgorithm === undefined ? undefined : algorithm;
    const copied = annotated ? await copyAnnotations(call, source, { seal, dataKey, algorithm: asked }) : undefined;
    try {
      return await commitObject(call, {
        bucket,
        key,
        event: 'ObjectCreated:Copy',
        conditions: conditional ? input : undefined,
        taken,
        object: {
          ...draft,
          sizeBytes: piece.sizeBytes,
          etag,
          checksum,
          seal,
          piece,
          ...(copied ? { annotations: copied.set } : {}),
        },
        also: copied?.commit,
      });
    } catch (error) {
      await copied?.discard();
      throw error;
    }
  });
  noteRetrieval(call.kernel, source.bucket, source.object, piece.sizeBytes, call.now);
  return {
    CopyObjectResult: { ETag: `"${etag}"`, LastModified: wholeSecond(object.at), ...checksumMembers(checksum) },
    ...copiedVersionMember(source),
    ...versionMember(bucket, object),
    ...writtenEncryptionMembers(seal),
  };
}

function checkDirective(value: string | undefined, header: string, message: string): void {
  if (value !== undefined && value !== 'COPY' && value !== 'REPLACE') throw invalidArgument(message, header, value);
}

function isOntoItself(source: Source, bucket: Bucket, key: string): boolean {
  return source.bucket.id === bucket.id && source.key === key && source.versionId === undefined;
}

/** An object that was encrypted otherwise than by S3's own key changes by being encrypted as the bucket does now. */
function changesAnything(input: In<'CopyObject'>, bucket: Bucket, { object }: Source): boolean {
  return (
    object.seal.algorithm !== 'AES256' ||
    bucket.encryption.isSet === true ||
    input.MetadataDirective === 'REPLACE' ||
    input.StorageClass !== undefined ||
    input.WebsiteRedirectLocation !== undefined ||
    input.ServerSideEncryption !== undefined ||
    input.SSECustomerKey !== undefined
  );
}

/** What the copy takes from its source: metadata and tags, unless told otherwise; never ACL, lock, class or redirect. */
function copiedDraft({ object }: Source, { metadata, tags, system, ...draft }: Draft, input: In<'CopyObject'>): Draft {
  const fresh = input.MetadataDirective === 'REPLACE';
  const { WebsiteRedirectLocation: _, ...copied } = object.system;
  const redirect = system.WebsiteRedirectLocation;
  const keptMetadata = fresh ? metadata : object.metadata;
  const keptTags = input.TaggingDirective === 'REPLACE' ? tags : object.tags;
  return {
    ...draft,
    system: fresh ? system : { ...copied, ...(redirect ? { WebsiteRedirectLocation: redirect } : {}) },
    ...(keptMetadata ? { metadata: keptMetadata } : {}),
    ...(keptTags ? { tags: keptTags } : {}),
  };
}

function algorithmOf(asked: string | undefined, copied: Checksum | undefined): ChecksumName {
  return asked === undefined ? (copied?.algorithm ?? DEFAULT_CHECKSUM) : algorithmNamed(asked);
}

async function copiedBody(
  call: Call,
  source: Source,
  seal: Seal,
  dataKey: DataKey,
  algorithm: ChecksumName,
): Promise<SharedBody | undefined> {
  const { store, random } = call.kernel;
  const body = await openBody(call, source.object, await source.open());
  if (!body) return undefined;
  const taken = await takeBody(store, incoming(body, source.object.sizeBytes), {
    id: newId(call.now, random),
    dataKey,
    digests: digestsFor({ algorithm }),
    onLength: () => {},
  });
  const checksum = verify(taken.digests, { algorithm });
  return { taken, checksum, etag: entityTag(call, seal, taken.digests.MD5!) };
}
