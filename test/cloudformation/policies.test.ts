/** What holds a stack back: its policy, and a cancelled update. */
import {
  CancelUpdateStackCommand,
  DescribeAccountLimitsCommand,
  GetStackPolicyCommand,
  SetStackPolicyCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, startRig, template } from './rig';
import { speaking } from './speak';

let rig: Rig;
const { create, update, stack, story } = speaking(() => rig);
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const allow = { Effect: 'Allow', Principal: '*', Action: 'Update:*', Resource: '*' };
const policy = (...Statement: object[]) => JSON.stringify({ Statement });
const set = (StackPolicyBody: string) =>
  rig.client.send(new SetStackPolicyCommand({ StackName: 'S', StackPolicyBody }));
const things = (value: string, more: object = {}) =>
  template({ A: { Properties: { Value: value } }, B: { Properties: { Name: `b${value}` } }, C: {}, ...more });

test.each([
  [
    'a change',
    { Action: 'Update:Modify', Resource: 'LogicalResourceId/A' },
    'A',
    'Statement [#2] does not allow [Update:Modify] for resource [LogicalResourceId/A]',
  ],
  [
    'a replacement',
    { NotAction: ['Update:Modify', 'Update:Delete'], Resource: 'LogicalResourceId/*' },
    'B',
    '[Update:Replace] for resource [LogicalResourceId/B]',
  ],
  [
    'a type',
    { Action: '*', Resource: '*', Condition: { StringLike: { ResourceType: ['Test::*'] } } },
    'A',
    '[Update:Modify]',
  ],
])('%s is denied: the update fails and is rolled back', async (_, denied, id, message) => {
  await create(things('1'), { StackPolicyBody: policy(allow, { Effect: 'Deny', Principal: '*', ...denied }) });
  await update(things('2'));
  expect((await stack()).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect((await story()).find((line) => line.startsWith(`${id} UPDATE_FAILED`))).toContain(message);
  expect([...rig.things.values()].map(({ properties }) => properties.Value)).toContain('1');
});

test('what no statement allows is denied, deletions too', async () => {
  await create(template({ A: {}, B: {} }));
  await set(policy({ ...allow, NotResource: 'LogicalResourceId/B', Resource: undefined }));
  await update(template({ A: {} }));
  expect((await story()).join('\n')).toContain(
    'B UPDATE_FAILED Action denied by stack policy: no statement allows [Update:Delete] for resource [LogicalResourceId/B]',
  );
  expect(rig.things.size).toBe(2);
  // For one update another policy can stand in.
  await update(template({ A: {} }), { StackPolicyDuringUpdateBody: policy(allow) });
  expect((await stack()).StackStatus).toBe('UPDATE_COMPLETE');
  expect(rig.things.size).toBe(1);
  const { StackPolicyBody } = await rig.client.send(new GetStackPolicyCommand({ StackName: 'S' }));
  expect(JSON.parse(StackPolicyBody!).Statement[0].NotResource).toBe('LogicalResourceId/B');
});

test.each([
  ['{', 'it is not valid JSON'],
  ['{}', 'it has no Statement'],
  [policy({ ...allow, Effect: 'Maybe' }), 'Effect must be Allow or Deny'],
  [policy({ ...allow, Principal: 'me' }), 'Principal must be *'],
  [policy({ ...allow, Action: 's3:GetObject' }), '"s3:GetObject" is no Action'],
  [policy({ ...allow, Resource: 'A' }), '"A" is no Resource'],
  [policy({ ...allow, Condition: { NumericEquals: {} } }), 'unknown condition operator NumericEquals'],
  [policy({ ...allow, Wish: 1 }), 'unknown element Wish'],
  [JSON.stringify({ Statement: [], x: 'x'.repeat(17_000) }), 'it is longer than 16384 bytes'],
])('%.60s is no stack policy', async (text, message) => {
  await create(template({ A: {} }));
  await expect(set(text)).rejects.toThrow(`Error validating stack policy: ${message}`);
});

test('an update is cancelled: it starts nothing more and is rolled back', async () => {
  const first = template({ A: { Properties: { Value: '1' } }, B: { Properties: { Value: '1' }, DependsOn: 'A' } });
  await create(first);
  await expect(rig.client.send(new CancelUpdateStackCommand({ StackName: 'S' }))).rejects.toThrow(
    'CancelUpdateStack cannot be called from current stack status: CREATE_COMPLETE',
  );
  let go = () => {};
  const blocked = new Promise<void>((resolve) => {
    go = resolve;
  });
  let reached = () => {};
  const updating = new Promise<void>((resolve) => {
    reached = resolve;
  });
  rig.hook = (step) => {
    if (step !== 'update A') return;
    rig.hook = () => {};
    reached();
    return blocked;
  };
  const asked = update(first.replaceAll('"1"', '"2"'));
  await updating;
  const cancelled = rig.client.send(new CancelUpdateStackCommand({ StackName: 'S' }));
  // The request is in once it waits for the operation; the step that runs may end.
  await new Promise((resolve) => setTimeout(resolve, 20));
  go();
  await Promise.all([asked, cancelled]);
  expect((await stack()).StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(rig.log.filter((line) => line.startsWith('update'))).toEqual(['update A', 'update A']);
  expect(await story()).toContain('S UPDATE_ROLLBACK_IN_PROGRESS User Initiated');
});

test('limits of the account', async () => {
  const { AccountLimits } = await rig.client.send(new DescribeAccountLimitsCommand({}));
  expect(AccountLimits).toContainEqual({ Name: 'StackOutputsLimit', Value: 200 });
});
