/**
 * Filter policies: which messages a subscription gets. Source: SNS developer guide, "Amazon SNS subscription filter
 * policies", "Filter policy constraints".
 */
import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import { type EventPattern, FILTER_WORDS, PatternError, readEventPattern } from '../../engine/eventpattern';
import { filterNotAccepted } from './errors';
import type { SubscriptionRow } from './state';

export type MessageAttributes = Readonly<Record<string, MessageAttributeValue>>;

const isBodyScope = (attributes: SubscriptionRow['attributes']) => attributes.FilterPolicyScope === 'MessageBody';

/** @throws InvalidParameter */
export function readFilter(text: string, nested: boolean): EventPattern {
  let policy: unknown;
  try {
    policy = JSON.parse(text);
  } catch {
    throw filterNotAccepted('failed to parse JSON.');
  }
  // An empty policy filters nothing.
  if (typeof policy === 'object' && policy !== null && Object.keys(policy).length === 0) return () => true;
  try {
    return readEventPattern(policy, { words: FILTER_WORDS, nested });
  } catch (error) {
    if (error instanceof PatternError) throw filterNotAccepted(error.message);
    throw error;
  }
}

/** Filters are few and messages many: each text is read once. */
const read = new Map<string, EventPattern>();
const MOST_READ = 1000;

export function admits({ attributes }: SubscriptionRow, message: string, given: MessageAttributes): boolean {
  const text = attributes.FilterPolicy;
  if (text === undefined) return true;
  const inBody = isBodyScope(attributes);
  const key = `${inBody} ${text}`;
  const filter = read.get(key) ?? readFilter(text, inBody);
  if (read.size >= MOST_READ) read.clear();
  read.set(key, filter);
  if (!inBody) return filter(valuesOf(given));
  try {
    const body: unknown = JSON.parse(message);
    return typeof body === 'object' && body !== null && !Array.isArray(body) && filter(body);
  } catch {
    return false;
  }
}

/** Attributes as values: binary ones are not filtered by. */
function valuesOf(attributes: MessageAttributes): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, { DataType = '', StringValue }] of Object.entries(attributes)) {
    if (StringValue === undefined) continue;
    if (/^Number/.test(DataType)) values[name] = Number(StringValue);
    else if (DataType === 'String.Array') values[name] = arrayOf(StringValue);
    else values[name] = StringValue;
  }
  return values;
}

function arrayOf(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : text;
  } catch {
    return text;
  }
}
