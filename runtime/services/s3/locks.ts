/**
 * Object Lock: what protects a version from being deleted or overwritten. Source: S3 user guide, "Locking objects
 * with Object Lock". A version is safe while its retention lasts or a legal hold is on; GOVERNANCE retention yields to
 * who may bypass it and says so.
 */
import type { Call } from '../../kernel/call';
import { invalidArgument, invalidRequest, lockedObject } from './errors';
import type { Bucket, LockMode, Retention, StoredObject, Version } from './state/tables';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface LockInput {
  readonly ObjectLockMode?: string;
  readonly ObjectLockRetainUntilDate?: Date;
  readonly ObjectLockLegalHoldStatus?: string;
}

/** The lock that a new version gets: the request's, else the bucket's default. */
export function newLock(call: Call, bucket: Bucket, input: LockInput): Pick<StoredObject, 'retention' | 'legalHold'> {
  const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ObjectLockLegalHoldStatus: hold } = input;
  const asked = mode !== undefined || until !== undefined || hold !== undefined;
  if (!bucket.lock) {
    if (asked) throw invalidRequest('Bucket is missing Object Lock Configuration');
    return {};
  }
  if ((mode === undefined) !== (until === undefined)) {
    const missing = mode === undefined ? 'x-amz-object-lock-retain-until-date' : 'x-amz-object-lock-mode';
    throw invalidArgument(
      'x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied',
      missing,
    );
  }
  if (hold !== undefined && hold !== 'ON' && hold !== 'OFF')
    throw invalidArgument("Legal Hold must be either of 'ON' or 'OFF'", 'x-amz-object-lock-legal-hold', hold);
  const retention =
    mode === undefined
      ? defaultRetention(bucket, call.now)
      : { mode: lockMode(mode), until: futureDate(until, call.now, 'x-amz-object-lock-retain-until-date') };
  return { ...(retention ? { retention } : {}), ...(hold === 'ON' ? { legalHold: true } : {}) };
}

function lockMode(mode: string): LockMode {
  if (mode === 'GOVERNANCE' || mode === 'COMPLIANCE') return mode;
  throw invalidArgument('Unknown wormMode directive.', 'x-amz-object-lock-mode', mode);
}

export function futureDate(date: Date | undefined, now: number, name: string): number {
  const until = date?.getTime() ?? Number.NaN;
  if (!(until > now)) throw invalidArgument('The retain until date must be in the future!', name, date?.toISOString());
  return until;
}

function defaultRetention(bucket: Bucket, now: number): Retention | undefined {
  const { mode, days, years } = bucket.lock ?? {};
  if (!mode) return undefined;
  if (days !== undefined) return { mode, until: now + days * DAY_MS };
  const until = new Date(now);
  until.setUTCFullYear(until.getUTCFullYear() + (years ?? 0));
  return { mode, until: until.getTime() };
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
  if (!retention || retention.until <= now) return;
  if (retention.mode === 'COMPLIANCE' || !bypass) throw lockedObject();
}

/** Output members that tell an object's lock. */
export function lockMembers({ retention, legalHold }: Pick<StoredObject, 'retention' | 'legalHold'>) {
  return {
    ...(retention ? { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: new Date(retention.until) } : {}),
    ...(legalHold === undefined ? {} : { ObjectLockLegalHoldStatus: legalHold ? ('ON' as const) : ('OFF' as const) }),
  };
}
