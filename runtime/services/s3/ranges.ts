/** `Range` headers as S3 reads them: one range of bytes; several, or anything else, and the whole object comes. */
import { invalidRange } from './errors';

export interface Span {
  /** First and last byte, both inclusive. */
  readonly start: number;
  readonly end: number;
}

/** @throws AwsError InvalidRange when the range lies beyond the end */
export function spanOf(range: string | undefined, sizeBytes: number): Span | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range?.trim() ?? '');
  if (!range || !match || (match[1] === '' && match[2] === '')) return undefined;
  const [, first, last] = match;
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes);
    if (length === 0) throw invalidRange(range, sizeBytes);
    return { start: sizeBytes - length, end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1);
  if (last !== '' && Number(last) < start) return undefined;
  if (start >= sizeBytes) throw invalidRange(range, sizeBytes);
  return { start, end };
}

export function contentRange({ start, end }: Span, sizeBytes: number): string {
  return `bytes ${start}-${end}/${sizeBytes}`;
}
