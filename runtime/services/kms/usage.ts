/**
 * When a key was last used, and for what. Noted beside the request and never in its way; a use within a quarter of an
 * hour of the one before is not noted anew. Source: KMS API reference, GetKeyLastUsage; KMS developer guide,
 * "kms:TrailingDaysWithoutKeyUsage".
 */
import type { KeyLastUsageTrackingOperation } from '@aws-sdk/client-kms';
import { parseArn } from '../../base/arn';
import type { Kernel } from '../../kernel/call';
import type { Exchange } from '../../kernel/service';
import { type KeyRow, readKey, readUsage, type UsageRow, writeUsage } from './state';

const APART_MS = 15 * 60 * 1000;
const DAY_MS = 24 * 3_600_000;
const MOST_REMEMBERED = 10_000;

const tracked: ReadonlySet<string> = new Set<KeyLastUsageTrackingOperation>([
  'Decrypt',
  'DeriveSharedSecret',
  'Encrypt',
  'GenerateDataKey',
  'GenerateDataKeyPair',
  'GenerateDataKeyPairWithoutPlaintext',
  'GenerateDataKeyWithoutPlaintext',
  'GenerateMac',
  'ReEncrypt',
  'Sign',
  'Verify',
  'VerifyMac',
]);

interface Tracking {
  noted: Map<string, number>;
  readonly writing: Set<Promise<void>>;
}

const trackings = new WeakMap<Kernel, Tracking>();

function trackingOf(kernel: Kernel): Tracking {
  let tracking = trackings.get(kernel);
  if (!tracking) {
    tracking = { noted: new Map(), writing: new Set() };
    trackings.set(kernel, tracking);
  }
  return tracking;
}

/** Only what succeeded is a use. */
export function noteUsage(kernel: Kernel, { record, output }: Exchange): void {
  const { operation = '', at, requestId, error } = record;
  if (error !== undefined || !tracked.has(operation)) return;
  for (const arn of [output?.KeyId, output?.SourceKeyId]) {
    if (typeof arn === 'string') note(kernel, arn, { operation, at, requestId });
  }
}

function note(kernel: Kernel, arn: string, use: UsageRow): void {
  const { noted, writing } = trackingOf(kernel);
  if (use.at - (noted.get(arn) ?? Number.NEGATIVE_INFINITY) < APART_MS) return;
  if (noted.size >= MOST_REMEMBERED) noted.clear();
  noted.set(arn, use.at);
  const { account, region, resource } = parseArn(arn)!;
  const keyId = resource.slice('key/'.length);
  const done = kernel.busy();
  const write = kernel.store
    .write(async (tx) => {
      if (await readKey(tx, account, region, keyId)) writeUsage(tx, { account, region, keyId }, use);
    })
    .catch((error: Error) => kernel.report(`the use of ${arn} could not be noted: ${error.message}`))
    .finally(() => {
      writing.delete(write);
      done();
    });
  writing.add(write);
}

/** Resolves when all that was noted is kept. */
export async function usageSettled(kernel: Kernel): Promise<void> {
  const { writing } = trackingOf(kernel);
  while (writing.size > 0) await Promise.all(writing);
}

export async function lastUsage(kernel: Kernel, key: KeyRow): Promise<UsageRow | undefined> {
  await usageSettled(kernel);
  return readUsage(kernel.store, key);
}

/** Whole days since a key was used, or made if it never was. */
export async function idleDays(kernel: Kernel, key: KeyRow, now: number): Promise<number> {
  const since = (await lastUsage(kernel, key))?.at ?? key.created;
  return Math.floor(Math.max(0, now - since) / DAY_MS);
}
