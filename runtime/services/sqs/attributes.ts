/**
 * Attributes of queues: which there are, what they may hold, what they are when nobody says. Source: Amazon SQS API
 * Reference, "CreateQueue" and "SetQueueAttributes".
 */
import { parseArn } from '../../base/arn';
import { findProblem, resourceDialect } from '../../engine/policy/dialect';
import { invalidAttributeName, invalidAttributeValue, invalidParameter } from './errors';
import type { QueueRow } from './state';

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}
export interface RedriveAllowPolicy {
  readonly redrivePermission: 'allowAll' | 'denyAll' | 'byQueue';
  readonly sourceQueueArns: readonly string[];
}

interface Attribute {
  readonly usual?: string;
  /** For FIFO queues only. */
  readonly fifo?: boolean;
  readonly valid: (value: string) => boolean;
}

const between = (least: number, most: number) => (value: string) =>
  /^\d+$/.test(value) && Number(value) >= least && Number(value) <= most;
const oneOf =
  (...values: string[]) =>
  (value: string) =>
    values.includes(value);
const flag = oneOf('true', 'false');

const attributes: Readonly<Record<string, Attribute>> = {
  DelaySeconds: { usual: '0', valid: between(0, 900) },
  MaximumMessageSize: { usual: '1048576', valid: between(1024, 1_048_576) },
  MessageRetentionPeriod: { usual: '345600', valid: between(60, 1_209_600) },
  ReceiveMessageWaitTimeSeconds: { usual: '0', valid: between(0, 20) },
  VisibilityTimeout: { usual: '30', valid: between(0, 43_200) },
  Policy: { valid: (value) => findProblem(value, resourceDialect) === undefined },
  RedrivePolicy: { valid: (value) => readRedrive(value) !== undefined },
  RedriveAllowPolicy: { valid: (value) => readAllow(value) !== undefined },
  KmsMasterKeyId: { valid: (value) => value.length <= 2048 },
  KmsDataKeyReusePeriodSeconds: { usual: '300', valid: between(60, 86_400) },
  SqsManagedSseEnabled: { usual: 'true', valid: flag },
  FifoQueue: { fifo: true, valid: oneOf('true') },
  ContentBasedDeduplication: { usual: 'false', fifo: true, valid: flag },
  DeduplicationScope: { usual: 'queue', fifo: true, valid: oneOf('queue', 'messageGroup') },
  FifoThroughputLimit: { usual: 'perQueue', fifo: true, valid: oneOf('perQueue', 'perMessageGroupId') },
};

/** Attributes that a queue loses when they are set to nothing. */
const clearable = ['Policy', 'RedrivePolicy', 'RedriveAllowPolicy', 'KmsMasterKeyId'];

type Attributes = Readonly<Record<string, string>>;

/**
 * Attributes after a change, checked one by one and against each other.
 * @throws InvalidAttributeName, InvalidAttributeValue
 */
export function mergeAttributes(before: Attributes, change: Attributes | undefined, fifo: boolean): Attributes {
  const merged: Record<string, string> = { ...before };
  for (const [name, value] of Object.entries(change ?? {})) {
    const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
    if (!attribute || (attribute.fifo && !fifo)) throw invalidAttributeName(name);
    if (value === '' && clearable.includes(name)) {
      delete merged[name];
      continue;
    }
    if (!attribute.valid(value)) throw invalidAttributeValue(name);
    merged[name] = value;
  }
  if (change?.KmsMasterKeyId) {
    if (change.SqsManagedSseEnabled === 'true')
      throw invalidParameter(
        'You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.',
      );
    merged.SqsManagedSseEnabled = 'false';
  } else if (change?.SqsManagedSseEnabled === 'true') delete merged.KmsMasterKeyId;
  else if (change?.KmsMasterKeyId === '' && change.SqsManagedSseEnabled === undefined)
    delete merged.SqsManagedSseEnabled;
  if (merged.FifoThroughputLimit === 'perMessageGroupId' && merged.DeduplicationScope !== 'messageGroup')
    throw invalidAttributeValue(
      'FifoThroughputLimit',
      'DeduplicationScope must be messageGroup for FifoThroughputLimit perMessageGroupId.',
    );
  return merged;
}

export const isFifo = ({ name }: Pick<QueueRow, 'name'>) => name.endsWith('.fifo');

export const settingOf = (queue: QueueRow, name: string): string | undefined =>
  queue.attributes[name] ?? attributes[name].usual;
export const numberOf = (queue: QueueRow, name: string): number => Number(settingOf(queue, name));

/** Attributes that are asked for and never set. */
const counted = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
];
const told = ['QueueArn', 'CreatedTimestamp', 'LastModifiedTimestamp'];

/** What of the wanted attributes must be counted, or whether all is wanted. @throws InvalidAttributeName */
export function readWanted(names: readonly string[]): { readonly all: boolean; readonly counts: boolean } {
  const known = ['All', ...counted, ...told, ...Object.keys(attributes)];
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined) throw invalidAttributeName(stranger);
  const all = names.includes('All');
  return { all, counts: all || names.some((name) => counted.includes(name)) };
}

/** All attributes that GetQueueAttributes answers without counting. */
export function shownAttributes(queue: QueueRow): Record<string, string> {
  const shown: Record<string, string> = {};
  const encrypted = queue.attributes.KmsMasterKeyId !== undefined;
  for (const [name, { fifo }] of Object.entries(attributes)) {
    const value = settingOf(queue, name);
    if (value === undefined || (fifo && !isFifo(queue))) continue;
    if (name === 'KmsDataKeyReusePeriodSeconds' && !encrypted) continue;
    shown[name] = value;
  }
  return shown;
}

function readObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined when the text is no redrive policy. */
export function readRedrive(text: string | undefined): RedrivePolicy | undefined {
  const json = text === undefined ? undefined : readObject(text);
  if (!json) return undefined;
  const { deadLetterTargetArn: arn, maxReceiveCount: count, ...rest } = json;
  const max = Number(count ?? 10);
  const valid = typeof arn === 'string' && parseArn(arn)?.service === 'sqs' && Object.keys(rest).length === 0;
  if (!valid || !Number.isInteger(max) || max < 1 || max > 1000) return undefined;
  return { deadLetterTargetArn: arn, maxReceiveCount: max };
}

function readAllow(text: string): RedriveAllowPolicy | undefined {
  const json = readObject(text);
  if (!json) return undefined;
  const { redrivePermission: permission, sourceQueueArns: sources = [] } = json;
  if (permission !== 'allowAll' && permission !== 'denyAll' && permission !== 'byQueue') return undefined;
  if (!Array.isArray(sources) || !sources.every((arn) => typeof arn === 'string') || sources.length > 10)
    return undefined;
  if (permission === 'byQueue' ? sources.length === 0 : sources.length > 0) return undefined;
  return { redrivePermission: permission, sourceQueueArns: sources };
}

/** Whether a dead-letter queue takes the dead letters of this source. */
export function admits(deadLetterQueue: QueueRow, sourceArn: string): boolean {
  const policy = readAllow(deadLetterQueue.attributes.RedriveAllowPolicy ?? '');
  if (!policy || policy.redrivePermission === 'allowAll') return true;
  return policy.redrivePermission === 'byQueue' && policy.sourceQueueArns.includes(sourceArn);
}
