/** What listings have in common on the wire: how many at once, and how keys are encoded. */
import type { Call } from '../../kernel/call';
import { disputed } from './disputed';
import { invalidArgument } from './errors';

const LARGEST_PAGE = 1000;
const INT32 = 2 ** 31 - 1;

/** @throws AwsError InvalidArgument on a negative size; S3 gives fewer than asked when more than 1,000 are */
export function pageSize(asked: number | undefined, name: string): number {
  if (asked === undefined) return LARGEST_PAGE;
  if (asked < 0 || asked > INT32)
    throw invalidArgument(`Argument ${name} must be an integer between 0 and ${INT32}`, name, asked);
  return Math.min(asked, LARGEST_PAGE);
}

/** A moment as S3 tells it of buckets, objects and uploads: of seconds it knows no parts. */
export function wholeSecond(at: number): Date {
  return new Date(Math.floor(at / 1000) * 1000);
}

export type Encoder = (text: string) => string;

/** `encoding-type=url`: so that keys with characters that XML lacks survive. @throws AwsError InvalidArgument */
export function encodeKeys(type: string | undefined, { kernel }: Call): Encoder {
  if (type === undefined) return (text) => text;
  if (type !== 'url') throw invalidArgument('Invalid Encoding Method specified in Request', 'encoding-type', type);
  const { space } = disputed(kernel);
  return space === '+' ? urlEncode : (text) => urlEncode(text).replaceAll('+', space);
}

/** Percent-encoding as S3 does it in listings and events: a space is a plus, a slash stays. */
export function urlEncode(text: string): string {
  return encodeURIComponent(text).replace(/%20|%2F|[!'()~]/g, (part) => REPLACED[part]);
}

const REPLACED: Readonly<Record<string, string>> = {
  '%20': '+',
  '%2F': '/',
  '!': '%21',
  "'": '%27',
  '(': '%28',
  ')': '%29',
  '~': '%7E',
};
