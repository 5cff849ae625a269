/** Parquet, as pyarrow writes it: types, compression within, row groups. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf, select, toJson } from './query';

const file = (name: string) => readFileSync(join(__dirname, 'parquet', `${name}.parquet`));
const asked = { input: { kind: 'parquet' }, output: toJson } as const;

test.each(['snappy', 'gzip'])('%s: every type comes as what it is', async (codec) => {
  const out = await select('SELECT * FROM S3Object LIMIT 2', file(codec), asked);
  expect(out.split('\n')).toEqual([
    '{"id":0,"big":9007199254740993,"name":"n0","price":12345678901234567890.12,"ratio":0,"ok":true,' +
      '"day":"2026-11-27","at":"2024-11-27T12:30:45.123456Z","tags":[],"place":{"city":"x","zip":0}}',
    '{"id":1,"big":9007199254740994,"name":null,"price":12345678901234567891.12,"ratio":0.5,"ok":false,' +
      '"day":"2026-11-27","at":"2024-11-27T12:30:45.123457Z","tags":["a"],"place":{"city":"x","zip":1}}',
    '',
  ]);
});

test.each([
  ['SELECT s.NAME, s.tags[1] FROM S3Object s WHERE s.id = 2', '{"NAME":"n2","_2":"b"}\n'],
  ['SELECT p.place.zip FROM S3Object p WHERE p.name IS NULL', '{"zip":1}\n'],
  [
    `SELECT COUNT(*), SUM(price) FROM S3Object WHERE "at" > CAST('2024-11-27T12:30:45.123456Z' AS TIMESTAMP)`,
    '{"_1":2,"_2":24691357802469135783.24}\n',
  ],
  ['SELECT id FROM S3Object WHERE EXTRACT(DAY FROM "day") = 27 AND ok LIMIT 1', '{"id":0}\n'],
  ['SELECT COUNT(*) FROM S3Object', '{"_1":3}\n'],
  ['SELECT nothing FROM S3Object', 'EvaluatorBindingDoesNotExist'],
  ['SELECT id FROM S3Object[*].id', 'UnsupportedSyntax'],
])('%s', async (expression, out) => expect(await select(expression, file('snappy'), asked)).toBe(out));

test('row groups that begin within a scan range are read', async () => {
  const groups = file('groups');
  const ids = async (start: number, end: number) =>
    (
      await select('SELECT id FROM S3Object', groups, {
        ...asked,
        output: { ...toJson, recordDelimiter: ' ' },
        range: { start, end },
      })
    )
      .match(/\d+/g)
      ?.map(Number);
  expect(await ids(0, 4)).toEqual([0, 1, 2, 3]);
  expect(await ids(5, groups.length - 1)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

test.each([
  ['zstd', 'SELECT id FROM S3Object', 'ParquetUnsupportedCompressionCodec'],
  ['int96', 'SELECT t FROM S3Object', 'UnsupportedParquetType'],
  ['int96', 'SELECT id FROM S3Object', '{"id":1}\n'],
])('%s: %s', async (name, expression, out) => expect(await select(expression, file(name), asked)).toBe(out));

test('what is no Parquet is refused', async () => {
  expect(await select('SELECT * FROM S3Object', 'name,age\n', asked)).toBe('ParquetParsingError');
  expect(await select('SELECT * FROM S3Object', '', asked)).toBe('ParquetParsingError');
  expect(await select('SELECT * FROM S3Object', contentOf(file('snappy').subarray(0, -9)), asked)).toBe(
    'ParquetParsingError',
  );
});
