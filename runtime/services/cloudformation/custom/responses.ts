/**
 * Where handlers of custom resources send their answer: a URL of this runtime with an unguessable token, taken before
 * routing. Handlers that insist on https and port 443 are led here by the Lambda runtime.
 */
import { collect } from '../../../base/bytes';
import type { Request, Response } from '../../../base/http';
import type { Kernel } from '../../../kernel/call';
import { type CustomAnswer, type Deployer, deployerOf } from '../deployer';

const PATH = '/_coffer/cloudformation/response/';

/** Largest answer. Source: CloudFormation user guide, "Custom resource response objects". */
const ANSWER_LIMIT_BYTES = 4096;

/** @param expiresAt virtual time after which no answer counts */
export async function responseUrl(
  deployer: Deployer,
  expiresAt: number,
): Promise<{ url: string; answer: Promise<CustomAnswer>; close(): Promise<void> }> {
  const { kernel, answers } = deployer;
  const token = kernel.random.mixed(40);
  const answer = new Promise<CustomAnswer>((resolve) => answers.set(token, resolve));
  const timer = { at: expiresAt, service: 'cloudformation', task: 'giveUp', id: token, payload: { token } };
  await kernel.store.write((tx) => kernel.timers.schedule(tx, timer));
  return {
    url: `${await kernel.endpoint()}${PATH}${token}`,
    answer,
    async close() {
      answers.delete(token);
      await kernel.store.write((tx) => kernel.timers.cancel(tx, 'cloudformation', 'giveUp', token));
    },
  };
}

/** The timer's end of it. */
export async function giveUp(payload: Readonly<Record<string, unknown>>, kernel: Kernel): Promise<void> {
  const failure =
    'it did not answer in time. Please check your logs for requestId, and the handler for a call that never ends';
  deployerOf(kernel).answers.get(String(payload.token))?.({ failure });
}

/** Takes a handler's answer. @returns undefined when the request is for somebody else */
export function takeAnswer(request: Request, kernel: Kernel): Promise<Response> | undefined {
  if (!request.path.startsWith(PATH)) return undefined;
  return accept(request, deployerOf(kernel).answers);
}

async function accept(request: Request, answers: Deployer['answers']): Promise<Response> {
  const resolve = answers.get(request.path.slice(PATH.length));
  if (!resolve || request.method !== 'PUT') return { status: 403, headers: { 'content-length': '0' } };
  try {
    resolve({ body: (await collect(request.body, ANSWER_LIMIT_BYTES)).toString() });
  } catch {
    resolve({ failure: `its answer is longer than ${ANSWER_LIMIT_BYTES} bytes` });
  }
  return { status: 200, headers: { 'content-length': '0' } };
}
