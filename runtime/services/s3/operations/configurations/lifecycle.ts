/**
 * Lifecycle configurations: what S3 accepts. Sources: S3 API reference, "PutBucketLifecycleConfiguration" and the
 * types it names; S3 user guide, "Lifecycle configuration elements", "Transitioning objects using Amazon S3 Lifecycle".
 */
import type { Call } from '../../../../kernel/call';
import { dropFamily, needFamily, putFamily } from '../../configurations';
import { invalidArgument, invalidRequest, lifecycleAndMfa, malformedXml } from '../../errors';
import type { In, Out } from '../../model';
import { bucketOf } from '../../target';

type Configuration = NonNullable<In<'PutBucketLifecycleConfiguration'>['LifecycleConfiguration']>;
type Rule = NonNullable<Configuration['Rules']>[number];
type MinimumSize = Out<'GetBucketLifecycleConfiguration'>['TransitionDefaultMinimumObjectSize'];

interface Kept {
  readonly rules: readonly Rule[];
  readonly minimumSize: MinimumSize;
}

const MOST_RULES = 1000;
const DAY_MS = 24 * 60 * 60 * 1000;
/** From warm to cold: no transition leads back. */
const WATERFALL = ['STANDARD_IA', 'INTELLIGENT_TIERING', 'ONEZONE_IA', 'GLACIER_IR', 'GLACIER', 'DEEP_ARCHIVE'];
/** Classes that objects may enter only after this many days. */
const LEAST_DAYS: Readonly<Record<string, number>> = { STANDARD_IA: 30, ONEZONE_IA: 30 };
const MINIMUM_SIZES = ['all_storage_classes_128K', 'varies_by_storage_class'];

export async function PutBucketLifecycleConfiguration(
  call: Call,
  input: In<'PutBucketLifecycleConfiguration'>,
): Promise<Out<'PutBucketLifecycleConfiguration'>> {
  const minimumSize = input.TransitionDefaultMinimumObjectSize ?? 'all_storage_classes_128K';
  if (!MINIMUM_SIZES.includes(minimumSize))
    throw invalidRequest(`Invalid TransitionDefaultMinimumObjectSize found: ${minimumSize}`);
  const rules = input.LifecycleConfiguration?.Rules ?? [];
  if (rules.length === 0) throw malformedXml('at least one Rule is expected');
  if (rules.length > MOST_RULES) throw invalidRequest(`The maximum number of lifecycle rules is ${MOST_RULES}.`);
  const ids = new Set<string>();
  const named = rules.map((rule) => {
    const ID = rule.ID || call.kernel.random.uuid();
    if (ID.length > 255) throw invalidArgument('ID length should not exceed allowed limit of 255', 'ID', ID);
    if (ids.has(ID)) throw invalidArgument('Rule ID must be unique. Found same ID for more than one rule', 'ID', ID);
    ids.add(ID);
    checkRule(rule);
    return { ...rule, ID };
  });
  if ((await bucketOf(call, input)).mfaDelete === 'Enabled') throw lifecycleAndMfa();
  await putFamily(call, input, 'lifecycle', { rules: named, minimumSize });
  return { TransitionDefaultMinimumObjectSize: minimumSize };
}

function checkRule(rule: Rule): void {
  const { Status, Expiration, Transitions, NoncurrentVersionExpiration, NoncurrentVersionTransitions } = rule;
  const abort = rule.AbortIncompleteMultipartUpload;
  if (Status !== 'Enabled' && Status !== 'Disabled')
    throw malformedXml(`Status must be Enabled or Disabled, not ${Status}`);
  if ((rule.Filter === undefined) === (rule.Prefix === undefined))
    throw malformedXml('a Rule needs either Filter or Prefix');
  const filter = checkFilter(rule.Filter);
  const actions = [
    Expiration,
    NoncurrentVersionExpiration,
    abort,
    Transitions?.length,
    NoncurrentVersionTransitions?.length,
  ];
  if (!actions.some(Boolean)) throw invalidRequest('At least one action needs to be specified in a rule');
  if (Expiration) checkExpiration(Expiration, filter.tagged);
  if (abort) {
    checkDays(
      abort.DaysAfterInitiation,
      "'DaysAfterInitiation' for AbortIncompleteMultipartUpload action must be a positive integer",
    );
    if (filter.tagged) throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Tags.');
    if (filter.sized) throw invalidRequest('AbortIncompleteMultipartUpload cannot be specified with Object Size.');
  }
  checkTransitions(Transitions ?? [], Expiration);
  checkNoncurrent(rule);
}

function checkFilter(filter: Rule['Filter']): { tagged: boolean; sized: boolean } {
  if (!filter) return { tagged: false, sized: false };
  const { Prefix, Tag, And, ObjectSizeGreaterThan, ObjectSizeLessThan } = filter;
  const given = [Prefix, Tag, And, ObjectSizeGreaterThan, ObjectSizeLessThan].filter((one) => one !== undefined);
  if (given.length > 1) throw malformedXml('a Filter holds one condition, or several within And');
  const tags = And?.Tags ?? (Tag ? [Tag] : []);
  if (And) {
    const parts = [And.Prefix, And.ObjectSizeGreaterThan, And.ObjectSizeLessThan].filter((one) => one !== undefined);
    if (parts.length + tags.length < 2) throw malformedXml('And needs two conditions at least');
  }
  if (new Set(tags.map(({ Key }) => Key)).size !== tags.length)
    throw invalidRequest('Duplicate Tag Keys are not allowed.');
  const above = ObjectSizeGreaterThan ?? And?.ObjectSizeGreaterThan;
  const below = ObjectSizeLessThan ?? And?.ObjectSizeLessThan;
  if (above !== undefined && below !== undefined && below <= above + 1)
    throw invalidRequest('The ObjectSizeLessThan value must be at least two bytes larger than ObjectSizeGreaterThan.');
  return { tagged: tags.length > 0, sized: above !== undefined || below !== undefined };
}

function checkExpiration(expiration: NonNullable<Rule['Expiration']>, tagged: boolean): void {
  const { Days, Date: date, ExpiredObjectDeleteMarker: markers } = expiration;
  if ([Days, date, markers].filter((one) => one !== undefined).length !== 1)
    throw malformedXml('Expiration needs one of Days, Date and ExpiredObjectDeleteMarker');
  if (Days !== undefined) checkDays(Days, "'Days' for Expiration action must be a positive integer");
  if (date) checkMidnight(date);
  if (markers !== undefined && tagged) throw invalidRequest('ExpiredObjectDeleteMarker cannot be specified with Tags.');
}

function checkTransitions(transitions: NonNullable<Rule['Transitions']>, expiration: Rule['Expiration']): void {
  const dated = transitions.filter(({ Date: date }) => date !== undefined).length;
  if (dated > 0 && dated < transitions.length)
    throw invalidRequest("Found mixed 'Date' and 'Days' based Transition actions in lifecycle rule");
  for (const { Date: date, Days, StorageClass } of transitions) {
    if ((date === undefined) === (Days === undefined)) throw malformedXml('a Transition needs either Date or Days');
    if (date) checkMidnight(date);
    checkClass(StorageClass, Days, 'Transition');
  }
  const unit = (one: { Days?: number; Date?: Date }) => (one.Date ? one.Date.getTime() / DAY_MS : one.Days!);
  checkWaterfall(
    transitions.map((one) => ({ days: unit(one), storageClass: one.StorageClass! })),
    'Transition',
  );
  if (!expiration || expiration.ExpiredObjectDeleteMarker !== undefined || transitions.length === 0) return;
  if ((expiration.Date !== undefined) !== dated > 0)
    throw invalidRequest("Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule");
  for (const transition of transitions)
    if (unit(expiration) <= unit(transition))
      throw invalidArgument(
        `'${expiration.Date ? 'Date' : 'Days'}' in the Expiration action must be greater than '${transition.Date ? 'Date' : 'Days'}' in the Transition action`,
        expiration.Date ? 'Date' : 'Days',
        expiration.Days ?? expiration.Date?.toISOString(),
      );
}

function checkNoncurrent({
  NoncurrentVersionExpiration: expiration,
  NoncurrentVersionTransitions: transitions,
}: Rule): void {
  if (expiration) {
    const message = "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer";
    checkDays(expiration.NoncurrentDays, message);
    checkKept(expiration.NewerNoncurrentVersions);
  }
  const stages = (transitions ?? []).map(({ NoncurrentDays, StorageClass, NewerNoncurrentVersions }) => {
    if (NoncurrentDays === undefined) throw malformedXml('NoncurrentVersionTransition needs NoncurrentDays');
    checkClass(StorageClass, NoncurrentDays, 'NoncurrentVersionTransition');
    checkKept(NewerNoncurrentVersions);
    return { days: NoncurrentDays, storageClass: StorageClass! };
  });
  checkWaterfall(stages, 'NoncurrentVersionTransition');
  for (const { days } of stages)
    if (expiration && expiration.NoncurrentDays! <= days)
      throw invalidArgument(
        "'NoncurrentDays' in the NoncurrentVersionExpiration action must be greater than 'NoncurrentDays' in the NoncurrentVersionTransition action",
        'NoncurrentDays',
        expiration.NoncurrentDays,
      );
}

function checkClass(storageClass: string | undefined, days: number | undefined, action: string): void {
  if (!storageClass || !WATERFALL.includes(storageClass))
    throw malformedXml(`StorageClass must be one of ${WATERFALL.join(', ')}, not ${storageClass}`);
  if (days === undefined) return;
  const name = action === 'Transition' ? 'Days' : 'NoncurrentDays';
  if (days < 0) throw invalidArgument(`'${name}' for ${action} action must be nonnegative`, name, days);
  const least = LEAST_DAYS[storageClass] ?? 0;
  if (days < least)
    throw invalidArgument(
      `'${name}' in ${action} action must be greater than or equal to ${least} for storageClass '${storageClass}'`,
      name,
      days,
    );
}

/** Each class once, colder with time, and a month in an infrequent-access class before the next. */
function checkWaterfall(stages: readonly { days: number; storageClass: string }[], action: string): void {
  const ordered = [...stages].sort((a, b) => WATERFALL.indexOf(a.storageClass) - WATERFALL.indexOf(b.storageClass));
  for (let i = 1; i < ordered.length; i++) {
    const [warm, cold] = [ordered[i - 1], ordered[i]];
    if (warm.storageClass === cold.storageClass)
      throw invalidRequest(`'StorageClass' must be different for '${action}' actions in same 'Rule'`);
    const gap = LEAST_DAYS[warm.storageClass] ?? 1;
    if (cold.days < warm.days + gap)
      throw invalidArgument(
        `'Days' in the '${action}' action for StorageClass '${cold.storageClass}' must be ${gap === 1 ? 'greater than' : `${gap} days more than`} 'Days' in the '${action}' action for StorageClass '${warm.storageClass}'`,
        'Days',
        cold.days,
      );
  }
}

function checkDays(days: number | undefined, message: string): void {
  if (days === undefined) throw malformedXml('the number of days is missing');
  if (days <= 0) throw invalidArgument(message, 'Days', days);
}

function checkKept(count: number | undefined): void {
  if (count === undefined) return;
  if (count < 1 || count > 100)
    throw invalidArgument("'NewerNoncurrentVersions' must be between 1 and 100", 'NewerNoncurrentVersions', count);
}

function checkMidnight(date: Date): void {
  if (date.getTime() % DAY_MS !== 0)
    throw invalidArgument("'Date' must be at midnight GMT", 'Date', date.toISOString());
}

export async function GetBucketLifecycleConfiguration(
  call: Call,
  input: In<'GetBucketLifecycleConfiguration'>,
): Promise<Out<'GetBucketLifecycleConfiguration'>> {
  const kept = await needFamily<Kept>(
    call,
    input,
    'lifecycle',
    'NoSuchLifecycleConfiguration',
    'The lifecycle configuration does not exist',
  );
  return { Rules: kept.rules.map(withDates), TransitionDefaultMinimumObjectSize: kept.minimumSize };
}

/** Dates are kept as text. */
function withDates(rule: Rule): Rule {
  const dated = <T extends { Date?: Date }>(one: T): T => (one.Date ? { ...one, Date: new Date(one.Date) } : one);
  return {
    ...rule,
    ...(rule.Expiration ? { Expiration: dated(rule.Expiration) } : {}),
    ...(rule.Transitions ? { Transitions: rule.Transitions.map(dated) } : {}),
  };
}

export async function DeleteBucketLifecycle(
  call: Call,
  input: In<'DeleteBucketLifecycle'>,
): Promise<Out<'DeleteBucketLifecycle'>> {
  await dropFamily(call, input, 'lifecycle');
  return {};
}
