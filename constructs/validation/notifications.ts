/**
 * Notification configurations that S3 refuses because two of them would want the same event. Source: S3 User Guide,
 * "Configuring event notifications using object key name filtering"; S3 API Reference, "FilterRule".
 */
import { type KeyFilter, sharesEvent, sharesKey } from './overlap';
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, type Properties, text } from './reading';

/** One configuration, in the template form of a bucket or of CDK's custom resource. */
interface Wanted extends KeyFilter {
  readonly at: string;
  readonly events: string[];
}

const LISTS: { readonly [list: string]: readonly string[] } = {
  LambdaConfigurations: ['Event'],
  QueueConfigurations: ['Event', 'Events'],
  TopicConfigurations: ['Event', 'Events'],
  LambdaFunctionConfigurations: ['Events'],
};

/** Problems of a `NotificationConfiguration` at `at`. */
export function notificationProblems(configuration: unknown, at = 'NotificationConfiguration'): Problem[] {
  const findings = new Findings('Coffer-NotificationOverlap');
  const wanted = Object.entries(LISTS).flatMap(([name, events]) =>
    list(members(configuration)[name]).flatMap((it, i) => read(findings, `${at}.${name}[${i}]`, members(it), events)),
  );
  if (wanted.length > 100)
    findings.wrong(at, `${wanted.length} configurations`, 'at most 100', 'send events to EventBridge and filter there');
  for (const [i, one] of wanted.entries())
    for (const other of wanted.slice(0, i)) {
      const event = one.events.find((name) => other.events.some((known) => sharesEvent(name, known)));
      if (event === undefined || !sharesKey(one, other)) continue;
      findings.wrong(
        one.at,
        `${event} for ${describe(one)}`,
        `events and keys that ${other.at} (${describe(other)}) does not want too`,
        'tell the filters apart, or send events to EventBridge, SNS or SQS and fan out there',
      );
    }
  return findings.problems;
}

function read(findings: Findings, at: string, it: Properties, names: readonly string[]): Wanted[] {
  const events = names.flatMap((name) => list(it[name])).flatMap((event) => text(event) ?? []);
  const filter = members(it.Filter);
  const rules = list(members(filter.S3Key ?? filter.Key).Rules ?? members(filter.S3Key ?? filter.Key).FilterRules);
  if (isIntrinsic(it.Filter) || rules.some(isIntrinsic)) return [];
  const values = (wanted: string) =>
    rules
      .map(members)
      .filter((rule) => text(rule.Name)?.toLowerCase() === wanted)
      .map((rule) => text(rule.Value) ?? '');
  for (const name of ['prefix', 'suffix']) {
    if (values(name).length > 1)
      findings.wrong(`${at}.Filter`, values(name), `one ${name} per configuration`, 'make a configuration for each');
    for (const value of values(name))
      if (/[*?]/.test(value))
        findings.odd(`${at}.Filter`, value, `a literal ${name}: * and ? mean themselves`, 'leave the wildcard out');
  }
  return [{ at, events, prefix: values('prefix')[0] ?? '', suffix: values('suffix')[0] ?? '' }];
}

function describe({ prefix, suffix }: Wanted): string {
  return prefix === '' && suffix === '' ? 'all keys' : `${prefix}*${suffix}`;
}
