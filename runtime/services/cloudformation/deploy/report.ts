/** What a deployment came to, for a person or a test to read. */
import { parseArn } from '../../../base/arn';
import type { Kernel } from '../../../kernel/call';
import { refOf } from '../stacks/run';
import { eventsOf, findStack, type Place, type Resource, resourcesOf, type StackEvent } from '../state';
import type { AssemblyStack } from './assembly';

export interface ResourceReport {
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly physicalId?: string;
  /** What `Ref` answers. */
  readonly ref?: string;
  readonly constructPath?: string;
  /** Configuration without behaviour. */
  readonly inert: boolean;
}

export interface StackReport {
  /** Path of the stack in its app. */
  readonly id: string;
  readonly stackName: string;
  /** ARN; absent when the stack never came to be. */
  readonly stackId?: string;
  readonly account: string;
  readonly region: string;
  /** `skipped`: a stack that it waits for failed. */
  readonly outcome: 'deployed' | 'unchanged' | 'failed' | 'skipped';
  /** As CloudFormation says it. */
  readonly status?: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly resources: readonly ResourceReport[];
  /** Types without behaviour in this stack, with the logical ids of their resources. */
  readonly inert: Readonly<Record<string, readonly string[]>>;
  readonly durationMs: number;
  readonly failure?: Failure;
}

export interface Failure {
  readonly reason: string;
  /** The resource at which it began; absent when the stack as a whole was refused. */
  readonly logicalId?: string;
  readonly type?: string;
  readonly constructPath?: string;
}

export function skippedReport({ id, stackName }: AssemblyStack, at: Place): StackReport {
  return { id, stackName, ...at, outcome: 'skipped', outputs: {}, resources: [], inert: {}, durationMs: 0 };
}

interface Course {
  readonly story: readonly StackEvent[];
  /** Why nothing was begun. */
  readonly failure?: string;
  readonly changed: boolean;
  readonly durationMs: number;
}

export async function reportOf(kernel: Kernel, wanted: AssemblyStack, at: Place, course: Course): Promise<StackReport> {
  const stack = await findStack(kernel.store, at.account, at.region, wanted.stackName);
  const resources = stack ? (await resourcesOf(kernel.store, stack)).map((row) => resourceReport(row, wanted)) : [];
  const inert: Record<string, string[]> = {};
  for (const { type, logicalId, inert: isInert } of resources) {
    if (isInert) inert[type] = [...(inert[type] ?? []), logicalId];
  }
  const failure =
    course.failure === undefined
      ? await failureIn(kernel, course.story, wanted, stack?.status)
      : { reason: course.failure };
  return {
    id: wanted.id,
    stackName: wanted.stackName,
    stackId: stack?.id,
    ...at,
    outcome: failure ? 'failed' : course.changed ? 'deployed' : 'unchanged',
    status: stack?.status,
    outputs: Object.fromEntries((stack?.outputs ?? []).map(({ name, value }) => [name, value])),
    resources,
    inert,
    durationMs: course.durationMs,
    failure,
  };
}

function resourceReport(row: Resource, wanted: AssemblyStack): ResourceReport {
  const { logicalId, type, status, now, gone, inert = false } = row;
  const constructPath = row.constructPath ?? wanted.constructPaths.get(logicalId);
  return { logicalId, type, status, physicalId: now?.physicalId ?? gone, ref: refOf(row), constructPath, inert };
}

/** The first failure of the story, if the stack did not end well; that of a nested stack where it happened. */
async function failureIn(
  kernel: Kernel,
  story: readonly StackEvent[],
  wanted: AssemblyStack,
  status = '',
): Promise<Failure | undefined> {
  if (status === 'CREATE_COMPLETE' || status === 'UPDATE_COMPLETE' || story.length === 0) return undefined;
  const first = firstFailure(story, wanted.stackName);
  if (first) {
    const { logicalId, type, reason = 'no reason was given' } = first;
    const constructPath = wanted.constructPaths.get(logicalId);
    return { reason: (await nestedReason(kernel, first)) ?? reason, logicalId, type, constructPath };
  }
  const turn = story.find((event) => event.reason !== undefined && /ROLLBACK|FAILED/.test(event.status));
  return { reason: turn?.reason ?? `the stack is in the state ${status}` };
}

function firstFailure(story: readonly StackEvent[], stackName: string): StackEvent | undefined {
  return story.find(({ status, logicalId }) => status.endsWith('_FAILED') && logicalId !== stackName);
}

async function nestedReason(kernel: Kernel, { type, physicalId }: StackEvent): Promise<string | undefined> {
  const at = type === 'AWS::CloudFormation::Stack' ? parseArn(physicalId) : undefined;
  const stack = at && (await findStack(kernel.store, at.account, at.region, physicalId));
  if (!stack) return undefined;
  const latest = (await eventsOf(kernel.store, stack, 10_000)).map(({ event }) => event);
  const operation = latest.find(({ status }) => status.endsWith('_FAILED'))?.operationId;
  const first = firstFailure(latest.filter((event) => event.operationId === operation).reverse(), stack.name);
  if (!first) return undefined;
  const inner = (await nestedReason(kernel, first)) ?? first.reason;
  return `${first.logicalId} (${first.type}) in nested stack ${stack.name}: ${inner}`;
}

/**
 * A resource by logical id or by the path of its construct, with or without the stack's own: `Data/Uploads` finds what
 * stands at `Data/Uploads/Resource`.
 */
export function findReported(stack: StackReport, what: string): ResourceReport | undefined {
  const paths = [what, `${what}/Resource`, `${what}/Default`].flatMap((path) => [path, `${stack.id}/${path}`]);
  return (
    stack.resources.find(({ logicalId }) => logicalId === what) ??
    stack.resources.find(({ constructPath }) => constructPath !== undefined && paths.includes(constructPath))
  );
}
