/** Event buses and their policies, and tags of buses and rules. Source: EventBridge API Reference. */
import type * as Events from '@aws-sdk/client-eventbridge';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { asRecord } from '../actions';
import { busExists, busNotFound, noPolicy, ruleNotFound, statementNotFound, unsupported, validation } from '../errors';
import { busArn, busNamed, checkName, readArn } from '../names';
import { pageOf } from '../paging';
import {
  type BusRow,
  DEFAULT_BUS,
  type Place,
  readBus,
  readRule,
  removeBus,
  scanBuses,
  scanRules,
  writeBus,
  writeRule,
} from '../state';

export async function needBus(from: Reader, place: Place, name: string): Promise<BusRow> {
  const bus = await readBus(from, place, name);
  if (!bus) throw busNotFound(name);
  return bus;
}

function policyOf({ statements }: BusRow): string | undefined {
  const list = Object.values(statements).map(({ document }) => JSON.parse(document));
  return list.length === 0 ? undefined : JSON.stringify({ Version: '2012-10-17', Statement: list });
}

function shown(call: Call, place: Place, bus: BusRow) {
  return {
    Name: bus.name,
    Arn: busArn({ ...place, partition: call.partition }, bus.name),
    Description: bus.description,
    Policy: policyOf(bus),
    ...(bus.created > 0 && { CreationTime: new Date(bus.created), LastModifiedTime: new Date(bus.modified) }),
  };
}

async function changeBus(call: Call, given: string | undefined, change: (bus: BusRow) => BusRow): Promise<void> {
  const { place, name } = busNamed(call, given);
  await call.kernel.store.write(async (tx) => writeBus(tx, place, change(await needBus(tx, place, name))));
}

function refuseUnmodelled(input: { KmsKeyIdentifier?: string; DeadLetterConfig?: object; LogConfig?: object }): void {
  if (input.KmsKeyIdentifier) throw unsupported('KmsKeyIdentifier');
  if (input.DeadLetterConfig) throw unsupported('DeadLetterConfig of event buses');
  if (input.LogConfig) throw unsupported('LogConfig');
}

/** A whole policy, by statement. @throws ValidationException */
function statementsIn(call: Call, policy: string): BusRow['statements'] {
  try {
    const { Statement } = JSON.parse(policy);
    const list = [Statement].flat() as { Sid?: string }[];
    if (list.every((one) => typeof one === 'object' && one !== null))
      return Object.fromEntries(
        list.map((one, i) => [one.Sid ?? `statement-${i + 1}`, { document: JSON.stringify(one), origin: call.origin }]),
      );
  } catch {
    // Said below.
  }
  throw validation('This policy contains invalid Json');
}

function statementOf(call: Call, input: Events.PutPermissionRequest, resource: string): [string, string] {
  const { StatementId: sid, Action: action, Principal: principal, Condition } = input;
  if (!sid || !action || !principal)
    throw validation('Parameters StatementId, Action and Principal must be specified.');
  if (action !== 'events:PutEvents') throw validation(`Provided value in parameter 'action' is not supported.`);
  const who = principal === '*' ? '*' : { AWS: `arn:${call.partition}:iam::${principal}:root` };
  const condition = Condition && { [Condition.Type!]: { [Condition.Key!]: Condition.Value! } };
  const statement = {
    Sid: sid,
    Effect: 'Allow',
    Principal: who,
    Action: action,
    Resource: resource,
    Condition: condition,
  };
  return [sid, JSON.stringify(statement)];
}

/** Changes the tags of what an ARN names. */
async function changeTags(
  call: Call,
  arn: string | undefined,
  change: (tags: BusRow['tags']) => BusRow['tags'],
): Promise<void> {
  const found = readArn(arn ?? '');
  if (!found) throw validation(`Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.`);
  const { place, bus, rule } = found;
  await call.kernel.store.write(async (tx) => {
    if (rule === undefined) {
      const row = await needBus(tx, place, bus);
      return writeBus(tx, place, { ...row, tags: change(row.tags) });
    }
    const row = await readRule(tx, { ...place, bus, name: rule });
    if (!row) throw ruleNotFound(rule, bus);
    writeRule(tx, { ...row, tags: change(row.tags) });
  });
}

export const busHandlers: Handlers<typeof Events> = {
  async CreateEventBus(call, input) {
    const name = input.Name!;
    checkName('name', name.replaceAll('/', '_'), 256);
    if (input.EventSourceName) throw unsupported('partner event sources');
    refuseUnmodelled(input);
    const { account, region, now } = call;
    const row: BusRow = {
      name,
      created: now,
      modified: now,
      description: input.Description,
      statements: {},
      tags: asRecord(input.Tags),
    };
    await call.kernel.store.write(async (tx) => {
      if (await readBus(tx, { account, region }, name)) throw busExists(name);
      writeBus(tx, { account, region }, row);
    });
    return { EventBusArn: busArn(call, name), Description: input.Description };
  },

  async UpdateEventBus(call, input) {
    refuseUnmodelled(input);
    await changeBus(call, input.Name, (bus) => ({ ...bus, description: input.Description, modified: call.now }));
    const { name } = busNamed(call, input.Name);
    return { Arn: busArn(call, name), Name: name, Description: input.Description };
  },

  /** Of one that is gone it succeeds. */
  async DeleteEventBus(call, input) {
    const { place, name } = busNamed(call, input.Name);
    if (name === DEFAULT_BUS) throw validation('Cannot delete event bus default.');
    await call.kernel.store.write(async (tx) => {
      for await (const _ of scanRules(tx, place, name))
        throw validation(`Cannot delete event bus ${name}: it still has rules.`);
      removeBus(tx, place, name);
    });
    return {};
  },

  async DescribeEventBus(call, input) {
    const { place, name } = busNamed(call, input.Name);
    return shown(call, place, await needBus(call.kernel.store, place, name));
  },

  async ListEventBuses(call, input) {
    const place = { account: call.account, region: call.region };
    const rows: BusRow[] = [];
    for await (const bus of scanBuses(call.kernel.store, place))
      if (bus.name.startsWith(input.NamePrefix ?? '')) rows.push(bus);
    rows.sort((a, b) => (a.name < b.name ? -1 : 1));
    const { items, NextToken } = await pageOf(each(rows), input, ({ name }) => name);
    return { EventBuses: items.map((bus) => shown(call, place, bus)), NextToken };
  },

  async PutPermission(call, input) {
    const { place, name } = busNamed(call, input.EventBusName);
    const resource = busArn({ ...place, partition: call.partition }, name);
    const whole = input.Policy === undefined ? undefined : statementsIn(call, input.Policy);
    await changeBus(call, input.EventBusName, (bus) => {
      if (whole) return { ...bus, statements: whole };
      const [sid, document] = statementOf(call, input, resource);
      return { ...bus, statements: { ...bus.statements, [sid]: { document, origin: call.origin } } };
    });
    return {};
  },

  async RemovePermission(call, input) {
    await changeBus(call, input.EventBusName, (bus) => {
      if (input.RemoveAllPermissions) return { ...bus, statements: {} };
      if (Object.keys(bus.statements).length === 0) throw noPolicy();
      const { [input.StatementId ?? '']: gone, ...statements } = bus.statements;
      if (!gone) throw statementNotFound(input.StatementId ?? '');
      return { ...bus, statements };
    });
    return {};
  },

  async ListTagsForResource(call, input) {
    const found = readArn(input.ResourceARN ?? '');
    if (!found) throw validation('Parameter ResourceARN is not valid. Reason: Provided Arn is not in correct format.');
    const { place, bus, rule } = found;
    const row = rule
      ? await readRule(call.kernel.store, { ...place, bus, name: rule })
      : await needBus(call.kernel.store, place, bus);
    if (!row) throw ruleNotFound(rule ?? '', bus);
    return { Tags: Object.entries(row.tags).map(([Key, Value]) => ({ Key, Value })) };
  },

  async TagResource(call, input) {
    await changeTags(call, input.ResourceARN, (tags) => ({ ...tags, ...asRecord(input.Tags) }));
    return {};
  },

  async UntagResource(call, { ResourceARN, TagKeys = [] }) {
    await changeTags(call, ResourceARN, (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
    );
    return {};
  },
};

async function* each<T>(rows: readonly T[]): AsyncGenerator<T> {
  yield* rows;
}
