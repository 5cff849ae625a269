/**
 * The notification Lambda of the application-data stack: for each uploaded object it writes a small JSON description
 * (size, media type, digest, lines) to `results/`. It reads only `uploads/` and writes only `results/`.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { S3Event } from 'aws-lambda';

const s3 = new S3Client({});

export async function handler(event: S3Event): Promise<{ described: string[] }> {
  const described: string[] = [];
  for (const record of event.Records) {
    const bucket = record.s3.bucket.name;
    // Keys arrive form-encoded: a space is a plus. Source: S3 User Guide, "Event message structure".
    const key = decodeURIComponent(record.s3.object.key.replace(/\+/g, ' '));
    const object = await s3.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, VersionId: record.s3.object.versionId }),
    );
    const digest = createHash('sha256');
    let lines = 0;
    for await (const chunk of object.Body as Readable) {
      digest.update(chunk);
      for (const byte of chunk as Buffer) if (byte === 0x0a) lines += 1;
    }
    const result = `results/${key.slice('uploads/'.length)}.json`;
    await s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: result,
        ContentType: 'application/json',
        Body: JSON.stringify({
          source: key,
          versionId: record.s3.object.versionId,
          sizeBytes: object.ContentLength,
          contentType: object.ContentType,
          sha256: digest.digest('hex'),
          lines,
        }),
      }),
    );
    console.log(JSON.stringify({ described: key, result }));
    described.push(result);
  }
  return { described };
}
