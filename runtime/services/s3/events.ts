/**
 * What happens to objects, announced in the commit that does it. Notifications (and whatever else follows objects)
 * read it from the change log. Source: S3 user guide, "Event notification types and destinations".
 */
import type { Call } from '../../kernel/call';
import type { Bucket, Restore, Version } from './state/tables';

type Announcer = Parameters<Parameters<Call['kernel']['store']['write']>[0]>[0];

export const OBJECT_TOPIC = 's3.object';

/** Names of events as records carry them, without `s3:`. */
export type EventName =
  | 'ObjectCreated:Put'
  | 'ObjectCreated:Post'
  | 'ObjectCreated:Copy'
  | 'ObjectCreated:CompleteMultipartUpload'
  | 'ObjectRemoved:Delete'
  | 'ObjectRemoved:DeleteMarkerCreated'
  | 'ObjectTagging:Put'
  | 'ObjectTagging:Delete'
  | 'ObjectAnnotation:Put'
  | 'ObjectAnnotation:Delete'
  | 'ObjectAcl:Put'
  | 'ObjectRestore:Post'
  | 'ObjectRestore:Completed'
  | 'ObjectRestore:Delete';

/** Data of a change with topic `s3.object`. */
export interface ObjectEvent {
  readonly event: EventName;
  readonly bucket: string;
  readonly bucketId: string;
  readonly account: string;
  readonly region: string;
  readonly key: string;
  readonly at: number;
  readonly sizeBytes?: number;
  readonly etag?: string;
  /** Absent for the null version. */
  readonly versionId?: string;
  /** Of a restore that is done: until when its copy stays, virtual milliseconds, and the class of the archive. */
  readonly restoredUntil?: number;
  readonly storageClass?: string;
  readonly principalId: string;
  /** Account of who did it, or the service. */
  readonly requester: string;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** Who did it, when and from where: a call, or S3 itself when a time has come. */
export interface Actor extends Pick<Call, 'now' | 'principal' | 'requestId'> {
  readonly request: Pick<Call['request'], 'remoteAddress'>;
}

export function announceObject(
  tx: Announcer,
  call: Actor,
  bucket: Bucket,
  key: string,
  event: EventName,
  version?: Pick<Version, 'versionId'> & {
    readonly sizeBytes?: number;
    readonly etag?: string;
    readonly storageClass?: string;
    readonly restore?: Restore;
  },
): void {
  const data: ObjectEvent = {
    event,
    bucket: bucket.name,
    bucketId: bucket.id,
    account: bucket.account,
    region: bucket.region,
    key,
    at: call.now,
    ...(version?.sizeBytes === undefined ? {} : { sizeBytes: version.sizeBytes }),
    ...(version?.etag === undefined ? {} : { etag: version.etag }),
    ...(version && version.versionId !== 'null' ? { versionId: version.versionId } : {}),
    ...(event === 'ObjectRestore:Completed' ? restored(version) : {}),
    principalId: call.principal.service ?? `AWS:${call.principal.userId}`,
    requester: call.principal.service ?? call.principal.account ?? 'Anonymous',
    sourceIp: call.request.remoteAddress,
    requestId: call.requestId,
  };
  tx.announce({ topic: OBJECT_TOPIC, key: `${bucket.id}/${key}`, data: { ...data } });
}

function restored(version: { readonly storageClass?: string; readonly restore?: Restore } | undefined) {
  const { storageClass, restore: { until } = {} } = version ?? {};
  return {
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(until === undefined ? {} : { restoredUntil: until }),
  };
}
