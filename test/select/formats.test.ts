/** What is read and what is written: options of CSV and JSON, paths, ranges, limits. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseQuery } from '../../runtime/engine/select/parser';
import { runQuery } from '../../runtime/engine/select/run';
import { contentOf, csv, document, evaluated, select, toCsv, toJson } from './query';

const people = 'name,Age\nAnn,31\n"B, ob",7\n# nobody\n\nCid,\n';
const used = csv({ header: 'USE' });

describe('CSV', () => {
  test.each([
    ['SELECT * FROM S3Object', csv(), 'name,Age\nAnn,31\n"B, ob",7\nCid,\n'],
    ['SELECT * FROM S3Object', csv({ header: 'IGNORE' }), 'Ann,31\n"B, ob",7\nCid,\n'],
    ['SELECT _2, s._1 FROM S3Object s LIMIT 1', csv({ header: 'IGNORE' }), '31,Ann\n'],
    ['SELECT s.AGE, name FROM S3Object s LIMIT 1', used, '31,Ann\n'],
    ['SELECT "Age" FROM S3Object LIMIT 1', used, '31\n'],
    ['SELECT s.* FROM S3Object s LIMIT 1', csv(), 'name,Age\n'],
    ['SELECT s.*, 1 FROM S3Object s LIMIT 1', used, 'Ann,31,1\n'],
    ['SELECT "age" FROM S3Object LIMIT 1', used, 'MissingHeaders'],
    ['SELECT name FROM S3Object LIMIT 1', csv(), 'InvalidColumnIndex'],
    ['SELECT name FROM S3Object LIMIT 1', csv({ header: 'IGNORE' }), 'InvalidColumnIndex'],
    ['SELECT s3object._1, _100 FROM S3Object s LIMIT 1', csv(), 'name,\n'],
    ["SELECT name FROM S3Object WHERE age = '' OR age = '7'", used, '"B, ob"\nCid\n'],
    ['SELECT name FROM S3Object LIMIT 0', used, ''],
    ['SELECT name FROM S3Object[*].path', used, 'UnsupportedSyntax'],
  ])('%s', async (expression, input, out) => expect(await select(expression, people, { input })).toBe(out));

  test('every option', async () => {
    const input = csv({ fieldDelimiter: '|', recordDelimiter: ';', quote: "'", escape: '\\', comments: '!' });
    expect(await select('SELECT * FROM S3Object', "a|'b|\\'c';!no|no;d|e;", { input })).toBe("a,b|'c\nd,e\n");
    expect(await select('SELECT _2 FROM S3Object', 'a,b\r\nc,d\r\n')).toBe('b\nd\n');
    expect(await select('SELECT * FROM S3Object', 'a,"b"\n', { input: csv({ quote: null, escape: null }) })).toBe(
      'a,"""b"""\n',
    );
  });

  test('quotes that quote nothing are as good as any character', async () => {
    const text = 'a 5" disk,"b"c,d\n';
    expect(await select('SELECT * FROM S3Object', text, { output: toJson })).toBe(
      '{"_1":"a 5\\" disk","_2":"\\"b\\"c","_3":"d"}\n',
    );
  });

  test('record delimiters between quotes are allowed when they are', async () => {
    const text = '"a\nb",c\n';
    expect(await select('SELECT _2 FROM S3Object', text)).toBe('CSVEscapingRecordDelimiter');
    const input = csv({ quotedRecordDelimiters: true });
    expect(await select('SELECT _2 FROM S3Object', text, { input })).toBe('c\n');
    expect(await select('SELECT _1 FROM S3Object', text, { input })).toBe('"a\nb"\n');
  });

  test.each([
    ['"open\n', 'CSVUnescapedQuote'],
    ['a,"b\nc,d\n', 'CSVUnescapedQuote'],
    [Buffer.from([0x61, 0xff, 0x0a]), 'InvalidTextEncoding'],
    [Buffer.from([0x61, 0xc3]), 'InvalidTextEncoding'],
    [`${'x'.repeat(2 ** 20 + 1)}\n`, 'OverMaxRecordSize'],
  ])('%.20s is refused', async (text, code) =>
    expect(await select('SELECT * FROM S3Object', contentOf(text, 65_536))).toBe(code),
  );

  test('two columns of one name are told apart by case alone', async () => {
    const text = 'NAME,name\n1,2\n';
    expect(await select('SELECT s.name FROM S3Object s', text, { input: used })).toBe('AmbiguousFieldName');
    expect(await select('SELECT s."NAME" FROM S3Object s', text, { input: used })).toBe('1\n');
  });

  test('goes out as asked', async () => {
    const output = {
      ...toCsv,
      quoteAlways: true,
      recordDelimiter: ';',
      fieldDelimiter: '|',
      quote: "'",
      escape: '\\',
    } as const;
    expect(await select('SELECT * FROM S3Object', "a,it's\n", { output })).toBe("'a'|'it\\'s';");
    expect(await select('SELECT _2, _1 AS b, _9, 1 + 1 FROM S3Object', 'a,"x\ty"\n', { output: toJson })).toBe(
      '{"_2":"x\\ty","b":"a","_4":2}\n',
    );
    expect(await select('SELECT * FROM S3Object', people, { input: used, output: toJson })).toBe(
      '{"name":"Ann","Age":"31"}\n{"name":"B, ob","Age":"7"}\n{"name":"Cid","Age":""}\n',
    );
  });
});

describe('aggregates', () => {
  const text = '1,a\n2,b\n4,\n';
  test.each([
    ['COUNT(*), COUNT(_1), COUNT(0)', '3,3,3'],
    ['SUM(CAST(_1 AS INT)), AVG(CAST(_1 AS INT))', '7,2.3333333333333333333333333333333333333'],
    ['MIN(CAST(_1 AS INT)), MAX(CAST(_1 AS INT)) + 1', '1,5'],
    ['SUM(CAST(_1 AS FLOAT)), SUM(CAST(_1 AS DECIMAL) / 10)', '7,0.7'],
    ["COUNT(NULLIF(_2, ''))", '2'],
    ['SUM(_1)', 'ExternalEvalException'],
  ])('%s', async (list, out) =>
    expect((await select(`SELECT ${list} FROM S3Object`, text)).replace(/\n$/, '')).toBe(out),
  );

  test('of nothing', async () => {
    const expression = 'SELECT COUNT(*), SUM(CAST(_1 AS INT)), MIN(CAST(_1 AS INT)) FROM S3Object WHERE 1 = 2';
    expect(await select(expression, text)).toBe('0,,\n');
    expect(await select(expression, '', { output: toJson })).toBe('{"_1":0,"_2":null,"_3":null}\n');
  });
});

describe('JSON', () => {
  const rules = `{ "Rules": [ {"id": "1"}, {"expr": "y > x"}, {"id": "2", "expr": "z = DEBUG"} ]}
{ "created": "June 27", "modified": "July 6" }`;
  const person =
    '{"name":"Susan Smith","projects":[{"project_name":"p1","done":false},{"project_name":"p2","done":true}]}';
  test.each([
    ['SELECT id FROM S3Object[*].Rules[*].id', rules, '{"id":"1"}\n{}\n{"id":"2"}\n{}\n'],
    ['SELECT id FROM S3Object[*].Rules[*].id WHERE id IS NOT MISSING', rules, '{"id":"1"}\n{"id":"2"}\n'],
    ['SELECT r.expr FROM S3Object[*].rules[2] r', rules, '{"expr":"z = DEBUG"}\n{}\n'],
    ['SELECT _1.created FROM S3Object[*]', rules, '{}\n{"created":"June 27"}\n'],
    [
      'SELECT * FROM S3Object[*].*',
      rules,
      '{"_1":[{"id":"1"},{"expr":"y > x"},{"id":"2","expr":"z = DEBUG"}]}\n{"_1":"June 27"}\n{"_1":"July 6"}\n',
    ],
    ["SELECT * FROM S3Object[*]['Rules'][0]", rules, '{"id":"1"}\n{}\n'],
    ['SELECT s.projects[1].project_name FROM S3Object s', person, '{"project_name":"p2"}\n'],
    ['SELECT s.projects[9].project_name, s.nothing FROM S3Object s', person, '{}\n'],
    ['SELECT s.NAME, s."NAME" n FROM S3Object s', person, '{"NAME":"Susan Smith"}\n'],
    ['SELECT p.done FROM S3Object[*].projects[*] p WHERE p.done', person, '{"done":true}\n'],
    ['SELECT COUNT(*) FROM S3Object[*].projects[*]', person, '{"_1":2}\n'],
    [
      'SELECT s.* FROM S3Object s WHERE s.a = 2',
      '{"a":1,"b":[1.5,null,{"c":"\\u00e9"}]} {"a":2,"b":[1.50,1e2,12345678901234567]}',
      '{"a":2,"b":[1.5,100,12345678901234567]}\n',
    ],
    ['SELECT s.a FROM S3Object s', '{"a":1,"A":2}', 'AmbiguousFieldName'],
    ['SELECT s.__proto__, s.constructor FROM S3Object s', '{"__proto__":1}', '{"__proto__":1}\n'],
    ['SELECT * FROM S3Object', '[1,2]', '{"_1":[1,2]}\n'],
    ['SELECT _1 FROM S3Object[*][*]', '[1,"b"]', '{"_1":1}\n{"_1":"b"}\n'],
    ['SELECT * FROM S3Object', '{"a":1', 'JSONParsingError'],
    ['SELECT * FROM S3Object', '{"a":1,}', 'JSONParsingError'],
    ['SELECT * FROM S3Object', '{"a" 1}', 'JSONParsingError'],
    ['SELECT * FROM S3Object', 'name,age', 'JSONParsingError'],
    ['SELECT * FROM S3Object', '{]', 'JSONParsingError'],
    ['SELECT * FROM S3Object', '['.repeat(600), 'JSONParsingError'],
  ])('%s', async (expression, text, out) =>
    expect(await select(expression, text, { input: document, output: toJson })).toBe(out),
  );

  test('only what the path asks for has to fit in a record', async () => {
    const text = `{"items":[${'{"n":1},'.repeat(200_000)}{"n":2}]}`;
    const content = contentOf(text, 65_536);
    expect(await select('SELECT SUM(n) FROM S3Object[*].items[*].n', content, { input: document })).toBe('200002\n');
    expect(await select('SELECT COUNT(*) FROM S3Object', content, { input: document })).toBe('OverMaxRecordSize');
    expect(await select('SELECT COUNT(*) FROM S3Object', `"${'x'.repeat(3_000_000)}"`, { input: document })).toBe(
      'OverMaxRecordSize',
    );
  });

  test('nested data goes out as JSON alone', async () => {
    expect(await select('SELECT * FROM S3Object', '{"a":[1]}', { input: document })).toBe('UnsupportedSqlOperation');
    expect(await select('SELECT s.a[0] FROM S3Object s', '{"a":[1]}', { input: document })).toBe('1\n');
  });
});

describe('scan ranges', () => {
  const text = 'A,B\nC,D\nD,E\nE,F\nG,H\nI,J\n';
  test.each([
    [0, 0, 'A,B\n'],
    [1, 4, 'C,D\n'],
    [4, 4, 'C,D\n'],
    [5, 7, ''],
    [5, 11, 'D,E\n'],
    [0, 23, text],
    [20, 23, 'I,J\n'],
  ])('%d to %d', async (start, end, out) => {
    const lines = text.replaceAll(/(\w),(\w)/g, '["$1","$2"]');
    const range = { start, end };
    expect(await select('SELECT * FROM S3Object', text, { range })).toBe(out);
    for (const pieceBytes of [1, 3, 100])
      expect(await select('SELECT * FROM S3Object', contentOf(text, pieceBytes), { range })).toBe(out);
    const wide = { start: start * 2.5, end: end * 2.5 };
    if (Number.isInteger(wide.start) && Number.isInteger(wide.end)) {
      const read = await select('SELECT s[0], s[1] FROM S3Object s', lines, {
        range: wide,
        input: { kind: 'json', type: 'LINES' },
      });
      expect(read).toBe(out);
    }
  });

  test('adjoining ranges read every record once', async () => {
    const rows = Array.from({ length: 200 }, (_, i) => `${i},${'x'.repeat(i % 17)}\n`).join('');
    for (const size of [1, 7, 64, 500]) {
      let all = '';
      for (let start = 0; start < rows.length; start += size)
        all += await select('SELECT * FROM S3Object', contentOf(rows, 4096), {
          range: { start, end: start + size - 1 },
        });
      expect(all).toBe(rows);
    }
  });

  test('the names of a header are known in the middle too', async () => {
    const range = { start: 8, end: 11 };
    const named = `${'a,b\n'}1,2\n3,4\n5,6\n`;
    expect(await select('SELECT b FROM S3Object', named, { input: used, range })).toBe('4\n');
  });
});

test('gzip', async () => {
  const rows = Array.from({ length: 50_000 }, (_, i) => `${i},row\n`).join('');
  const zipped = gzipSync(rows);
  const expression = 'SELECT COUNT(*), MAX(CAST(_1 AS INT)) FROM S3Object';
  const options = { compression: 'GZIP' } as const;
  expect(await select(expression, contentOf(zipped, 1000), options)).toBe('50000,49999\n');
  expect(await select(expression, zipped.subarray(0, 2000), options)).toBe('TruncatedInput');
  expect(await select(expression, rows.slice(0, 100), options)).toBe('InvalidCompressionFormat');
});

test('LIKE takes its time from text and pattern alone', async () => {
  const started = performance.now();
  expect(await evaluated(`'${'a'.repeat(5000)}' LIKE '${'%a'.repeat(40)}b'`)).toBe('false');
  expect(performance.now() - started).toBeLessThan(2000);
});

describe('what was opened is closed', () => {
  const lines = '1,2\n'.repeat(50_000);
  const sources: [string, string | Uint8Array, object][] = [
    ['CSV', lines, {}],
    ['JSON', '{"a":1}\n'.repeat(50_000), { input: document }],
    ['gzip', gzipSync(lines), { compression: 'GZIP' }],
    ['bzip2', readFileSync(join(__dirname, 'lines.csv.bz2')), { compression: 'BZIP2' }],
    [
      'Parquet',
      readFileSync(join(__dirname, 'parquet/snappy.parquet')),
      { input: { kind: 'parquet' }, output: toJson },
    ],
  ];

  test.each(sources)('%s', async (_, bytes, options) => {
    let open = 0;
    const inner = contentOf(bytes, 1000);
    const content = {
      ...inner,
      async *read(start: number, end: number) {
        open++;
        try {
          yield* inner.read(start, end);
        } finally {
          open--;
        }
      },
    };
    await select('SELECT * FROM S3Object LIMIT 1', content, options);
    expect(open).toBe(0);
    await select('SELECT * FROM S3Object LIMIT 0', content, options);
    expect(open).toBe(0);
    await select('SELECT _0, "nothing", CAST(\'x\' AS INT) FROM S3Object', content, options);
    expect(open).toBe(0);
    // Who asked goes away after the first event.
    const events = runQuery({
      query: parseQuery('SELECT * FROM S3Object'),
      content,
      input: csv(),
      compression: 'NONE',
      output: toCsv,
      progress: false,
      now: 0,
      ...options,
    });
    expect((await events.next()).done).toBe(false);
    await events.return(undefined);
    expect(open).toBe(0);
  });

  test('threads too: more queries than threads all come to an end', async () => {
    const zipped = sources[3][1];
    const all = Array.from({ length: 9 }, (_, i) =>
      select(`SELECT COUNT(*) FROM S3Object${i % 2 ? '' : ' LIMIT 1'}`, contentOf(zipped, 1000), {
        compression: 'BZIP2',
      }),
    );
    expect(new Set(await Promise.all(all))).toEqual(new Set(['50000\n']));
  });
});
