/** Receipt handles: opaque, good for one receive of one message. */
import { invalidReceipt } from './errors';

export interface Receipt {
  readonly queue: string;
  readonly sequence: number;
  readonly token: string;
}

export const writeReceipt = ({ queue, sequence, token }: Receipt): string =>
  Buffer.from(`${queue} ${sequence} ${token}`).toString('base64');

/** @throws ReceiptHandleIsInvalid for what was not made for this queue */
export function readReceipt(handle: string, queue: string): Receipt {
  const parts = /^([0-9a-f]{32}) (\d+) ([0-9a-f]+)$/.exec(Buffer.from(handle, 'base64').toString());
  if (parts?.[1] !== queue) throw invalidReceipt(handle);
  return { queue, sequence: Number(parts[2]), token: parts[3] };
}
