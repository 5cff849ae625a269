import {
  CreateStackCommand,
  type CreateStackCommandInput,
  DeleteStackCommand,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  UpdateStackCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, refuse, startRig, template } from './rig';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const create = (TemplateBody: string, more: Partial<CreateStackCommandInput> = {}) =>
  rig.client.send(new CreateStackCommand({ StackName: 'S', TemplateBody, ...more }));
const update = (TemplateBody: string, more: object = {}) =>
  rig.client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody, ...more }));
const remove = (more: object = {}) => rig.client.send(new DeleteStackCommand({ StackName: 'S', ...more }));
const describe_ = async (StackName = 'S') =>
  (await rig.client.send(new DescribeStacksCommand({ StackName }))).Stacks![0];
const events = async (StackName = 'S') =>
  (await rig.client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents!.reverse();
const story = async (StackName = 'S') =>
  (await events(StackName)).map((it) =>
    [it.LogicalResourceId, it.ResourceStatus, it.ResourceStatusReason].filter(Boolean).join(' '),
  );
const resources = async () => {
  const { StackResources } = await rig.client.send(new DescribeStackResourcesCommand({ StackName: 'S' }));
  return Object.fromEntries(StackResources!.map((it) => [it.LogicalResourceId, it]));
};
const outputs = async () =>
  Object.fromEntries((await describe_()).Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]));

describe('create', () => {
  test('in dependency order, with names, references and outputs', async () => {
    const body = template(
      {
        B: { Properties: { Value: { 'Fn::GetAtt': ['A', 'Arn'] } } },
        A: { Properties: { Name: 'first', Value: '1' } },
        C: { DependsOn: 'B' },
      },
      {
        Outputs: {
          Ref: { Value: { Ref: 'A' }, Description: 'd' },
          Nested: { Value: { 'Fn::GetAtt': ['A', 'Nested.Value'] } },
        },
      },
    );
    const { StackId } = await create(body);
    expect(StackId).toMatch(/^arn:aws:cloudformation:us-east-1:000000000000:stack\/S\/[0-9a-f-]{36}$/);
    expect(rig.log).toEqual(['create A', 'create B', 'create C']);
    expect([...rig.things.keys()]).toEqual([
      'first',
      expect.stringMatching(/^S-B-[A-Z0-9]{12}$/),
      expect.stringMatching(/^S-C-/),
    ]);
    expect(await describe_()).toMatchObject({ StackStatus: 'CREATE_COMPLETE', StackId });
    expect(await outputs()).toEqual({ Ref: 'ref:first', Nested: '1' });
    expect(await story()).toEqual([
      'S CREATE_IN_PROGRESS User Initiated',
      'A CREATE_IN_PROGRESS',
      'A CREATE_IN_PROGRESS Resource creation Initiated',
      'A CREATE_COMPLETE',
      'B CREATE_IN_PROGRESS',
      'B CREATE_IN_PROGRESS Resource creation Initiated',
      'B CREATE_COMPLETE',
      'C CREATE_IN_PROGRESS',
      'C CREATE_IN_PROGRESS Resource creation Initiated',
      'C CREATE_COMPLETE',
      'S CREATE_COMPLETE',
    ]);
    const times = (await events()).map(({ Timestamp }) => Number(Timestamp));
    expect(times.every((time, index) => index === 0 || time > times[index - 1])).toBe(true);
    expect((await rig.client.send(new GetTemplateCommand({ StackName: 'S' }))).TemplateBody).toBe(body);
  });

  test('what does not hang together runs at once', async () => {
    let running = 0;
    let most = 0;
    rig.hook = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    await create(template({ A: {}, B: {}, C: {}, D: { DependsOn: ['A', 'B', 'C'] } }));
    expect(most).toBe(3);
    expect(rig.log[3]).toBe('create D');
  });

  test('stack tags and construct paths reach the providers', async () => {
    await create(template({ A: { Properties: { Name: 'a' }, Metadata: { 'aws:cdk:path': 'S/A/Resource' } } }), {
      Tags: [{ Key: 'team', Value: 'x' }],
    });
    expect(rig.things.get('a')).toMatchObject({ tags: { team: 'x' }, path: 'S/A/Resource' });
  });

  test('a failure rolls back, dependents first, and tells why at the resource', async () => {
    rig.hook = refuse('create C', 'out of things');
    await create(template({ A: {}, B: { DependsOn: 'A' }, C: { DependsOn: 'B' }, D: { DependsOn: 'C' } }));
    expect(rig.log).toEqual(['create A', 'create B', 'create C', 'delete B', 'delete A']);
    expect(rig.things.size).toBe(0);
    expect((await describe_()).StackStatus).toBe('ROLLBACK_COMPLETE');
    const told = await story();
    expect(told).toContain(
      'C CREATE_FAILED Resource handler returned message: "out of things (Service: Unit, Status Code: 400, Error Code: ThingRefused)" (HandlerErrorCode: InvalidRequest)',
    );
    expect(told).toContain(
      'S ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [C]. Rollback requested by user.',
    );
    expect((await resources()).A).toMatchObject({
      ResourceStatus: 'DELETE_COMPLETE',
      PhysicalResourceId: expect.stringMatching(/^S-A-/),
    });
    await expect(update(template({ A: {} }))).rejects.toThrow(/is in ROLLBACK_COMPLETE state and can not be updated/);
  });

  test('what was half made is deleted by the rollback', async () => {
    await create(template({ A: { Properties: { Value: 'half-way' } } }));
    expect((await describe_()).StackStatus).toBe('ROLLBACK_COMPLETE');
    expect(rig.things.size).toBe(0);
  });

  test.each([
    [{ OnFailure: 'DO_NOTHING' as const }, 'CREATE_FAILED', 1],
    [{ DisableRollback: true }, 'CREATE_FAILED', 1],
    [{ RetainExceptOnCreate: true }, 'ROLLBACK_COMPLETE', 0],
    [{}, 'ROLLBACK_COMPLETE', 1],
  ])('a failure with %j', async (options, status, left) => {
    rig.hook = refuse('create B');
    await create(template({ A: { DeletionPolicy: 'Retain' }, B: { DependsOn: 'A' } }), options);
    expect((await describe_()).StackStatus).toBe(status);
    expect(rig.things.size).toBe(left);
  });

  test('OnFailure DELETE leaves nothing', async () => {
    rig.hook = refuse('create B');
    const { StackId } = await create(template({ A: {}, B: { DependsOn: 'A' } }), { OnFailure: 'DELETE' });
    expect((await describe_(StackId)).StackStatus).toBe('DELETE_COMPLETE');
    await expect(describe_()).rejects.toThrow('Stack with id S does not exist');
  });

  test.each<[string, string, Partial<CreateStackCommandInput>, string, string]>([
    [
      'the same name again',
      template({ A: {} }),
      { StackName: 'Taken' },
      'AlreadyExistsException',
      'Stack [Taken] already exists',
    ],
    ['a broken template', '{', {}, 'ValidationError', 'JSON not well-formed'],
    ['no template', '', {}, 'ValidationError', 'Either Template URL or Template Body must be specified.'],
    [
      'a large template',
      template({ A: {} }, { Description: 'x'.repeat(52_000) }),
      {},
      'ValidationError',
      'less than or equal to 51200',
    ],
    [
      'a circle',
      template({ A: { DependsOn: 'B' }, B: { DependsOn: 'A' } }),
      {},
      'ValidationError',
      'Circular dependency between resources: [A, B]',
    ],
    [
      'a bad name',
      template({ A: {} }),
      { StackName: '1x' },
      'ValidationError',
      "at 'stackName' failed to satisfy constraint",
    ],
    [
      'roles without consent',
      template({ A: { Type: 'AWS::IAM::Role' } }),
      {},
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_IAM]',
    ],
    [
      'named roles',
      template({ A: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'r' } } }),
      { Capabilities: ['CAPABILITY_IAM'] },
      'InsufficientCapabilitiesException',
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    ],
    [
      'an unknown import',
      template({ A: { Properties: { Value: { 'Fn::ImportValue': 'x' } } } }),
      {},
      'ValidationError',
      'No export named x found',
    ],
    [
      'a missing SSM parameter',
      template({ A: {} }, { Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: '/no' } } }),
      {},
      'ValidationError',
      'Unable to fetch parameters [/no]',
    ],
    [
      'a type that is not allowed',
      template({ A: {} }),
      { ResourceTypes: ['AWS::*'] },
      'ValidationError',
      'Test::Unit::Thing is not allowed',
    ],
    [
      'a stack policy',
      template({ A: {} }),
      { StackPolicyBody: '{}' },
      'ValidationError',
      'StackPolicyBody is not supported by this runtime',
    ],
  ])('%s is refused', async (_, body, options, name, message) => {
    await create(template({ A: {} }), { StackName: 'Taken' });
    await expect(create(body, options)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
  });

  test.each([
    [{ Properties: { Nme: 1 } }, 'Encountered unsupported property Nme'],
    [{ CreationPolicy: {} }, 'CreationPolicy of Test::Unit::Thing is not supported by this runtime'],
    [
      { Properties: { Value: { 'Fn::GetAtt': ['Z', 'Nothing'] } } },
      'resource Z does not support attribute type Nothing in Fn::GetAtt',
    ],
    [{ Properties: { Value: '{{resolve:ssm:/no}}' } }, 'Unable to fetch parameters [/no] from parameter store'],
    [
      { Properties: { Value: '{{resolve:ssm-secure:/no}}' } },
      'SSM Secure reference is not supported in: [Test::Unit::Thing/Properties/Value]',
    ],
    [{ Properties: { Value: '{{resolve:secretsmanager:x}}' } }, 'is not supported by this runtime'],
  ])('%j fails at the resource', async (resource, reason) => {
    await create(template({ A: resource, Z: {} }), { DisableRollback: true });
    expect((await resources()).A).toMatchObject({
      ResourceStatus: 'CREATE_FAILED',
      ResourceStatusReason: expect.stringContaining(reason),
    });
  });

  test('types without behaviour are kept and say so', async () => {
    await create(
      template(
        {
          A: { Type: 'AWS::Glue::Database', Properties: { Anything: 1 } },
          B: { Properties: { Name: 'b', Value: { 'Fn::GetAtt': ['A', 'Arn'] } } },
        },
        { Outputs: { O: { Value: { Ref: 'A' } } } },
      ),
    );
    const { A } = await resources();
    expect(A).toMatchObject({
      ResourceStatus: 'CREATE_COMPLETE',
      ResourceStatusReason: expect.stringMatching(/^Inert: /),
    });
    expect(rig.things.get('b')?.properties.Value).toBe(
      `arn:aws:glue:us-east-1:000000000000:database/${A.PhysicalResourceId}`,
    );
    expect(await outputs()).toEqual({ O: A.PhysicalResourceId });
  });

  test('accounts and regions are apart', async () => {
    await create(template({ A: {} }));
    const other = rig.clientFor('111122223333', 'eu-west-1');
    await expect(other.send(new DescribeStacksCommand({ StackName: 'S' }))).rejects.toThrow(
      'Stack with id S does not exist',
    );
    const { StackId } = await other.send(new CreateStackCommand({ StackName: 'S', TemplateBody: template({ A: {} }) }));
    expect(StackId).toMatch(/^arn:aws:cloudformation:eu-west-1:111122223333:stack\/S\//);
  });
});

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
    expect((await describe_()).StackStatus).toBe('UPDATE_COMPLETE');
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
    expect((await describe_()).Tags).toEqual([{ Key: 'k', Value: 'v' }]);
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
    expect(await describe_()).toMatchObject({ StackStatus: 'UPDATE_ROLLBACK_COMPLETE' });
    expect(await outputs()).toEqual({ O: 'ref:r' });
    expect(await story()).toContain('S UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Bad].');
    expect((await rig.client.send(new GetTemplateCommand({ StackName: 'S' }))).TemplateBody).toBe(before);
    rig.hook = () => {};
    await update(before.replace('"1"', '"3"'));
    expect((await describe_()).StackStatus).toBe('UPDATE_COMPLETE');
  });

  test('with the rollback disabled the next update goes on', async () => {
    await create(first);
    rig.hook = refuse('update A');
    await update(first.replace('"1"', '"2"'), { DisableRollback: true });
    expect((await describe_()).StackStatus).toBe('UPDATE_FAILED');
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
    expect((await describe_()).Parameters).toEqual([
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

describe('delete', () => {
  test('dependents first; the stack stays readable by its id until it is forgotten', async () => {
    const { StackId } = await create(
      template({ A: {}, B: { DependsOn: 'A' }, K: { DeletionPolicy: 'Retain', Properties: { Name: 'k' } } }),
    );
    await remove();
    expect(rig.log.slice(3)).toEqual(['delete B', 'delete A']);
    expect([...rig.things.keys()]).toEqual(['k']);
    await expect(describe_()).rejects.toThrow('Stack with id S does not exist');
    expect(await describe_(StackId)).toMatchObject({ StackStatus: 'DELETE_COMPLETE', DeletionTime: expect.any(Date) });
    expect((await story(StackId)).slice(-1)).toEqual(['S DELETE_COMPLETE']);
    await create(template({ A: {} }));
    const { StackSummaries } = await rig.client.send(new ListStacksCommand({}));
    expect(StackSummaries!.map(({ StackStatus }) => StackStatus)).toEqual(['CREATE_COMPLETE', 'DELETE_COMPLETE']);
    await rig.advance({ days: 91 });
    await expect(describe_(StackId)).rejects.toThrow('does not exist');
    expect((await describe_()).StackStatus).toBe('CREATE_COMPLETE');
  });

  test('of nothing succeeds', () => remove());

  test('a failure stops what it holds, and can be stepped over', async () => {
    await create(template({ A: {}, B: { DependsOn: 'A' }, C: {} }));
    rig.hook = refuse('delete B', 'still in use');
    await remove();
    expect(await describe_()).toMatchObject({
      StackStatus: 'DELETE_FAILED',
      StackStatusReason: 'The following resource(s) failed to delete: [B]. ',
    });
    expect(rig.things.size).toBe(2);
    await remove({ RetainResources: ['B'] });
    await expect(describe_()).rejects.toThrow('does not exist');
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
