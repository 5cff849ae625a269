/**
 * Schedules as EventBridge writes them: `rate(5 minutes)` and `cron(0 12 * * ? *)`, in UTC. Source: EventBridge user
 * guide, "Setting a schedule pattern for scheduled rules".
 */

export interface Schedule {
  /**
   * The first time after `after`, virtual milliseconds; undefined when there is none.
   * @param since when the schedule was set: rates count from there
   */
  next(after: number, since: number): number | undefined;
}

const UNITS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const DAY_MS = UNITS.day;

/** @returns undefined when it is no schedule */
export function readSchedule(text: string): Schedule | undefined {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(text);
  if (rate) {
    const count = Number(rate[1]);
    // One is singular, others are plural.
    if (count < 1 || (count === 1) !== (rate[3] === '')) return undefined;
    const period = count * UNITS[rate[2]];
    return { next: (after, since) => since + (Math.floor(Math.max(after - since, 0) / period) + 1) * period };
  }
  const cron = /^cron\((.+)\)$/.exec(text);
  return cron ? readCron(cron[1].trim().split(/\s+/)) : undefined;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const DAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const FIRST_YEAR = 1970;
const LAST_YEAR = 2199;

type Days = (year: number, month: number, day: number) => boolean;

function readCron(fields: readonly string[]): Schedule | undefined {
  if (fields.length !== 6) return undefined;
  const [minute, hour, dayOfMonth, month, dayOfWeek, year] = fields;
  // Days are told in one of the two ways.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;
  const minutes = readField(minute, 0, 59);
  const hours = readField(hour, 0, 23);
  const months = readField(month, 1, 12, MONTHS);
  const years = readField(year, FIRST_YEAR, LAST_YEAR);
  const days = dayOfWeek === '?' ? readDaysOfMonth(dayOfMonth) : readDaysOfWeek(dayOfWeek);
  if (!minutes || !hours || !months || !years || !days) return undefined;
  const fits: Days = (y, m, d) => years.has(y) && months.has(m) && days(y, m, d);
  return { next: (after) => nextTime(after, fits, [...hours].sort(byNumber), [...minutes].sort(byNumber)) };
}

const byNumber = (a: number, b: number) => a - b;

function nextTime(after: number, fits: Days, hours: readonly number[], minutes: readonly number[]): number | undefined {
  for (let midnight = Math.floor(after / DAY_MS) * DAY_MS; ; midnight += DAY_MS) {
    const date = new Date(midnight);
    const year = date.getUTCFullYear();
    if (year > LAST_YEAR) return undefined;
    if (!fits(year, date.getUTCMonth() + 1, date.getUTCDate())) continue;
    for (const hour of hours) {
      for (const minute of minutes) {
        const at = midnight + hour * UNITS.hour + minute * UNITS.minute;
        if (at > after) return at;
      }
    }
  }
}

/** `*`, `1,3`, `1-5`, `0/15`, `1-5/2`, names. */
function readField(text: string, least: number, most: number, names: readonly string[] = []): Set<number> | undefined {
  const found = new Set<number>();
  const numberOf = (word: string) => {
    const named = names.indexOf(word.toUpperCase());
    return named >= 0 ? named + least : /^\d+$/.test(word) ? Number(word) : Number.NaN;
  };
  for (const part of text.split(',')) {
    const [range, step, more] = part.split('/');
    const [first, last, extra] = range === '*' ? [String(least), String(most)] : range.split('-');
    const from = numberOf(first);
    const to = last !== undefined ? numberOf(last) : step !== undefined ? most : from;
    const by = step === undefined ? 1 : Number(step);
    if (more !== undefined || extra !== undefined || !(by >= 1) || !(from >= least) || !(to <= most) || from > to)
      return undefined;
    for (let value = from; value <= to; value += by) found.add(value);
  }
  return found;
}

const lengthOf = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();
/** 1 is Sunday. */
const weekdayOf = (year: number, month: number, day: number) =>
  new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;

/** Beyond a field: `L` is the last day, `15W` the weekday nearest to the fifteenth. */
function readDaysOfMonth(text: string): Days | undefined {
  if (text === 'L') return (year, month, day) => day === lengthOf(year, month);
  const nearest = /^(\d{1,2})W$/.exec(text);
  if (nearest) return (year, month, day) => day === nearestWeekday(year, month, Number(nearest[1]));
  const days = readField(text, 1, 31);
  return days && ((_, __, day) => days.has(day));
}

function nearestWeekday(year: number, month: number, wanted: number): number | undefined {
  const last = lengthOf(year, month);
  if (wanted > last) return undefined;
  const weekday = weekdayOf(year, month, wanted);
  if (weekday === 7) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (weekday === 1) return wanted < last ? wanted + 1 : wanted - 2;
  return wanted;
}

/** Beyond a field: `6L` is the last Friday, `2#1` the first Monday. */
function readDaysOfWeek(text: string): Days | undefined {
  const numbered = text.replace(/[A-Za-z]{3}/g, (name) => String(DAYS.indexOf(name.toUpperCase()) + 1));
  const last = /^([1-7])L$/.exec(numbered);
  if (last)
    return (year, month, day) => weekdayOf(year, month, day) === Number(last[1]) && day + 7 > lengthOf(year, month);
  const nth = /^([1-7])#([1-5])$/.exec(numbered);
  if (nth)
    return (year, month, day) =>
      weekdayOf(year, month, day) === Number(nth[1]) && Math.ceil(day / 7) === Number(nth[2]);
  const days = numbered === 'L' ? new Set([7]) : readField(numbered, 1, 7);
  return days && ((year, month, day) => days.has(weekdayOf(year, month, day)));
}
