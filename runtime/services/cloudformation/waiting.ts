/**
 * Wait conditions: a stack waits until somebody outside has signalled often enough, to the URL of a handle or, where
 * there is a `CreationPolicy`, by `SignalResource`. Sources: CloudFormation user guide, "Create wait
 * conditions in a CloudFormation template"; template reference, "AWS::CloudFormation::WaitCondition".
 */
import { collect } from '../../base/bytes';
import type { Request, Response } from '../../base/http';
import { isObject } from '../../engine/template/parse';
import type { Kernel } from '../../kernel/call';
import { number, text } from '../../kernel/properties';
import type { ResourceContext, ResourceResult, ResourceType } from '../../kernel/service';
import { CREATION_CANCELLED } from './custom/custom';
import { type CustomAnswer, deployerOf } from './deployer';
import { validationError } from './errors';
import { isHandle, putHandle, putSignal, removeHandle, type Signal, signalsOf } from './state/signals';

const PATH = '/_coffer/cloudformation/wait/';
const SIGNAL_LIMIT_BYTES = 4096;
const TIMEOUT_LIMIT_SECONDS = 43_200;

const tokenIn = (url: string) => url.slice(url.lastIndexOf('/') + 1);

export const waitConditionHandle: ResourceType = {
  type: 'AWS::CloudFormation::WaitConditionHandle',
  createOnly: [],
  properties: [],
  async create({ kernel }) {
    const token = kernel.random.mixed(40);
    await kernel.store.write(async (tx) => putHandle(tx, token));
    return { physicalId: `${await kernel.endpoint()}${PATH}${token}` };
  },
  update: async (_, physicalId) => ({ physicalId }),
  delete: ({ kernel }, physicalId) => kernel.store.write((tx) => removeHandle(tx, tokenIn(physicalId))),
};

export const waitCondition: ResourceType = {
  type: 'AWS::CloudFormation::WaitCondition',
  createOnly: [],
  properties: ['Count', 'Handle', 'Timeout'],
  async create(context, properties) {
    if (context.creationPolicy !== undefined) return signalled(context, context.creationPolicy);
    const token = tokenIn(text(properties, 'Handle') ?? '');
    if (!(await isHandle(context.kernel.store, token))) {
      throw validationError('WaitCondition needs the Ref of an AWS::CloudFormation::WaitConditionHandle as its Handle');
    }
    const seconds = number(properties, 'Timeout') ?? 0;
    if (seconds < 1 || seconds > TIMEOUT_LIMIT_SECONDS) {
      throw validationError(`Timeout of a WaitCondition must be from 1 to ${TIMEOUT_LIMIT_SECONDS} seconds`);
    }
    const signals = await awaited(context, token, number(properties, 'Count') ?? 1, seconds);
    const data = Object.fromEntries(signals.map((signal) => [signal.uniqueId, signal.data]));
    return { physicalId: context.generatedName(), attributes: { Data: JSON.stringify(data) } };
  },
  async update() {
    throw validationError('Update to resource type AWS::CloudFormation::WaitCondition is not supported.');
  },
  delete: async () => {},
};

/** By `SignalResource`. Source: CloudFormation template reference, "CreationPolicy attribute". */
async function signalled(context: ResourceContext, policy: unknown): Promise<ResourceResult> {
  const { Count = 1, Timeout = 'PT5M' } =
    (isObject(policy) && isObject(policy.ResourceSignal) && policy.ResourceSignal) || {};
  const [, hours = 0, minutes = 0, seconds = 0] = /^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$/.exec(String(Timeout)) ?? [];
  const limit = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (limit < 1 || limit > TIMEOUT_LIMIT_SECONDS || !Number.isInteger(Number(Count))) {
    throw validationError(
      'CreationPolicy needs a ResourceSignal with a Count and a Timeout such as PT15M, of 12 hours at most',
    );
  }
  const token = signalToken(context.stackId, context.logicalId);
  try {
    const signals = await awaited(context, token, Number(Count), limit);
    const data = Object.fromEntries(signals.map((signal) => [signal.uniqueId, signal.data]));
    return { physicalId: context.generatedName(), attributes: { Data: JSON.stringify(data) } };
  } finally {
    await context.kernel.store.write((tx) => removeHandle(tx, token));
  }
}

function signalToken(stackId: string, logicalId: string): string {
  return `${stackId} ${logicalId}`;
}

/** Whether somebody waits for it. */
export async function signalResource(
  kernel: Kernel,
  stackId: string,
  logicalId: string,
  signal: Signal,
): Promise<boolean> {
  const token = signalToken(stackId, logicalId);
  const wake = deployerOf(kernel).answers.get(`wait ${token}`);
  if (!wake) return false;
  await kernel.store.write(async (tx) => putSignal(tx, token, signal));
  wake({ body: '' });
  return true;
}

async function awaited(
  { kernel, stackId, signal: cancelled }: ResourceContext,
  token: string,
  count: number,
  seconds: number,
): Promise<Signal[]> {
  const { answers, running } = deployerOf(kernel);
  const id = `wait ${token}`;
  const timer = {
    at: kernel.clock.now() + seconds * 1000,
    service: 'cloudformation',
    task: 'giveUp',
    id,
    payload: { token: id },
  };
  let wake = (_: CustomAnswer) => {};
  answers.set(id, (answer) => wake(answer));
  await kernel.store.write((tx) => kernel.timers.schedule(tx, timer));
  cancelled?.addEventListener('abort', () => wake({ failure: CREATION_CANCELLED }), { once: true });
  const back = running.get(stackId)?.away() ?? (() => {});
  try {
    for (;;) {
      const woken = new Promise<CustomAnswer>((resolve) => {
        wake = resolve;
      });
      const signals = await signalsOf(kernel.store, token);
      const failure = signals.find(({ status }) => status === 'FAILURE');
      if (failure) {
        throw validationError(
          `WaitCondition received failed message: '${failure.reason}' for uniqueId: ${failure.uniqueId}`,
        );
      }
      if (signals.length >= count) return signals;
      if (cancelled?.aborted) throw validationError(CREATION_CANCELLED);
      if ('failure' in (await woken)) {
        if (cancelled?.aborted) throw validationError(CREATION_CANCELLED);
        throw validationError(`WaitCondition timed out. Received ${signals.length} conditions when expecting ${count}`);
      }
    }
  } finally {
    back();
    answers.delete(id);
    await kernel.store.write((tx) => kernel.timers.cancel(tx, 'cloudformation', 'giveUp', id));
  }
}

/** Takes a signal. @returns undefined when the request is for somebody else */
export function takeSignal(request: Request, kernel: Kernel): Promise<Response> | undefined {
  return request.path.startsWith(PATH) ? accept(request, kernel) : undefined;
}

async function accept(request: Request, kernel: Kernel): Promise<Response> {
  const answer = (status: number): Response => ({ status, headers: { 'content-length': '0' } });
  const token = request.path.slice(PATH.length);
  if (request.method !== 'PUT' || !(await isHandle(kernel.store, token))) return answer(403);
  const signal = await readSignal(request);
  if (!signal) return answer(400);
  await kernel.store.write(async (tx) => putSignal(tx, token, signal));
  deployerOf(kernel).answers.get(`wait ${token}`)?.({ body: '' });
  return answer(200);
}

async function readSignal(request: Request): Promise<Signal | undefined> {
  let value: unknown;
  try {
    value = JSON.parse((await collect(request.body, SIGNAL_LIMIT_BYTES)).toString());
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { Status, UniqueId, Reason = '', Data = '' } = value;
  if ((Status !== 'SUCCESS' && Status !== 'FAILURE') || typeof UniqueId !== 'string' || UniqueId === '')
    return undefined;
  return { uniqueId: UniqueId, status: Status, reason: String(Reason), data: String(Data) };
}
