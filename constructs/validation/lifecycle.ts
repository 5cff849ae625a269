/**
 * Lifecycle configurations that S3 refuses, or takes and never acts on. Sources: S3 API Reference, "LifecycleRule",
 * "Transition", "NoncurrentVersionExpiration"; S3 User Guide, "Transitioning objects using Amazon S3 Lifecycle" and
 * "Lifecycle configuration elements".
 */
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, number, type Properties, text, truth } from './reading';

const IA = ['STANDARD_IA', 'ONEZONE_IA'];

/** Where an object may go next, by the class that it is in: colder only, and not everywhere. */
export const NEXT: { readonly [from: string]: readonly string[] } = {
  STANDARD_IA: ['INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
  INTELLIGENT_TIERING: ['ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'],
  ONEZONE_IA: ['GLACIER', 'DEEP_ARCHIVE'],
  GLACIER_IR: ['GLACIER', 'DEEP_ARCHIVE'],
  GLACIER: ['DEEP_ARCHIVE'],
  DEEP_ARCHIVE: [],
};

/** Days for which each class is paid for, however long an object stays. */
const MINIMUM_DAYS: { readonly [storageClass: string]: number } = { GLACIER_IR: 90, GLACIER: 90, DEEP_ARCHIVE: 180 };

/** Days, at least, in and before an infrequent-access class. */
export const IA_DAYS = 30;
export const MAX_RULES = 1000;
export const MAX_ID = 255;

/** One step of a rule, read. */
interface Step {
  readonly at: string;
  readonly storageClass: string;
  readonly days?: number;
  readonly date?: number;
}

/** Problems of the lifecycle configuration of a bucket with these properties. */
export function lifecycleProblems(bucket: Properties): Problem[] {
  const shape = new Findings('Coffer-LifecycleRule');
  const order = new Findings('Coffer-LifecycleTransition');
  const rules = list(members(bucket.LifecycleConfiguration).Rules);
  const at = 'LifecycleConfiguration.Rules';
  if (rules.length > MAX_RULES)
    shape.wrong(at, `${rules.length} rules`, `at most ${MAX_RULES}`, 'join rules, or filter by tag');
  identifiers(shape, at, rules);
  const versioned =
    text(members(bucket.VersioningConfiguration).Status) === 'Enabled' || truth(bucket.ObjectLockEnabled) === true;
  for (const [i, rule] of rules.entries()) {
    if (isIntrinsic(rule)) continue;
    one(shape, order, `${at}[${i}]`, members(rule), Boolean(versioned) || isIntrinsic(bucket.VersioningConfiguration));
  }
  return [...shape.problems, ...order.problems];
}

function identifiers(findings: Findings, at: string, rules: unknown[]): void {
  const seen = new Map<string, number>();
  for (const [i, rule] of rules.entries()) {
    const id = text(members(rule).Id);
    if (id === undefined) continue;
    if (id.length > MAX_ID)
      findings.wrong(`${at}[${i}].Id`, `${id.length} characters`, `at most ${MAX_ID} characters`, 'shorten the id');
    const first = seen.get(id);
    if (first !== undefined)
      findings.wrong(`${at}[${i}].Id`, id, `an id of its own; Rules[${first}] has it`, 'rename one of the two');
    else seen.set(id, i);
  }
}

function one(shape: Findings, order: Findings, at: string, rule: Properties, versioned: boolean): void {
  const steps = stepsOf(`${at}.Transitions`, list(rule.Transitions ?? rule.Transition), 'TransitionInDays');
  const later = stepsOf(
    `${at}.NoncurrentVersionTransitions`,
    list(rule.NoncurrentVersionTransitions ?? rule.NoncurrentVersionTransition),
    'TransitionInDays',
  );
  whole(shape, at, rule, steps, later);
  filters(shape, at, rule);
  units(shape, at, rule, steps);
  noncurrent(shape, at, rule, later, versioned);
  markers(shape, at, rule);
  cooling(order, steps);
  cooling(order, later);
  ending(order, `${at}.ExpirationInDays`, number(rule.ExpirationInDays), steps, 'transition');
  endingOn(order, `${at}.ExpirationDate`, text(rule.ExpirationDate), steps);
  const [where, days] = noncurrentEnd(at, rule);
  ending(order, where, days, later, 'non-current transition');
}

function stepsOf(at: string, values: unknown[], days: string): Step[] {
  return values.flatMap((value, i) => {
    const it = members(value);
    const storageClass = text(it.StorageClass);
    if (isIntrinsic(value) || storageClass === undefined) return [];
    const date = text(it.TransitionDate);
    return [
      {
        at: `${at}[${i}]`,
        storageClass: storageClass === 'Glacier' ? 'GLACIER' : storageClass,
        days: number(it[days]),
        date: date === undefined ? undefined : Date.parse(date),
      },
    ];
  });
}

/** Every number of days is a whole one, and large enough; some action is there. */
function whole(findings: Findings, at: string, rule: Properties, steps: Step[], later: Step[]): void {
  const check = (property: string, value: unknown, least: number) => {
    const days = number(value);
    if (days === undefined || (Number.isInteger(days) && days >= least)) return;
    findings.wrong(`${at}.${property}`, days, `whole days, at least ${least}`, `use ${least} or more`);
  };
  check('ExpirationInDays', rule.ExpirationInDays, 1);
  check('NoncurrentVersionExpirationInDays', rule.NoncurrentVersionExpirationInDays, 1);
  check('NoncurrentVersionExpiration.NoncurrentDays', members(rule.NoncurrentVersionExpiration).NoncurrentDays, 1);
  const abort = members(rule.AbortIncompleteMultipartUpload).DaysAfterInitiation;
  check('AbortIncompleteMultipartUpload.DaysAfterInitiation', abort, 1);
  for (const step of [...steps, ...later])
    if (step.days !== undefined && !(Number.isInteger(step.days) && step.days >= 0))
      findings.wrong(`${step.at}.TransitionInDays`, step.days, 'whole days, at least 0', 'use 0 or more');
  const acts = [
    'AbortIncompleteMultipartUpload',
    'ExpirationDate',
    'ExpirationInDays',
    'ExpiredObjectDeleteMarker',
    'NoncurrentVersionExpiration',
    'NoncurrentVersionExpirationInDays',
    'NoncurrentVersionTransition',
    'NoncurrentVersionTransitions',
    'Transition',
    'Transitions',
  ].some((name) => rule[name] !== undefined && rule[name] !== false && list(rule[name]).length > 0);
  if (!acts) findings.wrong(at, text(rule.Id) ?? 'a rule', 'at least one action', 'give it an action or remove it');
}

function filters(findings: Findings, at: string, rule: Properties): void {
  const above = number(rule.ObjectSizeGreaterThan);
  const below = number(rule.ObjectSizeLessThan);
  if (above !== undefined && below !== undefined && above + 2 > below)
    findings.wrong(
      `${at}.ObjectSizeGreaterThan`,
      above,
      `at least 2 less than ObjectSizeLessThan, ${below}`,
      'exchange the two, or set them apart: no object is both',
    );
  if (rule.AbortIncompleteMultipartUpload === undefined) return;
  for (const name of ['TagFilters', 'ObjectSizeGreaterThan', 'ObjectSizeLessThan'])
    if (list(rule[name]).length > 0)
      findings.wrong(
        `${at}.${name}`,
        rule[name],
        'none beside AbortIncompleteMultipartUpload: an unfinished upload has neither tags nor size',
        'move AbortIncompleteMultipartUpload to a rule of its own',
      );
}

/** Days or dates, not both in one rule. */
function units(findings: Findings, at: string, rule: Properties, steps: Step[]): void {
  const days = rule.ExpirationInDays !== undefined || steps.some((step) => step.days !== undefined);
  const dates = rule.ExpirationDate !== undefined || steps.some((step) => step.date !== undefined);
  if (days && dates)
    findings.wrong(at, 'days and dates', 'one of the two in a rule', 'make two rules, or use days throughout');
  for (const step of steps)
    if (step.days === undefined && step.date === undefined)
      findings.wrong(step.at, step.storageClass, 'TransitionInDays or TransitionDate', 'say when');
}

function noncurrentEnd(at: string, rule: Properties): [string, number | undefined] {
  const days = number(members(rule.NoncurrentVersionExpiration).NoncurrentDays);
  if (days !== undefined) return [`${at}.NoncurrentVersionExpiration.NoncurrentDays`, days];
  return [`${at}.NoncurrentVersionExpirationInDays`, number(rule.NoncurrentVersionExpirationInDays)];
}

function noncurrent(findings: Findings, at: string, rule: Properties, later: Step[], versioned: boolean): void {
  const expiration = members(rule.NoncurrentVersionExpiration);
  const kept: [string, Properties, unknown][] = [
    [`${at}.NoncurrentVersionExpiration`, expiration, expiration.NoncurrentDays],
    ...list(rule.NoncurrentVersionTransitions).map((it, i): [string, Properties, unknown] => [
      `${at}.NoncurrentVersionTransitions[${i}]`,
      members(it),
      members(it).TransitionInDays,
    ]),
  ];
  for (const [where, it, days] of kept) {
    const versions = number(it.NewerNoncurrentVersions);
    if (versions === undefined) continue;
    const name = `${where}.NewerNoncurrentVersions`;
    if (!(Number.isInteger(versions) && versions >= 1 && versions <= 100))
      findings.wrong(name, versions, 'whole numbers from 1 to 100', 'use at most 100');
    if (days === undefined)
      findings.wrong(name, versions, 'only beside a number of days', 'say after how many days too');
  }
  const named = later.length > 0 || noncurrentEnd(at, rule)[1] !== undefined;
  if (named && !versioned)
    findings.wrong(
      `${at}.${later.length > 0 ? 'NoncurrentVersionTransitions' : 'NoncurrentVersionExpiration'}`,
      text(rule.Id) ?? 'a rule',
      'only where versions are kept: it never acts',
      'enable versioning, or remove it',
    );
}

function markers(findings: Findings, at: string, rule: Properties): void {
  if (rule.ExpiredObjectDeleteMarker !== true && rule.ExpiredObjectDeleteMarker !== 'true') return;
  for (const name of ['ExpirationInDays', 'ExpirationDate', 'TagFilters'])
    if (list(rule[name]).length > 0)
      findings.wrong(
        `${at}.ExpiredObjectDeleteMarker`,
        true,
        `not beside ${name}`,
        'move ExpiredObjectDeleteMarker to a rule of its own',
      );
}

/** Colder step by step, with the days between that S3 asks for. */
function cooling(findings: Findings, steps: Step[]): void {
  for (const step of steps)
    if (IA.includes(step.storageClass) && step.days !== undefined && step.days < IA_DAYS)
      findings.wrong(
        `${step.at}.TransitionInDays`,
        step.days,
        `at least ${IA_DAYS} for ${step.storageClass}`,
        `use ${IA_DAYS}, or GLACIER_IR or INTELLIGENT_TIERING, which take objects at once`,
      );
  const timed = steps.filter((step) => step.days !== undefined);
  const ordered = timed.sort((a, b) => (a.days as number) - (b.days as number));
  for (const [i, step] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before === undefined) continue;
    const gap = (step.days as number) - (before.days as number);
    const next = NEXT[before.storageClass];
    if (next !== undefined && !next.includes(step.storageClass))
      findings.wrong(
        `${step.at}.StorageClass`,
        step.storageClass,
        next.length === 0 ? `nothing after ${before.storageClass}` : `${next.join(', ')} after ${before.storageClass}`,
        'put the warmer class first, or leave one of the two out',
      );
    else if (gap === 0)
      findings.wrong(
        `${step.at}.TransitionInDays`,
        step.days,
        `more than the ${before.days} of ${before.storageClass}`,
        'leave out the warmer of the two',
      );
    else if (IA.includes(before.storageClass) && gap < IA_DAYS)
      findings.wrong(
        `${step.at}.TransitionInDays`,
        step.days,
        `at least ${(before.days as number) + IA_DAYS}: ${IA_DAYS} days after ${before.storageClass}`,
        `use ${(before.days as number) + IA_DAYS}`,
      );
    early(findings, before, step.days as number, `${step.at}.TransitionInDays`, 'moved on');
  }
}

/** The end comes after every step. */
function ending(findings: Findings, at: string, days: number | undefined, steps: Step[], what: string): void {
  if (days === undefined) return;
  const timed = steps.filter((step) => step.days !== undefined).sort((a, b) => (a.days as number) - (b.days as number));
  const last = timed.at(-1);
  if (last === undefined) return;
  if (days <= (last.days as number))
    findings.wrong(at, days, `more than the ${last.days} of the last ${what}`, 'expire later, or leave out the move');
  else early(findings, last, days, at, 'deleted');
}

function endingOn(findings: Findings, at: string, date: string | undefined, steps: Step[]): void {
  if (date === undefined) return;
  const end = Date.parse(date);
  if (end % 86_400_000 !== 0) findings.wrong(at, date, 'midnight UTC', 'use a date alone, or T00:00:00Z');
  for (const step of steps)
    if (step.date !== undefined && step.date >= end)
      findings.wrong(at, date, `after the transition to ${step.storageClass}`, 'expire later, or leave out the move');
}

/** A class that is left before its minimum storage duration is paid for to its end. */
function early(findings: Findings, step: Step, until: number, at: string, what: string): void {
  const minimum = MINIMUM_DAYS[step.storageClass];
  const stay = until - (step.days as number);
  if (minimum !== undefined && stay > 0 && stay < minimum)
    findings.odd(
      at,
      until,
      `at least ${(step.days as number) + minimum}: ${step.storageClass} is paid for ${minimum} days, and objects are ${what} after ${stay}`,
      `use ${(step.days as number) + minimum}, or leave out ${step.storageClass}`,
    );
}
