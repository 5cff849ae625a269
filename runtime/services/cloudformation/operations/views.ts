/** Rows as the API shows them, and what requests have in common. */
import type {
  Capability,
  StackEvent as EventView,
  Parameter,
  ResourceStatus,
  StackStatus,
  Stack as StackView,
  Tag,
} from '@aws-sdk/client-cloudformation';
import type { Call } from '../../../kernel/call';
import { missingStack, notSupported, validationError } from '../errors';
import { placeOf } from '../names';
import type { ParameterWishes } from '../stacks/prepare';
import { findStack, type Place, type Resource, type Stack, type StackEvent, type StackParameter } from '../state';

export function here({ account, region }: Call): Place {
  return { account, region };
}

/** @throws AwsError in the words of `missing` */
export async function stackNamed(
  call: Call,
  name: string | undefined,
  missing: (name: string) => Error = missingStack.describe,
): Promise<Stack> {
  if (!name) throw validationError('StackName must be specified.');
  const { account, region } = placeOf(name, here(call));
  const stack = await findStack(call.kernel.store, account, region, name);
  if (!stack) throw missing(name);
  return stack;
}

const PAGE = 100;

/** One page of a list, and the token of the next: the position, readable by nobody but this. */
export function paged<T>(all: readonly T[], token: string | undefined, size = PAGE): { page: T[]; NextToken?: string } {
  const start = positionIn(token);
  const end = start + size;
  return { page: all.slice(start, end), NextToken: end < all.length ? tokenAt(end) : undefined };
}

export function tokenAt(position: number): string {
  return Buffer.from(`position ${position}`).toString('base64url');
}

export function positionIn(token: string | undefined): number {
  if (token === undefined || token === '') return 0;
  const position = /^position (\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (position === undefined) throw validationError('NextToken is not valid');
  return Number(position);
}

// ---- Input --------------------------------------------------------------------------------------------------------

export function parameterWishes(parameters: readonly Parameter[] = []): ParameterWishes {
  return new Map(
    parameters.map(({ ParameterKey = '', ParameterValue, UsePreviousValue }) => {
      if (UsePreviousValue && ParameterValue !== undefined) {
        throw validationError(
          `Invalid input for parameter key ${ParameterKey}. Cannot specify usePreviousValue as true and non empty value for a parameter`,
        );
      }
      return [ParameterKey, UsePreviousValue ? { usePrevious: true as const } : (ParameterValue ?? '')];
    }),
  );
}

const TAGS_LIMIT = 50;

export function tagsOf(tags: readonly Tag[] | undefined): Record<string, string> | undefined {
  if (!tags) return undefined;
  if (tags.length > TAGS_LIMIT) throw validationError(`Tags: at most ${TAGS_LIMIT} can be given`);
  if (tags.some(({ Key }) => !Key || Key.startsWith('aws:'))) {
    throw validationError('Tag keys must not be empty or begin with aws:');
  }
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key!, Value ?? '']));
}

/** @throws AwsError naming an input that this runtime would not act on */
export function refuseUnsupported(input: {
  readonly RollbackConfiguration?: { RollbackTriggers?: unknown[]; MonitoringTimeInMinutes?: number };
}): void {
  const { RollbackTriggers, MonitoringTimeInMinutes } = input.RollbackConfiguration ?? {};
  if (RollbackTriggers?.length || MonitoringTimeInMinutes) throw notSupported('RollbackConfiguration');
}

// ---- Output -------------------------------------------------------------------------------------------------------

const date = (at: number | undefined) => (at === undefined ? undefined : new Date(at));

export function parametersView(parameters: readonly StackParameter[]): Parameter[] {
  return parameters.map(({ name, value, resolved, noEcho }) => ({
    ParameterKey: name,
    ParameterValue: noEcho ? '****' : value,
    ResolvedValue: resolved,
  }));
}

export function tagsView(tags: Readonly<Record<string, string>>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function stackView(stack: Stack): StackView {
  return {
    StackId: stack.id,
    StackName: stack.name,
    ChangeSetId: stack.changeSetId,
    Description: stack.description,
    Parameters: parametersView(stack.parameters),
    CreationTime: new Date(stack.createdAt),
    DeletionTime: date(stack.deletedAt),
    LastUpdatedTime: date(stack.updatedAt),
    RollbackConfiguration: {},
    StackStatus: stack.status as StackStatus,
    StackStatusReason: stack.reason,
    DisableRollback: stack.disableRollback,
    DeploymentConfig: stack.deploymentMode ? { Mode: stack.deploymentMode as 'EXPRESS' | 'STANDARD' } : undefined,
    NotificationARNs: [...stack.notificationArns],
    TimeoutInMinutes: stack.timeoutMinutes,
    Capabilities: stack.capabilities as Capability[],
    Outputs: stack.outputs.map(({ name, value, description, exportName }) => ({
      OutputKey: name,
      OutputValue: value,
      Description: description,
      ExportName: exportName,
    })),
    RoleARN: stack.roleArn,
    Tags: tagsView(stack.tags),
    EnableTerminationProtection: stack.terminationProtection,
    ParentId: stack.parentId,
    RootId: stack.rootId,
    DriftInformation: {
      StackDriftStatus: stack.drift?.status ?? 'NOT_CHECKED',
      LastCheckTimestamp: date(stack.drift?.at),
    },
    LastOperations: stack.operation && [{ OperationType: stack.operation.kind, OperationId: stack.operation.id }],
  };
}

/** Members that all descriptions of a resource share. */
export function resourceView({ logicalId, type, status, reason, now, gone, at, drift }: Resource) {
  // What was found before the resource changed says nothing any more.
  const found = drift && drift.at >= at ? drift : undefined;
  return {
    LogicalResourceId: logicalId,
    PhysicalResourceId: now ? (now.ref ?? now.physicalId) : gone,
    ResourceType: type,
    ResourceStatus: status as ResourceStatus,
    ResourceStatusReason: reason,
    DriftInformation: {
      StackResourceDriftStatus: found?.status ?? ('NOT_CHECKED' as const),
      LastCheckTimestamp: date(found?.at),
    },
  };
}

export function eventView(stack: Stack, event: StackEvent): EventView {
  return {
    StackId: stack.id,
    EventId:
      event.type === 'AWS::CloudFormation::Stack' && event.physicalId === stack.id
        ? event.id
        : `${event.logicalId}-${event.id}`,
    StackName: stack.name,
    OperationId: event.operationId,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: new Date(event.at),
    ResourceStatus: event.status as ResourceStatus,
    ResourceStatusReason: event.reason,
    ClientRequestToken: event.token,
  };
}
