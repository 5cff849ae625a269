import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateStackCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, startRig, template } from './rig';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coffer-cfn-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Ends the runtime while `step` is under way, and begins its next life on the same data, with the same things. */
async function interrupted(first: Rig, step: string, begin: () => Promise<unknown>): Promise<Rig> {
  let reached = () => {};
  const there = new Promise<void>((resolve) => {
    reached = resolve;
  });
  first.hook = (asked) => {
    if (asked !== step) return;
    reached();
    return new Promise(() => {});
  };
  void begin().catch(() => {});
  await there;
  await first.close();
  return startRig(directory, first.things);
}

const status = async (rig: Rig) => {
  const { Stacks } = await rig.client.send(new DescribeStacksCommand({ StackName: 'S' }));
  return Stacks![0].StackStatus;
};

test('a creation is rolled back', async () => {
  const first = await startRig(directory);
  const body = template({ A: {}, B: { DependsOn: 'A' } });
  const create = (rig: Rig) => rig.client.send(new CreateStackCommand({ StackName: 'S', TemplateBody: body }));
  const rig = await interrupted(first, 'create B', () => create(first));
  expect(await status(rig)).toBe('ROLLBACK_COMPLETE');
  expect(rig.log).toEqual(['delete A']);
  const { StackEvents } = await rig.client.send(new DescribeStackEventsCommand({ StackName: 'S' }));
  expect(StackEvents!.map(({ ResourceStatusReason }) => ResourceStatusReason)).toContain(
    'The runtime ended while this operation was under way.',
  );
  await rig.close();
});

test('an update is undone, and the next one goes through', async () => {
  const first = await startRig(directory);
  const body = (value: string, name = 'r') =>
    template({
      A: { Properties: { Name: 'a', Value: value } },
      R: { Properties: { Name: name } },
      Z: { DependsOn: ['A', 'R'], Properties: { Value: value } },
    });
  await first.client.send(new CreateStackCommand({ StackName: 'S', TemplateBody: body('1') }));
  const rig = await interrupted(first, 'update Z', () =>
    first.client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody: body('2', 'r2') })),
  );
  expect(await status(rig)).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect([...rig.things.keys()].sort()).toEqual(
    ['S', 'a', 'r'].map((name) => (name === 'S' ? expect.stringMatching(/^S-Z-/) : name)),
  );
  expect(rig.things.get('a')?.properties.Value).toBe('1');
  await rig.client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody: body('3', 'r3') }));
  expect(await status(rig)).toBe('UPDATE_COMPLETE');
  await rig.close();
});

test('a cleanup is finished', async () => {
  const first = await startRig(directory);
  const body = (name: string) => template({ A: { Properties: { Name: name } } });
  await first.client.send(new CreateStackCommand({ StackName: 'S', TemplateBody: body('a') }));
  const rig = await interrupted(first, 'delete A', () =>
    first.client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody: body('z') })),
  );
  expect(await status(rig)).toBe('UPDATE_COMPLETE');
  expect([...rig.things.keys()]).toEqual(['z']);
  await rig.close();
});
