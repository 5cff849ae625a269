/** PutObject. Source: S3 API reference, "PutObject". */
import type { Call } from '../../../kernel/call';
import { checkContentMd5, checksumMembers, claimOf, digestsFor, verify } from '../checksums';
import { encryptionChoice, sealFor, writtenEncryptionMembers } from '../encryption';
import { needsIntegrity, notImplemented, partNumberOutOfRange } from '../errors';
import { expirationMember } from '../expiry';
import type { In, Out } from '../model';
import { checkKey } from '../names';
import { incoming, newId, takeBody, using } from '../state/bodies';
import type { Seal } from '../state/tables';
import { bucketOf } from '../target';
import { checkWriteEarly, commitObject, draftOf, limitBody, writtenVersionMember } from '../writing';

const NO_BODY = incoming(new Uint8Array(0), 0);

export async function PutObject(call: Call, input: In<'PutObject'>): Promise<Out<'PutObject'>> {
  const bucket = await bucketOf(call, input);
  const key = input.Key!;
  checkKey(key);
  // The part of an upload, its number forgotten, would replace the object.
  if (call.request.query.some(([name]) => name === 'uploadId')) throw partNumberOutOfRange(undefined);
  if (input.WriteOffsetBytes !== undefined) throw notImplemented('appending with x-amz-write-offset-bytes');
  const onLength = limitBody(call);
  checkContentMd5(input.ContentMD5);
  const claim = claimOf(call, input);
  const choice = encryptionChoice(call, bucket, input);
  const draft = draftOf(call, bucket, input);
  if ((draft.retention || draft.legalHold) && !claim && input.ContentMD5 === undefined)
    throw needsIntegrity('Put Object');
  const conditional = await checkWriteEarly(call, bucket, key, input);

  const { seal, dataKey } = await sealFor(call, bucket, key, choice);
  const { store, random } = call.kernel;
  const taken = await takeBody(store, call.body ?? NO_BODY, {
    id: newId(call.now, random),
    dataKey,
    digests: digestsFor(claim),
    onLength,
  });
  const { piece } = taken;
  const object = await using(store, taken, async () => {
    const checksum = verify(taken.digests, { claim, contentMd5: input.ContentMD5, body: call.body });
    const etag = entityTag(call, seal, taken.digests.MD5!);
    return commitObject(call, {
      bucket,
      key,
      event: call.request.form ? 'ObjectCreated:Post' : 'ObjectCreated:Put',
      conditions: conditional ? input : undefined,
      taken,
      object: { ...draft, sizeBytes: piece.sizeBytes, etag, checksum, seal, piece },
    });
  });
  return {
    ETag: `"${object.etag}"`,
    ...checksumMembers(object.checksum),
    ...writtenEncryptionMembers(seal),
    ...writtenVersionMember(bucket, object),
    ...(await expirationMember(call, bucket, key, object)),
  };
}

/** The MD5 of the content, except where the encryption key is not S3's own: then it tells nothing of it. */
export function entityTag(call: Call, seal: Seal, md5: Uint8Array): string {
  return seal.algorithm === 'AES256' ? Buffer.from(md5).toString('hex') : call.kernel.random.hex(32);
}
