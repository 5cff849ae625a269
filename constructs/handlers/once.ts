/**
 * Runs in a Lambda: turns a function for one object into a handler for everything that `ObjectProcessor` is called
 * with, and deals with each event once. An event is claimed by a note in the store, written on the condition that none
 * is there; the note says when the claim ends, so that a call that died can be taken over. Bundle it with the handler:
 *
 *     import { once } from '@coffer/constructs/dist/handlers/once';
 *     export const handler = once(async ({ bucket, key, versionId }) => { ... });
 *
 * At most one call works on an event at a time, as long as none outlives its timeout. What fails is tried again by
 * whoever delivers. Sources: S3 user guide, "Event message structure", "How to prevent object overwrites with conditional
 * writes"; Lambda developer guide, "Handling errors for an SQS event source".
 */
import { createHash } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

/** One event of one object, whichever way it came. */
export interface ObjectEvent {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly sizeBytes?: number;
  readonly etag?: string;
  /** `ObjectCreated:Put` and so on; by EventBridge the kind only, `Object Created`. */
  readonly eventName: string;
  /** Grows with later events of a key. */
  readonly sequencer?: string;
}

/** As much of Lambda's context as is used. */
export interface Context {
  getRemainingTimeInMillis(): number;
}

export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What S3, SNS, SQS and EventBridge send, as much as is read. */
export interface Delivery {
  readonly 'detail-type'?: string;
  readonly detail?: {
    readonly bucket: { readonly name: string };
    readonly object: { key: string; 'version-id'?: string; size?: number; etag?: string; sequencer?: string };
  };
  readonly Records?: readonly DeliveredRecord[];
}

export interface DeliveredRecord {
  readonly eventSource?: string;
  readonly eventName?: string;
  readonly s3?: {
    readonly bucket: { readonly name: string };
    readonly object: { key: string; versionId?: string; size?: number; eTag?: string; sequencer?: string };
  };
  readonly Sns?: { readonly Message: string };
  readonly messageId?: string;
  readonly body?: string;
}

/** Objects of an event by S3, SNS or EventBridge; none of S3's test event. */
export function objectsOf(event: Delivery): ObjectEvent[] {
  if (event.detail !== undefined) {
    const { bucket, object } = event.detail;
    return [
      {
        bucket: bucket.name,
        key: object.key,
        versionId: object['version-id'],
        sizeBytes: object.size,
        etag: object.etag,
        eventName: event['detail-type'] ?? '',
        sequencer: object.sequencer,
      },
    ];
  }
  return (event.Records ?? []).flatMap((record) => {
    if (record.Sns !== undefined) return objectsOf(JSON.parse(record.Sns.Message));
    if (record.s3 === undefined) return [];
    const { bucket, object } = record.s3;
    return [
      {
        bucket: bucket.name,
        // Form-encoded: a space is a plus.
        key: decodeURIComponent(object.key.replace(/\+/g, ' ')),
        versionId: object.versionId,
        sizeBytes: object.size,
        etag: object.eTag,
        eventName: record.eventName ?? '',
        sequencer: object.sequencer,
      },
    ];
  });
}

/** What Lambda calls. */
export type OnceHandler = (event: Delivery, context: Context) => Promise<BatchAnswer | undefined>;

/** A handler that calls `work` once per event. Without a store (`Idempotency.none()`) it calls it per delivery. */
export function once(work: (object: ObjectEvent) => Promise<void>): OnceHandler {
  return async (event, context) => {
    const messages = (event.Records ?? []).filter((record) => record.eventSource === 'aws:sqs');
    if (messages.length === 0) {
      for (const object of objectsOf(event)) await claimed(object, context, work);
      return undefined;
    }
    const batchItemFailures: { itemIdentifier: string }[] = [];
    for (const message of messages) {
      try {
        for (const object of objectsOf(JSON.parse(message.body ?? '{}'))) await claimed(object, context, work);
      } catch (error) {
        console.error(error);
        batchItemFailures.push({ itemIdentifier: message.messageId ?? '' });
      }
    }
    return { batchItemFailures };
  };
}

const s3 = new S3Client({});
/** How long a note outlives the call that wrote it, for clocks that differ. */
const MARGIN_MS = 5000;

async function claimed(object: ObjectEvent, context: Context, work: (object: ObjectEvent) => Promise<void>) {
  const Bucket = process.env.COFFER_ONCE_BUCKET;
  if (Bucket === undefined) return work(object);
  const { bucket, key, versionId, eventName, sequencer } = object;
  const digest = createHash('sha256').update(JSON.stringify([bucket, key, versionId, eventName, sequencer]));
  const Key = `${process.env.COFFER_ONCE_PREFIX ?? ''}${digest.digest('hex')}`;
  const note = (state: string, until: number, condition: object) =>
    s3.send(
      new PutObjectCommand({
        Bucket,
        Key,
        ContentType: 'application/json',
        Body: JSON.stringify({ state, until, bucket, key, versionId }),
        ...condition,
      }),
    );
  const lease = Date.now() + context.getRemainingTimeInMillis() + MARGIN_MS;
  const etag = await claim(note, lease, Bucket, Key);
  if (etag === undefined) {
    console.log(JSON.stringify({ alreadyDone: key, versionId }));
    return;
  }
  try {
    await work(object);
  } catch (error) {
    await note('failed', 0, { IfMatch: etag });
    throw error;
  }
  await note('done', 0, { IfMatch: etag });
}

type Note = (state: string, until: number, condition: object) => Promise<{ ETag?: string }>;

/** @returns the note's ETag; undefined when the event is done @throws Error when another call is at it */
async function claim(note: Note, lease: number, Bucket: string, Key: string): Promise<string | undefined> {
  try {
    return (await note('running', lease, { IfNoneMatch: '*' })).ETag;
  } catch (error) {
    if ((error as Error).name !== 'PreconditionFailed') throw error;
  }
  const found = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const { state, until } = JSON.parse((await found.Body?.transformToString()) ?? '{}');
  if (state === 'done') return undefined;
  if (state === 'running' && until > Date.now())
    throw new Error(`another call is working on this event until ${until}`);
  return (await note('running', lease, { IfMatch: found.ETag })).ETag;
}
