/**
 * A response on its way from a function to its caller: what the function writes waits until the caller has taken it.
 * Source: Lambda API reference, "InvokeWithResponseStream".
 */
import type { InvokeWithResponseStreamResponseEvent } from '@aws-sdk/client-lambda';
import type { Sink } from './execution/api';
import type { Outcome } from './execution/environment';

export class ResponseStream implements Sink {
  contentType: string | undefined;
  private markBegun!: () => void;
  /** Resolves when the function begins to respond. */
  readonly begun = new Promise<void>((resolve) => {
    this.markBegun = resolve;
  });
  private chunk: Uint8Array | undefined;
  private streamed = false;
  private abandoned = false;
  private taken: (() => void) | undefined;
  private arrived: (() => void) | undefined;

  begin(contentType: string | undefined): void {
    this.contentType = contentType;
    this.streamed = true;
    this.markBegun();
  }

  write(chunk: Uint8Array): Promise<void> {
    // A function is not stopped because nobody listens any more.
    if (this.abandoned) return Promise.resolve();
    return new Promise((resolve) => {
      this.chunk = chunk;
      this.taken = resolve;
      this.arrived?.();
    });
  }

  /** Not a generator: one that never starts never learns that it is abandoned. */
  events(run: Promise<Outcome>, wantsLog: boolean): AsyncIterable<InvokeWithResponseStreamResponseEvent> {
    let outcome: Outcome | undefined;
    let failure: unknown;
    let ended = false;
    const end = () => {
      ended = true;
      this.arrived?.();
    };
    run.then(
      (result) => {
        outcome = result;
        end();
      },
      (error) => {
        failure = error;
        end();
      },
    );
    const events = this.sequence(
      () => ended,
      () => {
        if (outcome) return outcome;
        throw failure;
      },
      wantsLog,
    );
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => events.next(),
        return: async () => {
          this.abandoned = true;
          this.taken?.();
          await events.return(undefined);
          return { done: true, value: undefined };
        },
      }),
    };
  }

  private async *sequence(
    hasEnded: () => boolean,
    outcomeOf: () => Outcome,
    wantsLog: boolean,
  ): AsyncGenerator<InvokeWithResponseStreamResponseEvent> {
    for (;;) {
      const { chunk, taken } = this;
      if (chunk) {
        this.chunk = undefined;
        yield { PayloadChunk: { Payload: chunk } };
        taken?.();
        continue;
      }
      if (hasEnded()) break;
      await new Promise<void>((resolve) => {
        this.arrived = resolve;
      });
    }
    const { payload, failure, tail } = outcomeOf();
    if (!failure && !this.streamed && payload.length > 0) yield { PayloadChunk: { Payload: payload } };
    yield {
      InvokeComplete: {
        ...(failure ? { ErrorCode: failure.errorType, ErrorDetails: failure.payload.toString() } : {}),
        ...(wantsLog ? { LogResult: tail.toString('base64') } : {}),
      },
    };
  }
}
