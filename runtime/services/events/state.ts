/** What EventBridge keeps: buses, and rules with their targets. Events live in the change log until they are delivered. */
import type { Target } from '@aws-sdk/client-eventbridge';
import type { Origin } from '../../kernel/call';
import { type Reader, table, type Writer } from '../../store/port';

export interface Place {
  readonly account: string;
  readonly region: string;
}

export interface Statement {
  readonly document: string;
  readonly origin?: Origin;
}

export interface BusRow {
  readonly name: string;
  readonly created: number;
  readonly modified: number;
  readonly description?: string;
  /** By statement id. */
  readonly statements: Readonly<Record<string, Statement>>;
  readonly tags: Readonly<Record<string, string>>;
}

export interface RuleName extends Place {
  readonly bus: string;
  readonly name: string;
}

export interface RuleRow extends RuleName {
  readonly pattern?: string;
  readonly schedule?: string;
  /** When the schedule was set: rates count from there. */
  readonly since: number;
  readonly state: 'ENABLED' | 'DISABLED' | 'ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS';
  readonly description?: string;
  readonly roleArn?: string;
  readonly createdBy: string;
  readonly targets: readonly Target[];
  readonly tags: Readonly<Record<string, string>>;
}

export const DEFAULT_BUS = 'default';

/** [account, region, name]: the default bus has a row only when something was said of it. */
const buses = table<BusRow>('events.buses');
/** [account, region, bus, name] */
const rules = table<RuleRow>('events.rules');

/** The default bus is always there. */
export async function readBus(from: Reader, { account, region }: Place, name: string): Promise<BusRow | undefined> {
  const row = await from.get(buses, [account, region, name]);
  if (row || name !== DEFAULT_BUS) return row;
  return { name, created: 0, modified: 0, statements: {}, tags: {} };
}
/** Of all accounts and Regions. */
export const scanAllBuses = (from: Reader) => from.scan(buses);
export const writeBus = (tx: Writer, { account, region }: Place, row: BusRow) =>
  tx.put(buses, [account, region, row.name], row);
export const removeBus = (tx: Writer, { account, region }: Place, name: string) =>
  tx.delete(buses, [account, region, name]);
export async function* scanBuses(from: Reader, { account, region }: Place) {
  let seen = false;
  for await (const { value } of from.scan(buses, { within: [account, region] })) {
    seen ||= value.name === DEFAULT_BUS;
    yield value;
  }
  if (!seen) yield (await readBus(from, { account, region }, DEFAULT_BUS))!;
}

const at = ({ account, region, bus, name }: RuleName) => [account, region, bus, name];
export const readRule = (from: Reader, name: RuleName) => from.get(rules, at(name));
export const writeRule = (tx: Writer, row: RuleRow) => tx.put(rules, at(row), row);
export const removeRule = (tx: Writer, name: RuleName) => tx.delete(rules, at(name));
export async function* scanRules(from: Reader, { account, region }: Place, bus: string, prefix = '') {
  for await (const { value } of from.scan(rules, { within: [account, region, bus], prefix })) yield value;
}
