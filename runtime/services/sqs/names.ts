/**
 * Names, ARNs and URLs of queues. A URL is `<origin>/<account>/<name>`; the origin is the one that the client spoke to,
 * for clients send the following requests to where the URL points.
 */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import type { Reader } from '../../store/port';
import { invalidAddress, invalidParameter, otherAccount, queueDoesNotExist } from './errors';
import { type QueueName, type QueueRow, readQueue } from './state';

export const arnOf = (queue: QueueName & { partition: string }): string =>
  formatArn({ ...queue, service: 'sqs', resource: queue.name });

export function nameOfArn(text: string): QueueName | undefined {
  const arn = parseArn(text);
  return arn?.service === 'sqs' ? { account: arn.account, region: arn.region, name: arn.resource } : undefined;
}

/** @throws InvalidParameterValue */
export function checkName(name: string): void {
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(name.replace(/\.fifo$/, '_fifo')))
    throw invalidParameter('Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length');
}

/** The queue that a URL names, whatever its origin. @throws InvalidAddress */
export function nameOfUrl(call: Call, url: string): QueueName {
  const path = /^(?:https?:\/\/[^/]+)?\/(\d{12})\/([^/?#]+)\/?$/.exec(url);
  if (!path) throw invalidAddress(url);
  return { account: path[1], region: call.region, name: path[2] };
}

/** The URL of a queue as its caller can use it. Callers inside the runtime get where the runtime listens. */
export async function urlOf(call: Call, queue: Pick<QueueName, 'account' | 'name'>): Promise<string> {
  const { host } = call.request.headers;
  if (host === undefined) return `${await call.kernel.endpoint()}/${queue.account}/${queue.name}`;
  const scheme = /\.amazonaws\.com(\.cn)?$/.test(host) ? 'https' : 'http';
  return `${scheme}://${host}/${queue.account}/${queue.name}`;
}

/** @throws InvalidAddress, QueueDoesNotExist */
export async function needQueue(call: Call, url: string | undefined, from: Reader = call.kernel.store) {
  const queue = await readQueue(from, nameOfUrl(call, url ?? call.request.path));
  if (!queue) throw queueDoesNotExist();
  return queue;
}

/** For operations that no policy opens to other accounts. @throws AccessDenied */
export async function needOwnQueue(call: Call, url: string | undefined, from?: Reader): Promise<QueueRow> {
  const queue = await needQueue(call, url, from);
  if (queue.account !== call.account) throw otherAccount(call.operation);
  return queue;
}
