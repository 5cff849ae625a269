/** Names and ARNs: `event-bus/name`, `rule/name` on the default bus, `rule/bus/name` on others. */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import { validation } from './errors';
import { DEFAULT_BUS, type Place, type RuleName } from './state';

type At = Place & { readonly partition: string };

export const busArn = (at: At, name: string): string =>
  formatArn({ ...at, service: 'events', resource: `event-bus/${name}` });

export const ruleArn = (at: At & Pick<RuleName, 'bus' | 'name'>): string =>
  formatArn({ ...at, service: 'events', resource: `rule/${at.bus === DEFAULT_BUS ? '' : `${at.bus}/`}${at.name}` });

/** A bus by name or ARN. */
export function busNamed(call: Call, given: string | undefined): { place: Place; name: string } {
  const name = given ?? DEFAULT_BUS;
  const arn = parseArn(name);
  if (!arn) return { place: { account: call.account, region: call.region }, name };
  if (arn.service !== 'events' || !arn.resource.startsWith('event-bus/'))
    throw validation(`Parameter ${given} is not valid. Reason: Provided Arn is not in correct format.`);
  return { place: { account: arn.account, region: arn.region }, name: arn.resource.slice('event-bus/'.length) };
}

export function ruleNamed(call: Call, name: string | undefined, bus: string | undefined): RuleName {
  const { place, name: busName } = busNamed(call, bus);
  return { ...place, bus: busName, name: name ?? '' };
}

/** What an ARN of this service means. */
export function readArn(text: string): { place: Place; bus: string; rule?: string } | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'events') return undefined;
  const place = { account: arn.account, region: arn.region };
  const [kind, first, second] = arn.resource.split('/');
  if (kind === 'event-bus' && first) return { place, bus: first };
  if (kind !== 'rule' || !first) return undefined;
  return second === undefined ? { place, bus: DEFAULT_BUS, rule: first } : { place, bus: first, rule: second };
}

/** @throws ValidationException */
export function checkName(what: string, name: string, most: number): void {
  if (new RegExp(`^[.\\-_A-Za-z0-9]{1,${most}}$`).test(name)) return;
  throw validation(
    `1 validation error detected: Value '${name}' at '${what}' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+`,
  );
}
