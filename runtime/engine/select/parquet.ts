/** Rows of Parquet objects, decoded by `hyparquet` on a thread of its own. Source: S3 user guide, "Data types", "Supported Parquet types". */
import { collect } from '../../base/bytes';
import { DecodingFailure, startDecoder } from './decoder';
import { selectError } from './errors';
import type { Content, Counters } from './formats';
import { pad, Timestamp } from './timestamp';
import { Decimal, MISSING, type Value } from './values';

/** Bytes of a column in a row group: no more than a row group may have. */
const MOST_BYTES_AT_ONCE = 256 * 1024 * 1024;

export interface Column {
  readonly name: string;
  readonly type: string;
  readonly scale: number;
  readonly repeated: boolean;
}

export interface ParquetReader {
  readonly columns: readonly Column[];
  /** @param wanted positions of columns; others are missing in the rows. @param start, end: of row groups, inclusive */
  rows(wanted: readonly number[], start: number, end: number): AsyncGenerator<Value[][]>;
  close(): Promise<unknown>;
}

/** @throws AwsError ParquetParsingError */
export async function openParquet(content: Content, counters: Counters): Promise<ParquetReader> {
  const decoder = await startDecoder('parquet', async (start, end) => {
    // What is read where is for the object to say, and it may say anything.
    if (!(start >= 0 && start <= end && end <= content.sizeBytes)) throw selectError('ParquetParsingError');
    if (end - start > MOST_BYTES_AT_ONCE) throw selectError('OverMaxParquetBlockSize');
    if (end === start) return new Uint8Array(0);
    counters.scanned += end - start;
    counters.processed += end - start;
    return collect(content.read(start, end - 1), end - start);
  });
  const ask = async (message: Parameters<typeof decoder.ask>[0]) => {
    try {
      return await decoder.ask(message);
    } catch (error) {
      throw error instanceof DecodingFailure ? selectError('ParquetParsingError') : error;
    }
  };
  let columns: readonly Column[];
  try {
    columns = (await ask({ kind: 'open', sizeBytes: content.sizeBytes })) as Column[];
  } catch (error) {
    await decoder.close();
    throw error;
  }
  return {
    columns,
    close: decoder.close,
    async *rows(wanted, start, end) {
      const names = wanted.map((position) => columns[position].name);
      await ask({ kind: 'read', names, start, end });
      for (;;) {
        const batch = (await ask({ kind: 'next' })) as unknown[][] | undefined;
        if (!batch) return;
        yield batch.map((stored) => {
          const row: Value[] = new Array(columns.length).fill(MISSING);
          for (const [i, position] of wanted.entries()) row[position] = columnValue(columns[position], stored[i]);
          return row;
        });
      }
    },
  };
}

/** "Selecting on a repeated field returns only the last value." */
function columnValue({ type, scale, repeated }: Column, stored: unknown): Value {
  const value = repeated && Array.isArray(stored) ? stored.at(-1) : stored;
  if (value === undefined || value === null) return null;
  if (type === 'DECIMAL') return decimalValue(value, scale);
  return FLOATS.includes(type) && typeof value === 'number' ? value : simpleValue(value);
}

const FLOATS = ['FLOAT', 'DOUBLE'];

function decimalValue(stored: unknown, scale: number): Value {
  let unscaled: bigint;
  if (stored instanceof Uint8Array) unscaled = BigInt.asIntN(stored.length * 8, BigInt(`0x${hex(stored) || '0'}`));
  else if (typeof stored === 'number' || typeof stored === 'bigint') unscaled = BigInt(stored);
  else throw selectError('UnsupportedParquetType');
  return new Decimal(`${unscaled}e-${scale}`);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** Whole numbers of 64 bits are decimals here, those of 32 bits and less are integers. */
function simpleValue(stored: unknown): Value {
  switch (typeof stored) {
    case 'string':
    case 'boolean':
      return stored;
    case 'bigint':
      return new Decimal(stored.toString());
    case 'number':
      return Number.isInteger(stored) ? BigInt(stored) : stored;
    case 'undefined':
      return null;
  }
  if (stored === null) return null;
  if (Array.isArray(stored)) return stored.map(simpleValue);
  if (stored instanceof Uint8Array) return Buffer.from(stored).toString('utf8');
  const fields = stored as { days?: number; moment?: bigint; digits?: number };
  if (typeof fields.days === 'number') return new Timestamp(fields.days * 86_400_000, 'day');
  if (typeof fields.moment === 'bigint') return momentOf(fields.moment, fields.digits!);
  return new Map(Object.entries(stored as object).map(([name, value]) => [name, simpleValue(value)]));
}

function momentOf(moment: bigint, digits: number): Timestamp {
  const unit = 10n ** BigInt(digits);
  const within = ((moment % unit) + unit) % unit;
  const fraction = within === 0n ? '' : pad(Number(within), digits);
  return new Timestamp(Number((moment - within) / unit) * 1000, 'second', fraction, 0);
}
