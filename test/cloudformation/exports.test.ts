import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ListExportsCommand,
  ListImportsCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, refuse, startRig, template } from './rig';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const exporting = (value: string, name = 'shared') =>
  template({ A: {} }, { Outputs: { O: { Value: value, Export: { Name: name } } } });
const importing = (name: unknown = 'shared') =>
  template({ B: { Properties: { Name: 'b', Value: { 'Fn::ImportValue': name } } } });

const create = (StackName: string, TemplateBody: string) =>
  rig.client.send(new CreateStackCommand({ StackName, TemplateBody }));
const update = (StackName: string, TemplateBody: string) =>
  rig.client.send(new UpdateStackCommand({ StackName, TemplateBody }));
const remove = (StackName: string) => rig.client.send(new DeleteStackCommand({ StackName }));
const stack = async (StackName: string) => (await rig.client.send(new DescribeStacksCommand({ StackName }))).Stacks![0];
const reasons = async (StackName: string) =>
  (await rig.client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents!.flatMap(
    (it) => it.ResourceStatusReason ?? [],
  );

test('a value goes from stack to stack, and both are listed', async () => {
  const { StackId } = await create('P', exporting('v'));
  await create('C', importing({ 'Fn::Join': ['', ['sha', 'red']] }));
  expect(rig.things.get('b')?.properties.Value).toBe('v');
  const { Exports } = await rig.client.send(new ListExportsCommand({}));
  expect(Exports).toEqual([{ Name: 'shared', Value: 'v', ExportingStackId: StackId }]);
  expect((await rig.client.send(new ListImportsCommand({ ExportName: 'shared' }))).Imports).toEqual(['C']);
  await remove('C');
  await expect(rig.client.send(new ListImportsCommand({ ExportName: 'shared' }))).rejects.toThrow(
    "Export 'shared' is not imported by any stack.",
  );
});

test('what is in use neither changes nor goes', async () => {
  await create('P', exporting('v'));
  await create('C', importing());
  await update('P', exporting('w'));
  expect((await stack('P')).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(await reasons('P')).toContain('Export shared cannot be updated as it is in use by C.');
  await update('P', template({ A: {}, New: {} }));
  expect(await reasons('P')).toContain('Export shared cannot be deleted as it is in use by C.');
  await remove('P');
  expect(await stack('P')).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
  expect(await reasons('P')).toContain('Delete canceled. Cannot delete export shared as it is in use by C.');
  await remove('C');
  await update('P', exporting('w'));
  await remove('P');
  expect((await rig.client.send(new ListExportsCommand({}))).Exports ?? []).toEqual([]);
});

test('a name is exported once', async () => {
  await create('P', exporting('v'));
  await create('Q', exporting('v'));
  expect((await stack('Q')).StackStatus).toBe('ROLLBACK_COMPLETE');
  expect((await reasons('Q')).join()).toContain(
    'Export with name shared is already exported by stack P. Rollback requested by user.',
  );
});

test('a rollback takes exports back', async () => {
  await create('P', exporting('v'));
  rig.hook = refuse('create New');
  await update('P', template({ A: {}, New: {} }, { Outputs: { O: { Value: 'x', Export: { Name: 'other' } } } }));
  const { Exports } = await rig.client.send(new ListExportsCommand({}));
  expect(Exports!.map(({ Name, Value }) => [Name, Value])).toEqual([['shared', 'v']]);
});

describe('Fn::GetStackOutput', () => {
  const reading = (more: object = {}) =>
    template({
      B: { Properties: { Name: 'b', Value: { 'Fn::GetStackOutput': { StackName: 'P', OutputName: 'O', ...more } } } },
    });

  test('from the same region and another', async () => {
    const far = rig.clientFor('000000000000', 'eu-west-1');
    await far.send(new CreateStackCommand({ StackName: 'P', TemplateBody: exporting('far') }));
    await create('P', exporting('near'));
    await create('C', reading());
    expect(rig.things.get('b')?.properties.Value).toBe('near');
    await update('C', reading({ Region: 'eu-west-1' }));
    expect(rig.things.get('b')?.properties.Value).toBe('far');
  });

  test('of nothing is refused', async () => {
    await expect(create('C', reading())).rejects.toThrow('output O of stack P in us-east-1 does not exist');
  });
});
