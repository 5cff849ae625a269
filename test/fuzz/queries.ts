/** SQL over objects: any expression is a query or refused by name, and how an object is cut does not matter. */
import fc from 'fast-check';
import type { InputFormat } from '../../runtime/engine/select/formats';
import { parseQuery } from '../../runtime/engine/select/parser';
import { runQuery } from '../../runtime/engine/select/run';
import { chunkSizes, inChunks, nearly } from './mutations';
import { refusal, type Target } from './target';

const CSV = 'name,age,note\nAnn,31,"a, ""b"""\n# nobody\nBob,7,\r\n"C",é\n';
const JSON_LINES = '{"a":{"b":[1,2.5,-3e2]},"c":"x\\u00e9\\n"}\n{"a":null,"A":true}\n[1,[],{}] "text" 7\n';

const csv: InputFormat = {
  kind: 'csv',
  header: 'NONE',
  fieldDelimiter: ',',
  quote: '"',
  escape: '"',
  comments: '#',
  quotedRecordDelimiters: true,
};
const json: InputFormat = { kind: 'json', type: 'DOCUMENT' };

const EXPRESSIONS = [
  "SELECT s._1, CAST(s._2 AS INT) + 1 AS n FROM S3Object s WHERE s._3 LIKE '%\\_' ESCAPE '\\' LIMIT 5",
  "SELECT COUNT(*), MAX(CAST(a.b[0] AS FLOAT)) FROM S3Object[*].a x WHERE x.b[1] IN (1, 2.5, 'c') OR NOT x IS MISSING",
  "SELECT CASE WHEN _1 = 'a' THEN NULLIF(_2, '') ELSE COALESCE(NULL, TRIM(BOTH 'x' FROM _3)) END || 'y' FROM S3Object;",
  "SELECT DATE_ADD(day, -1, `2017-01-10T`), TO_STRING(UTCNOW(), 'y-MM-dd''T''H:m:ssX') FROM S3Object -- end",
  'SELECT s."c", SUBSTRING(s.c FROM 2 FOR 3), EXTRACT(YEAR FROM TO_TIMESTAMP(s.c)) FROM S3Object s /* all */',
  'SELECT * FROM S3Object[*].*[*] WHERE -1.5e3 % 7 BETWEEN 1 AND +2',
];

/** What comes out, or that it is refused. */
async function answer(
  expression: string,
  input: InputFormat,
  bytes: Uint8Array,
  cut: readonly number[],
): Promise<string> {
  try {
    const events = runQuery({
      query: parseQuery(expression),
      content: { sizeBytes: bytes.length, read: () => inChunks(bytes, cut) },
      input,
      compression: 'NONE',
      output: { kind: 'json', recordDelimiter: '\n' },
      progress: false,
      now: 0,
    });
    let out = '';
    for await (const event of events) if ('Records' in event) out += Buffer.from(event.Records.Payload).toString();
    return out;
  } catch (error) {
    refusal(error);
    return 'refused';
  }
}

const cutDifferently = (seed: string, input: InputFormat, expression: string) =>
  fc.asyncProperty(nearly(seed), chunkSizes, fc.array(fc.nat(7), { maxLength: 60 }), async (bytes, large, small) => {
    const whole = await answer(expression, input, bytes, []);
    for (const cut of [large, small]) {
      const pieces = await answer(expression, input, bytes, cut);
      if (whole !== pieces) throw new Error(`whole: ${whole}; in pieces: ${pieces}`);
    }
  });

export const queries: readonly Target[] = [
  {
    name: 'query-changed',
    property: fc.asyncProperty(nearly(...EXPRESSIONS), async (expression) => {
      await answer(expression.toString('utf8'), csv, Buffer.from(CSV), []);
      for (const line of (await answer(expression.toString('utf8'), json, Buffer.from(JSON_LINES), [])).split('\n'))
        if (line !== '' && line !== 'refused') JSON.parse(line);
    }),
  },
  { name: 'query-csv-cut', property: cutDifferently(CSV, csv, 'SELECT * FROM S3Object') },
  { name: 'query-json-cut', property: cutDifferently(JSON_LINES, json, 'SELECT * FROM S3Object[*]') },
  { name: 'query-path-cut', property: cutDifferently(JSON_LINES, json, 'SELECT * FROM S3Object[*].a.b[*]') },
];
