/** Bucket notifications as CDK's handler computes them, for buckets that others configure too. */
import { createHash } from 'node:crypto';
import type { NotificationConfiguration } from '@aws-sdk/client-s3';
import { isObject } from '../../../engine/template/parse';

const KINDS = ['TopicConfigurations', 'QueueConfigurations', 'LambdaFunctionConfigurations'] as const;

type Entry = { Id?: string } & Record<string, unknown>;
type Configuration = { readonly [Kind in (typeof KINDS)[number]]?: readonly Entry[] } & {
  readonly EventBridgeConfiguration?: object;
};

/** The property of the custom resource as the S3 API takes it. */
export function notificationsOf(property: unknown): NotificationConfiguration {
  return (isObject(property) ? property : {}) as NotificationConfiguration;
}

/**
 * What is there, less what this stack put there before, plus what it wants now. Entries of this stack are known by
 * their id, which begins with the stack's.
 */
export function mergedNotifications(
  existing: NotificationConfiguration,
  wanted: NotificationConfiguration,
  previous: NotificationConfiguration,
  stackId: string,
): NotificationConfiguration {
  const [there, mine, old] = [existing, wanted, previous] as unknown as Configuration[];
  const idOf = ({ Id: _, ...entry }: Entry) => `${stackId}-${digest(entry)}`;
  const kinds = KINDS.map((kind) => {
    const replaced = new Set((old[kind] ?? []).map(idOf));
    const foreign = (there[kind] ?? []).filter(
      (entry) => !entry.Id?.startsWith(`${stackId}-`) && !replaced.has(idOf(entry)),
    );
    const own = (mine[kind] ?? []).map((entry) => ({ ...entry, Id: idOf(entry) }));
    return [kind, [...foreign, ...own]] as const;
  });
  const EventBridgeConfiguration = mine.EventBridgeConfiguration ?? there.EventBridgeConfiguration;
  return { ...Object.fromEntries(kinds), ...(EventBridgeConfiguration && { EventBridgeConfiguration }) };
}

function digest(entry: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(entry)))
    .digest('hex')
    .slice(0, 16);
}

/** Key order and the order of filter rules say nothing; `prefix` and `Prefix` are the same name. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(sorted);
    const rules = items.every((item) => isObject(item) && 'Name' in item);
    return rules ? items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : items;
  }
  if (!isObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, item]) => [key, key === 'Name' ? String(item).toLowerCase() : sorted(item)]),
  );
}
