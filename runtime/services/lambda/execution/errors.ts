/**
 * The error documents that Lambda itself answers for a function that did not. Source: Lambda developer guide,
 * "Troubleshoot execution issues"; their `errorType` is also the Error Type of the REPORT line.
 */
export interface FunctionFailure {
  readonly errorType: string;
  readonly payload: Buffer;
  readonly status: 'error' | 'timeout';
}

export const LONGEST_RESPONSE = 6_291_556;
/** Bytes of a response that is streamed. Source: Lambda developer guide, "Response streaming for Lambda functions". */
export const LONGEST_STREAM = 200 * 1024 * 1024;

function failure(errorType: string, errorMessage: string, status: 'error' | 'timeout' = 'error'): FunctionFailure {
  return { errorType, status, payload: Buffer.from(JSON.stringify({ errorType, errorMessage })) };
}

export function timedOut(requestId: string, seconds: number): FunctionFailure {
  const message = `RequestId: ${requestId} Error: Task timed out after ${seconds.toFixed(2)} seconds`;
  return failure('Sandbox.Timedout', message, 'timeout');
}

export interface Exit {
  readonly code: number | null;
  readonly signal: string | null;
  /** Killed for using more memory than it has. */
  readonly outOfMemory?: boolean;
}

const SIGNALS: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGBUS: 'bus error',
  SIGILL: 'illegal instruction',
  SIGFPE: 'floating point exception',
};

export function exited(requestId: string, exit: Exit): FunctionFailure {
  const type = exit.outOfMemory ? 'Runtime.OutOfMemory' : 'Runtime.ExitError';
  if (exit.code === 0) return failure(type, `RequestId: ${requestId} Error: Runtime exited without providing a reason`);
  const how = exit.signal ? `signal: ${SIGNALS[exit.signal] ?? exit.signal}` : `exit status ${exit.code}`;
  return failure(type, `RequestId: ${requestId} Error: Runtime exited with error: ${how}`);
}

/** @param cause why the program did not start: `ENOENT`, `EACCES`, `ENOEXEC` … */
export function noEntrypoint(requestId: string, program: string, cause: string | undefined): FunctionFailure {
  const reason =
    cause === 'ENOENT'
      ? "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
      : `fork/exec ${program}: ${cause === 'EACCES' ? 'permission denied' : cause}`;
  return failure('Runtime.InvalidEntrypoint', `RequestId: ${requestId} Error: ${reason}`);
}

export function responseTooLarge(limitBytes = LONGEST_RESPONSE): FunctionFailure {
  const message = `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`;
  return failure('Function.ResponseSizeTooLarge', message);
}

/** What the runtime reported for the function. Anything that is no JSON object stands as it came. */
export function reported(payload: Buffer | 'tooLarge', errorType: string | undefined): FunctionFailure {
  if (payload === 'tooLarge') return responseTooLarge();
  return { errorType: errorType || errorTypeOf(payload), payload, status: 'error' };
}

function errorTypeOf(payload: Buffer): string {
  try {
    return String(JSON.parse(payload.toString()).errorType ?? 'Unhandled');
  } catch {
    return 'Unhandled';
  }
}
