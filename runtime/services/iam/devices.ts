/**
 * MFA devices of users and of the account's root user: whose they are, and whether a code is theirs now, by the virtual
 * clock. Source: IAM user guide, "AWS Multi-factor authentication in IAM".
 */

import { findStep, fromBase32, stepAt } from '../../engine/totp';
import type { IdentitySource } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Principal } from '../../kernel/principal';
import { userNameOf } from './entities';
import { lastSegment } from './names';
import { type DeviceRow, readDevice, writeDevice } from './state';

/** How the root user is named where a name is asked for: by itself only, and never as another user. */
export const ROOT_NAME = 'root';
/** The holder of a device of the root user. */
const ROOT = '';
/** Steps of 30 seconds by which a device may be slow or fast. */
const TOLERANCE = 1;

/** Whether a caller means the root user's own devices. */
export function meansRoot({ principal }: Pick<Call, 'principal'>, name: string | undefined): boolean {
  return principal.kind === 'root' && (name === undefined || name === ROOT_NAME);
}

/** Whose devices are meant: a user's name, or `''` for the root user. */
export function holderNamed(call: Call, name: string | undefined): string {
  return meansRoot(call, name) ? ROOT : userNameOf(call, name);
}

/** How answers name a holder. */
export function holderName(holder: string): string {
  return holder === ROOT ? ROOT_NAME : holder;
}

function holderOf({ kind, arn, session }: Principal): string | undefined {
  if (session) return undefined;
  if (kind === 'root') return ROOT;
  return kind === 'user' ? lastSegment({ resource: arn }) : undefined;
}

/** The step of a device's own clock at a time. */
export function deviceStep({ driftSteps = 0 }: DeviceRow, now: number): number {
  return stepAt(now) + driftSteps;
}

/** An accepted code is used up, as are all before it. */
export const mfa: NonNullable<IdentitySource['mfa']> = ({ store, clock }, { principal, serialNumber, code }) =>
  store.write(async (tx) => {
    const { account } = principal;
    const row = account === undefined ? undefined : await readDevice(tx, account, serialNumber);
    if (!row || row.holder === undefined || row.holder !== holderOf(principal)) return 'unknown';
    const step = findStep(fromBase32(row.seed), [code], {
      around: deviceStep(row, clock.now()),
      within: TOLERANCE,
      after: row.lastStep,
    });
    if (step === undefined) return 'wrong';
    writeDevice(tx, account!, { ...row, lastStep: step });
    return 'accepted';
  });
