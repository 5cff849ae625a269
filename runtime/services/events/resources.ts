/**
 * CloudFormation's view of EventBridge. Source: CloudFormation template reference, "AWS::Events::Rule", "::EventBus",
 * "::EventBusPolicy".
 */
import type { RuleState, Target } from '@aws-sdk/client-eventbridge';
import { AwsError, isAwsError } from '../../base/errors';
import { json, tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';
import { busArn, ruleArn } from './names';
import { DEFAULT_BUS } from './state';

const tagList = (context: ResourceContext, properties: Properties) =>
  Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));

async function retag(context: ResourceContext, ResourceARN: string, properties: Properties): Promise<void> {
  const { events } = context.peers;
  const wanted = tags(context, properties);
  const { Tags = [] } = await events.ListTagsForResource({ ResourceARN });
  const TagKeys = Tags.map(({ Key }) => Key!).filter((key) => !(key in wanted));
  if (TagKeys.length > 0) await events.UntagResource({ ResourceARN, TagKeys });
  if (Object.keys(wanted).length > 0) await events.TagResource({ ResourceARN, Tags: tagList(context, properties) });
}

/** Deleting what is already gone succeeds. */
async function forgiving(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isAwsError(error, 'ResourceNotFoundException')) throw error;
  }
}

// ---- Rules --------------------------------------------------------------------------------------------------------

/** Templates leave numbers as text, and JSON as objects. */
function targetsOf(properties: Properties): Target[] {
  const list = properties.Targets ?? [];
  if (!Array.isArray(list))
    throw new AwsError('ValidationError', 'Properties validation failed: #/Targets: expected type: JSONArray');
  return list.map(({ Input, RetryPolicy, ...target }: Target & { Input?: unknown }) => ({
    ...target,
    ...(Input !== undefined && { Input: typeof Input === 'string' ? Input : JSON.stringify(Input) }),
    ...(RetryPolicy && {
      RetryPolicy: Object.fromEntries(Object.entries(RetryPolicy).map(([name, value]) => [name, Number(value)])),
    }),
  }));
}

/** The name of a bus, of which the template may give the ARN. */
const busOf = (properties: Properties): string =>
  (text(properties, 'EventBusName') ?? DEFAULT_BUS).replace(/^arn:[^/]*\//, '');

async function putRule(context: ResourceContext, name: string, properties: Properties): Promise<ResourceResult> {
  const { events } = context.peers;
  const EventBusName = text(properties, 'EventBusName');
  await events.PutRule({
    Name: name,
    EventBusName,
    EventPattern: json(properties, 'EventPattern'),
    ScheduleExpression: text(properties, 'ScheduleExpression'),
    State: text(properties, 'State') as RuleState | undefined,
    Description: text(properties, 'Description'),
    RoleArn: text(properties, 'RoleArn'),
    Tags: tagList(context, properties),
  });
  const bus = busOf(properties);
  const physicalId = bus === DEFAULT_BUS ? name : `${bus}|${name}`;
  context.claim?.(physicalId);
  const Targets = targetsOf(properties);
  const { Targets: have = [] } = await events.ListTargetsByRule({ Rule: name, EventBusName });
  const wanted = new Set(Targets.map(({ Id }) => Id));
  const Ids = have.map(({ Id }) => Id!).filter((id) => !wanted.has(id));
  if (Ids.length > 0) await events.RemoveTargets({ Rule: name, EventBusName, Ids });
  if (Targets.length > 0) await events.PutTargets({ Rule: name, EventBusName, Targets });
  return { physicalId, attributes: { Arn: ruleArn({ ...context, bus, name }), RuleName: name } };
}

const nameOf = (physicalId: string) => physicalId.slice(physicalId.indexOf('|') + 1);

const rule: ResourceType = {
  type: 'AWS::Events::Rule',
  createOnly: ['EventBusName', 'Name'],
  properties: [
    'Description',
    'EventBusName',
    'EventPattern',
    'Name',
    'RoleArn',
    'ScheduleExpression',
    'State',
    'Tags',
    'Targets',
  ],
  async create(context, properties) {
    const name = text(properties, 'Name') ?? context.generatedName({ maxLength: 64 });
    if (text(properties, 'Name') !== undefined && (await exists(context, name, properties)))
      throw new AwsError('ResourceAlreadyExistsException', `Rule ${name} already exists.`);
    return putRule(context, name, properties);
  },
  async update(context, physicalId, properties) {
    const result = await putRule(context, nameOf(physicalId), properties);
    await retag(context, String(result.attributes!.Arn), properties);
    return result;
  },
  async delete(context, physicalId, properties) {
    const { events } = context.peers;
    const EventBusName = text(properties, 'EventBusName');
    const Name = nameOf(physicalId);
    await forgiving(
      (async () => {
        const { Targets = [] } = await events.ListTargetsByRule({ Rule: Name, EventBusName });
        if (Targets.length > 0)
          await events.RemoveTargets({ Rule: Name, EventBusName, Ids: Targets.map(({ Id }) => Id!) });
        await events.DeleteRule({ Name, EventBusName });
      })(),
    );
  },
  async read({ peers: { events } }, physicalId) {
    const EventBusName = physicalId.includes('|') ? physicalId.split('|')[0] : undefined;
    try {
      const found = await events.DescribeRule({ Name: nameOf(physicalId), EventBusName });
      const { EventPattern, ScheduleExpression, State, Description } = found;
      const pattern = EventPattern === undefined ? undefined : JSON.parse(EventPattern);
      return { EventPattern: pattern, ScheduleExpression, State, Description };
    } catch (error) {
      if (isAwsError(error, 'ResourceNotFoundException')) return undefined;
      throw error;
    }
  },
};

async function exists({ peers: { events } }: ResourceContext, Name: string, properties: Properties): Promise<boolean> {
  try {
    await events.DescribeRule({ Name, EventBusName: text(properties, 'EventBusName') });
    return true;
  } catch (error) {
    if (isAwsError(error, 'ResourceNotFoundException')) return false;
    throw error;
  }
}

// ---- Buses --------------------------------------------------------------------------------------------------------

function busResult(context: ResourceContext, name: string, properties: Properties): ResourceResult {
  const Policy = json(properties, 'Policy');
  return { physicalId: name, attributes: { Arn: busArn(context, name), Name: name, ...(Policy && { Policy }) } };
}

async function setPolicy({ peers: { events } }: ResourceContext, name: string, Policy: string | undefined) {
  if (Policy === undefined) await events.RemovePermission({ EventBusName: name, RemoveAllPermissions: true });
  else await events.PutPermission({ EventBusName: name, Policy });
}

const eventBus: ResourceType = {
  type: 'AWS::Events::EventBus',
  createOnly: ['Name'],
  properties: ['Description', 'Name', 'Policy', 'Tags'],
  async create(context, properties) {
    const name = text(properties, 'Name')!;
    const { events } = context.peers;
    const Description = text(properties, 'Description');
    await events.CreateEventBus({ Name: name, Description, Tags: tagList(context, properties) });
    context.claim?.(name);
    if (properties.Policy !== undefined) await setPolicy(context, name, json(properties, 'Policy'));
    return busResult(context, name, properties);
  },
  async update(context, name, properties, previous) {
    await context.peers.events.UpdateEventBus({ Name: name, Description: text(properties, 'Description') });
    if (json(properties, 'Policy') !== json(previous, 'Policy'))
      await setPolicy(context, name, json(properties, 'Policy'));
    await retag(context, busArn(context, name), properties);
    return busResult(context, name, properties);
  },
  delete: (context, Name) => forgiving(context.peers.events.DeleteEventBus({ Name })),
};

async function putStatement(context: ResourceContext, properties: Properties): Promise<void> {
  const StatementId = text(properties, 'StatementId');
  const EventBusName = text(properties, 'EventBusName');
  const { Statement } = properties;
  const { events } = context.peers;
  if (Statement === undefined) {
    await events.PutPermission({
      EventBusName,
      StatementId,
      Action: text(properties, 'Action'),
      Principal: text(properties, 'Principal'),
      Condition: properties.Condition as { Type: string; Key: string; Value: string } | undefined,
    });
    return;
  }
  // A whole statement goes in as part of the whole policy.
  const { Policy } = await events.DescribeEventBus({ Name: EventBusName });
  const { Statement: have = [] } = (Policy ? JSON.parse(Policy) : {}) as { Statement?: { Sid?: string }[] };
  const own = typeof Statement === 'string' ? JSON.parse(Statement) : Statement;
  const statements = [...have.filter(({ Sid }) => Sid !== StatementId), { ...own, Sid: StatementId }];
  await events.PutPermission({
    EventBusName,
    Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }),
  });
}

const busPolicy: ResourceType = {
  type: 'AWS::Events::EventBusPolicy',
  createOnly: ['EventBusName', 'StatementId'],
  properties: ['Action', 'Condition', 'EventBusName', 'Principal', 'Statement', 'StatementId'],
  async create(context, properties) {
    await putStatement(context, properties);
    return { physicalId: `${busOf(properties)}|${text(properties, 'StatementId')}` };
  },
  async update(context, physicalId, properties) {
    await putStatement(context, properties);
    return { physicalId };
  },
  delete: (context, _, properties) =>
    forgiving(
      context.peers.events.RemovePermission({
        EventBusName: text(properties, 'EventBusName'),
        StatementId: text(properties, 'StatementId'),
      }),
    ),
};

export const resources: readonly ResourceType[] = [rule, eventBus, busPolicy];
