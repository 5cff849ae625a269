import type { Peers } from '../../runtime/kernel/peers';
import { account, codeOf, type Rig, region, startRig } from '../kms/rig';

let rig: Rig;
let ssm: Peers['ssm'];
beforeAll(async () => {
  rig = await startRig();
  ssm = rig.admin().ssm;
});
afterAll(() => rig.stop());

const arn = (name: string) => `arn:aws:ssm:${region}:${account}:parameter/${name}`;

test('versions, selectors and ARNs lead to values', async () => {
  expect(await ssm.PutParameter({ Name: '/app/url', Value: 'one', Type: 'String' })).toMatchObject({
    Version: 1,
    Tier: 'Standard',
  });
  expect(await codeOf(ssm.PutParameter({ Name: '/app/url', Value: 'x', Type: 'String' }))).toBe(
    'ParameterAlreadyExists',
  );
  expect((await ssm.PutParameter({ Name: '/app/url', Value: 'two', Overwrite: true })).Version).toBe(2);
  await ssm.LabelParameterVersion({ Name: '/app/url', ParameterVersion: 1, Labels: ['stable', 'aws-no', '1st'] });
  const value = async (Name: string) => (await ssm.GetParameter({ Name })).Parameter!.Value;
  expect(await value('/app/url')).toBe('two');
  expect(await value('/app/url:1')).toBe('one');
  expect(await value('/app/url:stable')).toBe('one');
  expect(await value(arn('app/url'))).toBe('two');
  expect(await value(`${arn('app/url')}:1`)).toBe('one');
  expect((await ssm.GetParameter({ Name: '/app/url:1' })).Parameter).toMatchObject({
    Name: '/app/url',
    Selector: ':1',
    ARN: arn('app/url'),
    DataType: 'text',
  });
  expect(await codeOf(ssm.GetParameter({ Name: '/app/url:9' }))).toBe('ParameterVersionNotFound');
  expect(await codeOf(ssm.GetParameter({ Name: '/aws/service/ami' }))).toBe('ParameterNotFound');

  const history = await ssm.GetParameterHistory({ Name: '/app/url', MaxResults: 1 });
  expect(history.Parameters).toMatchObject([{ Version: 1, Value: 'one', Labels: ['stable'] }]);
  const rest = await ssm.GetParameterHistory({ Name: '/app/url', NextToken: history.NextToken });
  expect(rest.Parameters!.map(({ Version }) => Version)).toEqual([2]);
  expect(await ssm.GetParameters({ Names: ['/app/url', '/none', '/app/url:stable'] })).toMatchObject({
    Parameters: [{ Value: 'two' }, { Value: 'one' }],
    InvalidParameters: ['/none'],
  });
});

test.each([
  ['aws', 'ValidationException'],
  ['/aws/x', 'AccessDeniedException'],
  ['/ssm/x', 'ValidationException'],
  ['SSM-thing', 'ValidationException'],
  ['a/b', 'ValidationException'],
  ['with space', 'ValidationException'],
  [`/${Array(16).fill('a').join('/')}`, 'HierarchyLevelLimitExceededException'],
  ['x'.repeat(1000), 'ValidationException'],
  [` ${'spaced'} `, 'no error'],
])('name %j: %s', async (Name, code) => {
  expect(await codeOf(ssm.PutParameter({ Name, Value: 'v', Type: 'String' }))).toBe(code);
});

test.each([
  ['too long for its tier', { Value: 'x'.repeat(4097) }, 'ValidationException'],
  ['too long for any tier', { Value: 'x'.repeat(8193), Tier: 'Advanced' }, 'ValidationException'],
  ['against its pattern', { Value: 'abc', AllowedPattern: '^\\d+$' }, 'ParameterPatternMismatchException'],
  ['with a pattern that is none', { Value: 'abc', AllowedPattern: '(' }, 'InvalidAllowedPatternException'],
  ['without a type', { Type: undefined }, 'ValidationException'],
  ['with policies', { Policies: '[{}]' }, 'ValidationException'],
  ['with another data type', { DataType: 'aws:ec2:image' }, 'ValidationException'],
  ['empty', { Value: '' }, 'ValidationException'],
])('a value %s is refused', async (_, input, code) => {
  const put = ssm.PutParameter({ Name: '/bad', Value: 'v', Type: 'String', ...input } as never);
  expect(await codeOf(put)).toBe(code);
});

test('tiers rise and never fall', async () => {
  const Name = '/tier';
  const put = (input: object) => ssm.PutParameter({ Name, Value: 'v', Type: 'String', Overwrite: true, ...input });
  expect((await put({ Tier: 'Intelligent-Tiering' })).Tier).toBe('Standard');
  expect((await put({ Tier: 'Intelligent-Tiering', Value: 'x'.repeat(5000) })).Tier).toBe('Advanced');
  expect((await put({})).Tier).toBe('Advanced');
  expect(await codeOf(put({ Tier: 'Standard' }))).toBe('ValidationException');
  expect(await codeOf(put({ Type: 'StringList' }))).toBe('HierarchyTypeMismatchException');
});

test.each(['Standard', 'Advanced'] as const)('%s secure strings need KMS to be read', async (Tier) => {
  const Name = `/secret/${Tier}`;
  const { KeyMetadata } = await rig.admin().kms.CreateKey({});
  for (const KeyId of [undefined, KeyMetadata!.KeyId]) {
    await ssm.PutParameter({ Name, Value: 'hush', Type: 'SecureString', Tier, KeyId, Overwrite: true });
    const sealed = (await ssm.GetParameter({ Name })).Parameter!.Value;
    expect(sealed).not.toContain('hush');
    expect((await ssm.GetParameter({ Name, WithDecryption: true })).Parameter!.Value).toBe('hush');
  }
  const { Parameters } = await ssm.DescribeParameters({ ParameterFilters: [{ Key: 'Name', Values: [Name] }] });
  expect(Parameters).toMatchObject([{ Name, KeyId: KeyMetadata!.KeyId, Version: 2 }]);
  await rig.admin().kms.DisableKey({ KeyId: KeyMetadata!.KeyId });
  expect(await codeOf(ssm.GetParameter({ Name, WithDecryption: true }))).toBe('InvalidKeyId');
  expect(await codeOf(ssm.GetParameter({ Name: `${Name}:1`, WithDecryption: true }))).toBe('no error');
  expect(
    await codeOf(ssm.PutParameter({ Name: '/secret/x', Value: 'v', Type: 'SecureString', KeyId: 'alias/none' })),
  ).toBe('InvalidKeyId');
});

test('paths are read level by level, in pages', async () => {
  for (const name of ['/p/a', '/p/b', '/p/deep/c', '/pq/d'])
    await ssm.PutParameter({ Name: name, Value: name, Type: 'String' });
  const names = async (input: object) => {
    const { Parameters, NextToken } = await ssm.GetParametersByPath({ Path: '/p', ...input });
    return [Parameters!.map(({ Name }) => Name), NextToken !== undefined];
  };
  expect(await names({})).toEqual([['/p/a', '/p/b'], false]);
  expect(await names({ Recursive: true })).toEqual([['/p/a', '/p/b', '/p/deep/c'], false]);
  const first = await ssm.GetParametersByPath({ Path: '/p/', Recursive: true, MaxResults: 2 });
  const second = await ssm.GetParametersByPath({ Path: '/p/', Recursive: true, NextToken: first.NextToken });
  expect(second.Parameters!.map(({ Name }) => Name)).toEqual(['/p/deep/c']);
  expect(second.NextToken).toBeUndefined();
  expect(await codeOf(ssm.GetParametersByPath({ Path: 'p' }))).toBe('ValidationException');
  expect(await codeOf(ssm.GetParametersByPath({ Path: '/p', NextToken: 'x' }))).toBe('InvalidNextToken');
  const under = await ssm.DescribeParameters({
    ParameterFilters: [{ Key: 'Path', Option: 'Recursive', Values: ['/p'] }],
  });
  expect(under.Parameters).toHaveLength(3);
});

test('tags are kept, asked for and taken away', async () => {
  const resource = { ResourceType: 'Parameter', ResourceId: '/tagged' } as const;
  await ssm.PutParameter({ Name: '/tagged', Value: 'v', Type: 'String', Tags: [{ Key: 'team', Value: 'x' }] });
  await ssm.AddTagsToResource({ ...resource, Tags: [{ Key: 'cost', Value: '1' }] });
  await ssm.RemoveTagsFromResource({ ...resource, TagKeys: ['team'] });
  expect((await ssm.ListTagsForResource(resource)).TagList).toEqual([{ Key: 'cost', Value: '1' }]);
  const found = await ssm.DescribeParameters({ ParameterFilters: [{ Key: 'tag:cost', Values: ['1'] }] });
  expect(found.Parameters).toMatchObject([{ Name: '/tagged' }]);
});

test('every account and Region answers as bootstrapped, until a real bootstrap', async () => {
  const Name = '/cdk-bootstrap/hnb659fds/version';
  const elsewhere = rig.admin('ap-southeast-2').ssm;
  expect((await elsewhere.GetParameter({ Name })).Parameter!.Value).toBe('33');
  expect((await elsewhere.GetParameters({ Names: [Name] })).InvalidParameters).toEqual([]);
  await elsewhere.PutParameter({ Name, Value: '34', Type: 'String' });
  expect((await elsewhere.GetParameter({ Name })).Parameter!.Value).toBe('34');
  expect((await elsewhere.DeleteParameters({ Names: [Name, '/none'] })).InvalidParameters).toEqual(['/none']);
  expect(await codeOf(elsewhere.DeleteParameter({ Name: '/none' }))).toBe('ParameterNotFound');
});
