/** How an object's bytes are to be read, and how records go out. Members and defaults: S3 API reference, "CSVInput", "JSONInput", "CSVOutput", "JSONOutput". */

export interface CsvInput {
  readonly kind: 'csv';
  readonly header: 'NONE' | 'USE' | 'IGNORE';
  /** Undefined: a line feed, with or without a carriage return before it. */
  readonly recordDelimiter?: string;
  readonly fieldDelimiter: string;
  /** Null: nothing quotes. */
  readonly quote: string | null;
  readonly escape: string | null;
  /** Null: no line is a comment. */
  readonly comments: string | null;
  readonly quotedRecordDelimiters: boolean;
}

export interface JsonInput {
  readonly kind: 'json';
  readonly type: 'DOCUMENT' | 'LINES';
}

export interface ParquetInput {
  readonly kind: 'parquet';
}

export type InputFormat = CsvInput | JsonInput | ParquetInput;

export type Compression = 'NONE' | 'GZIP' | 'BZIP2';

export type OutputFormat =
  | {
      readonly kind: 'csv';
      readonly quoteAlways: boolean;
      readonly recordDelimiter: string;
      readonly fieldDelimiter: string;
      readonly quote: string;
      readonly escape: string;
    }
  | { readonly kind: 'json'; readonly recordDelimiter: string };

/** Characters of a record, read or written. Source: S3 user guide, "Filtering and retrieving data using Amazon S3 Select". */
export const LONGEST_RECORD = 1024 * 1024;

/** An object, any part of which can be read. */
export interface Content {
  readonly sizeBytes: number;
  /** @param end inclusive */
  read(start: number, end: number): AsyncIterable<Uint8Array>;
}

/** What was read so far, in bytes. */
export interface Counters {
  /** Of the object. */
  scanned: number;
  /** After decompression. */
  processed: number;
}
