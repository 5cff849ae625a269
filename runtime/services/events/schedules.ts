/** Rules with a schedule: a timer stands for the next time, and each time sets the next. */
import { partitionOf } from '../../base/arn';
import { readSchedule } from '../../engine/schedule';
import type { Kernel } from '../../kernel/call';
import type { TimerHandler } from '../../kernel/service';
import type { Writer } from '../../store/port';
import { announceTo, type BusEvent } from './delivery';
import { ruleArn } from './names';
import { type RuleName, type RuleRow, readRule } from './state';

const TASK = 'fire';

const idOf = ({ account, region, bus, name }: RuleName) => [account, region, bus, name].join('/');

/** Sets the timer of a rule, or takes it away. */
export async function setTimer(kernel: Kernel, tx: Writer, rule: RuleRow, now: number): Promise<void> {
  const schedule = rule.schedule === undefined ? undefined : readSchedule(rule.schedule);
  const at = rule.state === 'DISABLED' ? undefined : schedule?.next(now, rule.since);
  if (at === undefined) return clearTimer(kernel, tx, rule);
  const { account, region, bus, name } = rule;
  const payload = { account, region, bus, name, at };
  await kernel.timers.schedule(tx, { at, service: 'events', task: TASK, id: idOf(rule), payload });
}

export const clearTimer = (kernel: Kernel, tx: Writer, rule: RuleName) =>
  kernel.timers.cancel(tx, 'events', TASK, idOf(rule));

export const fire: TimerHandler = async (payload, kernel) => {
  const { account, region, bus, name } = payload as unknown as RuleName;
  const at = Number(payload.at);
  const id = kernel.random.uuid();
  await kernel.store.write(async (tx) => {
    const rule = await readRule(tx, { account, region, bus, name });
    if (!rule || rule.schedule === undefined || rule.state === 'DISABLED') return;
    const event: BusEvent = {
      version: '0',
      id,
      'detail-type': 'Scheduled Event',
      source: 'aws.events',
      account,
      // To the second, as on AWS.
      time: `${new Date(at).toISOString().slice(0, 19)}Z`,
      region,
      resources: [ruleArn({ ...rule, partition: partitionOf(region) })],
      detail: {},
    };
    announceTo(tx, rule, event, at);
    await setTimer(kernel, tx, rule, at);
  });
};
