/** An object as rows in batches, with what names stand for in them. */
import { type Binding, bindColumns, bindValues } from './binding';
import { decompressed } from './compression';
import { type CsvReader, openCsv } from './csv';
import { selectError } from './errors';
import type { Compression, Content, Counters, CsvInput, InputFormat } from './formats';
import { JsonReader } from './json';
import { openParquet } from './parquet';
import type { Query } from './syntax';
import { pieces, utf8 } from './text';
import type { Value } from './values';

// biome-ignore lint/suspicious/noExplicitAny: rows are opaque to all but their own binding
type AnyRow = any;

export interface Source {
  readonly binding: Binding<AnyRow>;
  /** Asked once, when the query has been compiled. */
  batches(): AsyncIterable<readonly AnyRow[]>;
  close?(): Promise<unknown>;
}

/** Records whose first byte lies in it, both ends inclusive. */
export interface ScanRange {
  readonly start: number;
  readonly end: number;
}

export interface SourceOptions {
  readonly content: Content;
  readonly format: InputFormat;
  readonly compression: Compression;
  readonly range?: ScanRange;
  readonly counters: Counters;
  readonly query: Query;
}

/** @throws AwsError of what is wrong with the object's head */
export async function openSource(options: SourceOptions): Promise<Source> {
  const { format, query } = options;
  if (format.kind !== 'json' && query.path.length > 0)
    throw selectError('UnsupportedSyntax', 'A path in FROM is for JSON only.');
  switch (format.kind) {
    case 'csv':
      return csvSource(options, format);
    case 'json':
      return jsonSource(options);
    case 'parquet':
      return parquetSource(options);
  }
}

const LINE_FEED = Buffer.from('\n');

/** The object's bytes as a parser takes them; of a scan range, those behind the first record delimiter in it. */
function textOfObject({ content, compression, range, counters }: SourceOptions, delimiter: Buffer) {
  const start = range ? Math.max(range.start - delimiter.length, 0) : 0;
  const skips = range !== undefined && range.start > 0;
  const counted = (async function* () {
    if (content.sizeBytes <= start) return;
    for await (const bytes of pieces(content.read(start, content.sizeBytes - 1))) {
      counters.scanned += bytes.length;
      yield bytes;
    }
  })();
  const plain = pieces(decompressed(counted, compression));
  return utf8(skips ? behindFirst(plain, delimiter, (skipped) => (counters.processed += skipped)) : plain, counters);
}

/** @param onSkipped told how many bytes came before what is left */
async function* behindFirst(
  stream: AsyncIterable<Uint8Array>,
  delimiter: Buffer,
  onSkipped: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  let found = false;
  let held = Buffer.alloc(0);
  for await (const piece of stream) {
    if (found) {
      yield piece;
      continue;
    }
    const all = Buffer.concat([held, piece]);
    const at = all.indexOf(delimiter);
    found = at >= 0;
    const kept = found ? at + delimiter.length : Math.max(all.length - delimiter.length + 1, 0);
    onSkipped(kept);
    held = all.subarray(kept);
    if (found && held.length > 0) yield held;
  }
}

/** Where the last byte of a range lies in what is left of the object behind its first delimiter. */
const endWithin = ({ range, counters }: SourceOptions, base: number) =>
  range ? range.end - base - counters.processed : Number.POSITIVE_INFINITY;

// ---- CSV -----------------------------------------------------------------------------------------------------------------

async function csvSource(options: SourceOptions, format: CsvInput): Promise<Source> {
  const { query, range } = options;
  const delimiter = format.recordDelimiter === undefined ? LINE_FEED : Buffer.from(format.recordDelimiter);
  const inMiddle = range !== undefined && range.start > 0;
  const withHeader = format.header !== 'NONE';
  let names: string[] | undefined;
  if (inMiddle && format.header === 'USE') names = await headerOf(options, format);
  const batches = csvBatches(options, format, delimiter)[Symbol.asyncIterator]();
  let first: string[][] = [];
  if (withHeader && !inMiddle) {
    const step = await batches.next();
    const [header, ...rest] = step.done ? [] : step.value;
    if (format.header === 'USE') names = header ?? [];
    first = rest;
  }
  return {
    binding: bindColumns(names, query.alias, names ? 'MissingHeaders' : 'InvalidColumnIndex'),
    async *batches() {
      yield first;
      yield* { [Symbol.asyncIterator]: () => batches };
    },
    close: async () => batches.return?.(undefined),
  };
}

/** The names in an object's first record, for a range that does not hold it. */
async function headerOf(options: SourceOptions, format: CsvInput): Promise<string[] | undefined> {
  const counters = { scanned: 0, processed: 0 };
  for await (const batch of csvBatches({ ...options, range: undefined, counters }, format, LINE_FEED)) return batch[0];
  return undefined;
}

/** Batches that are not empty. */
async function* csvBatches(options: SourceOptions, format: CsvInput, delimiter: Buffer): AsyncGenerator<string[][]> {
  const { range } = options;
  const base = range ? Math.max(range.start - delimiter.length, 0) : 0;
  let reader: CsvReader | undefined;
  for await (const bytes of textOfObject(options, delimiter)) {
    reader ??= openCsv(format, endWithin(options, base) + bytes.length);
    const rows = await reader.write(bytes);
    if (rows.length > 0) yield rows;
    if (reader.ended) return;
  }
  const rows = (await reader?.end()) ?? [];
  if (rows.length > 0) yield rows;
}

// ---- JSON ----------------------------------------------------------------------------------------------------------------

/** Lines or documents: values follow each other either way. */
function jsonSource(options: SourceOptions): Source {
  const { query, range } = options;
  const base = range ? Math.max(range.start - LINE_FEED.length, 0) : 0;
  return {
    binding: bindValues(query.alias),
    async *batches(): AsyncGenerator<Value[]> {
      let reader: JsonReader | undefined;
      for await (const bytes of textOfObject(options, LINE_FEED)) {
        reader ??= new JsonReader(query.path, endWithin(options, base) + bytes.length);
        yield reader.write(bytes);
        if (reader.ended) return;
      }
      yield reader?.end() ?? [];
    },
  };
}

// ---- Parquet -------------------------------------------------------------------------------------------------------------

async function parquetSource({ content, query, range, counters }: SourceOptions): Promise<Source> {
  const reader = await openParquet(content, counters);
  const names = reader.columns.map(({ name }) => name);
  const wanted = new Set<number>();
  const binding = bindColumns<Value[]>(names, query.alias, 'EvaluatorBindingDoesNotExist', (column) => {
    if (column === undefined) for (const position of names.keys()) wanted.add(position);
    else if (column < names.length) wanted.add(column);
  });
  if (!query.projections) for (const position of names.keys()) wanted.add(position);
  return {
    binding,
    batches: () => reader.rows([...wanted], range?.start ?? 0, range?.end ?? Number.MAX_SAFE_INTEGER),
    close: reader.close,
  };
}
