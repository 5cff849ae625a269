/** What follows the change log: notifications of objects, and the removal of parts that no object has any more. */
import { isAwsError } from '../../base/errors';
import type { Consumer } from '../../kernel/service';
import { OBJECT_TOPIC, type ObjectEvent } from './events';
import { type NotificationConfiguration, subscriptionsOf, wants } from './notifications/configuration';
import { deliver } from './notifications/destinations';
import { sendToBus } from './notifications/eventbridge';
import { eventRecord } from './notifications/record';
import { findConfiguration } from './state/buckets';
import { LEFTOVER_TOPIC, removeParts } from './state/uploads';

/** Refusals that will not change by asking again soon: S3 gives such events up. */
const FINAL = /AccessDenied|AuthorizationError|NotFound|NonExistentQueue|QueueDoesNotExist|InvalidParameter/;

const notifications: Consumer = {
  name: 's3.notifications',
  topics: [OBJECT_TOPIC],
  async handle({ data, sequence }, kernel) {
    const event = data as unknown as ObjectEvent;
    const kept = await findConfiguration(kernel.store, event.bucketId, 'notification');
    // What happened before the configuration is not its business.
    if (!kept || event.at < kept.at) return;
    const configuration = kept.value as NotificationConfiguration;
    const bucket = { name: event.bucket, account: event.account, region: event.region };
    for (const subscription of subscriptionsOf(configuration)) {
      if (!wants(subscription, event.event, event.key)) continue;
      try {
        await deliver(kernel, bucket, subscription, { Records: [eventRecord(event, subscription.id, sequence)] });
      } catch (error) {
        if (!isAwsError(error) || !FINAL.test(error.code)) throw error;
        kernel.report(
          `s3: ${event.event} of ${event.bucket}/${event.key} not delivered to ${subscription.arn}: ${error.message}`,
        );
      }
    }
    if (configuration.EventBridgeConfiguration) await sendToBus(kernel, event, sequence);
  },
};

const leftovers: Consumer = {
  name: 's3.leftovers',
  topics: [LEFTOVER_TOPIC],
  handle: ({ data }, { store }) => removeParts(store, String(data.uploadId)),
};

export const consumers: readonly Consumer[] = [notifications, leftovers];
