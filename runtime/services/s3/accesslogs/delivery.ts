/**
 * Delivers log objects to the buckets that were named for them, as the logging service: the target's policy or ACL
 * decides. What is refused is reported and lost, as S3 loses it. Sources: S3 user guide, "Logging requests with server
 * access logging", "Enabling Amazon S3 server access logging"; S3 API reference, "TargetObjectKeyFormat".
 */
import { partitionOf } from '../../../base/arn';
import { once } from '../../../base/bytes';
import { isAwsError } from '../../../base/errors';
import type { Kernel } from '../../../kernel/call';
import { servicePrincipal } from '../../../kernel/principal';
import type { TimerHandler } from '../../../kernel/service';
import { bucketArn } from '../names';
import { canonicalId } from '../owners';
import { type LogBatch, type LogTarget, newestBatch, oldestBatches, removeBatches } from '../state/accesslogs';
import { DELIVERY_DELAY_MS, scheduleDelivery } from './collector';

/** Log objects grow to about this size. */
const LARGEST_LOG_BYTES = 4 * 1024 * 1024;
const PAGE = 64;

/**
 * Delivers what waits at its start. What comes meanwhile waits for the next time: a bucket that logs to itself logs its
 * own deliveries, and would never come to an end.
 */
export const deliverAccessLogs: TimerHandler = async ({ bucketId }, kernel) => {
  const { store, clock } = kernel;
  const id = String(bucketId);
  const until = (await newestBatch(store, id)) ?? 0;
  for (;;) {
    const rows = oneObject(await oldestBatches(store, id, { until, limit: PAGE }));
    if (rows.length === 0) break;
    const lines = rows.map(({ batch }) => batch.lines).join('');
    await deliver(kernel, rows[0].batch, lines);
    const numbers = rows.map(({ number }) => number);
    await store.write(async (tx) => removeBatches(tx, id, numbers));
  }
  await store.write(async (tx) => {
    if ((await newestBatch(tx, id)) !== undefined)
      await scheduleDelivery(kernel, tx, id, clock.now() + DELIVERY_DELAY_MS);
  });
};

/** The first batches that go to one object: to one place, of one day, and not too long together. */
function oneObject(rows: readonly { number: number; batch: LogBatch }[]) {
  const placeOf = ({ target, day }: LogBatch) => JSON.stringify([target, day]);
  let sizeBytes = 0;
  const end = rows.findIndex(({ batch }, i) => {
    const full = i > 0 && (sizeBytes > LARGEST_LOG_BYTES || placeOf(batch) !== placeOf(rows[0].batch));
    sizeBytes += batch.lines.length;
    return full;
  });
  return end < 0 ? rows : rows.slice(0, end);
}

async function deliver(kernel: Kernel, batch: LogBatch, lines: string): Promise<void> {
  const { name, account, region } = batch.source;
  const arn = bucketArn(name, partitionOf(region));
  const { s3 } = kernel.peers(servicePrincipal('logging.s3.amazonaws.com', arn, account), { account, region });
  const { TargetBucket: Bucket } = batch.target;
  const Key = keyOf(batch, kernel.clock.now(), kernel.random.hex(16).toUpperCase());
  const body = Buffer.from(lines);
  const description = { ContentType: 'text/plain', ContentLength: body.length };
  try {
    await s3.PutObject(
      { Bucket, Key, ...description, ...grantsOf(batch.target, canonicalId(kernel, account)) },
      { stream: once(body), length: body.length, trailers: {} },
    );
  } catch (error) {
    if (!isAwsError(error)) throw error;
    kernel.report(`s3: access logs of ${name} not delivered to ${Bucket}/${Key}: ${error.message}`);
  }
}

/** `YYYY-mm-DD-HH-MM-SS-UniqueString` after the prefix, and after account, Region, bucket and date where asked for. */
function keyOf({ source, target, day }: LogBatch, now: number, unique: string): string {
  const at = day === undefined ? new Date(now).toISOString() : `${day}T00:00:00`;
  const name = `${at.slice(0, 19).replace(/[T:]/g, '-')}-${unique}`;
  const { TargetPrefix: prefix, TargetObjectKeyFormat: format } = target;
  if (!format?.PartitionedPrefix) return `${prefix}${name}`;
  const date = at.slice(0, 10).replaceAll('-', '/');
  return `${prefix}${source.account}/${source.region}/${source.name}/${date}/${name}`;
}

/** Grants of the target as headers of a PUT. WRITE means nothing on an object. */
function grantsOf({ TargetGrants = [] }: LogTarget, owner: string) {
  const holders = (wanted: string) =>
    TargetGrants.flatMap(({ Grantee: { ID, URI, EmailAddress } = {}, Permission }) => {
      if (Permission !== wanted) return [];
      return [ID ? `id="${ID}"` : URI ? `uri="${URI}"` : `emailAddress="${EmailAddress}"`];
    });
  if (TargetGrants.length === 0) return {};
  const GrantRead = holders('READ').join(', ');
  const GrantFullControl = [`id="${owner}"`, ...holders('FULL_CONTROL')].join(', ');
  return { GrantFullControl, ...(GrantRead ? { GrantRead } : {}) };
}
