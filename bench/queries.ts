/**
 * SelectObjectContent: how fast each format is scanned, and for how long at most anybody else waits. In process, so that
 * the longest wait is that of the runtime's own event loop.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import {
  CreateBucketCommand,
  type InputSerialization,
  PutObjectCommand,
  S3Client,
  SelectObjectContentCommand,
} from '@aws-sdk/client-s3';
import { startCoffer } from '@coffer/runtime';
import { mebibytes, type Row } from './rows';

const ROWS = 500_000;

interface Query {
  readonly name: string;
  readonly body: Uint8Array;
  readonly input: InputSerialization;
  readonly expression: string;
}

export async function queries(): Promise<Row[]> {
  const csv = Buffer.from('1,23,456,7890,some text,2026-11-27\n'.repeat(ROWS));
  const json = Buffer.from('{"a":1,"b":"some text","c":{"d":[1,2,3.5]},"e":true}\n'.repeat(ROWS));
  const sum = 'SELECT SUM(CAST(_1 AS INT)) FROM S3Object';
  const all: Query[] = [
    { name: 'CSV, a sum', body: csv, input: { CSV: {} }, expression: sum },
    { name: 'CSV, every row', body: csv, input: { CSV: {} }, expression: 'SELECT * FROM S3Object' },
    { name: 'CSV in gzip, a sum', body: gzipSync(csv), input: { CSV: {}, CompressionType: 'GZIP' }, expression: sum },
    {
      name: 'JSON lines, a sum',
      body: json,
      input: { JSON: { Type: 'LINES' } },
      expression: 'SELECT SUM(s.a) FROM S3Object s',
    },
  ];
  const coffer = await startCoffer();
  const client = coffer.client(S3Client);
  try {
    await client.send(new CreateBucketCommand({ Bucket: 'bench' }));
    const rows: Row[] = [];
    for (const query of all) rows.push(await measured(client, query));
    return rows;
  } finally {
    await coffer.close();
  }
}

async function measured(client: S3Client, { name, body, input, expression }: Query): Promise<Row> {
  await client.send(new PutObjectCommand({ Bucket: 'bench', Key: name, Body: body }));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const from = performance.now();
  const { Payload } = await client.send(
    new SelectObjectContentCommand({
      Bucket: 'bench',
      Key: name,
      ExpressionType: 'SQL',
      Expression: expression,
      InputSerialization: input,
      OutputSerialization: { CSV: {} },
    }),
  );
  let processed = 0;
  for await (const { Stats } of Payload!) processed += Stats?.Details?.BytesProcessed ?? 0;
  const seconds = (performance.now() - from) / 1000;
  delay.disable();
  const longest = (delay.max / 1e6).toFixed(0);
  return {
    name: `query of ${name}`,
    value: `${mebibytes(processed / seconds)}/s; longest wait ${longest} ms`,
    target: '< 50 ms',
  };
}
