/**
 * Tasks, done as the machine's role: functions by their ARN or through `states:::lambda:invoke`, messages to queues and
 * topics, events. Source: Step Functions developer guide, "Integrating services with Step Functions".
 */
import { parseArn } from '../../base/arn';
import { isAwsError } from '../../base/errors';
import type { Failure } from '../../engine/statemachine';
import type { Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { type Principal, servicePrincipal } from '../../kernel/principal';
import { machineArn } from './names';
import type { ExecutionRow } from './state';

type Fields = Readonly<Record<string, unknown>>;
type Operation = (input: Fields) => Promise<unknown>;

/** As much of the peers as is needed here. */
interface Workers {
  readonly lambda: {
    Invoke(input: Fields & { FunctionName: string; Payload?: Uint8Array }): Promise<{
      FunctionError?: string;
      Payload?: unknown;
      StatusCode?: number;
      ExecutedVersion?: string;
    }>;
  };
  readonly sqs: { SendMessage: Operation };
  readonly sns: { Publish: Operation };
  readonly events: { PutEvents: Operation };
  readonly sts: {
    AssumeRole(input: { RoleArn: string; RoleSessionName: string }): Promise<{
      Credentials?: { AccessKeyId?: string; Expiration?: Date };
      AssumedRoleUser?: { Arn?: string; AssumedRoleId?: string };
    }>;
  };
}

type Task = (peers: Workers, payload: unknown) => Promise<unknown>;

/** By service and action, as the resource of a task names them. */
const optimised: Readonly<Record<string, Readonly<Record<string, Task>>>> = {
  lambda: {
    invoke: async ({ lambda }, payload) => {
      const { Payload, ...rest } = payload as Fields & { FunctionName: string };
      const body = Payload === undefined ? undefined : Buffer.from(JSON.stringify(Payload));
      const output = await lambda.Invoke({ ...rest, Payload: body });
      return { ExecutedVersion: output.ExecutedVersion, Payload: answerOf(output), StatusCode: output.StatusCode };
    },
  },
  sqs: {
    sendMessage: ({ sqs }, payload) => {
      const { MessageBody, ...rest } = payload as Fields;
      return sqs.SendMessage({ ...rest, MessageBody: textOf(MessageBody) });
    },
  },
  sns: {
    publish: ({ sns }, payload) => {
      const { Message, ...rest } = payload as Fields;
      return sns.Publish({ ...rest, Message: textOf(Message) });
    },
  },
  events: {
    putEvents: ({ events }, payload) => {
      const { Entries = [] } = payload as { Entries?: Fields[] };
      return events.PutEvents({ Entries: Entries.map((entry) => ({ ...entry, Detail: textOf(entry.Detail) })) });
    },
  },
};

/** The task that `arn:aws:states:::service:action` means. */
function optimisedTask(resource: string): Task | undefined {
  const [service, action, more] = resource.split(':');
  const known = more === undefined && Object.hasOwn(optimised, service) ? optimised[service] : {};
  return Object.hasOwn(known, action) ? known[action] : undefined;
}

const textOf = (value: unknown) => (typeof value === 'string' || value === undefined ? value : JSON.stringify(value));

/** @returns what is wrong with it, for a resource that nobody here is */
export function refusedResource(resource: string): string | undefined {
  const arn = parseArn(resource);
  if (arn?.service === 'lambda') return undefined;
  if (arn?.service !== 'states') return `The resource provided ${resource} is not recognized`;
  return optimisedTask(arn.resource) ? undefined : `Coffer does not implement tasks of ${resource}`;
}

class FunctionFailed extends Error {
  constructor(readonly payload: string) {
    super(payload);
  }
}

function answerOf({ FunctionError, Payload }: { FunctionError?: string; Payload?: unknown }): unknown {
  const text = Payload instanceof Uint8Array ? Buffer.from(Payload).toString() : '';
  if (FunctionError) throw new FunctionFailed(text);
  return text === '' ? null : JSON.parse(text);
}

/** @returns the result, or the error that `Retry` and `Catch` are asked about */
export async function doTask(
  kernel: Kernel,
  execution: ExecutionRow,
  partition: string,
  resource: string,
  payload: unknown,
): Promise<{ readonly result: unknown } | { readonly failure: Failure }> {
  const arn = parseArn(resource)!;
  try {
    const peers = await peersOf(kernel, execution, partition);
    if (arn.service === 'states') return { result: plain(await optimisedTask(arn.resource)!(peers, payload)) };
    const output = await peers.lambda.Invoke({ FunctionName: resource, Payload: Buffer.from(JSON.stringify(payload)) });
    return { result: answerOf(output) };
  } catch (error) {
    if (error instanceof FunctionFailed) return { failure: { error: nameIn(error.payload), cause: error.payload } };
    if (!isAwsError(error)) throw error;
    const service = arn.service === 'states' ? arn.resource.split(':')[0] : arn.service;
    const name = `${service[0].toUpperCase()}${service.slice(1)}.${error.code}`;
    return { failure: { error: name, cause: error.message } };
  }
}

const plain = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));

/** The error of a function is the name that its runtime gave it. */
function nameIn(payload: string): string {
  try {
    const { errorType } = JSON.parse(payload) as { errorType?: unknown };
    if (typeof errorType === 'string') return errorType;
  } catch {
    // Not what a runtime says.
  }
  return 'Lambda.Unknown';
}

async function peersOf(kernel: Kernel, execution: ExecutionRow, partition: string): Promise<Workers> {
  const { account, region, machine, roleArn } = execution;
  const scope = { account, region, partition };
  const source = machineArn(scope, machine);
  const states = servicePrincipal('states.amazonaws.com', source, account);
  const { sts } = kernel.peers(states, scope) as Peers & Workers;
  const name = execution.name
    .replace(/[^\w+=,.@-]/g, '_')
    .padEnd(2, '_')
    .slice(0, 64);
  const { Credentials, AssumedRoleUser } = await sts.AssumeRole({ RoleArn: roleArn, RoleSessionName: name });
  const principal: Principal = {
    kind: 'session',
    account: parseArn(roleArn)!.account,
    arn: AssumedRoleUser!.Arn!,
    userId: AssumedRoleUser!.AssumedRoleId!,
    accessKeyId: Credentials!.AccessKeyId,
    session: { roleArn, name, issuedAt: kernel.clock.now(), expiresAt: Credentials!.Expiration!.getTime() },
  };
  return kernel.peers(principal, scope) as Peers & Workers;
}
