/**
 * Object Lock: what protects a version from being deleted or overwritten. Source: S3 user guide, "Locking objects
 * with Object Lock". A version is safe while its retention lasts or a legal hold is on; GOVERNANCE retention yields to
 * who may bypass it and says so. Retention lasts until a date, or as long as an event hold is on and a while longer.
 */
import type { Call } from '../../kernel/call';
import { invalidArgument, invalidRequest, lockedObject } from './errors';
import type { Bucket, Duration, LockMode, Retention, StoredObject, Version } from './state/tables';

const DAY_MS = 24 * 60 * 60 * 1000;
/** "Amazon S3 counts 1 year as 365 days." */
const YEAR_DAYS = 365;
/** Longest durations. Source: S3 API reference, "EventHoldDuration"; default periods have the same bounds. */
export const MOST_DAYS = 36_500;
export const MOST_YEARS = 100;

const MODE = 'x-amz-object-lock-mode';
const UNTIL = 'x-amz-object-lock-retain-until-date';
const LEGAL_HOLD = 'x-amz-object-lock-legal-hold';
const EVENT_HOLD = 'x-amz-object-lock-event-hold';

export interface LockInput {
  readonly ObjectLockMode?: string;
  readonly ObjectLockRetainUntilDate?: Date;
  readonly ObjectLockLegalHoldStatus?: string;
  readonly ObjectLockEventHold?: string;
  readonly ObjectLockEventHoldDurationDays?: number;
  readonly ObjectLockEventHoldDurationYears?: number;
}

/** The lock that a new version gets: the request's, else the bucket's default. What is said is checked first. */
export function newLock(call: Call, bucket: Bucket, input: LockInput): Pick<StoredObject, 'retention' | 'legalHold'> {
  const hold = input.ObjectLockLegalHoldStatus;
  const asked = askedRetention(call.now, input);
  if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", LEGAL_HOLD, hold);
  if (asked || hold !== undefined) {
    if (call.principal.kind === 'anonymous')
      throw invalidArgument(
        'Put Object requests with Object Lock parameters require AWS Signature Version 4',
        'Authorization',
      );
    if (!bucket.lock) throw invalidRequest('Bucket is missing ObjectLockConfiguration');
  }
  const retention = asked ?? defaultRetention(bucket, call.now);
  return { ...(retention ? { retention } : {}), ...(hold === 'ON' ? { legalHold: true } : {}) };
}

function askedRetention(now: number, input: LockInput): Retention | undefined {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = input;
  const eventHold = askedEventHold(input);
  if (mode === undefined && until === undefined && !eventHold) return undefined;
  if (mode === undefined || (until === undefined && !eventHold))
    throw invalidArgument(`${UNTIL} and ${MODE} must both be supplied`, mode === undefined ? MODE : UNTIL);
  if (mode !== 'GOVERNANCE' && mode !== 'COMPLIANCE') throw invalidArgument('Unknown wormMode directive.', MODE, mode);
  return {
    mode,
    until: until === undefined ? 0 : futureDate(until, now, UNTIL),
    ...(eventHold ? { eventHold } : {}),
  };
}

function askedEventHold(input: LockInput): Duration | undefined {
  const { ObjectLockEventHold: hold, ...durations } = input;
  const { ObjectLockEventHoldDurationDays: days, ObjectLockEventHoldDurationYears: years } = durations;
  if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
    throw invalidArgument("Event Hold must be either of 'ON' or 'OFF'", EVENT_HOLD, hold);
  if ((hold === 'ON') !== (days !== undefined || years !== undefined))
    throw invalidArgument('An event hold that is ON needs a duration, and no other has one', EVENT_HOLD, hold);
  return hold === 'ON' ? checkedDuration({ days, years }, `${EVENT_HOLD}-duration`) : undefined;
}

/** Either days or years, within bounds. @throws AwsError InvalidArgument */
export function checkedDuration({ days, years }: Duration, name: string): Duration {
  const value = days ?? years;
  if ((days === undefined) === (years === undefined))
    throw invalidArgument('A duration is given either in days or in years', name, value);
  const most = days === undefined ? MOST_YEARS : MOST_DAYS;
  if (value! < 1 || value! > most) throw invalidArgument(`The duration must be between 1 and ${most}`, name, value);
  return days === undefined ? { years } : { days };
}

export function futureDate(date: Date | undefined, now: number, name: string): number {
  const until = date?.getTime() ?? Number.NaN;
  if (!(until > now)) throw invalidArgument('The retain until date must be in the future!', name, date?.toISOString());
  return until;
}

function defaultRetention({ lock }: Bucket, now: number): Retention | undefined {
  if (!lock?.mode) return undefined;
  const { mode, days, years, eventHold } = lock;
  const fixed = days !== undefined || years !== undefined;
  return { mode, until: fixed ? now + spanOf({ days, years }) : 0, ...(eventHold ? { eventHold } : {}) };
}

/** Milliseconds. */
export function spanOf({ days, years }: Duration): number {
  return (days ?? (years ?? 0) * YEAR_DAYS) * DAY_MS;
}

/** Until when a retention lasts: under an event hold, as if it were released now. Virtual milliseconds. */
export function untilOf({ until, eventHold }: Retention, now: number): number {
  return eventHold ? Math.max(until, now + spanOf(eventHold)) : until;
}

/**
 * Whether a version may go, or its retention be shortened.
 * @param bypass asked for by header, and allowed by `s3:BypassGovernanceRetention`
 * @throws AwsError AccessDenied
 */
export function checkUnlocked(version: Version, now: number, bypass: boolean): void {
  if (version.marker) return;
  const { retention, legalHold } = version;
  if (legalHold) throw lockedObject();
  if (!retention || untilOf(retention, now) <= now) return;
  if (retention.mode === 'COMPLIANCE' || !bypass) throw lockedObject();
}

/** Whether anything protects a version. */
export function isLocked(
  { retention, legalHold }: Pick<StoredObject, 'retention' | 'legalHold'>,
  now: number,
): boolean {
  return legalHold === true || (retention !== undefined && untilOf(retention, now) > now);
}

/** Whether a retention only makes another one longer, for which nobody needs to bypass anything. */
export function isProlonged(wanted: Retention | undefined, current: Retention, now: number): boolean {
  if (!wanted || wanted.mode !== current.mode) return false;
  if (current.eventHold && (!wanted.eventHold || spanOf(wanted.eventHold) < spanOf(current.eventHold))) return false;
  return untilOf(wanted, now) >= untilOf(current, now);
}

export function modeOf(text: string | undefined): LockMode | undefined {
  return text === 'GOVERNANCE' || text === 'COMPLIANCE' ? text : undefined;
}

/** Output members that tell an object's retention. */
export function retentionMembers(retention: Retention, now: number) {
  const { mode, eventHold } = retention;
  return {
    ObjectLockMode: mode,
    ObjectLockRetainUntilDate: new Date(untilOf(retention, now)),
    ...(eventHold ? { ObjectLockEventHold: 'ON' as const } : {}),
    ...(eventHold?.days === undefined ? {} : { ObjectLockEventHoldDurationDays: eventHold.days }),
    ...(eventHold?.years === undefined ? {} : { ObjectLockEventHoldDurationYears: eventHold.years }),
  };
}

/** The output member that tells an object's legal hold, if it ever had one. */
export function legalHoldMember(legalHold: boolean) {
  return { ObjectLockLegalHoldStatus: legalHold ? ('ON' as const) : ('OFF' as const) };
}
