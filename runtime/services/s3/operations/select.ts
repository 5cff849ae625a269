/**
 * SelectObjectContent. The query itself is `engine/select`'s; here is which object, in which form, and for whom. Source:
 * S3 API reference, "SelectObjectContent".
 */

import { invalidMember, invalidParameter, missingParameter, selectError } from '../../../engine/select/errors';
import type { Compression, Content, InputFormat, OutputFormat } from '../../../engine/select/formats';
import type { SelectEvent } from '../../../engine/select/run';
import type { ScanRange } from '../../../engine/select/source';
import type { Call } from '../../../kernel/call';
import { readingKeyOf } from '../customerkeys';
import { checkCustomerKey, unseal } from '../encryption';
import { accessDenied, operationAborted } from '../errors';
import type { In, Out } from '../model';
import { openBody, whileReplaced } from '../reading';
import { requireReadable } from '../restores';
import type { DataKey } from '../state/layers';
import type { StoredObject } from '../state/tables';
import { bucketOf, objectOf } from '../target';

type Input = In<'SelectObjectContent'>;

/** Loaded with the first query: its parsers are of no use to anything else. */
const parser = (): typeof import('../../../engine/select/parser') => require('../../../engine/select/parser');
const runner = (): typeof import('../../../engine/select/run') => require('../../../engine/select/run');

export async function SelectObjectContent(call: Call, input: Input): Promise<Out<'SelectObjectContent'>> {
  // "Amazon S3 Select does not support anonymous access."
  if (call.principal.kind === 'anonymous') throw accessDenied();
  const form = formOf(input);
  const query = parser().parseQuery(input.Expression!);
  const customer = readingKeyOf(input);
  const bucket = await bucketOf(call, input);
  return whileReplaced(call, async () => {
    const object = await objectOf(call, input);
    checkStorageClass(object);
    requireReadable(object, call.now);
    checkCustomerKey(call, object.seal, customer);
    const events = runner().runQuery({
      ...form,
      query,
      content: contentOf(call, object, await unseal(call, bucket, input.Key!, object.seal, customer)),
      range: rangeOf(input, form, object.sizeBytes),
      progress: input.RequestProgress?.Enabled ?? false,
      now: call.now,
    });
    try {
      return { Payload: (await begun(events)) as Out<'SelectObjectContent'>['Payload'] };
    } catch (error) {
      if (error instanceof Gone) return undefined;
      throw error;
    }
  });
}

/** What goes wrong before there is anything to tell is an answer of its own, not the end of one. */
async function begun(events: AsyncGenerator<SelectEvent>): Promise<AsyncIterable<SelectEvent>> {
  let first: IteratorResult<SelectEvent> | undefined = await events.next();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const step = first ?? (await events.next());
        first = undefined;
        return step;
      },
      async return() {
        await events.return(undefined);
        return { done: true, value: undefined };
      },
    }),
  };
}

// ---- the object --------------------------------------------------------------------------------------------------------

const QUERYABLE = ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'];

/** "You cannot query objects in the S3 Glacier Flexible Retrieval, S3 Glacier Deep Archive, or RRS storage classes." */
function checkStorageClass({ storageClass = 'STANDARD' }: StoredObject): void {
  if (!QUERYABLE.includes(storageClass)) throw selectError('UnsupportedStorageClass');
}

/** The object was replaced before it was open. */
class Gone extends Error {}

/** The object's bytes. Nothing is open before somebody reads, and while nobody does. */
function contentOf(call: Call, object: StoredObject, dataKey: DataKey): Content {
  let opened = false;
  return {
    sizeBytes: object.sizeBytes,
    async *read(start, end) {
      if (object.sizeBytes === 0) return;
      const whole = start === 0 && end === object.sizeBytes - 1;
      const body = await openBody(call, object, dataKey, whole ? undefined : { start, end });
      if (!body) throw opened ? operationAborted() : new Gone();
      opened = true;
      yield* body instanceof Uint8Array ? once(body) : body;
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

// ---- the form ----------------------------------------------------------------------------------------------------------

interface Form {
  readonly input: InputFormat;
  readonly compression: Compression;
  readonly output: OutputFormat;
}

/** @throws AwsError by the names of "List of SELECT Object Content Error Codes" */
function formOf({ Expression, ExpressionType, InputSerialization: from, OutputSerialization: to }: Input): Form {
  if (!Expression) throw missingParameter('Expression');
  if (ExpressionType === undefined) throw missingParameter('ExpressionType');
  if (ExpressionType.toUpperCase() !== 'SQL')
    throw invalidMember('InvalidExpressionType', 'ExpressionType', ExpressionType);
  if (from === undefined) throw missingParameter('InputSerialization');
  if (to === undefined) throw missingParameter('OutputSerialization');
  const inputs = [from.CSV, from.JSON, from.Parquet].filter((one) => one !== undefined);
  const outputs = [to.CSV, to.JSON].filter((one) => one !== undefined);
  if (inputs.length > 1 || outputs.length > 1) throw selectError('ObjectSerializationConflict');
  if (inputs.length === 0) throw selectError('InvalidDataSource');
  if (outputs.length === 0) throw missingParameter('OutputSerialization');
  const compression = compressionOf(from.CompressionType);
  if (from.Parquet && compression !== 'NONE') throw selectError('InvalidCompressionFormat');
  return { input: inputOf(from), compression, output: outputOf(to) };
}

function compressionOf(asked = 'NONE'): Compression {
  const type = asked.toUpperCase();
  if (type !== 'NONE' && type !== 'GZIP' && type !== 'BZIP2') throw selectError('InvalidCompressionFormat');
  return type;
}

function inputOf({ CSV, JSON: json }: NonNullable<Input['InputSerialization']>): InputFormat {
  if (json) {
    if (json.Type === undefined) throw missingParameter('Type');
    const type = json.Type.toUpperCase();
    if (type !== 'DOCUMENT' && type !== 'LINES') throw invalidMember('InvalidJsonType', 'jsonType', json.Type);
    return { kind: 'json', type };
  }
  if (!CSV) return { kind: 'parquet' };
  const header = (CSV.FileHeaderInfo ?? 'NONE').toUpperCase();
  if (header !== 'NONE' && header !== 'USE' && header !== 'IGNORE')
    throw invalidMember('InvalidFileHeaderInfo', 'FileHeaderInfo', CSV.FileHeaderInfo!);
  return {
    kind: 'csv',
    header,
    recordDelimiter: CSV.RecordDelimiter === undefined ? undefined : delimiter('RecordDelimiter', CSV.RecordDelimiter),
    fieldDelimiter: delimiter('FieldDelimiter', CSV.FieldDelimiter ?? ','),
    quote: character('QuoteCharacter', CSV.QuoteCharacter ?? '"'),
    escape: character('QuoteEscapeCharacter', CSV.QuoteEscapeCharacter ?? CSV.QuoteCharacter ?? '"'),
    comments: character('Comments', CSV.Comments ?? '#'),
    quotedRecordDelimiters: CSV.AllowQuotedRecordDelimiter ?? false,
  };
}

function outputOf({ CSV, JSON: json }: NonNullable<Input['OutputSerialization']>): OutputFormat {
  if (json) return { kind: 'json', recordDelimiter: delimiter('RecordDelimiter', json.RecordDelimiter ?? '\n') };
  const fields = (CSV!.QuoteFields ?? 'ASNEEDED').toUpperCase();
  if (fields !== 'ASNEEDED' && fields !== 'ALWAYS')
    throw invalidMember('InvalidQuoteFields', 'QuoteFields', CSV!.QuoteFields!);
  return {
    kind: 'csv',
    quoteAlways: fields === 'ALWAYS',
    recordDelimiter: delimiter('RecordDelimiter', CSV!.RecordDelimiter ?? '\n'),
    fieldDelimiter: delimiter('FieldDelimiter', CSV!.FieldDelimiter ?? ','),
    quote: character('QuoteCharacter', CSV!.QuoteCharacter ?? '"') ?? '',
    escape: character('QuoteEscapeCharacter', CSV!.QuoteEscapeCharacter ?? CSV!.QuoteCharacter ?? '"') ?? '"',
  };
}

/** A character; two where they are a line's end. */
function delimiter(member: string, value: string): string {
  if ([...value].length !== 1 && value !== '\r\n') throw invalidParameter(member, value.slice(0, 64));
  return value;
}

/** A character, or none. */
function character(member: string, value: string): string | null {
  if (value === '') return null;
  if ([...value].length !== 1) throw invalidParameter(member, value.slice(0, 64));
  return value;
}

/**
 * "`<end>50</end>` - scan only the last 50 bytes." Scan ranges are for Parquet, for CSV without quoted delimiters, and for
 * JSON in LINES mode, all of them not compressed as a whole.
 */
function rangeOf({ ScanRange: asked }: Input, { input, compression }: Form, sizeBytes: number): ScanRange | undefined {
  if (!asked) return undefined;
  const { Start: start, End: end } = asked;
  if (start === undefined && end === undefined) throw selectError('InvalidScanRange');
  if ((start ?? 0) < 0 || (end ?? 0) < 0 || (start !== undefined && end !== undefined && start > end))
    throw selectError('InvalidScanRange');
  if (start !== undefined && start >= sizeBytes) throw selectError('InvalidScanRange');
  if (
    compression !== 'NONE' ||
    (input.kind === 'json' && input.type !== 'LINES') ||
    (input.kind === 'csv' && input.quotedRecordDelimiters)
  )
    throw selectError('UnsupportedScanRangeInput');
  if (start === undefined) return { start: Math.max(sizeBytes - end!, 0), end: sizeBytes - 1 };
  return { start, end: Math.min(end ?? sizeBytes - 1, sizeBytes - 1) };
}
