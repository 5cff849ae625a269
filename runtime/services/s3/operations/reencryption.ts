/**
 * UpdateObjectEncryption: an object's data key goes under another KMS key, its bytes stay as they lie. Sources: S3 API
 * reference, "UpdateObjectEncryption"; S3 user guide, "Updating server-side encryption for existing data". Of the KMS
 * permissions named there, those are asked for that the change at hand needs.
 */

import type { Call } from '../../../kernel/call';
import { existingObjectCheck } from '../actions/keys';
import { unseal } from '../encryption';
import { invalidRequest, noSuchBucket, noSuchKey, operationAborted } from '../errors';
import { encryptionLocked, foreignKey } from '../keyerrors';
import { asKms, bucketKeyFor, encloseKey } from '../kmskeys';
import { isLocked } from '../locks';
import type { In, Out } from '../model';
import { checkKey, objectArn } from '../names';
import { findBucket } from '../state/buckets';
import { isLayered } from '../state/layers';
import { findVersion, replaceVersion } from '../state/objects';
import type { Bucket, Seal } from '../state/tables';
import { bucketOf, holderOf } from '../target';

const KEY_ARN = /^arn:aws[a-zA-Z0-9-]*:kms:[a-z0-9-]+:(\d{12}):key\/[a-zA-Z0-9-]+$/;
const LONGEST_ARN = 2048;

interface Wanted {
  readonly keyArn: string;
  readonly bucketKey: boolean;
}

export async function UpdateObjectEncryption(
  call: Call,
  input: In<'UpdateObjectEncryption'>,
): Promise<Out<'UpdateObjectEncryption'>> {
  const bucket = await bucketOf(call, input);
  await call.authorize(
    await existingObjectCheck(call, bucket, input, 's3:UpdateObjectEncryption', 's3:UpdateObjectEncryption', {
      's3:x-amz-server-side-encryption': input.ObjectEncryption?.SSEKMS && 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': input.ObjectEncryption?.SSEKMS?.KMSKeyArn,
    }),
  );
  const key = input.Key!;
  checkKey(key);
  checkSignature(call);
  const wanted = wantedEncryption(bucket, input.ObjectEncryption);
  const object = await holderOf(call, input);
  checkSource(object.seal);
  if (isLocked(object, call.now)) throw encryptionLocked();
  const seal = await reseal(call, bucket, key, object.seal, wanted);
  await call.kernel.store.write(async (tx) => {
    const now = await findBucket(tx, bucket.name);
    if (now?.id !== bucket.id) throw noSuchBucket(bucket.name);
    const version = await findVersion(tx, now, key, object.versionId);
    if (!version || version.marker) throw noSuchKey(key);
    if (version.order !== object.order || !isSame(version.seal, object.seal)) throw operationAborted();
    if (isLocked(version, call.now)) throw encryptionLocked();
    await replaceVersion(tx, now, key, { ...version, seal });
  });
  return {};
}

function checkSignature({ principal, request }: Call): void {
  if (principal.kind !== 'anonymous' && !request.headers.authorization?.startsWith('AWS ')) return;
  throw invalidRequest(
    'Requests that modify an object encryption configuration require AWS Signature Version 4. Modify the request to use AWS Signature Version 4, and then try again.',
  );
}

function wantedEncryption(bucket: Bucket, asked: In<'UpdateObjectEncryption'>['ObjectEncryption']): Wanted {
  const wanted = asked?.SSEKMS;
  if (!wanted)
    throw invalidRequest(
      'Requests that modify an object encryption configuration require a valid new encryption type. Valid values are SSEKMS. Modify the request to specify SSE-KMS for the updated encryption type, and then try again.',
    );
  const { KMSKeyArn: keyArn, BucketKeyEnabled: bucketKey = false } = wanted;
  if (!keyArn)
    throw invalidRequest(
      "Requests that modify an object's encryption type to SSE-KMS require an AWS KMS key Amazon Resource Name (ARN). Modify the request to specify a KMS key ARN, and then try again.",
    );
  const account = keyArn.length <= LONGEST_ARN ? KEY_ARN.exec(keyArn)?.[1] : undefined;
  if (account === undefined)
    throw invalidRequest(
      "Requests that modify an object's encryption type to SSE-KMS require a valid AWS KMS key Amazon Resource Name (ARN). Confirm that you have a correctly formatted KMS key ARN in your request, and then try again.",
    );
  if (account !== bucket.account) throw foreignKey();
  return { keyArn, bucketKey };
}

function checkSource({ algorithm }: Seal): void {
  if (algorithm === 'SSE-C' || algorithm === 'aws:kms:dsse')
    throw invalidRequest(
      "The UpdateObjectEncryption operation doesn't support source objects with the encryption type DSSE-KMS or SSE-C. Only source objects encrypted with SSE-S3 or SSE-KMS are supported.",
    );
}

/** The data key under another key. The caller's own encryption context stays, as all metadata does. */
async function reseal(call: Call, bucket: Bucket, key: string, seal: Seal, wanted: Wanted): Promise<Seal> {
  const { kms } = call.peers;
  const { context } = seal;
  const own = context ? { context } : {};
  const objectContext = { ...context, 'aws:s3:arn': objectArn(bucket.name, key, call.partition) };
  if (!wanted.bucketKey && seal.wrapped && !seal.bucketKey && !seal.enclosed) {
    const { KeyId, CiphertextBlob } = await asKms(
      kms.ReEncrypt({
        CiphertextBlob: seal.wrapped,
        SourceKeyId: seal.keyArn,
        SourceEncryptionContext: objectContext,
        DestinationKeyId: wanted.keyArn,
        DestinationEncryptionContext: objectContext,
      }),
    );
    return { algorithm: 'aws:kms', keyArn: KeyId, wrapped: CiphertextBlob, ...own };
  }
  const dataKey = await unseal(call, bucket, key, seal, undefined);
  if (isLayered(dataKey)) throw new Error('two layers cannot go under one key');
  if (!wanted.bucketKey) {
    const { KeyId, CiphertextBlob } = await asKms(
      kms.Encrypt({ KeyId: wanted.keyArn, Plaintext: dataKey, EncryptionContext: objectContext }),
    );
    return { algorithm: 'aws:kms', keyArn: KeyId, wrapped: CiphertextBlob, ...own };
  }
  const { keyArn, wrapped, plain } = await bucketKeyFor(call, bucket, wanted.keyArn, context);
  const enclosed = encloseKey(plain, dataKey, call.kernel.random);
  return { algorithm: 'aws:kms', keyArn, wrapped, bucketKey: true, enclosed, ...own };
}

function isSame(one: Seal, other: Seal): boolean {
  const text = ({ algorithm, keyArn, wrapped, enclosed }: Seal) =>
    [algorithm, keyArn, ...[wrapped, enclosed].map((bytes) => Buffer.from(bytes ?? []).toString('base64'))].join(' ');
  return text(one) === text(other);
}
