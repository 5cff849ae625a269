/** CloudFormation's view of Step Functions. Source: CloudFormation template reference, "AWS::StepFunctions::StateMachine". */
import { AwsError, isAwsError } from '../../base/errors';
import { isObject } from '../../engine/template/parse';
import { tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceType } from '../../kernel/service';

const invalid = (what: string) => new AwsError('ValidationException', what);

function definitionOf(properties: Properties): string {
  const { Definition, DefinitionSubstitutions } = properties;
  const written = isObject(Definition) ? JSON.stringify(Definition) : text(properties, 'DefinitionString');
  if (written === undefined) throw invalid('One of Definition and DefinitionString must be given');
  const values = isObject(DefinitionSubstitutions) ? DefinitionSubstitutions : {};
  return written.replace(/\$\{([A-Za-z0-9_]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? String(values[name]) : whole,
  );
}

function loggingOf(properties: Properties) {
  const { LoggingConfiguration: logging } = properties;
  if (!isObject(logging)) return undefined;
  return { level: String(logging.Level ?? 'OFF') as 'OFF' };
}

function tracingOf(properties: Properties) {
  const { TracingConfiguration: tracing } = properties;
  return isObject(tracing) ? { enabled: String(tracing.Enabled) === 'true' } : undefined;
}

const resultOf = (arn: string, revision: string | undefined) => ({
  physicalId: arn,
  attributes: { Arn: arn, Name: arn.slice(arn.lastIndexOf(':') + 1), StateMachineRevisionId: revision ?? 'INITIAL' },
});

const tagList = (context: ResourceContext, properties: Properties) =>
  Object.entries(tags(context, properties)).map(([key, value]) => ({ key, value }));

const stateMachine: ResourceType = {
  type: 'AWS::StepFunctions::StateMachine',
  createOnly: ['StateMachineName', 'StateMachineType'],
  properties: [
    'Definition',
    'DefinitionString',
    'DefinitionSubstitutions',
    'LoggingConfiguration',
    'RoleArn',
    'StateMachineName',
    'StateMachineType',
    'Tags',
    'TracingConfiguration',
  ],
  async create(context, properties) {
    const { stateMachineArn = '' } = await context.peers.states.CreateStateMachine({
      name: text(properties, 'StateMachineName') ?? context.generatedName({ maxLength: 80 }),
      definition: definitionOf(properties),
      roleArn: text(properties, 'RoleArn'),
      type: text(properties, 'StateMachineType') as 'STANDARD' | undefined,
      loggingConfiguration: loggingOf(properties),
      tracingConfiguration: tracingOf(properties),
      tags: tagList(context, properties),
    });
    return resultOf(stateMachineArn, undefined);
  },
  async update(context, stateMachineArn, properties) {
    const { states } = context.peers;
    const { revisionId } = await states.UpdateStateMachine({
      stateMachineArn,
      definition: definitionOf(properties),
      roleArn: text(properties, 'RoleArn'),
      loggingConfiguration: loggingOf(properties),
      tracingConfiguration: tracingOf(properties),
    });
    const wanted = tags(context, properties);
    const { tags: have = [] } = await states.ListTagsForResource({ resourceArn: stateMachineArn });
    const tagKeys = have.map(({ key }) => key!).filter((key) => !(key in wanted));
    if (tagKeys.length > 0) await states.UntagResource({ resourceArn: stateMachineArn, tagKeys });
    await states.TagResource({ resourceArn: stateMachineArn, tags: tagList(context, properties) });
    return resultOf(stateMachineArn, revisionId);
  },
  async delete(context, stateMachineArn) {
    await context.peers.states.DeleteStateMachine({ stateMachineArn });
  },
  async read({ peers: { states } }, stateMachineArn) {
    try {
      const { definition, roleArn } = await states.DescribeStateMachine({ stateMachineArn });
      return { DefinitionString: definition, RoleArn: roleArn };
    } catch (error) {
      if (isAwsError(error, 'StateMachineDoesNotExist')) return undefined;
      throw error;
    }
  },
};

export const resources: readonly ResourceType[] = [stateMachine];
