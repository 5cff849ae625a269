import { GetTemplateCommand, UpdateStackCommand } from '@aws-sdk/client-cloudformation';
import { type Rig, refuse, startRig, template } from './rig';
import { speaking } from './speak';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const { create, update, stack, story, resources, outputs } = speaking(() => rig);

describe('update', () => {
  const first = template({
    A: { Properties: { Name: 'a', Value: '1' } },
    B: { Properties: { Value: { 'Fn::GetAtt': ['A', 'Value'] } } },
    C: {},
  });

  test('touches only what differs, and what hangs on it', async () => {
    await create(first);
    rig.log.length = 0;
    await update(first.replace('"1"', '"2"'));
    expect(rig.log).toEqual(['update A', 'update B']);
    expect((await stack()).StackStatus).toBe('UPDATE_COMPLETE');
    expect((await story()).slice(-7)).toEqual([
      'S UPDATE_IN_PROGRESS User Initiated',
      'A UPDATE_IN_PROGRESS',
      'A UPDATE_COMPLETE',
      'B UPDATE_IN_PROGRESS',
      'B UPDATE_COMPLETE',
      'S UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'S UPDATE_COMPLETE',
    ]);
  });

  test('nothing to do is an error, also with other spaces and key order', async () => {
    await create(first);
    await expect(update(JSON.stringify(JSON.parse(first), null, 2))).rejects.toMatchObject({
      name: 'ValidationError',
      message: 'No updates are to be performed.',
    });
  });

  test('replacement makes the new one first and deletes the old one last', async () => {
    await create(first);
    rig.log.length = 0;
    await update(first.replace('"a"', '"z"'));
    expect(rig.log).toEqual(['create A', 'delete A']);
    expect(rig.things.has('a')).toBe(false);
    expect(rig.things.has('z')).toBe(true);
    const told = await story();
    expect(told).toContain(
      'A UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.',
    );
    expect(told.slice(-4)).toEqual([
      'S UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'A DELETE_IN_PROGRESS',
      'A DELETE_COMPLETE',
      'S UPDATE_COMPLETE',
    ]);
  });

  test('a type without update is always replaced, a retained one left', async () => {
    const body = template({
      A: { Type: 'Test::Unit::Fixed', Properties: { Value: '1' }, UpdateReplacePolicy: 'Retain' },
    });
    await create(body);
    await update(body.replace('"1"', '"2"'));
    expect(rig.log).toEqual(['create A', 'create A']);
    expect(rig.things.size).toBe(2);
    expect(await story()).toContain('A DELETE_SKIPPED');
  });

  test('adds and removes', async () => {
    await create(first);
    rig.log.length = 0;
    await update(template({ A: { Properties: { Name: 'a', Value: '1' } }, D: { DependsOn: 'A' } }));
    expect(rig.log.sort()).toEqual(['create D', 'delete B', 'delete C']);
    expect(Object.keys(await resources()).sort()).toEqual(['A', 'D']);
  });

  test('stack tags change resources that take tags', async () => {
    await create(template({ A: { Properties: { Name: 'a' } } }));
    await update(template({ A: { Properties: { Name: 'a' } } }), { Tags: [{ Key: 'k', Value: 'v' }] });
    expect(rig.things.get('a')?.tags).toEqual({ k: 'v' });
    expect((await stack()).Tags).toEqual([{ Key: 'k', Value: 'v' }]);
  });

  test('outputs alone are an update', async () => {
    await create(first);
    await update(JSON.stringify({ ...JSON.parse(first), Outputs: { O: { Value: 'x' } } }));
    expect(await outputs()).toEqual({ O: 'x' });
  });

  test('a failure restores what was there, in place, replaced, added and removed', async () => {
    const before = template(
      {
        A: { Properties: { Name: 'a', Value: '1' } },
        R: { Properties: { Name: 'r' } },
        Old: { Properties: { Name: 'old' } },
      },
      { Outputs: { O: { Value: { Ref: 'R' } } } },
    );
    await create(before);
    rig.log.length = 0;
    rig.hook = refuse('create Bad');
    await update(
      template({
        A: { Properties: { Name: 'a', Value: '2' } },
        R: { Properties: { Name: 'r2' } },
        New: {},
        Bad: { DependsOn: ['A', 'R', 'New'] },
      }),
    );
    expect(rig.log).toEqual(['update A', 'create R', 'create New', 'create Bad', 'update A', 'delete R', 'delete New']);
    expect([...rig.things.keys()].sort()).toEqual(['a', 'old', 'r']);
    expect(rig.things.get('a')?.properties.Value).toBe('1');
    expect(await stack()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await outputs()).toEqual({ O: 'ref:r' });
    expect(await story()).toContain('S UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad].');
    expect((await rig.client.send(new GetTemplateCommand({ StackName: 'S' }))).TemplateBody).toBe(before);
    rig.hook = () => {};
    await update(before.replace('"1"', '"3"'));
    expect((await stack()).StackStatus).toBe('UPDATE_COMPLETE');
  });

  test('with the rollback disabled the next update goes on', async () => {
    await create(first);
    rig.hook = refuse('update A');
    await update(first.replace('"1"', '"2"'), { DisableRollback: true });
    expect((await stack()).StackStatus).toBe('UPDATE_FAILED');
    rig.hook = () => {};
    await update(first.replace('"1"', '"3"'));
    expect(rig.things.get('a')?.properties.Value).toBe('3');
  });

  test('parameters: previous values, NoEcho, lists', async () => {
    const body = template(
      { A: { Properties: { Name: 'a', Value: { Ref: 'P' }, List: { Ref: 'L' } } } },
      { Parameters: { P: { Type: 'String', NoEcho: true }, L: { Type: 'CommaDelimitedList', Default: 'x,y' } } },
    );
    await create(body, { Parameters: [{ ParameterKey: 'P', ParameterValue: 'secret' }] });
    expect((await stack()).Parameters).toEqual([
      { ParameterKey: 'P', ParameterValue: '****' },
      { ParameterKey: 'L', ParameterValue: 'x,y' },
    ]);
    await rig.client.send(
      new UpdateStackCommand({
        StackName: 'S',
        UsePreviousTemplate: true,
        Parameters: [
          { ParameterKey: 'P', UsePreviousValue: true },
          { ParameterKey: 'L', ParameterValue: 'z' },
        ],
      }),
    );
    expect(rig.things.get('a')?.properties).toEqual({ Name: 'a', Value: 'secret', List: ['z'] });
  });

  test('a resource keeps its type', async () => {
    await create(first);
    await expect(update(first.replace('Test::Unit::Thing', 'Test::Unit::Fixed'))).rejects.toThrow(
      'Update of resource type is not permitted. The new template modifies resource type of the following resources: [A]',
    );
  });

  test('one at a time', async () => {
    await create(first);
    let go = () => {};
    rig.hook = () => new Promise((resolve) => (go = resolve));
    const running = update(first.replace('"1"', '"2"'));
    while (rig.log.at(-1) !== 'update A') await new Promise((resolve) => setTimeout(resolve, 1));
    await expect(update(first.replace('"1"', '"3"'))).rejects.toThrow(
      /is in UPDATE_IN_PROGRESS state and can not be updated/,
    );
    rig.hook = () => {};
    go();
    await running;
  });
});
