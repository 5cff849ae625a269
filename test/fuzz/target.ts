/** What is fuzzed, and what counts as an answer. */
import type { IRawProperty } from 'fast-check';
import { AwsError } from '../../runtime/base/errors';

export interface Target {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each target draws its own inputs
  readonly property: IRawProperty<any>;
  /** Before the first input and after the last. */
  open?(): Promise<void>;
  close?(): Promise<void>;
}

/** An error by name is an answer; anything else is a defect. @throws error itself when it is one */
export function refusal(error: unknown): AwsError {
  if (!(error instanceof AwsError) || (error.status >= 500 && error.status !== 501)) throw error;
  return error;
}
