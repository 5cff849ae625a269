/** What was signalled to the handles of wait conditions, by handle and unique id. */
import { type Reader, table, type Writer } from '../../../store/port';

export interface Signal {
  readonly uniqueId: string;
  readonly status: 'SUCCESS' | 'FAILURE';
  readonly reason: string;
  readonly data: string;
}

const signals = table<Signal>('cloudformation.signals');
/** Handles that exist. */
const handles = table<true>('cloudformation.handles');

export function putHandle(tx: Writer, token: string): void {
  tx.put(handles, [token], true);
}

export async function removeHandle(tx: Writer, token: string): Promise<void> {
  tx.delete(handles, [token]);
  for (const { key } of await tx.page(signals, { within: [token], limit: 100_000 })) tx.delete(signals, key);
}

export async function isHandle(reader: Reader, token: string): Promise<boolean> {
  return (await reader.get(handles, [token])) !== undefined;
}

export function putSignal(tx: Writer, token: string, signal: Signal): void {
  tx.put(signals, [token, signal.uniqueId], signal);
}

export async function signalsOf(reader: Reader, token: string): Promise<Signal[]> {
  return (await reader.page(signals, { within: [token], limit: 100_000 })).map(({ value }) => value);
}
