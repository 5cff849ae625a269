/** Schedules of rules: the examples of EventBridge's user guide, and what is none. */
import { readSchedule } from '../../runtime/engine/schedule';

const from = Date.parse('2026-02-27T10:07:30Z'); // a Friday

test.each([
  ['rate(5 minutes)', '2026-02-27T10:12:30'],
  ['rate(1 hour)', '2026-02-27T11:07:30'],
  ['cron(0 10 * * ? *)', '2026-02-28T10:00:00'],
  ['cron(15 12 * * ? *)', '2026-02-27T12:15:00'],
  ['cron(0 18 ? * MON-FRI *)', '2026-02-27T18:00:00'],
  ['cron(0 8 1 * ? *)', '2026-03-01T08:00:00'],
  ['cron(0/15 * * * ? *)', '2026-02-27T10:15:00'],
  ['cron(0/10 * ? * MON-FRI *)', '2026-02-27T10:10:00'],
  ['cron(0/30 20-2 ? * MON-FRI *)', undefined],
  ['cron(0/5 8-17 ? * MON-FRI *)', '2026-02-27T10:10:00'],
  ['cron(0 9 ? * 2#1 *)', '2026-03-02T09:00:00'],
  ['cron(0 0 ? * 6L *)', '2026-03-27T00:00:00'],
  ['cron(0 12 L * ? *)', '2026-02-28T12:00:00'],
  ['cron(0 12 1W 3 ? *)', '2026-03-02T12:00:00'],
  ['cron(0 0 29 2 ? *)', '2028-02-29T00:00:00'],
  ['cron(0 12 1 1 ? 2027)', '2027-01-01T12:00:00'],
  ['cron(0 12 1 1 ? 2020)', 'never'],
])('%s', (text, wanted) => {
  const schedule = readSchedule(text);
  const next = schedule?.next(from, from);
  expect(schedule && (next === undefined ? 'never' : new Date(next).toISOString().slice(0, 19))).toBe(wanted);
});

test.each([
  'rate(1 minutes)',
  'rate(5 minute)',
  'rate(0 minutes)',
  'cron(0 10 * * * *)',
  'cron(0 10 ? * ? *)',
  'cron(60 1 * * ? *)',
  'cron(0 1 * * ?)',
  'daily',
])('%s is none', (text) => expect(readSchedule(text)).toBeUndefined());
