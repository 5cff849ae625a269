/**
 * Events of objects as EventBridge gets them, on the default bus of the bucket's account. Source: S3 user guide, "Using
 * EventBridge", "EventBridge event message structure".
 */
import { partitionOf } from '../../../base/arn';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import { servicePrincipal } from '../../../kernel/principal';
import type { EventName, ObjectEvent } from '../events';
import { bucketArn } from '../names';

interface Kind {
  readonly type: string;
  readonly detail?: Readonly<Record<string, string>>;
}

const DELETED = 'Object Deleted';

/** What is not here is announced to topics, queues and functions only. */
const kinds: Readonly<Partial<Record<EventName, Kind>>> = {
  'ObjectCreated:Put': { type: 'Object Created', detail: { reason: 'PutObject' } },
  'ObjectCreated:Post': { type: 'Object Created', detail: { reason: 'POST Object' } },
  'ObjectCreated:Copy': { type: 'Object Created', detail: { reason: 'CopyObject' } },
  'ObjectCreated:CompleteMultipartUpload': { type: 'Object Created', detail: { reason: 'CompleteMultipartUpload' } },
  'ObjectRemoved:Delete': {
    type: DELETED,
    detail: { reason: 'DeleteObject', 'deletion-type': 'Permanently Deleted' },
  },
  'ObjectRemoved:DeleteMarkerCreated': {
    type: DELETED,
    detail: { reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' },
  },
  'ObjectTagging:Put': { type: 'Object Tags Added' },
  'ObjectTagging:Delete': { type: 'Object Tags Deleted' },
  'ObjectAcl:Put': { type: 'Object ACL Updated' },
  'ObjectRestore:Post': { type: 'Object Restore Initiated' },
  'ObjectRestore:Completed': { type: 'Object Restore Completed' },
  'ObjectRestore:Delete': { type: 'Object Restore Expired' },
};

/** As much of EventBridge as is needed here. */
interface Events {
  readonly events: {
    PutEvents(input: {
      Entries: { Source: string; DetailType: string; Detail: string; Resources: string[]; Time: Date }[];
    }): Promise<unknown>;
  };
}

/** @param sequence place in the change log: later events of a key have greater ones */
export async function sendToBus(kernel: Kernel, event: ObjectEvent, sequence: number): Promise<void> {
  const kind = kinds[event.event];
  if (!kind) return;
  const { account, region } = event;
  const arn = bucketArn(event.bucket, partitionOf(region));
  const peers = kernel.peers(servicePrincipal('s3.amazonaws.com', arn, account), { account, region }) as Peers & Events;
  const entry = {
    Source: 'aws.s3',
    DetailType: kind.type,
    Detail: JSON.stringify(detailOf(event, kind, sequence)),
    Resources: [arn],
    Time: new Date(event.at),
  };
  await peers.events.PutEvents({ Entries: [entry] });
}

function detailOf(event: ObjectEvent, { type, detail }: Kind, sequence: number) {
  return {
    version: '0',
    bucket: { name: event.bucket },
    object: {
      key: event.key,
      ...(event.sizeBytes === undefined || type === DELETED ? {} : { size: event.sizeBytes }),
      ...(event.etag === undefined || type === DELETED ? {} : { etag: event.etag }),
      ...(event.versionId === undefined ? {} : { 'version-id': event.versionId }),
      sequencer: sequence.toString(16).toUpperCase().padStart(18, '0'),
    },
    'request-id': event.requestId,
    requester: event.requester,
    'source-ip-address': event.sourceIp,
    ...detail,
    ...(event.restoredUntil === undefined
      ? {}
      : { 'restore-expiry-time': new Date(event.restoredUntil).toISOString() }),
    ...(event.storageClass === undefined ? {} : { 'source-storage-class': event.storageClass }),
  };
}
