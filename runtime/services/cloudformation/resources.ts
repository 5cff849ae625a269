/**
 * Resource types of CloudFormation itself: nested stacks, made through its own API in the name of the parent's actor;
 * the metadata that CDK leaves in every stack; wait conditions, which `waiting.ts` has.
 */

import type { Stack as StackView } from '@aws-sdk/client-cloudformation';
import { isAwsError } from '../../base/errors';
import { tags, text } from '../../kernel/properties';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';
import { stringified } from './custom/custom';
import { deployerOf } from './deployer';
import { validationError } from './errors';
import { waitCondition, waitConditionHandle } from './waiting';

const nestedStack: ResourceType = {
  type: 'AWS::CloudFormation::Stack',
  createOnly: [],
  properties: ['NotificationARNs', 'Parameters', 'Tags', 'TemplateURL', 'TimeoutInMinutes'],
  async create(context, properties) {
    const input = { ...inputOf(context, properties), StackName: context.generatedName({ maxLength: 128 }) };
    const { StackId = '' } = await context.peers.cloudformation.CreateStack({
      ...input,
      TimeoutInMinutes: properties.TimeoutInMinutes === undefined ? undefined : Number(properties.TimeoutInMinutes),
      OnFailure: 'DO_NOTHING',
    });
    context.claim?.(StackId);
    return outcome(context, StackId, 'CREATE_COMPLETE');
  },
  async update(context, physicalId, properties) {
    try {
      await context.peers.cloudformation.UpdateStack({ ...inputOf(context, properties), StackName: physicalId });
    } catch (error) {
      if (!(isAwsError(error, 'ValidationError') && error.message.startsWith('No updates'))) throw error;
      // It is as it shall be: it may have gone back to that by itself, when its own update failed.
      return outcome(context, physicalId, ...SETTLED);
    }
    return outcome(context, physicalId);
  },
  async delete(context, physicalId) {
    await context.peers.cloudformation.DeleteStack({ StackName: physicalId });
    await ended(context, physicalId, 'DELETE_COMPLETE');
  },
};

const SETTLED = ['IMPORT_COMPLETE', 'UPDATE_ROLLBACK_COMPLETE', 'CREATE_COMPLETE', 'UPDATE_COMPLETE'];

function inputOf(context: ResourceContext, properties: Properties) {
  const parameters = stringified(properties.Parameters ?? {}) as Record<string, string | string[]>;
  return {
    TemplateURL: text(properties, 'TemplateURL'),
    Parameters: Object.entries(parameters).map(([ParameterKey, value]) => ({
      ParameterKey,
      ParameterValue: [value].flat().join(','),
    })),
    NotificationARNs: properties.NotificationARNs as string[] | undefined,
    Tags: Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value })),
    // The parent's caller has given them for the whole tree.
    Capabilities: ['CAPABILITY_NAMED_IAM' as const, 'CAPABILITY_AUTO_EXPAND' as const],
  };
}

async function outcome(context: ResourceContext, stackId: string, ...wanted: string[]): Promise<ResourceResult> {
  const { Outputs = [] } = await ended(
    context,
    stackId,
    ...(wanted.length > 0 ? wanted : ['CREATE_COMPLETE', 'UPDATE_COMPLETE']),
  );
  const attributes = Object.fromEntries(
    Outputs.map(({ OutputKey, OutputValue }) => [`Outputs.${OutputKey}`, OutputValue]),
  );
  return { physicalId: stackId, attributes };
}

/** Waits for the nested stack's operation. @throws AwsError when it did not end as wanted */
async function ended({ kernel, peers }: ResourceContext, StackName: string, ...wanted: string[]): Promise<StackView> {
  await deployerOf(kernel).running.get(StackName)?.done;
  const { Stacks: [stack] = [] } = await peers.cloudformation.DescribeStacks({ StackName });
  if (wanted.includes(String(stack?.StackStatus))) return stack;
  const verbs: Record<string, string> = {
    CREATE_COMPLETE: 'created',
    UPDATE_COMPLETE: 'updated',
    DELETE_COMPLETE: 'deleted',
  };
  const { StackEvents = [] } = await peers.cloudformation.DescribeStackEvents({ StackName });
  // The turn for the worse is told where it happened, not in the last status.
  const turn = StackEvents.find(
    ({ PhysicalResourceId, ResourceStatus = '', ResourceStatusReason }) =>
      PhysicalResourceId === StackName && ResourceStatusReason && /FAILED|ROLLBACK|COMPLETE/.test(ResourceStatus),
  );
  const why = turn?.ResourceStatusReason ?? stack?.StackStatus;
  // Clients follow the events of nested stacks while they happen; here they are over by then, so the root is told, too.
  const failure = StackEvents.find(
    ({ ResourceStatus = '', OperationId, PhysicalResourceId }) =>
      ResourceStatus.endsWith('_FAILED') && OperationId === turn?.OperationId && PhysicalResourceId !== StackName,
  );
  const root = failure ? ` ${failure.LogicalResourceId}: ${failure.ResourceStatusReason}` : '';
  throw validationError(
    `Embedded stack ${StackName} was not successfully ${verbs[wanted[wanted.length - 1]]}: ${why}${root}`,
  );
}

/** CDK's note of which constructs are in a stack. */
const metadata: ResourceType = {
  type: 'AWS::CDK::Metadata',
  createOnly: [],
  properties: ['Analytics'],
  create: async (context) => ({ physicalId: context.generatedName() }),
  update: async (_, physicalId) => ({ physicalId }),
  delete: async () => {},
};

export const resources: readonly ResourceType[] = [nestedStack, metadata, waitCondition, waitConditionHandle];
