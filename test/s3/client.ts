/** A runtime with one bucket, for tests that act as a client. */
import { S3Client } from '@aws-sdk/client-s3';
import { type Coffer, startCoffer } from '@coffer/runtime';

export interface Setting {
  readonly coffer: Coffer;
  readonly s3: S3Client;
}

export async function start(): Promise<Setting> {
  const lines: string[] = [];
  const coffer = await startCoffer({ report: (line) => line.startsWith('internal error') && lines.push(line) });
  const close = coffer.close.bind(coffer);
  return {
    coffer: Object.assign(coffer, {
      async close() {
        await close();
        // A defect is never an answer.
        if (lines.length > 0) throw new Error(lines.join('\n'));
      },
    }),
    s3: coffer.client(S3Client),
  };
}

/** The code and status of what a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return `${$metadata?.httpStatusCode ?? '?'} ${name}`;
  }
  return 'no error';
}
