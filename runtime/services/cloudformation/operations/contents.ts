/** What stacks are made of and what happened to them: resources and events. */
import type { OperationEvent } from '@aws-sdk/client-cloudformation';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { missingChangeSet, missingResource, missingStack, validationError } from '../errors';
import {
  allStacks,
  type ChangeSet,
  eventsOf,
  type Fault,
  findChangeSet,
  findResource,
  resourcesOf,
  type Stack,
} from '../state';
import { eventView, here, paged, positionIn, resourceView, stackNamed, tokenAt } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

const EVENT_PAGE = 100;

export const contentHandlers: Handlers<Client> = {
  async DescribeStackEvents(call, { StackName, NextToken }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    const page = await eventsOf(call.kernel.store, stack, EVENT_PAGE, positionIn(NextToken) || undefined);
    const more = page.length === EVENT_PAGE && page[page.length - 1].sequence > 1;
    return {
      StackEvents: page.map(({ event }) => eventView(stack, event)),
      NextToken: more ? tokenAt(page[page.length - 1].sequence) : undefined,
    };
  },

  /** Events of one operation. Those of a change set tell what is wrong with properties. */
  async DescribeEvents(call, { StackName, ChangeSetName, OperationId, Filters, NextToken: token }) {
    if (ChangeSetName) {
      const stack = StackName ? await stackNamed(call, StackName, missingStack.change) : undefined;
      const found = await findChangeSet(call.kernel.store, here(call), ChangeSetName, stack);
      if (!found) throw missingChangeSet(ChangeSetName);
      return { OperationEvents: (found.changeSet.faults ?? []).map((fault) => faultView(found, fault)) };
    }
    const stack = await stackNamed(call, StackName, missingStack.change);
    const all = await eventsOf(call.kernel.store, stack, 100_000);
    const events = all.flatMap(({ event }): OperationEvent[] => {
      if (OperationId && event.operationId !== OperationId) return [];
      if (Filters?.FailedEvents && !event.status.endsWith('_FAILED')) return [];
      const { StackName: _, ...view } = eventView(stack, event);
      return [{ ...view, EventType: view.LogicalResourceId === stack.name ? 'STACK_EVENT' : 'PROGRESS_EVENT' }];
    });
    const { page, NextToken } = paged(events, token);
    return { OperationEvents: page, NextToken };
  },

  async DescribeStackResource(call, { StackName, LogicalResourceId = '' }) {
    const stack = await stackNamed(call, StackName, missingStack.resource);
    const row = await findResource(call.kernel.store, stack, LogicalResourceId);
    if (!row) throw missingResource(LogicalResourceId, stack.name);
    return {
      StackResourceDetail: {
        ...owner(stack),
        ...resourceView(row),
        LastUpdatedTimestamp: new Date(row.at),
        Metadata: row.metadata && JSON.stringify(row.metadata),
      },
    };
  },

  async DescribeStackResources(call, { StackName, LogicalResourceId, PhysicalResourceId }) {
    if (!StackName && !PhysicalResourceId) throw validationError('StackName or PhysicalResourceId must be specified.');
    const stack = StackName ? await stackNamed(call, StackName) : await stackWith(call, PhysicalResourceId!);
    const rows = await resourcesOf(call.kernel.store, stack);
    const wanted = rows.filter(({ logicalId }) => !LogicalResourceId || logicalId === LogicalResourceId);
    if (LogicalResourceId && wanted.length === 0) throw missingResource(LogicalResourceId, stack.name);
    return {
      StackResources: wanted.map((row) => ({ ...owner(stack), ...resourceView(row), Timestamp: new Date(row.at) })),
    };
  },

  async ListStackResources(call, { StackName, NextToken: token }) {
    const stack = await stackNamed(call, StackName);
    const { page, NextToken } = paged(await resourcesOf(call.kernel.store, stack), token);
    return {
      StackResourceSummaries: page.map((row) => ({ ...resourceView(row), LastUpdatedTimestamp: new Date(row.at) })),
      NextToken,
    };
  },
};

/** Source: CloudFormation API Reference, "OperationEvent". */
function faultView({ stack, changeSet }: { stack: Stack; changeSet: ChangeSet }, fault: Fault): OperationEvent {
  const { logicalId, type, path, reason } = fault;
  return {
    EventId: `${changeSet.id.slice(changeSet.id.lastIndexOf('/') + 1)}${path}`,
    StackId: stack.id,
    EventType: 'VALIDATION_ERROR',
    LogicalResourceId: logicalId,
    PhysicalResourceId: '',
    ResourceType: type,
    Timestamp: new Date(changeSet.createdAt),
    ValidationFailureMode: 'FAIL',
    ValidationName: 'PROPERTY_VALIDATION',
    ValidationStatus: 'FAILED',
    ValidationStatusReason: reason,
    ValidationPath: path,
  };
}

/** The stack that a physical resource belongs to. */
async function stackWith(call: Call, physicalId: string): Promise<Stack> {
  for (const stack of await allStacks(call.kernel.store, call.account, call.region)) {
    const rows = stack.deletedAt === undefined ? await resourcesOf(call.kernel.store, stack) : [];
    if (rows.some(({ now }) => now?.physicalId === physicalId || now?.ref === physicalId)) return stack;
  }
  throw validationError(`Stack for ${physicalId} does not exist`);
}

function owner({ id, name }: Stack) {
  return { StackId: id, StackName: name };
}
