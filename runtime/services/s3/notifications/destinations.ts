/**
 * Topics, queues and functions as S3 reaches them: as the service principal `s3.amazonaws.com`, on behalf of a bucket, held
 * to the destination's own policy. Source: S3 user guide, "Granting permissions to publish event notification messages".
 */
import { parseArn, partitionOf, urlSuffixOf } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import { root, servicePrincipal } from '../../../kernel/principal';
import { bucketArn } from '../names';
import type { Subscription } from './configuration';

interface Sender {
  readonly name: string;
  readonly account: string;
  readonly region: string;
}

/** As much of the peers as is needed here. */
interface Destinations {
  readonly sns: { Publish(input: { TopicArn: string; Subject: string; Message: string }): Promise<unknown> };
  readonly sqs: { SendMessage(input: { QueueUrl: string; MessageBody: string }): Promise<unknown> };
}

function peersOf(kernel: Kernel, bucket: Sender): Peers & Destinations {
  const arn = bucketArn(bucket.name, partitionOf(bucket.region));
  return kernel.peers(servicePrincipal('s3.amazonaws.com', arn, bucket.account), {
    account: bucket.account,
    region: bucket.region,
  }) as Peers & Destinations;
}

/** @throws AwsError what the destination answers */
export async function deliver(
  kernel: Kernel,
  bucket: Sender,
  { kind, arn }: Pick<Subscription, 'kind' | 'arn'>,
  message: object,
): Promise<void> {
  const peers = peersOf(kernel, bucket);
  const body = JSON.stringify(message);
  if (kind === 'topic') await peers.sns.Publish({ TopicArn: arn, Subject: 'Amazon S3 Notification', Message: body });
  else if (kind === 'queue') await peers.sqs.SendMessage({ QueueUrl: queueUrl(arn), MessageBody: body });
  else await peers.lambda.Invoke({ FunctionName: arn, InvocationType: 'Event', Payload: Buffer.from(body) });
}

/**
 * Whether a destination is there and lets S3 in; topics and queues get S3's test event in passing.
 * @returns why not, in S3's words
 */
export async function refusedBy(
  kernel: Kernel,
  bucket: Sender,
  { kind, arn }: Pick<Subscription, 'kind' | 'arn'>,
  test: object,
): Promise<string | undefined> {
  try {
    if (kind !== 'function') await deliver(kernel, bucket, { kind, arn }, test);
    else await peersOf(kernel, bucket).lambda.Invoke({ FunctionName: arn, InvocationType: 'DryRun' });
    return undefined;
  } catch (error) {
    if (!isAwsError(error)) throw error;
    if (kind === 'function') return `Not authorized to invoke function [${arn}]`;
    return /NonExistentQueue|QueueDoesNotExist|NotFound/.test(error.code) || !(await isThere(kernel, kind, arn))
      ? `The destination ${kind} does not exist`
      : `Permissions on the destination ${kind} do not allow S3 to publish notifications from this bucket`;
  }
}

/** Queues and topics refuse strangers before they say whether they are there; S3 knows. */
async function isThere(kernel: Kernel, kind: 'queue' | 'topic', arn: string): Promise<boolean> {
  const { region, account, resource } = parseArn(arn)!;
  const { sqs, sns } = kernel.peers(root(account), { account, region });
  const asked = kind === 'queue' ? sqs.GetQueueUrl({ QueueName: resource }) : sns.GetTopicAttributes({ TopicArn: arn });
  return asked.then(
    () => true,
    () => false,
  );
}

function queueUrl(arn: string): string {
  const { region, account, resource } = parseArn(arn)!;
  return `https://sqs.${region}.${urlSuffixOf(partitionOf(region))}/${account}/${resource}`;
}
