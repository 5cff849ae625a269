// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import { containsUnknown, evaluate, UNKNOWN } from '../../runtime/engine/template/evaluate';
import { chooseParameters, resolveParameters } from '../../runtime/engine/template/parameters';
import { environmentOf, type PseudoValues, processTemplate } from '../../runtime/engine/template/process';
import { readTemplate } from '../../runtime/engine/template/template';

const pseudo: PseudoValues = {
  'AWS::AccountId': '111122223333',
  'AWS::NotificationARNs': [],
  'AWS::Partition': 'aws',
  'AWS::Region': 'eu-west-1',
  'AWS::StackId': 'arn:aws:cloudformation:eu-west-1:111122223333:stack/S/1',
  'AWS::StackName': 'S',
  'AWS::URLSuffix': 'amazonaws.com',
};

const base = {
  Parameters: {
    Env: { Type: 'String', Default: 'prod' },
    Names: { Type: 'CommaDelimitedList', Default: 'a, b,c' },
    Count: { Type: 'Number', Default: 3 },
  },
  Mappings: { M: { 'eu-west-1': { size: 'big', list: ['x', 'y'] } } },
  Conditions: {
    Prod: { 'Fn::Equals': [{ Ref: 'Env' }, 'prod'] },
    Test: { 'Fn::Not': [{ Condition: 'Prod' }] },
  },
  Resources: {
    Bucket: { Type: 'AWS::S3::Bucket' },
    Later: { Type: 'AWS::S3::Bucket' },
    Skipped: { Type: 'AWS::S3::Bucket', Condition: 'Test' },
  },
};

function run(value: unknown): unknown {
  const template = readTemplate(JSON.stringify({ ...base, Outputs: { O: { Value: value } } }));
  const chosen = chooseParameters(template, new Map());
  const processed = processTemplate(template, resolveParameters(template, chosen, new Map()), pseudo);
  const environment = environmentOf(processed, {
    ref: (id) => (id === 'Later' ? UNKNOWN : `ref-${id}`),
    attribute: (id, name) => (id === 'Later' ? UNKNOWN : `${id}/${name}`),
    imported: (name) => `imported ${name}`,
    output: ({ stackName, outputName, region }) => `${stackName}.${outputName}@${region ?? 'here'}`,
  });
  return evaluate(template.outputs.get('O')!.value, environment);
}

const NONE = { Ref: 'AWS::NoValue' };

test.each<[unknown, unknown]>([
  [{ Ref: 'Env' }, 'prod'],
  [{ Ref: 'Names' }, ['a', 'b', 'c']],
  [{ Ref: 'Count' }, '3'],
  [{ Ref: 'Bucket' }, 'ref-Bucket'],
  [{ Ref: 'AWS::AccountId' }, '111122223333'],
  [NONE, undefined],
  [{ 'Fn::GetAtt': ['Bucket', 'Arn'] }, 'Bucket/Arn'],
  [{ 'Fn::GetAtt': 'Bucket.Outputs.Name' }, 'Bucket/Outputs.Name'],
  [{ 'Fn::GetAtt': ['Bucket', '/cdk/exports/a.b'] }, 'Bucket//cdk/exports/a.b'],
  [{ 'Fn::GetAtt': ['Bucket', { Ref: 'Env' }] }, 'Bucket/prod'],
  [{ 'Fn::Join': ['-', ['a', 1, true, { Ref: 'Env' }]] }, 'a-1-true-prod'],
  [{ 'Fn::Join': ['+', { Ref: 'Names' }] }, 'a+b+c'],
  [{ 'Fn::Join': [',', ['a', NONE, 'b']] }, 'a,b'],
  [{ 'Fn::Sub': 'arn:${AWS::Partition}:x:${Bucket.Arn}/${Env}/${!Literal}' }, 'arn:aws:x:Bucket/Arn/prod/${Literal}'],
  [{ 'Fn::Sub': ['${a}${Env}', { a: { 'Fn::Select': [1, { Ref: 'Names' }] }, Env: 'own' }] }, 'bown'],
  [{ 'Fn::Select': ['2', { 'Fn::Split': ['/', 'a/b/c'] }] }, 'c'],
  [{ 'Fn::If': ['Prod', 'yes', { 'Fn::Select': [9, []] }] }, 'yes'],
  [{ a: { 'Fn::If': ['Test', 1, NONE] }, b: [{ 'Fn::If': ['Prod', NONE, 2] }, 3, { c: NONE }] }, { b: [3, {}] }],
  [{ 'Fn::FindInMap': ['M', { Ref: 'AWS::Region' }, 'size'] }, 'big'],
  [{ 'Fn::FindInMap': ['M', 'nowhere', 'size', { DefaultValue: { Ref: 'Env' } }] }, 'prod'],
  [{ 'Fn::Base64': 'hé' }, 'aMOp'],
  [{ 'Fn::GetAZs': '' }, ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']],
  [{ 'Fn::Cidr': ['10.0.0.0/16', 3, 8] }, ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/24']],
  [{ 'Fn::Cidr': ['2001:db8::/56', 2, 64] }, ['2001:db8::/64', '2001:db8:0:1::/64']],
  [{ 'Fn::ImportValue': { 'Fn::Sub': '${Env}-id' } }, 'imported prod-id'],
  [{ 'Fn::GetStackOutput': { StackName: 'Other', OutputName: 'Key', Region: 'us-east-1' } }, 'Other.Key@us-east-1'],
  [{ 'Fn::Join': ['', ['a', { Ref: 'Later' }]] }, UNKNOWN],
  [{ 'Fn::Sub': '${Later.Arn}/*' }, UNKNOWN],
  [
    { plain: 1, text: 'x', no: false },
    { plain: 1, text: 'x', no: false },
  ],
])('%j', (value, expected) => expect(run(value)).toEqual(expected));

test('what is made of the unknown is unknown, what stands beside it is not', () => {
  const value = run({ known: { Ref: 'Bucket' }, arns: [{ 'Fn::GetAtt': ['Later', 'Arn'] }] });
  expect(value).toEqual({ known: 'ref-Bucket', arns: [UNKNOWN] });
  expect(containsUnknown(value)).toBe(true);
});

test.each<[unknown, RegExp]>([
  [{ Ref: 'Skipped' }, /Unresolved resource dependencies \[Skipped\]/],
  [{ 'Fn::Select': [3, ['a']] }, /Fn::Select cannot select nonexistent value at index 3/],
  [{ 'Fn::FindInMap': ['M', 'x', 'size'] }, /Unable to get mapping for M::x::size/],
  [{ 'Fn::Sub': '${Names}' }, /Fn::Sub expression does not resolve to a string/],
  [{ 'Fn::Join': ['', [{ a: 1 }]] }, /every Fn::Join object requires two parameters/],
  [{ 'Fn::Cidr': ['10.0.0.0/24', 3, 8] }, /does not hold 3 blocks of 8 bits/],
  [{ 'Fn::Cidr': ['10.0.0/24', 3, 8] }, /is not an IP block/],
])('%j fails', (value, message) => expect(() => run(value)).toThrow(message));
