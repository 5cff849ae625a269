// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how Fn::Sub is written
import {
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  CreateStackCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  GetTemplateSummaryCommand,
  ListChangeSetsCommand,
  UpdateStackCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, startRig, template } from './rig';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const base = template({
  A: { Properties: { Name: 'a', Value: '1' } },
  B: { Properties: { Name: { 'Fn::Sub': '${A}-b' } } },
  C: {},
});
const create = (TemplateBody = base) => rig.client.send(new CreateStackCommand({ StackName: 'S', TemplateBody }));
const propose = (TemplateBody: string, more: Partial<CreateChangeSetCommandInput> = {}) =>
  rig.client.send(new CreateChangeSetCommand({ StackName: 'S', ChangeSetName: 'X', TemplateBody, ...more }));
const look = (ChangeSetName = 'X', IncludePropertyValues = true) =>
  rig.client.send(new DescribeChangeSetCommand({ StackName: 'S', ChangeSetName, IncludePropertyValues }));
const changes = async () => (await look()).Changes!.map(({ ResourceChange }) => ResourceChange!);
const stack = async () => (await rig.client.send(new DescribeStacksCommand({ StackName: 'S' }))).Stacks![0];
const execute = (ChangeSetName = 'X') =>
  rig.client.send(new ExecuteChangeSetCommand({ StackName: 'S', ChangeSetName }));

test('a new stack is under review, then created', async () => {
  const { Id, StackId } = await propose(base, { ChangeSetType: 'CREATE', Tags: [{ Key: 'k', Value: 'v' }] });
  expect(Id).toMatch(/^arn:aws:cloudformation:us-east-1:000000000000:changeSet\/X\//);
  expect((await stack()).StackStatus).toBe('REVIEW_IN_PROGRESS');
  expect((await rig.client.send(new GetTemplateCommand({ StackName: 'S' }))).TemplateBody).toBe('{}');
  await expect(propose(base, { ChangeSetName: 'Y' })).rejects.toThrow('Stack [S] does not exist');
  const set = await rig.client.send(new DescribeChangeSetCommand({ ChangeSetName: Id, IncludePropertyValues: true }));
  expect(set).toMatchObject({ Status: 'CREATE_COMPLETE', ExecutionStatus: 'AVAILABLE', StackId, StackName: 'S' });
  expect(
    set.Changes!.map(({ ResourceChange }) => `${ResourceChange!.Action} ${ResourceChange!.LogicalResourceId}`),
  ).toEqual(['Add A', 'Add B', 'Add C']);
  await execute(Id);
  expect(await stack()).toMatchObject({
    StackStatus: 'CREATE_COMPLETE',
    StackId,
    ChangeSetId: Id,
    Tags: [{ Key: 'k', Value: 'v' }],
  });
  await expect(look()).rejects.toMatchObject({
    name: 'ChangeSetNotFoundException',
    $metadata: { httpStatusCode: 404 },
  });
});

test('a stack under review goes without a trace', async () => {
  await propose(base, { ChangeSetType: 'CREATE' });
  await rig.client.send(new DeleteStackCommand({ StackName: 'S' }));
  await expect(stack()).rejects.toThrow('does not exist');
  await create();
});

test('detail of every kind of change', async () => {
  await create();
  await propose(
    template({
      A: { Properties: { Name: 'z', Value: '1' } },
      B: { Properties: { Name: { 'Fn::Sub': '${A}-b' }, List: ['n'] } },
      D: {},
    }),
  );
  const all = await changes();
  expect(all.map((it) => [it.Action, it.LogicalResourceId, it.Replacement, it.PolicyAction])).toEqual([
    ['Modify', 'A', 'True', 'ReplaceAndDelete'],
    ['Modify', 'B', 'Conditional', undefined],
    ['Add', 'D', undefined, undefined],
    ['Remove', 'C', undefined, 'Delete'],
  ]);
  expect(all[0].Details).toEqual([
    {
      Target: {
        Attribute: 'Properties',
        Name: 'Name',
        RequiresRecreation: 'Always',
        Path: '/Properties/Name',
        AttributeChangeType: 'Modify',
        BeforeValue: 'a',
        AfterValue: 'z',
      },
      Evaluation: 'Static',
      ChangeSource: 'DirectModification',
    },
  ]);
  expect(all[1].Details![0]).toMatchObject({
    Target: { AfterValue: '{{changeSet:KNOWN_AFTER_APPLY}}', RequiresRecreation: 'Conditionally' },
    Evaluation: 'Dynamic',
    ChangeSource: 'ResourceReference',
    CausingEntity: 'A',
  });
  expect(JSON.parse(all[0].BeforeContext!)).toEqual({ Properties: { Name: 'a', Value: '1' } });
  const bare = (await look('X', false)).Changes![0].ResourceChange!;
  expect(bare).not.toHaveProperty('BeforeContext');
  expect(bare.Details![0].Target).toEqual({ Attribute: 'Properties', Name: 'Name', RequiresRecreation: 'Always' });
  await execute();
  expect((await stack()).StackStatus).toBe('UPDATE_COMPLETE');
  expect([...rig.things.keys()].sort()).toEqual(
    ['ref:z-b', expect.stringMatching(/^S-D-/), 'z'].sort((a, b) => (String(a) < String(b) ? -1 : 1)),
  );
});

test('no changes make a failed set in AWS’s words', async () => {
  await create();
  await propose(base);
  expect(await look()).toMatchObject({
    Status: 'FAILED',
    ExecutionStatus: 'UNAVAILABLE',
    StatusReason: expect.stringMatching(/^The submitted information didn't contain changes\./),
  });
  await expect(execute()).rejects.toMatchObject({ name: 'InvalidChangeSetStatusException' });
});

test('only outputs, only tags', async () => {
  await create();
  await propose(JSON.stringify({ ...JSON.parse(base), Outputs: { O: { Value: 'x' } } }));
  expect(await look()).toMatchObject({ Status: 'CREATE_COMPLETE' });
  expect((await look()).Changes ?? []).toEqual([]);
  await propose(base, { ChangeSetName: 'T', Tags: [{ Key: 'k', Value: 'v' }] });
  expect((await look('T')).Changes!.map(({ ResourceChange }) => ResourceChange!.Scope)).toEqual([
    ['Tags'],
    ['Tags'],
    ['Tags'],
  ]);
});

test('an unknown import makes a failed set', async () => {
  await create();
  await propose(template({ A: { Properties: { Value: { 'Fn::ImportValue': 'nope' } } } }));
  expect(await look()).toMatchObject({ Status: 'FAILED', StatusReason: 'No export named nope found' });
});

test('deleted, listed, taken names, replays', async () => {
  await create();
  await propose(template({ D: {} }), { ClientToken: 't' });
  await propose(template({ D: {} }), { ClientToken: 't' });
  await expect(propose(template({ E: {} }))).rejects.toMatchObject({ name: 'AlreadyExistsException' });
  const { Summaries } = await rig.client.send(new ListChangeSetsCommand({ StackName: 'S' }));
  expect(Summaries).toMatchObject([{ ChangeSetName: 'X', Status: 'CREATE_COMPLETE' }]);
  await rig.client.send(new DeleteChangeSetCommand({ StackName: 'S', ChangeSetName: 'X' }));
  await rig.client.send(new DeleteChangeSetCommand({ StackName: 'S', ChangeSetName: 'X' }));
  await expect(look()).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' });
});

test('another deployment drops what was proposed', async () => {
  await create();
  await propose(template({ D: {} }));
  await rig.client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody: template({ E: {} }) }));
  await expect(execute()).rejects.toMatchObject({ name: 'ChangeSetNotFoundException' });
});

test.each([
  [
    { ChangeSetType: 'CREATE' as const, StackName: 'T', DeploymentMode: 'REVERT_DRIFT' as const },
    'DeploymentMode REVERT_DRIFT can only be given for a change set of type UPDATE',
  ],
  [{ ChangeSetName: '-x' }, "at 'changeSetName' failed to satisfy constraint"],
])('%j is refused', async (more, message) => {
  await create();
  await expect(propose(base, more)).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining(message),
  });
});

test('what a template declares', async () => {
  const body = template(
    { A: {}, R: { Type: 'AWS::IAM::Role' } },
    { Description: 'd', Parameters: { P: { Type: 'String', Default: 5, AllowedValues: [5, 6] } }, Metadata: { m: 1 } },
  );
  expect(await rig.client.send(new GetTemplateSummaryCommand({ TemplateBody: body }))).toMatchObject({
    Description: 'd',
    Capabilities: ['CAPABILITY_IAM'],
    CapabilitiesReason: 'The following resource(s) require capabilities: [AWS::IAM::Role]',
    ResourceTypes: ['Test::Unit::Thing', 'AWS::IAM::Role'],
    Metadata: '{"m":1}',
    Parameters: [
      {
        ParameterKey: 'P',
        DefaultValue: '5',
        ParameterType: 'String',
        ParameterConstraints: { AllowedValues: ['5', '6'] },
      },
    ],
  });
  expect(await rig.client.send(new ValidateTemplateCommand({ TemplateBody: body }))).toMatchObject({
    Parameters: [{ ParameterKey: 'P', DefaultValue: '5', NoEcho: false }],
  });
  const circle = template({ A: { DependsOn: 'B' }, B: { DependsOn: 'A' } });
  await expect(rig.client.send(new ValidateTemplateCommand({ TemplateBody: circle }))).rejects.toThrow(
    'Circular dependency',
  );
});
