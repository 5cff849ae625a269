/** What tests say to CloudFormation about their stack `S`, and how they read the answers. */
import {
  CreateStackCommand,
  type CreateStackCommandInput,
  DeleteStackCommand,
  type DeleteStackCommandInput,
  DescribeStackEventsCommand,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
  type UpdateStackCommandInput,
} from '@aws-sdk/client-cloudformation';
import type { Rig } from './rig';

/** @param rig the one of the running test */
export function speaking(rig: () => Rig) {
  const stack = async (StackName = 'S') =>
    (await rig().client.send(new DescribeStacksCommand({ StackName }))).Stacks![0];
  const events = async (StackName = 'S') =>
    (await rig().client.send(new DescribeStackEventsCommand({ StackName }))).StackEvents!.reverse();
  return {
    create: (TemplateBody: string, more: Partial<CreateStackCommandInput> = {}) =>
      rig().client.send(new CreateStackCommand({ StackName: 'S', TemplateBody, ...more })),
    update: (TemplateBody: string, more: Partial<UpdateStackCommandInput> = {}) =>
      rig().client.send(new UpdateStackCommand({ StackName: 'S', TemplateBody, ...more })),
    remove: (more: Partial<DeleteStackCommandInput> = {}) =>
      rig().client.send(new DeleteStackCommand({ StackName: 'S', ...more })),
    stack,
    events,
    /** Events in their order, as lines. */
    story: async (StackName = 'S') =>
      (await events(StackName)).map((it) =>
        [it.LogicalResourceId, it.ResourceStatus, it.ResourceStatusReason].filter(Boolean).join(' '),
      ),
    resources: async () => {
      const { StackResources } = await rig().client.send(new DescribeStackResourcesCommand({ StackName: 'S' }));
      return Object.fromEntries(StackResources!.map((it) => [it.LogicalResourceId, it]));
    },
    outputs: async () =>
      Object.fromEntries((await stack()).Outputs!.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue])),
  };
}
