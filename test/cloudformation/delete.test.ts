import {
  DescribeStackEventsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, refuse, startRig, template } from './rig';
import { speaking } from './speak';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const { create, remove, stack, story } = speaking(() => rig);

describe('delete', () => {
  test('dependents first; the stack stays readable by its id until it is forgotten', async () => {
    const { StackId } = await create(
      template({ A: {}, B: { DependsOn: 'A' }, K: { DeletionPolicy: 'Retain', Properties: { Name: 'k' } } }),
    );
    await remove();
    expect(rig.log.slice(3)).toEqual(['delete B', 'delete A']);
    expect([...rig.things.keys()]).toEqual(['k']);
    await expect(stack()).rejects.toThrow('Stack with id S does not exist');
    expect(await stack(StackId)).toMatchObject({ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) });
    expect((await story(StackId)).slice(-1)).toEqual(['S DELETE_COMPLETE']);
    await create(template({ A: {} }));
    const { StackSummaries } = await rig.client.send(new ListStacksCommand({}));
    expect(StackSummaries!.map(({ StackStatus }) => StackStatus)).toEqual(['CREATE_COMPLETE', 'DELETE_COMPLETE']);
    await rig.advance({ days: 91 });
    await expect(stack(StackId)).rejects.toThrow('does not exist');
    expect((await stack()).StackStatus).toBe('CREATE_COMPLETE');
  });

  test('of nothing succeeds', () => remove());

  test('a failure stops what it holds, and can be stepped over', async () => {
    await create(template({ A: {}, B: { DependsOn: 'A' }, C: {} }));
    rig.hook = refuse('delete B', 'still in use');
    await remove();
    expect(await stack()).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [B]. ',
    });
    expect(rig.things.size).toBe(2);
    await remove({ RetainResources: ['B'] });
    await expect(stack()).rejects.toThrow('does not exist');
    expect(rig.things.size).toBe(1);
  });

  test('termination protection', async () => {
    await create(template({ A: {} }), { EnableTerminationProtection: true });
    await expect(remove()).rejects.toThrow('Stack [S] cannot be deleted while TerminationProtection is enabled');
    await rig.client.send(
      new UpdateTerminationProtectionCommand({ StackName: 'S', EnableTerminationProtection: false }),
    );
    await remove();
    expect(rig.things.size).toBe(0);
  });
});

test('pages', async () => {
  await create(template(Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`R${i}`, {}]))));
  const firstPage = await rig.client.send(new ListStackResourcesCommand({ StackName: 'S' }));
  const second = await rig.client.send(
    new ListStackResourcesCommand({ StackName: 'S', NextToken: firstPage.NextToken }),
  );
  expect([firstPage.StackResourceSummaries!.length, second.StackResourceSummaries!.length]).toEqual([100, 30]);
  let count = 0;
  let NextToken: string | undefined;
  do {
    const page = await rig.client.send(new DescribeStackEventsCommand({ StackName: 'S', NextToken }));
    count += page.StackEvents!.length;
    NextToken = page.NextToken;
  } while (NextToken);
  expect(count).toBe(2 + 3 * 130);
});
