/**
 * The processor of the media stack: for each medium that was found clean it writes an entry to `catalogue/` with size,
 * digest, and the type that its first bytes show, next to the one that the uploader claimed. It reads only `uploads/` and
 * writes only `catalogue/`.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { once } from '@coffer/constructs/dist/handlers/once';

const s3 = new S3Client({});

/** First bytes of media, in hexadecimal, and where they stand. */
const SIGNATURES: readonly [type: string, at: number, bytes: string][] = [
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/gif', 0, '474946383'],
  ['image/webp', 8, '57454250'],
  ['image/avif', 4, '6674797061766966'],
  ['video/mp4', 4, '66747970'],
  ['video/webm', 0, '1a45dfa3'],
  ['audio/mpeg', 0, '494433'],
];
const LONGEST = 16;

export const handler = once(async ({ bucket, key, versionId }) => {
  const object = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: versionId }));
  const digest = createHash('sha256');
  let first = Buffer.alloc(0);
  for await (const chunk of object.Body as Readable) {
    digest.update(chunk);
    if (first.length < LONGEST) first = Buffer.concat([first, chunk]).subarray(0, LONGEST);
  }
  const hex = first.toString('hex');
  const found = SIGNATURES.find(([, at, bytes]) => hex.startsWith(bytes, at * 2))?.[0];
  const entry = {
    key,
    versionId,
    sizeBytes: object.ContentLength,
    sha256: digest.digest('hex'),
    claimedType: object.ContentType,
    foundType: found ?? 'unknown',
    asClaimed: found === object.ContentType,
    uploadedBy: object.Metadata?.['uploaded-by'],
  };
  await s3.send(
    new PutObjectCommand({
      Bucket: bucket,
      Key: `catalogue/${key.slice('uploads/'.length)}.json`,
      ContentType: 'application/json',
      Body: JSON.stringify(entry),
    }),
  );
  console.log({ catalogued: key, ...entry });
});
