/** Resources that move between stacks and stay what they are. */
import {
  CreateStackRefactorCommand,
  type CreateStackRefactorCommandInput,
  DescribeStackRefactorCommand,
  ExecuteStackRefactorCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackRefactorActionsCommand,
  ListStackRefactorsCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, startRig, template } from './rig';
import { speaking } from './speak';

let rig: Rig;
const { create, update, stack, story, resources } = speaking(() => rig);
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

type Ask = Omit<CreateStackRefactorCommandInput, 'StackDefinitions'>;

async function propose(bodies: Record<string, string>, more: Ask = {}) {
  const StackDefinitions = Object.entries(bodies).map(([StackName, TemplateBody]) => ({ StackName, TemplateBody }));
  const { StackRefactorId } = await rig.client.send(new CreateStackRefactorCommand({ StackDefinitions, ...more }));
  return rig.client.send(new DescribeStackRefactorCommand({ StackRefactorId }));
}
async function execute(StackRefactorId: string | undefined) {
  await rig.client.send(new ExecuteStackRefactorCommand({ StackRefactorId }));
  return rig.client.send(new DescribeStackRefactorCommand({ StackRefactorId }));
}
const move = (from: string, to: string) => {
  const [source, target] = [from.split('/'), to.split('/')];
  return {
    Source: { StackName: source[0], LogicalResourceId: source[1] },
    Destination: { StackName: target[0], LogicalResourceId: target[1] },
  };
};
const exported = (value: object, name = 'e') => ({ Outputs: { O: { Value: value, Export: { Name: name } } } });

test('a resource goes to a new stack, under another name, with what hangs on it', async () => {
  await create(
    template(
      { A: { Properties: { Value: '1' } }, B: { Properties: { Value: { Ref: 'A' } } }, C: {} },
      { Outputs: { O: { Value: { Ref: 'A' } } } },
    ),
  );
  const had = await resources();
  const refactor = await propose(
    {
      S: template({ B: { Properties: { Value: { 'Fn::ImportValue': 'e' } } }, C: {} }),
      T: template({ Moved: { Properties: { Value: '1' } } }, exported({ Ref: 'Moved' })),
    },
    { EnableStackCreation: true, ResourceMappings: [move('S/A', 'T/Moved')] },
  );
  expect(refactor).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE' });
  const { StackRefactorActions } = await rig.client.send(
    new ListStackRefactorActionsCommand({ StackRefactorId: refactor.StackRefactorId }),
  );
  expect(StackRefactorActions).toMatchObject([
    { Action: 'CREATE', Entity: 'STACK' },
    { Action: 'MOVE', Entity: 'RESOURCE', Detection: 'MANUAL', PhysicalResourceId: had.A.PhysicalResourceId!.slice(4) },
  ]);
  rig.log.length = 0;
  expect(await execute(refactor.StackRefactorId)).toMatchObject({ ExecutionStatus: 'EXECUTE_COMPLETE' });
  // No provider was asked for anything.
  expect(rig.log).toEqual([]);
  expect(await stack('T')).toMatchObject({
    StackStatus: 'CREATE_COMPLETE',
    Outputs: [{ OutputValue: had.A.PhysicalResourceId }],
  });
  expect(await stack('S')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE', Outputs: [] });
  expect(await story('T')).toEqual(['T CREATE_COMPLETE Stack refactor']);
  expect(Object.keys(await resources())).toEqual(['B', 'C']);
  const { Imports } = await rig.client.send(new ListImportsCommand({ ExportName: 'e' }));
  expect(Imports).toEqual(['S']);
  // The stacks go on as if they had always been so.
  await update(template({ B: { Properties: { Value: { 'Fn::ImportValue': 'e' } } } }));
  await update(template({ Moved: { Properties: { Value: '2' } } }, exported({ Ref: 'Moved' })), { StackName: 'T' });
  expect(rig.log).toEqual(['delete C', 'update Moved']);
  expect((await rig.client.send(new ListStackRefactorsCommand({}))).StackRefactorSummaries).toHaveLength(1);
  await expect(execute(refactor.StackRefactorId)).rejects.toThrow(
    'cannot be executed in its current execution status of [EXECUTE_COMPLETE]',
  );
});

test('moves are found by what resources say; an export goes along', async () => {
  await create(template({ A: { Properties: { Value: 'a' } }, B: {} }, exported({ Ref: 'A' })));
  await create(template({ X: {}, Y: { Properties: { Value: { 'Fn::ImportValue': 'e' } } } }), { StackName: 'T' });
  const refactor = await propose({
    S: template({ B: {} }),
    T: template(
      { X: {}, Y: { Properties: { Value: { Ref: 'New' } } }, New: { Properties: { Value: 'a' } } },
      exported({ Ref: 'New' }),
    ),
  });
  const { StackRefactorActions } = await rig.client.send(
    new ListStackRefactorActionsCommand({ StackRefactorId: refactor.StackRefactorId }),
  );
  expect(StackRefactorActions).toMatchObject([{ Detection: 'AUTO', ResourceMapping: move('S/A', 'T/New') }]);
  expect(await execute(refactor.StackRefactorId)).toMatchObject({ ExecutionStatus: 'EXECUTE_COMPLETE' });
  const { Exports } = await rig.client.send(new ListExportsCommand({}));
  expect(Exports).toMatchObject([{ Name: 'e', ExportingStackId: (await stack('T')).StackId }]);
  await expect(rig.client.send(new ListImportsCommand({ ExportName: 'e' }))).rejects.toThrow('not imported');
});

test.each<[string, Record<string, string>, Ask, string]>([
  [
    'creates',
    { S: template({ A: { Properties: { Value: 'a' } }, N: {} }) },
    {},
    'does not create resources: [N] of stack S',
  ],
  [
    'fills a new stack',
    {
      S: template({ A: { Properties: { Value: 'a' } }, B: { Properties: { Value: 'b' } } }),
      T: template({ X: { Properties: { Value: 'x' } } }),
    },
    { EnableStackCreation: true },
    'does not create resources: [X] of stack T',
  ],
  ['loses', { S: template({ B: { Properties: { Value: 'b' } } }) }, {}, 'does not delete resources: [A] of stack S'],
  [
    'changes',
    { S: template({ A: { Properties: { Value: 'b' } }, B: { Properties: { Value: 'b' } } }) },
    {},
    'does not change resources: [A] of stack S',
  ],
  [
    'moves nothing that is there',
    { S: template({ B: { Properties: { Value: 'b' } } }) },
    { ResourceMappings: [move('S/Z', 'S/B')] },
    'Resource Z of stack S does not exist',
  ],
  ['names no stack', { T: template({ B: { Properties: { Value: 'b' } } }) }, {}, 'Stack [T] does not exist'],
])('a refactor that %s fails', async (_, bodies, more, message) => {
  await create(template({ A: { Properties: { Value: 'a' } }, B: { Properties: { Value: 'b' } } }));
  const refactor = await propose(bodies, more);
  expect(refactor).toMatchObject({ Status: 'CREATE_FAILED', ExecutionStatus: 'UNAVAILABLE' });
  expect(refactor.StatusReason).toContain(message);
});

test('what changed since it was proposed makes the execution fail, and nothing moves', async () => {
  await create(template({ A: { Properties: { Value: 'a' } }, B: { Properties: { Value: 'b' } } }));
  const refactor = await propose({
    S: template({ C: { Properties: { Value: 'a' } }, B: { Properties: { Value: 'b' } } }),
  });
  await update(template({ A: { Properties: { Value: 'other' } }, B: { Properties: { Value: 'b' } } }));
  expect(await execute(refactor.StackRefactorId)).toMatchObject({ ExecutionStatus: 'EXECUTE_FAILED' });
  expect(Object.keys(await resources())).toEqual(['A', 'B']);
});
