// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import { differences, same } from '../../runtime/engine/template/difference';
import { dynamicReferences, withAnswers } from '../../runtime/engine/template/dynamic';
import { UNKNOWN } from '../../runtime/engine/template/evaluate';
import { chooseParameters, resolveParameters, storedParameters } from '../../runtime/engine/template/parameters';
import { type PseudoValues, processTemplate } from '../../runtime/engine/template/process';
import { readTemplate } from '../../runtime/engine/template/template';

const pseudo = { 'AWS::Region': 'us-east-1' } as unknown as PseudoValues;
const bucket = { Type: 'AWS::S3::Bucket' };
const read = (template: object) => readTemplate(JSON.stringify({ Resources: { A: bucket }, ...template }));

function process(template: object, given: Record<string, string> = {}) {
  const parsed = read(template);
  const chosen = chooseParameters(parsed, new Map(Object.entries(given)));
  const stored = new Map([...storedParameters(parsed, chosen)].map(([name, key]) => [name, `value of ${key}`]));
  return processTemplate(parsed, resolveParameters(parsed, chosen, stored), pseudo);
}

describe('parameters', () => {
  const one = (definition: object, value?: string) =>
    process({ Parameters: { P: definition } }, value === undefined ? {} : { P: value }).parameters.get('P');

  test.each<[object, string | undefined, unknown]>([
    [{ Type: 'String', Default: 5 }, undefined, '5'],
    [{ Type: 'Number' }, '4.5', '4.5'],
    [{ Type: 'CommaDelimitedList', Default: '' }, undefined, []],
    [{ Type: 'List<Number>' }, '1, 2', ['1', '2']],
    [{ Type: 'AWS::SSM::Parameter::Value<String>', Default: '/a' }, undefined, 'value of /a'],
    [{ Type: 'AWS::SSM::Parameter::Value<List<String>>' }, '/a,b', ['value of /a', 'b']],
    [{ Type: 'AWS::EC2::VPC::Id' }, 'vpc-1', 'vpc-1'],
    [{ Type: 'String', AllowedPattern: 'a+' }, 'aaa', 'aaa'],
  ])('%j from %j', (definition, value, expected) => expect(one(definition, value)).toEqual(expected));

  test.each<[object, string | undefined, string]>([
    [{ Type: 'String' }, undefined, 'Parameters: [P] must have values'],
    [{ Type: 'Number' }, 'x', "Parameter 'P' must be a number."],
    [{ Type: 'String', AllowedValues: ['a', 1] }, 'b', "Parameter 'P' must be one of AllowedValues"],
    [{ Type: 'String', AllowedPattern: 'a+' }, 'aab', "Parameter 'P' must match pattern a+"],
    [
      { Type: 'String', AllowedPattern: 'a+', ConstraintDescription: 'only a' },
      'b',
      'Parameter P failed to satisfy constraint: only a',
    ],
    [{ Type: 'String', MinLength: 2 }, 'a', "Parameter 'P' must contain at least 2 characters"],
    [{ Type: 'String', MaxLength: '2' }, 'aaa', "Parameter 'P' must contain at most 2 characters"],
    [{ Type: 'Number', MinValue: 2 }, '1', "Parameter 'P' must be a number not less than 2"],
    [{ Type: 'List<Number>', MaxValue: 2 }, '1,3', "Parameter 'P' must be a number not greater than 2"],
  ])('%j from %j is refused', (definition, value, message) => {
    expect(() => one(definition, value)).toThrow(
      expect.objectContaining({ code: 'ValidationError', message: expect.stringContaining(message) }),
    );
  });

  test('unknown ones are named', () => {
    expect(() => process({}, { X: '1', Y: '2' })).toThrow('Parameters: [X, Y] do not exist in the template');
  });

  test('the previous value is kept when asked for, else the default counts', () => {
    const template = read({ Parameters: { P: { Type: 'String', Default: 'd' } } });
    const previous = new Map([['P', 'old']]);
    expect(chooseParameters(template, new Map([['P', { usePrevious: true as const }]]), previous).get('P')).toBe('old');
    expect(chooseParameters(template, new Map(), previous).get('P')).toBe('d');
  });
});

describe('conditions and rules', () => {
  const conditions = (written: object) => Object.fromEntries(process({ Conditions: written }).conditions);

  test('logic', () => {
    const yes = { 'Fn::Equals': ['a', 'a'] };
    const no = { 'Fn::Equals': [1, '2'] };
    expect(
      conditions({
        Last: { 'Fn::And': [{ Condition: 'Yes' }, { Condition: 'Or' }] },
        Yes: yes,
        No: no,
        Or: { 'Fn::Or': [no, { 'Fn::Not': [no] }] },
        And: { 'Fn::And': [yes, no] },
        Bool: { 'Fn::Equals': [true, 'true'] },
      }),
    ).toEqual({ Last: true, Yes: true, No: false, Or: true, And: false, Bool: true });
  });

  test('a circle is named', () => {
    expect(() => conditions({ A: { Condition: 'B' }, B: { 'Fn::Not': [{ Condition: 'A' }] } })).toThrow(
      'Circular dependency between conditions: [A, B]',
    );
  });

  test('CDK’s bootstrap rule', () => {
    const rules = {
      Parameters: { V: { Type: 'String' } },
      Rules: {
        Check: {
          Assertions: [
            { Assert: { 'Fn::Not': [{ 'Fn::Contains': [['1', '2'], { Ref: 'V' }] }] }, AssertDescription: 'too old' },
          ],
        },
        Never: { RuleCondition: { 'Fn::Equals': ['a', 'b'] }, Assertions: [{ Assert: { 'Fn::Equals': ['a', 'b'] } }] },
        Members: {
          Assertions: [
            { Assert: { 'Fn::EachMemberIn': [['a'], ['a', 'b']] } },
            { Assert: { 'Fn::EachMemberEquals': [['a', 'a'], 'a'] } },
          ],
        },
      },
    };
    expect(() => process(rules, { V: '2' })).toThrow('Rule Check failed: too old');
    expect(process(rules, { V: '33' }).resources.size).toBe(1);
  });
});

describe('dependencies', () => {
  const graph = (resources: object, more: object = {}) =>
    Object.fromEntries(
      [...process({ Resources: resources, ...more }).dependencies].map(([id, next]) => [id, [...next]]),
    );
  const uses = (value: unknown, more: object = {}) => ({ ...bucket, Properties: { P: value }, ...more });

  test('by Ref, GetAtt, Sub and DependsOn', () => {
    expect(
      graph({
        A: bucket,
        B: uses([{ Ref: 'A' }, { 'Fn::Sub': ['${C.Arn}${v}', { v: { 'Fn::GetAtt': ['D', 'X'] } }] }]),
        C: bucket,
        D: { ...bucket, DependsOn: 'A' },
      }),
    ).toEqual({ A: [], B: ['A', 'C', 'D'], C: [], D: ['A'] });
  });

  test('only what conditions let in', () => {
    const more = { Conditions: { No: { 'Fn::Equals': ['a', 'b'] } } };
    expect(
      graph(
        {
          A: { ...bucket, Condition: 'No' },
          B: { ...uses({ 'Fn::If': ['No', { Ref: 'A' }, { Ref: 'C' }] }), DependsOn: 'A' },
          C: bucket,
        },
        more,
      ),
    ).toEqual({ B: ['C'], C: [] });
  });

  test.each<[object, string]>([
    [{ A: uses({ Ref: 'B' }), B: uses({ Ref: 'A' }), C: uses({ Ref: 'A' }), D: bucket }, '[A, B]'],
    [{ A: uses({ Ref: 'A' }) }, '[A]'],
    [
      { A: { ...bucket, DependsOn: 'B' }, B: uses({ 'Fn::Sub': '${C}' }), C: uses({ 'Fn::GetAtt': ['A', 'Arn'] }) },
      '[A, B, C]',
    ],
  ])('a circle is named: %j', (resources, names) => {
    expect(() => graph(resources)).toThrow(`Circular dependency between resources: ${names}`);
  });
});

test('differences', () => {
  const before = { Name: 'a', Tags: [{ Key: 'x', Value: '1' }], Old: 1, Same: { a: 1, b: 2 } };
  const after = { Name: 'a', Tags: [{ Key: 'x', Value: '2' }, { Key: 'y' }], New: UNKNOWN, Same: { b: 2, a: 1 } };
  expect(differences(before, after)).toEqual([
    { property: 'Tags', path: ['Tags', '0', 'Value'], kind: 'Modify', before: '1', after: '2' },
    { property: 'Tags', path: ['Tags', '1'], kind: 'Add', after: { Key: 'y' } },
    { property: 'Old', path: ['Old'], kind: 'Remove', before: 1 },
    { property: 'New', path: ['New'], kind: 'Add', after: UNKNOWN },
  ]);
  expect(same(UNKNOWN, UNKNOWN)).toBe(false);
});

describe('dynamic references', () => {
  test('found and answered', () => {
    const arn = 'arn:aws:secretsmanager:us-east-1:111122223333:secret:a-b';
    const value = {
      a: ['x{{resolve:ssm:/p/q:3}}y', `{{resolve:secretsmanager:${arn}:SecretString:key::}}`],
      b: '{{resolve:ssm-secure:s}}',
    };
    const found = dynamicReferences(value);
    expect(found).toEqual([
      { service: 'ssm', text: '{{resolve:ssm:/p/q:3}}', name: '/p/q', version: '3' },
      {
        service: 'secretsmanager',
        text: expect.any(String),
        secretId: arn,
        jsonKey: 'key',
        versionStage: undefined,
        versionId: undefined,
      },
      { service: 'ssm-secure', text: '{{resolve:ssm-secure:s}}', name: 's', version: undefined },
    ]);
    expect(withAnswers(value, new Map(found.map(({ text }, index) => [text, String(index)])))).toEqual({
      a: ['x0y', '1'],
      b: '2',
    });
  });

  test.each(['{{resolve:ssm:}}', '{{resolve:secretsmanager:a:Binary}}', '{{resolve:vault:x}}'])(
    '%s is refused',
    (text) => {
      expect(() => dynamicReferences(text)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    },
  );
});
