/**
 * What is told of the use of credentials: access keys one by one, and all of an account in the credential report, which
 * is made when it is asked for and good for four hours. Source: IAM user guide, "Generate credential reports".
 */
import type * as Iam from '@aws-sdk/client-iam';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { keyNotFound, reportAbsent, reportExpired } from '../errors';
import { arnIn, arnOf, timeOf } from '../names';
import { accessKeysFor, devicesOf, readAccessKey, readReport, scanHolders, writeReport } from '../state';
import type { Uses } from '../uses';

const GOOD_MS = 4 * 3_600_000;
const COLUMNS = [
  'user',
  'arn',
  'user_creation_time',
  'password_enabled',
  'password_last_used',
  'password_last_changed',
  'password_next_rotation',
  'mfa_active',
  ...[1, 2].flatMap((n) =>
    ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service'].map(
      (what) => `access_key_${n}_${what}`,
    ),
  ),
  'cert_1_active',
  'cert_1_last_rotated',
  'cert_2_active',
  'cert_2_last_rotated',
];

const time = (ms: number): string => timeOf(ms).toISOString().replace('.000Z', '+00:00');

/** A line of the report. @param user undefined: the root user */
async function lineOf(call: Call, uses: Uses, user: { name: string; arn: string; created: number } | undefined) {
  const { store } = call.kernel;
  const keys = await accessKeysFor(store, call.account, user?.name);
  const columns = await Promise.all(
    [0, 1].map(async (n) => {
      const key = keys[n];
      const use = key && (await uses.last(call.kernel, key.id));
      if (!key) return ['false', 'N/A', 'N/A', 'N/A', 'N/A'];
      const used = use ? [time(use.at), use.region, use.service] : ['N/A', 'N/A', 'N/A'];
      return [String(key.active), time(key.created), ...used];
    }),
  );
  const mfa = (await devicesOf(store, call.account, user?.name ?? '')).length > 0;
  // Nobody has a password here; that of the root user is not told.
  const password = user
    ? ['false', 'N/A', 'N/A', 'N/A']
    : ['not_supported', 'no_information', 'not_supported', 'not_supported'];
  const who = user ? [user.name, user.arn, time(user.created)] : ['<root_account>', arnIn(call, 'root'), time(0)];
  return [...who, ...password, String(mfa), ...columns.flat(), 'false', 'N/A', 'false', 'N/A'].join(',');
}

async function makeReport(call: Call, uses: Uses): Promise<string> {
  const lines = [COLUMNS.join(','), await lineOf(call, uses, undefined)];
  for await (const { value } of scanHolders(call.kernel.store, 'user', call.account)) {
    lines.push(await lineOf(call, uses, { name: value.name, arn: arnOf(call, 'user', value), created: value.created }));
  }
  return lines.join('\n');
}

export const reportHandlers = (uses: Uses) =>
  ({
    async GetAccessKeyLastUsed(call, { AccessKeyId: id = '' }) {
      const key = await readAccessKey(call.kernel.store, id);
      if (!key || key.account !== call.account) throw keyNotFound(id);
      const use = await uses.last(call.kernel, id);
      return {
        UserName: key.user,
        AccessKeyLastUsed: {
          LastUsedDate: use && timeOf(use.at),
          ServiceName: use?.service ?? 'N/A',
          Region: use?.region ?? 'N/A',
        },
      };
    },

    async GenerateCredentialReport(call) {
      const { store } = call.kernel;
      const kept = await readReport(store, call.account);
      if (kept && call.now - kept.at < GOOD_MS) return { State: 'COMPLETE' as const };
      const text = await makeReport(call, uses);
      await store.write(async (tx) => writeReport(tx, call.account, { at: call.now, text }));
      return {
        State: 'STARTED' as const,
        Description: 'No report exists. Starting a new report generation task',
      };
    },

    async GetCredentialReport(call) {
      const kept = await readReport(call.kernel.store, call.account);
      if (!kept) throw reportAbsent();
      if (call.now - kept.at >= GOOD_MS) throw reportExpired();
      return { Content: Buffer.from(kept.text), ReportFormat: 'text/csv' as const, GeneratedTime: timeOf(kept.at) };
    },
  }) satisfies Handlers<typeof Iam>;
