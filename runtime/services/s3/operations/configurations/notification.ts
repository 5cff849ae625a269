/** Notification configurations. Source: S3 API reference, "PutBucketNotificationConfiguration". */

import { parseArn } from '../../../../base/arn';
import type { Call } from '../../../../kernel/call';
import { dropFamily, putFamily, readFamily } from '../../configurations';
import { invalidArgument, malformedXml, unreachableDestinations } from '../../errors';
import type { In, Out } from '../../model';
import {
  checkedConfiguration,
  type NotificationConfiguration,
  subscriptionsOf,
} from '../../notifications/configuration';
import { refusedBy } from '../../notifications/destinations';
import { testEvent } from '../../notifications/record';
import type { Bucket } from '../../state/tables';
import { bucketOf } from '../../target';

export async function PutBucketNotificationConfiguration(
  call: Call,
  input: In<'PutBucketNotificationConfiguration'>,
): Promise<Out<'PutBucketNotificationConfiguration'>> {
  const bucket = await bucketOf(call, input);
  if (!input.NotificationConfiguration) throw malformedXml('NotificationConfiguration is missing');
  const configuration = checkedConfiguration(input.NotificationConfiguration, call.kernel.random);
  if (!input.SkipDestinationValidation) await checkDestinations(call, bucket, configuration);
  if (Object.keys(configuration).length === 0) await dropFamily(call, input, 'notification');
  else await putFamily(call, input, 'notification', configuration);
  return {};
}

async function checkDestinations(call: Call, bucket: Bucket, configuration: NotificationConfiguration): Promise<void> {
  const test = testEvent(bucket.name, call.now, call.requestId);
  const refused: { arn: string; reason: string }[] = [];
  const asked = new Set<string>();
  for (const { kind, arn } of subscriptionsOf(configuration)) {
    if (asked.has(arn)) continue;
    asked.add(arn);
    if (parseArn(arn)?.region !== bucket.region)
      throw invalidArgument(
        'The notification destination service region is not valid for the bucket location constraint',
        'Arn',
        arn,
      );
    const reason = await refusedBy(call.kernel, bucket, { kind, arn }, test);
    if (reason !== undefined) refused.push({ arn: kind === 'function' ? `${arn}, null` : arn, reason });
  }
  if (refused.length > 0) throw unreachableDestinations(refused);
}

export async function GetBucketNotificationConfiguration(
  call: Call,
  input: In<'GetBucketNotificationConfiguration'>,
): Promise<Out<'GetBucketNotificationConfiguration'>> {
  return (await readFamily<NotificationConfiguration>(call, input, 'notification')) ?? {};
}
