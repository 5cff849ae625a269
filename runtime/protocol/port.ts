/**
 * What the rest of the runtime sees of the wire: a request is routed to an operation, bound to a typed input, and an
 * output or error is written back. Made by `createProtocols` in `protocols.ts`.
 */
import type { AwsError } from '../base/errors';
import type { Request, Response } from '../base/http';
import type { ProtocolName } from './wire';

export interface Route {
  /** `Service.name`. */
  readonly service: string;
  /** Operation as AWS names it: `PutObject`. */
  readonly operation: string;
  readonly protocol: ProtocolName;
  /** Percent-decoded URI labels: `{ Bucket, Key }`, `{ FunctionName }`. Virtual-hosted buckets are already here. */
  readonly labels: Readonly<Record<string, string>>;
}

/** An operation compiled for one protocol, at its first use. */
export interface Operation {
  readonly service: string;
  readonly name: string;
  readonly protocol: ProtocolName;
  /** The request body is a stream that goes to the handler as it is. */
  readonly streamsInput: boolean;
  /** The whole input is one document (JSON, Query, CBOR): it must be read before authorisation. Else after it. */
  readonly documentIsInput: boolean;
  /** Most bytes of a bounded request document: 1 MiB unless the service says otherwise. */
  readonly bodyLimitBytes: number;
  /** Labels, query and headers into a new input. @throws AwsError InvalidArgument and kin */
  bindHead(request: Request, route: Route): Record<string, unknown>;
  /**
   * A bounded document into the input, strictly. For every operation that does not stream its input, also when there is
   * no body: `bytes` is empty then, and what is required is missed. A long one may take turns with other work.
   * @throws AwsError MalformedXML, SerializationException and kin, or rejects with them
   */
  bindBody(bytes: Uint8Array, input: Record<string, unknown>, request: Request): void | Promise<void>;
  /** Output to response, streaming members passed through. */
  write(output: Record<string, unknown>, context: WriteContext): Response;
}

export interface WriteContext {
  readonly requestId: string;
  /** S3's second id (`x-amz-id-2`). */
  readonly hostId?: string;
  readonly request?: Request;
}

export interface Protocols {
  /** Whether `route` must be given the request's body, read whole: a Query request names its Action there. */
  needsForm(request: Request, signingName?: string): boolean;
  /**
   * Which operation a request asks for.
   * @param signingName service in the request's credential scope, when it is signed
   * @param form the body, when `needsForm` asks for it; the same bytes go to `bindBody`
   * @throws AwsError for what no service answers; `writeError` with the same request gives it the right form
   */
  route(request: Request, signingName?: string, form?: Uint8Array): Route;
  operation(route: Pick<Route, 'service' | 'operation' | 'protocol'>): Operation;
  /** An error in the protocol of the route; before routing, in the form that the request suggests. */
  writeError(error: AwsError, route: Route | undefined, context: WriteContext): Response;
  /** Operation names of a service, all that its client knows. */
  operations(service: string): readonly string[];
}
