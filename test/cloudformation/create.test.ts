import {
  CreateStackCommand,
  type CreateStackCommandInput,
  DescribeStacksCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { type Rig, refuse, startRig, template } from './rig';
import { speaking } from './speak';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.close());

const { create, update, stack, events, story, resources, outputs } = speaking(() => rig);

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
    expect(await stack()).toMatchObject({ StackStatus: 'CREATE_COMPLETE', StackId });
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
    expect((await stack()).StackStatus).toBe('ROLLBACK_COMPLETE');
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
    expect((await stack()).StackStatus).toBe('ROLLBACK_COMPLETE');
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
    expect((await stack()).StackStatus).toBe(status);
    expect(rig.things.size).toBe(left);
  });

  test('OnFailure DELETE leaves nothing', async () => {
    rig.hook = refuse('create B');
    const { StackId } = await create(template({ A: {}, B: { DependsOn: 'A' } }), { OnFailure: 'DELETE' });
    expect((await stack(StackId)).StackStatus).toBe('DELETE_COMPLETE');
    await expect(stack()).rejects.toThrow('Stack with id S does not exist');
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
      'Error validating stack policy: it has no Statement',
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
          A: { Type: 'AWS::ECS::Cluster', Properties: { ClusterSettings: [] } },
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
      `arn:aws:ecs:us-east-1:000000000000:cluster/${A.PhysicalResourceId}`,
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
