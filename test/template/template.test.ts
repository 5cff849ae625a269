// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import { readTemplate } from '../../runtime/engine/template/template';

const T = 'AWS::S3::Bucket';
const withResource = (resource: object, more: object = {}) => ({ Resources: { A: { Type: T, ...resource } }, ...more });
const withProperty = (value: unknown, more: object = {}) => withResource({ Properties: { P: value } }, more);
const many = (count: number, value: unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`N${i}`, value]));

test.each<[string, object, string]>([
  ['no resources', {}, 'Template format error: At least one Resources member must be defined.'],
  [
    'unknown sections',
    { ...withResource({}), Resource: {}, X: 1 },
    'Invalid template property or properties [Resource, X]',
  ],
  [
    'format version',
    { ...withResource({}), AWSTemplateFormatVersion: '2011-01-01' },
    'Template format error: unsupported value for AWSTemplateFormatVersion.',
  ],
  [
    'a macro',
    { ...withResource({}), Transform: ['AWS::Serverless-2016-10-31'] },
    'Transforms are not supported by this runtime: [AWS::Serverless-2016-10-31]',
  ],
  [
    '501 resources',
    { Resources: many(501, { Type: T }) },
    'Template format error: Number of resources, 501, is greater than maximum allowed, 500',
  ],
  [
    'odd logical id',
    { Resources: { 'A-b': { Type: T } } },
    'Template format error: Resource name A-b is non alphanumeric.',
  ],
  [
    'resource without type',
    { Resources: { A: {} } },
    'Template format error: Every Resources object must contain a Type member.',
  ],
  [
    'no such type',
    { Resources: { A: { Type: 'Bucket' } } },
    'Template format error: Unrecognized resource types: [Bucket]',
  ],
  ['unknown resource member', withResource({ Propertys: {} }), "Invalid template resource property 'Propertys'"],
  [
    'unknown policy',
    withResource({ DeletionPolicy: 'Keep' }),
    'Template format error: Unrecognized DeletionPolicy Keep for resource A',
  ],
  [
    'snapshot of a bucket',
    withResource({ DeletionPolicy: 'Snapshot' }),
    `Template format error: Resource type ${T} does not support deletion policy Snapshot`,
  ],
  [
    'unknown Ref',
    withProperty({ Ref: 'B' }),
    'Template format error: Unresolved resource dependencies [B] in the Resources block of the template',
  ],
  [
    'unknown names in Sub',
    withProperty({ 'Fn::Sub': '${B}-${C.Arn}-${!D}-${AWS::Region}' }),
    'Template format error: Unresolved resource dependencies [B, C] in the Resources block of the template',
  ],
  [
    'unknown DependsOn',
    withResource({ DependsOn: ['Z'] }),
    'Template format error: Unresolved resource dependencies [Z] in the Resources block of the template',
  ],
  [
    'unknown GetAtt',
    withProperty({ 'Fn::GetAtt': ['B', 'Arn'] }),
    'Template error: instance of Fn::GetAtt references undefined resource B',
  ],
  [
    'unknown Ref in outputs',
    withResource({}, { Outputs: { O: { Value: { Ref: 'B' } } } }),
    'Template format error: Unresolved resource dependencies [B] in the Outputs block of the template',
  ],
  [
    'unknown condition',
    withResource({ Condition: 'C' }),
    'Template format error: Unresolved condition dependency C in the Resources block of the template',
  ],
  [
    'unknown condition in If',
    withProperty({ 'Fn::If': ['C', 1, 2] }),
    'Template error: unresolved condition dependency C in Fn::If',
  ],
  [
    'resource in a condition',
    withResource({}, { Conditions: { C: { 'Fn::Equals': [{ Ref: 'A' }, 'x'] } } }),
    'Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template',
  ],
  [
    'stack output in a condition',
    withResource(
      {},
      { Conditions: { C: { 'Fn::Equals': [{ 'Fn::GetStackOutput': { StackName: 's', OutputName: 'o' } }, 'x'] } } },
    ),
    'Template error: Cannot use Fn::GetStackOutput in Conditions.',
  ],
  [
    'unknown map',
    withProperty({ 'Fn::FindInMap': ['M', 'a', 'b'] }),
    "Template error: Mapping named 'M' is not present in the 'Mappings' section of template.",
  ],
  [
    'import that hangs on a resource',
    withProperty({ 'Fn::ImportValue': { 'Fn::GetAtt': ['A', 'Arn'] } }),
    'Template error: the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs',
  ],
  [
    'parameter type',
    withResource({}, { Parameters: { P: { Type: 'Text' } } }),
    'Template format error: Unrecognized parameter type: Text',
  ],
  [
    'parameter member',
    withResource({}, { Parameters: { P: { Type: 'String', Min: 1 } } }),
    "Invalid template parameter property 'Min'",
  ],
  [
    'output without value',
    withResource({}, { Outputs: { O: {} } }),
    'Template format error: Every Outputs member must contain a Value object',
  ],
  [
    'rule without assertions',
    withResource({}, { Rules: { R: {} } }),
    'Template format error: Rule R must contain a list of Assertions.',
  ],
])('%s is refused', (_, template, message) => {
  expect(() => readTemplate(JSON.stringify(template))).toThrow(
    expect.objectContaining({ code: 'ValidationError', message }),
  );
});

test.each<[string, unknown, RegExp]>([
  ['Fn::Foo', 'x', /Encountered unsupported function: Fn::Foo Supported functions are: \[Ref, /],
  ['Fn::Transform', {}, /^Fn::Transform is not supported by this runtime: macros do not run here$/],
  ['Fn::ForEach::X', [], /needs the AWS::LanguageExtensions transform/],
  ['Ref', { a: 1 }, /every Ref object must have a single String value/],
  ['Fn::GetAtt', ['A'], /every Fn::GetAtt object requires two non-empty parameters/],
  ['Fn::GetAtt', 'A', /every Fn::GetAtt object requires two non-empty parameters/],
  ['Fn::Join', ['', 'a'], /every Fn::Join object requires two parameters/],
  ['Fn::Join', [{ Ref: 'A' }, []], /every Fn::Join object requires two parameters/],
  ['Fn::Sub', ['a', {}, 1], /One or more Fn::Sub intrinsic functions don't specify expected arguments/],
  ['Fn::Sub', '${a b}', /variable names in Fn::Sub syntax must contain only/],
  ['Fn::Select', [0], /Fn::Select requires a list argument with two elements/],
  ['Fn::Split', [',', []], /every Fn::Split object requires two parameters/],
  ['Fn::If', ['C', 1], /Fn::If requires a list argument with three elements/],
  ['Fn::FindInMap', ['M', 'a'], /every Fn::FindInMap object requires three parameters/],
  ['Fn::Base64', [], /every Fn::Base64 object must have a String-typed value/],
  ['Fn::Cidr', ['10.0.0.0/16'], /every Fn::Cidr object requires two parameters/],
  ['Fn::GetStackOutput', { StackName: 's' }, /every Fn::GetStackOutput object requires a StackName and an OutputName/],
])('%s of %j is refused', (name, argument, message) => {
  const text = JSON.stringify(withProperty({ deep: [{ [name]: argument }] }, { Mappings: { M: {} } }));
  expect(() => readTemplate(text)).toThrow(expect.objectContaining({ message: expect.stringMatching(message) }));
});

test('a policy statement with a Condition is no function call', () => {
  const document = {
    Statement: [{ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }, { Condition: {} }],
  };
  const template = readTemplate(JSON.stringify(withProperty(document)));
  expect(template.resources.get('A')?.properties).toEqual({ P: document });
});

test('names of object members are only names', () => {
  const text =
    '{"Resources": {"constructor": {"Type": "AWS::S3::Bucket", "Properties": {"__proto__": {"Ref": "toString"}}}}}';
  expect(() => readTemplate(text)).toThrow(/Unresolved resource dependencies \[toString\]/);
});
