/** CloudFormation's view of event source mappings. Source: template reference, "AWS::Lambda::EventSourceMapping". */
import type { FilterCriteria, FunctionResponseType } from '@aws-sdk/client-lambda';
import { flag, number, tags, text, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { ignoreMissing, object, retag } from './values';

export const mappingResource: ResourceType = {
  type: 'AWS::Lambda::EventSourceMapping',
  createOnly: ['EventSourceArn'],
  properties: [
    'BatchSize',
    'Enabled',
    'EventSourceArn',
    'FilterCriteria',
    'FunctionName',
    'FunctionResponseTypes',
    'MaximumBatchingWindowInSeconds',
    'ScalingConfig',
    'Tags',
  ],

  async create(context, properties) {
    return resultOf(
      await context.peers.lambda.CreateEventSourceMapping({
        ...settings(properties),
        EventSourceArn: text(properties, 'EventSourceArn'),
        Tags: tags(context, properties),
      }),
    );
  },

  async update(context, UUID, properties) {
    const shown = await context.peers.lambda.UpdateEventSourceMapping({ ...settings(properties), UUID });
    await retag(context, shown.EventSourceMappingArn!, tags(context, properties));
    return resultOf(shown);
  },

  async delete({ peers }, UUID) {
    await peers.lambda.DeleteEventSourceMapping({ UUID }).catch(ignoreMissing);
  },
};

function settings(properties: Properties) {
  const { Filters: filters = [] } = (object(properties, 'FilterCriteria', ['Filters']) ?? {}) as FilterCriteria;
  const scaling = object(properties, 'ScalingConfig', ['MaximumConcurrency']);
  return {
    FunctionName: text(properties, 'FunctionName'),
    FilterCriteria: { Filters: filters },
    BatchSize: number(properties, 'BatchSize') ?? 10,
    Enabled: flag(properties, 'Enabled') ?? true,
    FunctionResponseTypes: (texts(properties, 'FunctionResponseTypes') ?? []) as FunctionResponseType[],
    MaximumBatchingWindowInSeconds: number(properties, 'MaximumBatchingWindowInSeconds') ?? 0,
    ScalingConfig: { MaximumConcurrency: scaling && number(scaling, 'MaximumConcurrency') },
  };
}

type Shown = Awaited<ReturnType<ResourceContext['peers']['lambda']['GetEventSourceMapping']>>;

function resultOf({ UUID, EventSourceMappingArn }: Shown): ResourceResult {
  return { physicalId: UUID!, attributes: { Id: UUID, EventSourceMappingArn } };
}
