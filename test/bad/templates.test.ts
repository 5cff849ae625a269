/** Templates that cannot be deployed: refused with the place before anything is made, or rolled back with the reason. */
import * as sdk from '@aws-sdk/client-cloudformation';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let client: sdk.CloudFormationClient;
beforeAll(async () => {
  coffer = await startCoffer();
  client = coffer.client(sdk.CloudFormationClient, { config: { maxAttempts: 1 } });
});
afterAll(() => coffer.close());

const bucket = { Type: 'AWS::S3::Bucket' };
const named = (BucketName: unknown) => ({ Resources: { A: { ...bucket, Properties: { BucketName } } } });
const parameter = (P: object) => ({ Parameters: { P }, Resources: { A: bucket } });
const text = (template: unknown) => (typeof template === 'string' ? template : JSON.stringify(template));
const nested = (levels: number) => `{"Resources":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const bomb = `a: &a [x, x]\nb: &b [*a, *a]\nResources: *b`;

test.each<[string, unknown, string]>([
  ['broken JSON', '{"Resources":', 'JSON not well-formed. (line 1, column 14)'],
  ['broken YAML', 'Resources:\n\tA: 1', 'YAML not well-formed. (line 2, column 1)'],
  ['a list', '[]', 'unsupported structure'],
  ['YAML aliases', bomb, 'aliases are not allowed'],
  ['an unknown tag', 'Resources:\n  A:\n    Type: !Frob x', 'Unresolved tag: !Frob. (line 3, column 11)'],
  ['a tag that runs', 'Resources:\n  A: !!js/function "x"', 'Unresolved tag'],
  ['nesting without end', nested(20_000), 'is nested deeper than'],
  ['too long', 'a'.repeat(51_201), "'templateBody' failed to satisfy constraint"],
  ['an unknown section', { Resources: { A: bucket }, Colours: {} }, '[Colours]'],
  ['no resources', {}, 'At least one Resources member'],
  [
    'too many resources',
    { Resources: Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`A${i}`, bucket])) },
    '501',
  ],
  ['a resource without type', { Resources: { A: {} } }, 'must contain a Type'],
  ['an unknown attribute of a resource', { Resources: { A: { ...bucket, Colour: 1 } } }, "'Colour'"],
  ['a bad name', { Resources: { 'a-b': bucket } }, 'a-b is non alphanumeric'],
  ['properties that are a list', { Resources: { A: { ...bucket, Properties: [] } } }, 'Properties'],
  ['a cycle', { Resources: { A: { ...bucket, DependsOn: 'B' }, B: { ...bucket, DependsOn: 'A' } } }, '[A, B]'],
  ['a missing reference', named({ Ref: 'Nope' }), '[Nope]'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation's
  ['a missing reference in text', named({ 'Fn::Sub': '${Nope}' }), '[Nope]'],
  [
    'a missing resource',
    { ...named('x'), Outputs: { O: { Value: { 'Fn::GetAtt': ['Z', 'Arn'] } } } },
    'undefined resource Z',
  ],
  [
    'an attribute that AWS does not have',
    { ...named('there'), Outputs: { O: { Value: { 'Fn::GetAtt': ['A', 'Nope'] } } } },
    'does not support attribute type Nope',
  ],
  ['an unknown function', named({ 'Fn::Frob': 'x' }), 'unsupported function: Fn::Frob'],
  ['wrong arguments', named({ 'Fn::Join': 'x' }), 'every Fn::Join object requires two parameters'],
  ['no such item', named({ 'Fn::Select': [5, ['a']] }), 'nonexistent value at index 5'],
  ['no such mapping', named({ 'Fn::FindInMap': ['M', 'a', 'b'] }), "'M'"],
  ['no such import', named({ 'Fn::ImportValue': 'none' }), 'No export named none'],
  ['no such condition', { Resources: { A: { ...bucket, Condition: 'Nope' } } }, 'condition dependency Nope'],
  [
    'conditions in a circle',
    { Conditions: { C: { Condition: 'D' }, D: { Condition: 'C' } }, Resources: { A: bucket } },
    '[C, D]',
  ],
  ['no value for a parameter', parameter({ Type: 'String' }), '[P] must have values'],
  ['an unknown parameter type', parameter({ Type: 'Colour', Default: 'x' }), 'Colour'],
  ['a default of another type', parameter({ Type: 'Number', Default: 'x' }), "'P' must be a number"],
  ['a pattern that is none', parameter({ Type: 'String', Default: 'x', AllowedPattern: '[' }), 'parameter P'],
  [
    'a pattern that matches for ever',
    parameter({ Type: 'String', Default: `${'a'.repeat(40)}!`, AllowedPattern: '(a+)+$' }),
    "'P' must match",
  ],
  ['an output without value', { Resources: { A: bucket }, Outputs: { O: {} } }, 'Value'],
  ['an unknown deletion policy', { Resources: { A: { ...bucket, DeletionPolicy: 'Maybe' } } }, 'Maybe for resource A'],
  ['a transform', { Transform: 'AWS::Serverless-2016-10-31', Resources: { A: bucket } }, 'AWS::Serverless-2016-10-31'],
])('%s is refused', async (_, template, place) => {
  const creation = client.send(new sdk.CreateStackCommand({ StackName: 'refused', TemplateBody: text(template) }));
  await expect(creation).rejects.toMatchObject({ name: 'ValidationError', message: expect.stringContaining(place) });
  const described = client.send(new sdk.DescribeStacksCommand({ StackName: 'refused' }));
  await expect(described).rejects.toMatchObject({ message: expect.stringContaining('does not exist') });
});

async function events(StackName: string): Promise<string[]> {
  await coffer.settled();
  const { StackEvents } = await client.send(new sdk.DescribeStackEventsCommand({ StackName }));
  return StackEvents!.map((one) => `${one.LogicalResourceId} ${one.ResourceStatus} ${one.ResourceStatusReason ?? ''}`);
}

test.each<[string, unknown, string]>([
  [
    'an unknown property',
    { Resources: { A: { ...bucket, Properties: { Colour: 1 } } } },
    'A CREATE_FAILED Properties validation failed for resource A with message:\n#: extraneous key [Colour] is not permitted',
  ],
  ['a property of another type', named({ a: 1 }), '#/BucketName: expected type: String'],
  [
    'a name that cannot be',
    named('Not_Valid'),
    'A CREATE_FAILED Resource handler returned message: "The specified bucket is not valid',
  ],
  [
    'an output that is no text',
    { ...named('there'), Outputs: { O: { Value: { a: 1 } } } },
    'must evaluate to a String',
  ],
])('%s rolls back', async (label, template, reason) => {
  const StackName = label.replaceAll(' ', '-');
  await client.send(new sdk.CreateStackCommand({ StackName, TemplateBody: text(template) }));
  const all = await events(StackName);
  expect(all.join('\n')).toContain(reason);
  expect(all[0]).toContain(`${StackName} ROLLBACK_COMPLETE`);
});

test('after a failure: what was made is gone, and a second deployment works', async () => {
  const broken = {
    Resources: {
      A: { ...bucket, Properties: { BucketName: 'again' } },
      B: { ...bucket, DependsOn: 'A', Properties: { BucketName: 'No' } },
    },
  };
  const StackName = 'again';
  await client.send(new sdk.CreateStackCommand({ StackName, TemplateBody: text(broken) }));
  expect((await events(StackName)).join('\n')).toContain('A DELETE_COMPLETE');
  const update = client.send(new sdk.UpdateStackCommand({ StackName, TemplateBody: text(named('again')) }));
  await expect(update).rejects.toMatchObject({ message: expect.stringContaining('ROLLBACK_COMPLETE') });
  await client.send(new sdk.DeleteStackCommand({ StackName }));
  await coffer.settled();
  await client.send(new sdk.CreateStackCommand({ StackName, TemplateBody: text(named('again')) }));
  expect((await events(StackName))[0]).toContain('again CREATE_COMPLETE');

  await client.send(new sdk.UpdateStackCommand({ StackName, TemplateBody: text(broken) }));
  const all = await events(StackName);
  expect(all.join('\n')).toContain('B CREATE_FAILED');
  expect(all[0]).toContain('again UPDATE_ROLLBACK_COMPLETE');
});
