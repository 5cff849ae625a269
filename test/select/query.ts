/** Queries over text, as tables want them: what comes out, or the code of what is refused. */
import { isAwsError } from '../../runtime/base/errors';
import type { Content, CsvInput, InputFormat, OutputFormat } from '../../runtime/engine/select/formats';
import { parseQuery } from '../../runtime/engine/select/parser';
import { runQuery, type Selection } from '../../runtime/engine/select/run';

export const csv = (options: Partial<CsvInput> = {}): CsvInput => ({
  kind: 'csv',
  header: 'NONE',
  fieldDelimiter: ',',
  quote: '"',
  escape: '"',
  comments: '#',
  quotedRecordDelimiters: false,
  ...options,
});

export const toCsv: OutputFormat = {
  kind: 'csv',
  quoteAlways: false,
  recordDelimiter: '\n',
  fieldDelimiter: ',',
  quote: '"',
  escape: '"',
};
export const toJson: OutputFormat = { kind: 'json', recordDelimiter: '\n' };
export const document: InputFormat = { kind: 'json', type: 'DOCUMENT' };

/** @param pieceBytes how many bytes come at once */
export function contentOf(text: string | Uint8Array, pieceBytes = 7): Content {
  const bytes = Buffer.from(text as string);
  return {
    sizeBytes: bytes.length,
    async *read(start, end) {
      for (let at = start; at <= end; at += pieceBytes) yield bytes.subarray(at, Math.min(at + pieceBytes, end + 1));
    },
  };
}

export async function select(
  expression: string,
  text: string | Uint8Array | Content,
  options: Partial<Selection> = {},
): Promise<string> {
  try {
    const events = runQuery({
      query: parseQuery(expression),
      content: typeof text === 'object' && 'sizeBytes' in text ? text : contentOf(text),
      input: csv(),
      compression: 'NONE',
      output: toCsv,
      progress: false,
      now: Date.UTC(2026, 10, 27, 12, 30, 15, 123),
      ...options,
    });
    let out = '';
    for await (const event of events) if ('Records' in event) out += Buffer.from(event.Records.Payload).toString();
    return out;
  } catch (error) {
    if (isAwsError(error)) return error.code;
    throw error;
  }
}

/** The value of an expression, as CSV shows it. */
export async function evaluated(expression: string): Promise<string> {
  return (await select(`SELECT ${expression} FROM S3Object`, 'x\n')).replace(/\n$/, '');
}
