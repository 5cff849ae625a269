// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import { parseDocument } from '../../runtime/engine/template/parse';

const yaml = (text: string) => parseDocument(`Root: ${text}`).Root;

describe('YAML short forms', () => {
  test.each<[string, unknown]>([
    ['!Ref Bucket', { Ref: 'Bucket' }],
    ['!GetAtt Bucket.Arn', { 'Fn::GetAtt': ['Bucket', 'Arn'] }],
    ['!GetAtt Nested.Outputs.Name', { 'Fn::GetAtt': ['Nested', 'Outputs.Name'] }],
    ['!GetAtt [Bucket, !Ref What]', { 'Fn::GetAtt': ['Bucket', { Ref: 'What' }] }],
    ['!Sub "${A}-x"', { 'Fn::Sub': '${A}-x' }],
    ['!Sub ["${a}", {a: !Ref B}]', { 'Fn::Sub': ['${a}', { a: { Ref: 'B' } }] }],
    [
      '!If [C, !Ref "AWS::NoValue", [!Join [",", [a, !Ref B]]]]',
      { 'Fn::If': ['C', { Ref: 'AWS::NoValue' }, [{ 'Fn::Join': [',', ['a', { Ref: 'B' }]] }]] },
    ],
    ['!Condition C', { Condition: 'C' }],
    ['!GetAZs ""', { 'Fn::GetAZs': '' }],
    ['!GetStackOutput {StackName: S, OutputName: O}', { 'Fn::GetStackOutput': { StackName: 'S', OutputName: 'O' } }],
    ['2012-10-17', '2012-10-17'],
    ['yes', true],
    ['0755', 0o755],
    ['012345678901', '012345678901'],
    ['1:30', '1:30'],
    ['|\n  a\n  b\n', 'a\nb\n'],
  ])('%s', (text, expected) => expect(yaml(text)).toEqual(expected));
});

test.each<[string, string, RegExp]>([
  [
    'broken JSON names the place',
    '{"a": 1,\n "b"}',
    /^Template format error: JSON not well-formed\. \(line 2, column [56]\)$/,
  ],
  ['truncated JSON', '{"a": ', /JSON not well-formed/],
  ['broken YAML names the place', 'a: [1\nb: "', /YAML not well-formed\..*\(line \d+, column \d+\)/],
  ['unknown YAML tag', 'a: !Foo x', /YAML not well-formed\..*!Foo.*\(line 1, column 4\)/],
  ['alias', 'a: &x 1\nb: *x', /YAML aliases are not allowed/],
  ['duplicate key', 'a: 1\na: 2', /YAML not well-formed/],
  ['numeric key', '1: a', /map keys must be strings; received \[1\]/],
  ['list', '- a', /unsupported structure/],
  ['text', 'hello', /unsupported structure/],
  ['nothing', '', /unsupported structure/],
  [
    'null',
    '{"Resources": {"A": null}}',
    /^Template format error: \[\/Resources\/A\] 'null' values are not allowed in templates$/,
  ],
  ['deep JSON', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`, /nested deeper than 200 levels|not well-formed/],
  ['deep YAML', '['.repeat(30_000), /YAML not well-formed/],
])('%s is refused', (_, text, message) => {
  expect(() => parseDocument(text)).toThrow(
    expect.objectContaining({ code: 'ValidationError', message: expect.stringMatching(message) }),
  );
});
