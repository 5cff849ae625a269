/** CSV into rows, by `csv-parse`; S3's own limits and refusals around it. Source: S3 API reference, "CSVInput". */
import { CsvError, type InfoRecord, type Options, parse } from 'csv-parse';
import { isAwsError } from '../../base/errors';
import { selectError } from './errors';
import { type CsvInput, LONGEST_RECORD } from './formats';

/** Where the request names no delimiter. */
const LINE_ENDS = ['\r\n', '\n'];

export interface CsvReader {
  /** @returns the rows that end within these bytes. @throws AwsError */
  write(bytes: Uint8Array): Promise<string[][]>;
  end(): Promise<string[][]>;
  /** A row began behind the end of what was asked for. */
  readonly ended: boolean;
}

/** @param endAt rows that begin behind this byte are left out */
export function openCsv(format: CsvInput, endAt = Number.POSITIVE_INFINITY): CsvReader {
  let rows: string[][] = [];
  let startOfRow = 0;
  let ended = false;
  let failure: Error | undefined;
  let quotes = false;
  const ends = format.recordDelimiter === undefined ? LINE_ENDS : [format.recordDelimiter];
  const holdsEnd = (value: string) => ends.some((end) => value.includes(end));

  const options: Options = {
    bom: true,
    delimiter: format.fieldDelimiter,
    record_delimiter: ends,
    quote: format.quote,
    escape: format.escape,
    comment: format.comments,
    comment_no_infix: true,
    relax_column_count: true,
    relax_quotes: true,
    skip_empty_lines: true,
    max_record_size: LONGEST_RECORD,
    on_record(row: string[], { bytes }: InfoRecord) {
      if (startOfRow > endAt) ended = true;
      startOfRow = bytes;
      if (ended) return null;
      if (quotes && !format.quotedRecordDelimiters && row.some(holdsEnd))
        throw selectError('CSVEscapingRecordDelimiter');
      rows.push(row);
      return null;
    },
  };
  const parser = parse(options);
  parser.on('error', (error) => {
    failure ??= error;
  });
  parser.resume();
  const taken = (error: Error | null | undefined): string[][] => {
    const broken = failure ?? error;
    if (broken) throw asSelectError(broken);
    const all = rows;
    rows = [];
    return all;
  };
  return {
    get ended() {
      return ended;
    },
    write(bytes) {
      quotes ||=
        format.quote !== null && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(format.quote);
      return new Promise((resolve, reject) => {
        parser.write(bytes, (error) => settle(() => taken(error), resolve, reject));
      });
    },
    end() {
      return new Promise((resolve, reject) => {
        const done = (error?: Error | null) => settle(() => taken(error), resolve, reject);
        parser.once('end', () => done());
        parser.once('error', done);
        parser.end();
      });
    },
  };
}

function settle<T>(take: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
  try {
    resolve(take());
  } catch (error) {
    reject(error);
  }
}

function asSelectError(error: Error): Error {
  if (isAwsError(error) || !(error instanceof CsvError)) return error;
  if (error.code === 'CSV_MAX_RECORD_SIZE') return selectError('OverMaxRecordSize');
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') return selectError('CSVUnescapedQuote');
  return selectError('CSVParsingError');
}
