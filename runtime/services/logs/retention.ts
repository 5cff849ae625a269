/**
 * Retention: events older than their group allows are out of sight at once and removed by a sweep, which is due when
 * the oldest of them expires. Groups without retention or without events have no sweep.
 */
import type { Kernel } from '../../kernel/call';
import type { Writer } from '../../store/port';
import {
  bytesOf,
  eraseGroup,
  type GroupRow,
  type Place,
  readGroup,
  readSweep,
  removeEvent,
  removeSweep,
  scanEvents,
  scanStreams,
  writeStream,
  writeSweep,
} from './state';

const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Most rows that one transaction of a sweep removes. */
const sweepBatch = 1000;

/** When an event of this time has expired: one millisecond after the last moment at which it is seen. */
const expiryOf = (group: GroupRow, time: number): number => time + group.retentionDays! * dayMs + 1;

/** Events before this time are gone. */
export const horizonOf = (group: GroupRow, now: number): number | undefined =>
  group.retentionDays === undefined ? undefined : now - group.retentionDays * dayMs;

const timer = (place: Place, group: GroupRow, at: number) => ({
  at,
  service: 'logs',
  task: 'sweep',
  id: group.id,
  payload: { account: place.account, region: place.region, name: group.name, id: group.id },
});

/** Makes sure that events from `oldest` on are swept when they expire. */
export async function scheduleSweep(tx: Writer, kernel: Kernel, place: Place, group: GroupRow, oldest?: number) {
  if (group.retentionDays === undefined || oldest === undefined) return;
  const at = expiryOf(group, oldest);
  const planned = await readSweep(tx, group.id);
  if (planned !== undefined && planned <= at) return;
  writeSweep(tx, group.id, at);
  await kernel.timers.schedule(tx, timer(place, group, at));
}

/** After a change of retention: the sweep that was planned no longer fits. */
export async function rescheduleSweep(tx: Writer, kernel: Kernel, place: Place, group: GroupRow): Promise<void> {
  removeSweep(tx, group.id);
  await kernel.timers.cancel(tx, 'logs', 'sweep', group.id);
  for await (const { at } of scanEvents(tx, group.id, {})) {
    await scheduleSweep(tx, kernel, place, group, at.time);
    return;
  }
}

export async function sweepWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  const place = { account: String(payload.account), region: String(payload.region) };
  while (await sweepBatchOf(kernel, place, String(payload.name), String(payload.id)));
}

/** Removes one batch of expired events. @returns whether there may be more */
function sweepBatchOf(kernel: Kernel, place: Place, name: string, id: string): Promise<boolean> {
  return kernel.store.write(async (tx) => {
    const group = await readGroup(tx, place, name);
    if (group?.id !== id || group.retentionDays === undefined) return false;
    const horizon = horizonOf(group, kernel.clock.now())!;
    const freed = new Map<string, number>();
    let removed = 0;
    let oldest: number | undefined;
    for await (const { at, row } of scanEvents(tx, id, {})) {
      if (at.time >= horizon || removed === sweepBatch) {
        oldest = at.time;
        break;
      }
      removeEvent(tx, id, at);
      freed.set(at.stream, (freed.get(at.stream) ?? 0) + bytesOf(row));
      removed++;
    }
    if (freed.size > 0)
      for await (const stream of scanStreams(tx, id)) {
        const bytes = freed.get(stream.id);
        if (bytes) writeStream(tx, id, { ...stream, bytes: Math.max(0, stream.bytes - bytes) });
      }
    if (oldest !== undefined && oldest < horizon) return true;
    removeSweep(tx, id);
    if (oldest !== undefined) {
      // Not for every event on its own: what expires within the next hour goes together.
      const at = Math.max(expiryOf(group, oldest), kernel.clock.now() + hourMs);
      writeSweep(tx, id, at);
      await kernel.timers.schedule(tx, timer(place, group, at));
    }
    return false;
  });
}

/** What hangs on a deleted group goes after the answer, in batches; nothing reaches it any more. */
export async function scheduleErasure(tx: Writer, kernel: Kernel, group: string): Promise<void> {
  await kernel.timers.cancel(tx, 'logs', 'sweep', group);
  await kernel.timers.schedule(tx, {
    at: kernel.clock.now(),
    service: 'logs',
    task: 'erase',
    id: group,
    payload: { id: group },
  });
}

export async function eraseWhenDue(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  while (!(await kernel.store.write((tx) => eraseGroup(tx, String(payload.id), sweepBatch))));
}
