/**
 * The one error type that crosses floors: a named AWS error as a value. Who throws it knows the code, the status and
 * the words; only `protocol` knows its bytes. Anything else that is thrown is a defect and answers `InternalFailure`.
 */

export interface AwsErrorOptions {
  /** HTTP status. Default 400. */
  readonly status?: number;
  /** Modelled members of the error, or the extra elements that S3 adds (`BucketName`, `Key`, `Condition`). */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Response headers that go with the error (`x-amz-delete-marker`, `Allow`). */
  readonly headers?: Readonly<Record<string, string>>;
  /** What a reader of `denials()` and `coffer why` sees beyond the message; never sent to a client as it is. */
  readonly detail?: unknown;
  /** Whether the caller should send the same request again (throttling, 503). Default false. */
  readonly retryable?: boolean;
}

export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly detail: unknown;
  readonly retryable: boolean;

  constructor(code: string, message: string, options: AwsErrorOptions = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
    this.headers = options.headers ?? {};
    this.detail = options.detail;
    this.retryable = options.retryable ?? false;
  }

  get fault(): 'client' | 'server' {
    return this.status >= 500 ? 'server' : 'client';
  }
}

export function isAwsError(error: unknown, ...codes: string[]): error is AwsError {
  return error instanceof AwsError && (codes.length === 0 || codes.includes(error.code));
}
