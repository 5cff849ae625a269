/**
 * Steps 5 and 7, the same for a request from outside and for a call between services: one call value, the checks of
 * the operation's action row, the handler. Peers are made here: a peer call skips wire and signature, nothing else.
 */
import { partitionOf } from '../base/arn';
import { AwsError } from '../base/errors';
import type { Request } from '../base/http';
import type { ProtocolName } from '../protocol/wire';
import { type Authorizer, type Check, wasGranted } from './authorize';
import type { Body, Call, Kernel, Origin, Scope } from './call';
import { noBody } from './incoming';
import type { Peers } from './peers';
import type { Principal } from './principal';
import type { CallRecord, Records } from './record';
import type { Exchange, Handler, Service } from './service';

// biome-ignore lint/suspicious/noExplicitAny: the kernel handles all operations alike
type AnyHandler = Handler<any, any>;

export interface Invoker {
  /**
   * Asks every permission that the operation's action row names.
   * @returns the handler, to be run with the same call and the whole input
   */
  admit(call: Call, service: Service, input: unknown): Promise<AnyHandler>;
  call(parts: CallParts): Call & {
    /** To be called once the call is answered. */
    release(): void;
  };
  /** Services as seen by a principal, for `kernel.peers`. */
  peers(principal: Principal, scope: Scope): Peers;
}

export interface CallParts {
  readonly requestId: string;
  readonly onBehalfOf?: string;
  readonly now: number;
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly account: string;
  readonly region: string;
  readonly origin?: Origin;
  readonly via: readonly string[];
  readonly request: Request;
  readonly body?: Body;
}

const NO_VIA: readonly string[] = [];

/** What stands for the HTTP request of a peer call. */
const peerRequest: Request = {
  method: 'POST',
  target: '/',
  path: '/',
  query: [],
  headers: Object.create(null),
  body: noBody,
  remoteAddress: '',
  secure: true,
};

export interface InvokerParts {
  readonly kernel: Kernel;
  readonly services: ReadonlyMap<string, Service>;
  readonly authorize: Authorizer;
  readonly records: Records;
}

export function createInvoker({ kernel, services, authorize, records }: InvokerParts): Invoker {
  /** A call's identity matters (its peers are made once, and only when asked for), hence a class. */
  class LiveCall implements Call {
    readonly kernel = kernel;
    readonly requestId: string;
    readonly onBehalfOf?: string;
    readonly now: number;
    readonly service: string;
    readonly operation: string;
    readonly principal: Principal;
    readonly account: string;
    readonly region: string;
    readonly partition: string;
    readonly origin?: Origin;
    readonly via: readonly string[];
    request: Request;
    body?: Body;
    readonly known = new Map<string, unknown>();
    private services?: Peers;

    constructor(parts: CallParts) {
      this.requestId = parts.requestId;
      this.onBehalfOf = parts.onBehalfOf;
      this.now = parts.now;
      this.service = parts.service;
      this.operation = parts.operation;
      this.principal = parts.principal;
      this.account = parts.account;
      this.region = parts.region;
      this.partition = partitionOf(parts.region);
      this.origin = parts.origin;
      this.via = parts.via;
      this.request = parts.request;
      this.body = parts.body;
    }

    get peers(): Peers {
      this.services ??= peersOf(this.principal, {
        account: this.account,
        region: this.region,
        origin: this.origin,
        via: [...this.via, this.service],
        onBehalfOf: this.onBehalfOf ?? this.requestId,
      });
      return this.services;
    }

    authorize(check: Check): Promise<void> {
      return authorize(this, [check]);
    }

    /** Answered: whoever still holds the call, to explain it, does not hold what was sent with it. */
    release(): void {
      if (this.request.body !== noBody) this.request = { ...this.request, body: noBody };
      this.body = undefined;
      this.known.clear();
    }
  }

  async function admit(call: Call, service: Service, input: unknown): Promise<AnyHandler> {
    const handler = service.handlers[call.operation];
    if (!handler) throw notImplemented(service, call.operation);
    const checksOf = service.actions[call.operation];
    if (!checksOf) throw new Error(`${service.name} has no action row for ${call.operation}`);
    await authorize(call, await checksOf(input, call));
    return handler;
  }

  function peersOf(principal: Principal, scope: Scope): Peers {
    const found = new Map<string, unknown>();
    return new Proxy({} as Peers, {
      get(_, name) {
        if (typeof name !== 'string' || name === 'then') return undefined;
        const service = services.get(name);
        if (!service) throw new Error(`this runtime has no service named ${name}`);
        let operations = found.get(name);
        if (!operations) {
          operations = operationsOf(service, principal, scope);
          found.set(name, operations);
        }
        return operations;
      },
    });
  }

  /** Every operation of a service as a function; which exist is for `admit` to say. */
  function operationsOf(service: Service, principal: Principal, scope: Scope): unknown {
    const invoke = async (operation: string, input: unknown, body: Body | undefined) => {
      const call = new LiveCall({
        requestId: kernel.random.uuid(),
        now: kernel.clock.now(),
        service: service.name,
        operation,
        principal,
        account: scope.account,
        region: scope.region,
        origin: scope.origin,
        via: scope.via ?? NO_VIA,
        onBehalfOf: scope.onBehalfOf,
        request: peerRequest,
        body,
      });
      const started = performance.now();
      let output: unknown;
      let failure: unknown;
      try {
        const handler = await admit(call, service, input);
        output = await handler(call, input);
      } catch (error) {
        // A call on behalf of a request leaves the noting to the request: its handler may have been ready for a no.
        if (error instanceof AwsError && !scope.via?.length) records.refusal(error, call);
        failure = error;
        throw error;
      } finally {
        const exchange = exchangeOf(call, started, input, output, failure);
        records.call(callRecord(call, exchange));
        service.follow?.(exchange);
        call.release();
      }
      return output;
    };
    return new Proxy(
      {},
      {
        get: (_, operation) =>
          typeof operation !== 'string' || operation === 'then'
            ? undefined
            : (input: unknown, body?: Body) => invoke(operation, input, body),
      },
    );
  }

  return { admit, call: (parts) => new LiveCall(parts), peers: peersOf };
}

function callRecord({ requestId, service, operation, principal, region, via }: Call, { record }: Exchange): CallRecord {
  const { at, status, error, tookMs } = record;
  return { requestId, at, service, operation, principal: principal.arn, region, via, status, error, tookMs };
}

type Fields = Readonly<Record<string, unknown>>;

/** A call between services as a request that was answered. */
function exchangeOf(call: Call, started: number, input: unknown, output: unknown, error?: unknown): Exchange {
  const { requestId, now, service, operation, principal, request } = call;
  const { code, status } = error instanceof AwsError ? error : { code: 'InternalError', status: 500 };
  return {
    record: {
      requestId,
      at: now,
      method: request.method,
      target: request.target,
      service,
      operation,
      principal: principal.arn,
      remoteAddress: request.remoteAddress,
      status: error === undefined ? 200 : status,
      error: error === undefined ? undefined : code,
      tookMs: performance.now() - started,
    },
    request,
    principal,
    input: input as Fields,
    output: output as Fields | undefined,
    granted: wasGranted(call),
  };
}

const notImplementedForms: Readonly<Record<ProtocolName, { code: string; status: number }>> = {
  restXml: { code: 'NotImplemented', status: 501 },
  awsQuery: { code: 'InvalidAction', status: 400 },
  awsJson1_0: { code: 'UnknownOperationException', status: 400 },
  awsJson1_1: { code: 'UnknownOperationException', status: 400 },
  rpcv2Cbor: { code: 'UnknownOperationException', status: 400 },
  restJson1: { code: 'UnknownOperationException', status: 404 },
};

/** Refused by name. Only S3 has a 5xx for it: clients of the others would try again. */
function notImplemented(service: Service, operation: string): AwsError {
  const { code, status } = notImplementedForms[service.wire.protocols[0]];
  return new AwsError(code, `Coffer does not implement ${service.name}:${operation}`, { status });
}
