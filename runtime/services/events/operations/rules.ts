/** Rules and their targets. Source: EventBridge API Reference, "PutRule", "PutTargets". */
import type * as Events from '@aws-sdk/client-eventbridge';
import { parseArn } from '../../../base/arn';
import { PatternError, readEventPattern } from '../../../engine/eventpattern';
import { readSchedule } from '../../../engine/schedule';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { asRecord } from '../actions';
import { TARGETS } from '../delivery';
import { invalidPattern, limitExceeded, ruleNotFound, unsupported, validation } from '../errors';
import { checkInputs } from '../inputs';
import { busNamed, checkName, ruleArn, ruleNamed } from '../names';
import { pageOf } from '../paging';
import { clearTimer, setTimer } from '../schedules';
import { DEFAULT_BUS, type RuleName, type RuleRow, readRule, removeRule, scanRules, writeRule } from '../state';
import { needBus } from './buses';

const MOST_TARGETS = 5;
const STATES = ['ENABLED', 'DISABLED', 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS'];
/** Source: EventBridge quotas, "Event pattern size". */
const MOST_PATTERN = 4096;

/** @throws InvalidEventPatternException */
export function checkPattern(text: string): ReturnType<typeof readEventPattern> {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch (error) {
    throw invalidPattern(`Filter is not valid JSON: ${(error as Error).message}`);
  }
  try {
    return readEventPattern(pattern);
  } catch (error) {
    if (error instanceof PatternError) throw invalidPattern(error.message);
    throw error;
  }
}

/** Members of targets beyond those that are honoured. */
const HONOURED = [
  'Arn',
  'DeadLetterConfig',
  'Id',
  'Input',
  'InputPath',
  'InputTransformer',
  'RetryPolicy',
  'RoleArn',
  'SqsParameters',
];

function checkTarget(target: Events.Target): void {
  const { Id = '', Arn = '' } = target;
  checkName('targets.member.id', Id, 64);
  const arn = parseArn(Arn);
  if (!arn) throw validation(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  if (!TARGETS.includes(arn.service)) throw unsupported(`targets of ${arn.service}`);
  const strange = Object.entries(target).find(([name, value]) => value !== undefined && !HONOURED.includes(name));
  if (strange) throw unsupported(`${strange[0]} of targets`);
  if (['events', 'states'].includes(arn.service) && !target.RoleArn)
    throw validation(`RoleArn is required for target ${Arn}.`);
  if (arn.service === 'sqs' && Arn.endsWith('.fifo') && !target.SqsParameters?.MessageGroupId)
    throw validation(`Parameter(s) MessageGroupId must be specified for target: ${Id}.`);
  const queue = target.DeadLetterConfig?.Arn;
  if (queue !== undefined && parseArn(queue)?.service !== 'sqs')
    throw validation(`Parameter DeadLetterConfig.Arn is not valid for target: ${Id}.`);
  checkInputs(target);
}

async function needRule(from: Reader, name: RuleName): Promise<RuleRow> {
  await needBus(from, name, name.bus);
  const rule = await readRule(from, name);
  if (!rule) throw ruleNotFound(name.name, name.bus);
  return rule;
}

async function changeRule(call: Call, name: RuleName, change: (rule: RuleRow) => RuleRow): Promise<void> {
  const { kernel, now } = call;
  await kernel.store.write(async (tx) => {
    const rule = change(await needRule(tx, name));
    writeRule(tx, rule);
    await setTimer(kernel, tx, rule, now);
  });
}

const shown = (call: Call, rule: RuleRow) => ({
  Name: rule.name,
  Arn: ruleArn({ ...rule, partition: call.partition }),
  EventPattern: rule.pattern,
  ScheduleExpression: rule.schedule,
  State: rule.state,
  Description: rule.description,
  RoleArn: rule.roleArn,
  EventBusName: rule.bus,
});

export const ruleHandlers: Handlers<typeof Events> = {
  async PutRule(call, input) {
    const rule = ruleNamed(call, input.Name, input.EventBusName);
    checkName('name', rule.name, 64);
    const { EventPattern: pattern, ScheduleExpression: schedule, State: state = 'ENABLED' } = input;
    if (!pattern && !schedule) throw validation('Parameter(s) EventPattern or ScheduleExpression must be specified.');
    if (!STATES.includes(state))
      throw validation(
        `1 validation error detected: Value '${state}' at 'state' failed to satisfy constraint: Member must satisfy enum value set: [${STATES.join(', ')}]`,
      );
    if (pattern) {
      if (pattern.length > MOST_PATTERN) throw limitExceeded('The event pattern is longer than 4096 characters.');
      checkPattern(pattern);
    }
    if (schedule) {
      if (!readSchedule(schedule)) throw validation('Parameter ScheduleExpression is not valid.');
      if (rule.bus !== DEFAULT_BUS) throw validation('ScheduleExpression is supported only on the default event bus.');
    }
    const { kernel, now } = call;
    await kernel.store.write(async (tx) => {
      await needBus(tx, rule, rule.bus);
      const before = await readRule(tx, rule);
      const row: RuleRow = {
        ...rule,
        pattern: pattern || undefined,
        schedule: schedule || undefined,
        since: before && before.schedule === schedule && before.state === state ? before.since : now,
        state: state as RuleRow['state'],
        description: input.Description,
        roleArn: input.RoleArn,
        createdBy: before?.createdBy ?? call.account,
        targets: before?.targets ?? [],
        // Tags of a rule that is there already are not changed by this. Source: "PutRule", Tags.
        tags: before?.tags ?? asRecord(input.Tags),
      };
      writeRule(tx, row);
      await setTimer(kernel, tx, row, now);
    });
    return { RuleArn: ruleArn({ ...rule, partition: call.partition }) };
  },

  /** Of one that is gone it succeeds. */
  async DeleteRule(call, input) {
    const name = ruleNamed(call, input.Name, input.EventBusName);
    const { kernel } = call;
    await kernel.store.write(async (tx) => {
      const rule = await readRule(tx, name);
      if (!rule) return;
      if (rule.targets.length > 0) throw validation("Rule can't be deleted since it has targets.");
      removeRule(tx, name);
      await clearTimer(kernel, tx, name);
    });
    return {};
  },

  async DescribeRule(call, input) {
    const rule = await needRule(call.kernel.store, ruleNamed(call, input.Name, input.EventBusName));
    return { ...shown(call, rule), CreatedBy: rule.createdBy };
  },

  async EnableRule(call, input) {
    const name = ruleNamed(call, input.Name, input.EventBusName);
    await changeRule(call, name, (rule) => ({ ...rule, state: 'ENABLED', since: call.now }));
    return {};
  },

  async DisableRule(call, input) {
    const name = ruleNamed(call, input.Name, input.EventBusName);
    await changeRule(call, name, (rule) => ({ ...rule, state: 'DISABLED' }));
    return {};
  },

  async ListRules(call, input) {
    const { place, name } = busNamed(call, input.EventBusName);
    await needBus(call.kernel.store, place, name);
    const rows = scanRules(call.kernel.store, place, name, input.NamePrefix);
    const { items, NextToken } = await pageOf(rows, input, (rule) => rule.name);
    return { Rules: items.map((rule) => shown(call, rule)), NextToken };
  },

  async ListRuleNamesByTarget(call, input) {
    const { place, name } = busNamed(call, input.EventBusName);
    await needBus(call.kernel.store, place, name);
    const rows = aimedAt(scanRules(call.kernel.store, place, name), input.TargetArn);
    const { items, NextToken } = await pageOf(rows, input, (rule) => rule.name);
    return { RuleNames: items.map((rule) => rule.name), NextToken };
  },

  async PutTargets(call, { Rule, EventBusName, Targets = [] }) {
    for (const target of Targets) checkTarget(target);
    await changeRule(call, ruleNamed(call, Rule, EventBusName), (rule) => {
      const named = new Set(Targets.map(({ Id }) => Id));
      const targets = [...rule.targets.filter(({ Id }) => !named.has(Id)), ...Targets];
      if (targets.length > MOST_TARGETS)
        throw limitExceeded(`The requested resource exceeds the maximum number allowed.`);
      return { ...rule, targets };
    });
    return { FailedEntryCount: 0, FailedEntries: [] };
  },

  async RemoveTargets(call, { Rule, EventBusName, Ids = [] }) {
    const FailedEntries: Events.RemoveTargetsResultEntry[] = [];
    await changeRule(call, ruleNamed(call, Rule, EventBusName), (rule) => {
      const known = new Set(rule.targets.map(({ Id }) => Id));
      for (const TargetId of Ids.filter((id) => !known.has(id)))
        FailedEntries.push({
          TargetId,
          ErrorCode: 'ResourceNotFoundException',
          ErrorMessage: `Rule ${rule.name} does not have target(s) ${TargetId}.`,
        });
      return { ...rule, targets: rule.targets.filter(({ Id }) => !Ids.includes(Id!)) };
    });
    return { FailedEntryCount: FailedEntries.length, FailedEntries };
  },

  async ListTargetsByRule(call, input) {
    const rule = await needRule(call.kernel.store, ruleNamed(call, input.Rule, input.EventBusName));
    return { Targets: [...rule.targets] };
  },
};

async function* aimedAt(rules: AsyncIterable<RuleRow>, arn: string | undefined) {
  for await (const rule of rules) if (rule.targets.some(({ Arn }) => Arn === arn)) yield rule;
}
