/**
 * Types of messages, events, workflows, secrets and URLs, each made, changed in place, replaced and deleted by templates:
 * what stays under its id, what gets a new one, and that nothing is left.
 */
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { EventBridgeClient, ListEventBusesCommand, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { ListStateMachinesCommand, SFNClient } from '@aws-sdk/client-sfn';
import { ListSubscriptionsCommand, ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.close());

const ref = (Ref: string) => ({ Ref });
const att = (...path: string[]) => ({ 'Fn::GetAtt': path });
const trust = (Service: string) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
});
const pass = (Result: number) => JSON.stringify({ StartAt: 'P', States: { P: { Type: 'Pass', Result, End: true } } });
const policy = (Service: string, Action: string, Resource: unknown) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service }, Action, Resource }],
});

interface Case {
  readonly type: string;
  readonly make: object;
  readonly change: object;
  readonly replace: object;
  /** Attributes, and what they look like. */
  readonly attributes?: Readonly<Record<string, RegExp>>;
  readonly beside?: object;
}

const role = (service: string) => ({
  Role: { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust(service) } },
});
const topic = {
  Topic: { Type: 'AWS::SNS::Topic' },
  Queue: { Type: 'AWS::SQS::Queue' },
  Other: { Type: 'AWS::SQS::Queue' },
};

const cases: Case[] = [
  {
    type: 'AWS::SNS::Topic',
    make: { TopicName: 'one', DisplayName: 'a', Subscription: [{ Protocol: 'email', Endpoint: 'a@example.com' }] },
    change: { TopicName: 'one', DisplayName: 'b', Tags: [{ Key: 'k', Value: 'v' }] },
    replace: { TopicName: 'two' },
    attributes: { TopicArn: /:one$/, TopicName: /^one$/ },
  },
  {
    type: 'AWS::SNS::Subscription',
    beside: topic,
    make: { TopicArn: ref('Topic'), Protocol: 'sqs', Endpoint: att('Queue', 'Arn'), FilterPolicy: { a: ['b'] } },
    change: {
      TopicArn: ref('Topic'),
      Protocol: 'sqs',
      Endpoint: att('Queue', 'Arn'),
      FilterPolicyScope: 'MessageBody',
      FilterPolicy: { a: { b: ['c'] } },
    },
    replace: { TopicArn: ref('Topic'), Protocol: 'sqs', Endpoint: att('Other', 'Arn') },
    attributes: { Arn: /^arn:aws:sns:/ },
  },
  {
    type: 'AWS::Events::Rule',
    make: { Name: 'one', EventPattern: { source: ['a'] } },
    change: { Name: 'one', ScheduleExpression: 'rate(1 day)', State: 'DISABLED', Tags: [{ Key: 'k', Value: 'v' }] },
    replace: { Name: 'two', EventPattern: { source: ['a'] } },
    attributes: { Arn: /:rule\/one$/ },
  },
  {
    type: 'AWS::Events::EventBus',
    make: { Name: 'one', Description: 'a' },
    change: { Name: 'one', Description: 'b', Policy: policy('x.amazonaws.com', 'events:PutEvents', '*') },
    replace: { Name: 'two' },
    attributes: { Arn: /:event-bus\/one$/, Name: /^one$/ },
  },
  {
    type: 'AWS::StepFunctions::StateMachine',
    beside: role('states.amazonaws.com'),
    make: { StateMachineName: 'one', DefinitionString: pass(1), RoleArn: att('Role', 'Arn') },
    change: { StateMachineName: 'one', DefinitionString: pass(2), RoleArn: att('Role', 'Arn') },
    replace: { StateMachineName: 'two', DefinitionString: pass(2), RoleArn: att('Role', 'Arn') },
    attributes: { Arn: /:stateMachine:one$/, Name: /^one$/ },
  },
  {
    type: 'AWS::SecretsManager::Secret',
    make: { Name: 'one', GenerateSecretString: {} },
    change: { Name: 'one', SecretString: 'x', Tags: [{ Key: 'k', Value: 'v' }] },
    replace: { Name: 'two' },
    attributes: { Id: /:secret:one-/ },
  },
];

async function deploy(StackName: string, { type, beside, attributes = {} }: Case, Properties: object) {
  const Outputs = Object.fromEntries(Object.keys(attributes).map((name) => [name, { Value: att('It', name) }]));
  const template = { Resources: { ...beside, It: { Type: type, Properties } }, Outputs };
  const deployed = await coffer.deploy({ template, stackName: StackName });
  return { id: deployed.resource('It').physicalId, outputs: deployed.stacks[0].outputs };
}

/** What there is of these services, by name. */
async function everything(): Promise<unknown[]> {
  const topics = await coffer.client(SNSClient).send(new ListTopicsCommand({}));
  const subscriptions = await coffer.client(SNSClient).send(new ListSubscriptionsCommand({}));
  const rules = await coffer.client(EventBridgeClient).send(new ListRulesCommand({}));
  const buses = await coffer.client(EventBridgeClient).send(new ListEventBusesCommand({}));
  const machines = await coffer.client(SFNClient).send(new ListStateMachinesCommand({}));
  const secrets = await coffer
    .client(SecretsManagerClient)
    .send(new ListSecretsCommand({ IncludePlannedDeletion: true }));
  return [
    topics.Topics,
    subscriptions.Subscriptions,
    rules.Rules,
    buses.EventBuses!.filter(({ Name }) => Name !== 'default'),
    machines.stateMachines,
    secrets.SecretList,
  ].flat();
}

test.each(cases)('$type', async (one) => {
  const StackName = one.type.replaceAll('::', '-');
  const made = await deploy(StackName, one, one.make);
  for (const [name, form] of Object.entries(one.attributes ?? {})) expect(made.outputs[name]).toMatch(form);
  const changed = await deploy(StackName, one, one.change);
  expect(changed.id).toBe(made.id);
  const replaced = await deploy(StackName, one, one.replace);
  expect(replaced.id).not.toBe(made.id);
  // Going back is a replacement again: the first one is no longer there, so its name is free.
  await deploy(StackName, one, one.make);
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName }));
  expect(await everything()).toEqual([]);
});

test('what has a name already is not taken over', async () => {
  const one = cases[0];
  await deploy('First', one, { TopicName: 'taken' });
  await expect(deploy('Second', one, { TopicName: 'taken' })).rejects.toThrow(/AlreadyExists/);
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Second' }));
  expect(await everything()).toHaveLength(1);
});
