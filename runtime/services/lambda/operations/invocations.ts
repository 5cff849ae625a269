/**
 * Invoke and InvokeWithResponseStream: now (the answer is the function's), later (accepted into the durable queue) or not at all (a dry run). The
 * payload is the function's business, but it must be JSON. Source: Lambda API reference, "Invoke" and
 * "InvokeWithResponseStream".
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { accept } from '../async/queue';
import { invalidParameter, invalidPayload, invalidValue, payloadTooLarge, unsupported } from '../errors';
import type { Fleet } from '../execution/fleet';
import { type FunctionName, functionName, qualifiedArn } from '../names';
import { targetOf } from '../resolution';
import { ResponseStream } from '../streaming';

const MOST_BYTES = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 } as const;
const MOST_CONTEXT_BYTES = 3583;

export function invocationHandlers(fleet: Fleet): Handlers<typeof Lambda> {
  return {
    async Invoke(call, input) {
      if (input.DurableExecutionName) throw unsupported('DurableExecutionName', 'durable executions do not run');
      if (input.TenantId) throw unsupported('TenantId', 'tenants are not isolated');
      const type = input.InvocationType ?? 'RequestResponse';
      if (!Object.hasOwn(MOST_BYTES, type)) {
        const words = 'Member must satisfy enum value set: [Event, RequestResponse, DryRun]';
        throw invalidValue('invocationType', type, words);
      }
      const of = functionName(call, input.FunctionName, input.Qualifier);
      const target = await targetOf(call.kernel.store, of, call.kernel.random);
      const payload = readPayload(input.Payload as Uint8Array | string | undefined, MOST_BYTES[type]);
      const executed = target.version.version;
      if (type === 'DryRun') return { StatusCode: 204, ExecutedVersion: executed };
      const traceId = makeTraceId(call, target.version.settings.TracingMode === 'Active');
      if (type === 'Event') {
        await accept(call.kernel, of, { requestId: call.requestId, traceId, payload, acceptedAt: call.now });
        return { StatusCode: 202 };
      }
      const native = call.kernel.standIn({ ...standInFor(of), roleArn: target.version.settings.Role, payload });
      if (native) return { StatusCode: 200, ExecutedVersion: executed, ...(await answered(native)) };
      const outcome = await fleet.run(call.kernel, target, {
        requestId: call.requestId,
        invokedArn: qualifiedArn(of),
        traceId,
        payload,
        clientContext: readContext(input.ClientContext),
      });
      return {
        StatusCode: 200,
        ExecutedVersion: executed,
        FunctionError: outcome.failure ? 'Unhandled' : undefined,
        LogResult: input.LogType === 'Tail' ? outcome.tail.toString('base64') : undefined,
        Payload: outcome.payload,
      };
    },

    async InvokeWithResponseStream(call, input) {
      if (input.TenantId) throw unsupported('TenantId', 'tenants are not isolated');
      const type = input.InvocationType ?? 'RequestResponse';
      if (type !== 'RequestResponse' && type !== 'DryRun') {
        const words = 'Member must satisfy enum value set: [RequestResponse, DryRun]';
        throw invalidValue('invocationType', type, words);
      }
      const of = functionName(call, input.FunctionName, input.Qualifier);
      const target = await targetOf(call.kernel.store, of, call.kernel.random);
      const payload = readPayload(input.Payload as Uint8Array | string | undefined, MOST_BYTES[type]);
      const executed = target.version.version;
      if (type === 'DryRun') return { StatusCode: 204, ExecutedVersion: executed, EventStream: nothing() };
      const stream = new ResponseStream();
      const run = fleet.run(call.kernel, target, {
        requestId: call.requestId,
        invokedArn: qualifiedArn(of),
        traceId: makeTraceId(call, target.version.settings.TracingMode === 'Active'),
        payload,
        clientContext: readContext(input.ClientContext),
        sink: stream,
      });
      await Promise.race([stream.begun, run]);
      return {
        StatusCode: 200,
        ExecutedVersion: executed,
        ResponseStreamContentType: stream.contentType ?? 'application/octet-stream',
        EventStream: stream.events(run, input.LogType === 'Tail'),
      };
    },
  };
}

const standInFor = ({ account, region, name }: FunctionName) => ({ account, region, functionName: name });

/** What was done natively, as the function would have answered it. */
async function answered(work: Promise<unknown>): Promise<{ FunctionError?: string; Payload: Uint8Array }> {
  try {
    return { Payload: Buffer.from(JSON.stringify((await work) ?? null)) };
  } catch (error) {
    if (!isAwsError(error)) throw error;
    const said = { errorMessage: error.message, errorType: error.code };
    return { FunctionError: 'Unhandled', Payload: Buffer.from(JSON.stringify(said)) };
  }
}

async function* nothing(): AsyncGenerator<never> {}

function readPayload(given: Uint8Array | string | undefined, limitBytes: number): Uint8Array {
  const payload = typeof given === 'string' ? Buffer.from(given) : (given ?? Buffer.alloc(0));
  if (payload.length > limitBytes) throw payloadTooLarge(limitBytes);
  if (payload.length === 0) return Buffer.from('{}');
  try {
    JSON.parse(Buffer.from(payload).toString());
  } catch (error) {
    throw invalidPayload((error as Error).message);
  }
  return payload;
}

/** Base64 of JSON; the function gets the JSON. */
function readContext(encoded: string | undefined): string | undefined {
  if (!encoded) return undefined;
  if (encoded.length > MOST_CONTEXT_BYTES) {
    throw invalidParameter(`Client context must be no longer than ${MOST_CONTEXT_BYTES} bytes.`);
  }
  const text = Buffer.from(encoded, 'base64').toString();
  try {
    return JSON.stringify(JSON.parse(text)).replace(/[^\x20-\x7e]/g, escapeUnit);
  } catch {
    throw invalidPayload('the client context is no JSON');
  }
}

/** The Runtime API passes the context in a header, which is ASCII. */
function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Continues the trace of the request, or begins one. Source: X-Ray developer guide, "Tracing header". */
function makeTraceId(call: Call, sampled: boolean): string {
  const { random } = call.kernel;
  const given = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/.exec(call.request.headers['x-amzn-trace-id'] ?? '')?.[1];
  const seconds = Math.floor(call.now / 1000).toString(16);
  const root = given ?? `1-${seconds.padStart(8, '0')}-${random.hex(24)}`;
  return `Root=${root};Parent=${random.hex(16)};Sampled=${sampled ? 1 : 0}`;
}
