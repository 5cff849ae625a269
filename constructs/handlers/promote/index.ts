/**
 * The mover of `MalwareGate`: copies the version that an event is about to the clean bucket and deletes it from the
 * quarantine, if the scanner's tag says that it is clean. Anything else stays and is told in the log. Doing it twice does
 * no harm. Objects above 5 GB, which one copy cannot carry, fail and become dead letters.
 * Source: GuardDuty user guide, "S3 object scan result" (statuses and what they mean).
 */
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectTaggingCommand,
  NoSuchKey,
  S3Client,
} from '@aws-sdk/client-s3';

const s3 = new S3Client({});

interface Event {
  readonly Records?: readonly {
    readonly s3: {
      readonly bucket: { readonly name: string };
      readonly object: { readonly key: string; readonly versionId?: string };
    };
  }[];
}

export async function handler(event: Event): Promise<void> {
  for (const record of event.Records ?? []) {
    const key = decodeURIComponent(record.s3.object.key.replace(/\+/g, ' '));
    await move(record.s3.bucket.name, key, record.s3.object.versionId);
  }
}

async function move(Bucket: string, Key: string, VersionId: string | undefined): Promise<void> {
  const verdict = process.env.SCANNED === 'true' ? await verdictOn(Bucket, Key, VersionId) : 'NOT_SCANNED';
  console.log({ key: Key, versionId: VersionId, verdict });
  if (verdict !== 'NO_THREATS_FOUND' && verdict !== 'NOT_SCANNED') return;
  try {
    await s3.send(
      new CopyObjectCommand({
        Bucket: process.env.CLEAN_BUCKET,
        Key,
        CopySource: `${Bucket}/${encodeURIComponent(Key)}${VersionId ? `?versionId=${VersionId}` : ''}`,
        TaggingDirective: 'REPLACE',
      }),
    );
  } catch (error) {
    if (!gone(error)) throw error;
    return;
  }
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId }));
}

/** The status that the scanner has tagged the version with; other tags are none. */
async function verdictOn(Bucket: string, Key: string, VersionId?: string): Promise<string> {
  try {
    const { TagSet = [] } = await s3.send(new GetObjectTaggingCommand({ Bucket, Key, VersionId }));
    return TagSet.find((tag) => tag.Key === 'GuardDutyMalwareScanStatus')?.Value ?? 'NOT_YET';
  } catch (error) {
    if (gone(error)) return 'MOVED_BEFORE';
    throw error;
  }
}

function gone(error: unknown): boolean {
  return error instanceof NoSuchKey || ['NoSuchKey', 'NoSuchVersion'].includes((error as Error).name);
}
