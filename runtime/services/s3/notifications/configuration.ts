/**
 * Notification configurations: reading one, and what S3 accepts. Sources: S3 API reference,
 * "PutBucketNotificationConfiguration"; S3 user guide, "Configuring event notifications using object key name filtering".
 */
import { parseArn } from '../../../base/arn';
import type { Random } from '../../../base/random';
import { invalidArgument, malformedXml } from '../errors';
import type { In } from '../model';

export type NotificationConfiguration = NonNullable<
  In<'PutBucketNotificationConfiguration'>['NotificationConfiguration']
>;

/** One destination with what it wants to hear of. */
export interface Subscription {
  readonly id: string;
  readonly kind: 'topic' | 'queue' | 'function';
  readonly arn: string;
  readonly events: readonly string[];
  readonly prefix: string;
  readonly suffix: string;
}

const EVENTS = new Set([
  's3:ObjectCreated:*',
  's3:ObjectCreated:Put',
  's3:ObjectCreated:Post',
  's3:ObjectCreated:Copy',
  's3:ObjectCreated:CompleteMultipartUpload',
  's3:ObjectRemoved:*',
  's3:ObjectRemoved:Delete',
  's3:ObjectRemoved:DeleteMarkerCreated',
  's3:ObjectRestore:*',
  's3:ObjectRestore:Post',
  's3:ObjectRestore:Completed',
  's3:ObjectRestore:Delete',
  's3:ReducedRedundancyLostObject',
  's3:Replication:*',
  's3:Replication:OperationFailedReplication',
  's3:Replication:OperationNotTracked',
  's3:Replication:OperationMissedThreshold',
  's3:Replication:OperationReplicatedAfterThreshold',
  's3:LifecycleExpiration:*',
  's3:LifecycleExpiration:Delete',
  's3:LifecycleExpiration:DeleteMarkerCreated',
  's3:LifecycleTransition',
  's3:IntelligentTiering',
  's3:ObjectTagging:*',
  's3:ObjectTagging:Put',
  's3:ObjectTagging:Delete',
  's3:ObjectAnnotation:*',
  's3:ObjectAnnotation:Put',
  's3:ObjectAnnotation:Delete',
  's3:ObjectAcl:Put',
]);

/** The configuration with an id for every entry and filter names as S3 spells them. @throws AwsError */
export function checkedConfiguration(given: NotificationConfiguration, random: Random): NotificationConfiguration {
  const ids = new Set<string>();
  const named = <T extends { Id?: string; Events?: string[]; Filter?: Filter }>(entry: T): T => {
    const Id = entry.Id || random.uuid();
    if (Id.length > 255)
      throw invalidArgument('The notification configuration id is longer than 255 characters', 'Id', Id);
    if (ids.has(Id)) throw invalidArgument('Same ID used for multiple configurations. IDs must be unique', 'ID', Id);
    ids.add(Id);
    if (!entry.Events?.length) throw malformedXml('at least one Event is expected');
    for (const event of entry.Events)
      if (!EVENTS.has(event))
        throw invalidArgument('A specified event is not supported for notifications.', 'Event', event);
    return { ...entry, Id, ...(entry.Filter ? { Filter: checkedFilter(entry.Filter) } : {}) };
  };
  const { TopicConfigurations: topics, QueueConfigurations: queues, LambdaFunctionConfigurations: functions } = given;
  for (const { TopicArn } of topics ?? []) checkArn(TopicArn, 'sns', 'Topic');
  for (const { QueueArn } of queues ?? []) checkArn(QueueArn, 'sqs', 'Queue');
  for (const { LambdaFunctionArn } of functions ?? []) checkArn(LambdaFunctionArn, 'lambda', 'CloudFunction');
  const checked = {
    ...(topics?.length ? { TopicConfigurations: topics.map(named) } : {}),
    ...(queues?.length ? { QueueConfigurations: queues.map(named) } : {}),
    ...(functions?.length ? { LambdaFunctionConfigurations: functions.map(named) } : {}),
    ...(given.EventBridgeConfiguration ? { EventBridgeConfiguration: {} } : {}),
  };
  checkOverlaps(subscriptionsOf(checked));
  return checked;
}

function checkArn(arn: string | undefined, service: string, name: string): void {
  if (arn === undefined) throw malformedXml(`${name} is missing`);
  if (parseArn(arn)?.service !== service) throw invalidArgument('The ARN could not be parsed', name, arn);
  if (service !== 'lambda' && arn.endsWith('.fifo')) {
    const what = service === 'sqs' ? 'FIFO SQS queues' : 'FIFO SNS topics';
    throw invalidArgument(`${what} are not supported as notification destinations`, name, arn);
  }
}

type Filter = NonNullable<NonNullable<NotificationConfiguration['QueueConfigurations']>[number]['Filter']>;

function checkedFilter(filter: Filter): Filter {
  const rules = filter.Key?.FilterRules ?? [];
  const seen = new Set<string>();
  const FilterRules = rules.map(({ Name, Value }) => {
    if (Name === undefined || Value === undefined) throw malformedXml('a FilterRule needs Name and Value');
    const name = Name.toLowerCase();
    if (name !== 'prefix' && name !== 'suffix')
      throw invalidArgument('filter rule name must be either prefix or suffix', 'FilterRule.Name', Name);
    if (seen.has(name))
      throw invalidArgument(`Cannot specify more than one ${name} rule in a filter.`, 'FilterRule.Name', name);
    seen.add(name);
    if (Value.length > 1024)
      throw invalidArgument('Size of filter rule value cannot exceed 1024 bytes in UTF-8', 'FilterRule.Value', Value);
    // The vendor's types know the names in lower case; S3 answers them capitalised.
    return { Name: (name === 'prefix' ? 'Prefix' : 'Suffix') as 'prefix', Value };
  });
  return { Key: { FilterRules } };
}

export function subscriptionsOf(configuration: NotificationConfiguration): Subscription[] {
  const one = (
    kind: Subscription['kind'],
    arn: string | undefined,
    { Id = '', Events = [], Filter }: { Id?: string; Events?: readonly string[]; Filter?: Filter },
  ): Subscription => {
    const value = (name: string) =>
      Filter?.Key?.FilterRules?.find((rule) => rule.Name?.toLowerCase() === name)?.Value ?? '';
    return { id: Id, kind, arn: arn ?? '', events: Events, prefix: value('prefix'), suffix: value('suffix') };
  };
  return [
    ...(configuration.TopicConfigurations ?? []).map((entry) => one('topic', entry.TopicArn, entry)),
    ...(configuration.QueueConfigurations ?? []).map((entry) => one('queue', entry.QueueArn, entry)),
    ...(configuration.LambdaFunctionConfigurations ?? []).map((entry) =>
      one('function', entry.LambdaFunctionArn, entry),
    ),
  ];
}

/** @param event name without `s3:`, as records carry it */
export function wants(subscription: Subscription, event: string, key: string): boolean {
  const { events, prefix, suffix } = subscription;
  return events.some((pattern) => covers(pattern, `s3:${event}`)) && key.startsWith(prefix) && key.endsWith(suffix);
}

function covers(pattern: string, event: string): boolean {
  return pattern === event || (pattern.endsWith(':*') && event.startsWith(pattern.slice(0, -1)));
}

/** No event of any key may have two destinations. */
function checkOverlaps(subscriptions: readonly Subscription[]): void {
  for (const [i, a] of subscriptions.entries()) {
    for (const b of subscriptions.slice(i + 1)) {
      const sameEvent = a.events.some((x) => b.events.some((y) => covers(x, y) || covers(y, x)));
      if (!sameEvent || !overlap(a.prefix, b.prefix, 'startsWith') || !overlap(a.suffix, b.suffix, 'endsWith'))
        continue;
      const filtered = a.prefix || b.prefix || a.suffix || b.suffix;
      throw invalidArgument(
        filtered
          ? 'Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type.'
          : 'Configurations overlap. Configurations on the same bucket cannot share a common event type.',
        'Event',
        a.events.join(', '),
      );
    }
  }
}

function overlap(a: string, b: string, how: 'startsWith' | 'endsWith'): boolean {
  return a[how](b) || b[how](a);
}
