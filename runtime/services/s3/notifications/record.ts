/** The JSON of an event, as destinations get it. Source: S3 user guide, "Event message structure". */
import { createHash } from 'node:crypto';
import { partitionOf } from '../../../base/arn';
import type { ObjectEvent } from '../events';
import { bucketArn } from '../names';
import { derivedId } from '../owners';
import { urlEncode } from '../pages';

/** @param sequence place in the change log: later events of a key have greater ones */
export function eventRecord(event: ObjectEvent, configurationId: string, sequence: number) {
  const removed = event.event === 'ObjectRemoved:Delete';
  return {
    // Tagging, ACL and the end of restored copies came with a later version of the structure.
    eventVersion: /^Object(Tagging|Annotation|Acl|Restore:Delete)/.test(event.event) ? '2.3' : '2.1',
    eventSource: 'aws:s3',
    awsRegion: event.region,
    eventTime: new Date(event.at).toISOString(),
    eventName: event.event,
    userIdentity: { principalId: event.principalId },
    requestParameters: { sourceIPAddress: event.sourceIp },
    responseElements: { 'x-amz-request-id': event.requestId, 'x-amz-id-2': hostId(event.requestId) },
    s3: {
      s3SchemaVersion: '1.0',
      configurationId,
      bucket: {
        name: event.bucket,
        ownerIdentity: { principalId: customerId(event.account) },
        arn: bucketArn(event.bucket, partitionOf(event.region)),
      },
      object: {
        key: urlEncode(event.key),
        ...(event.sizeBytes === undefined ? {} : { size: event.sizeBytes }),
        ...(event.etag === undefined || removed ? {} : { eTag: event.etag }),
        ...(event.versionId === undefined ? {} : { versionId: event.versionId }),
        // It orders writes and deletions of a key; what leaves content as it is has none.
        ...(/^Object(Tagging|Acl)/.test(event.event)
          ? {}
          : { sequencer: sequence.toString(16).toUpperCase().padStart(18, '0') }),
      },
    },
    ...(event.restoredUntil === undefined
      ? {}
      : {
          glacierEventData: {
            restoreEventData: {
              lifecycleRestorationExpiryTime: new Date(event.restoredUntil).toISOString(),
              lifecycleRestoreStorageClass: event.storageClass,
            },
          },
        }),
  };
}

/** What S3 sends to a queue when it becomes a destination. */
export function testEvent(bucket: string, at: number, requestId: string) {
  return {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: new Date(at).toISOString(),
    Bucket: bucket,
    RequestId: requestId,
    HostId: hostId(requestId),
  };
}

function hostId(requestId: string): string {
  return createHash('sha384').update(requestId).digest('base64');
}

/** How events name an account: an `A` and thirteen letters or digits. */
function customerId(account: string): string {
  return `A${derivedId(account).slice(0, 13).toUpperCase()}`;
}
