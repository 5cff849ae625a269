/**
 * The way of a request, from accepted to answered. The steps are numbered as in `docs/architecture.md`; step 1 is
 * `http.ts` (or `client.ts`, without a socket).
 */
import { once } from '../base/bytes';
import { AwsError } from '../base/errors';
import type { Request, Response } from '../base/http';
import { signingNameOf } from '../engine/sigv4/claim';
import type { Protocols, Route } from '../protocol/port';
import type { Authenticate } from './authenticate';
import { wasGranted } from './authorize';
import type { Kernel } from './call';
import type { Answer } from './http';
import type { Invoker } from './invoke';
import { readDocument } from './payload';
import type { Principal } from './principal';
import type { Records } from './record';
import { dialectOf, unsigned } from './rejection';
import type { Edge, Rewritten, Service } from './service';

export interface PipelineParts {
  readonly kernel: Kernel;
  readonly services: ReadonlyMap<string, Service>;
  readonly edges: readonly Edge[];
  readonly protocols: Protocols;
  readonly authenticate: Authenticate;
  readonly invoker: Invoker;
  readonly records: Records;
}

const NOTHING = new Uint8Array(0);
/** Longest Query request. The largest that a modelled service takes is an SQS batch of 1 MiB, percent-encoded. */
const LONGEST_FORM_BYTES = 4 * 1024 * 1024;

export function createPipeline(parts: PipelineParts): Answer {
  const { kernel, services, protocols, authenticate, invoker, records } = parts;
  const edges = [...parts.edges, ...[...services.values()].flatMap(({ edge }) => edge ?? [])];
  const identities = [...services.values()].flatMap((service) => service.identities ?? []);
  const hostId = kernel.random.bytes(42).toString('base64');

  return async (received) => {
    const now = kernel.clock.now();
    const started = performance.now();
    let requestId = kernel.random.uuid();
    let request = received;
    let edge: Edge | undefined;
    let rewritten: Rewritten | undefined;
    let route: Route | undefined;
    let principal: Principal | undefined;
    let call: ReturnType<Invoker['call']> | undefined;
    let input: Record<string, unknown> | undefined;
    let output: Record<string, unknown> | undefined;
    let failure: AwsError | undefined;
    let response: Response;
    try {
      const early = before(request);
      if (early) response = await early;
      else {
        for (const candidate of edges) {
          const meant = candidate.rewrite?.(request, kernel);
          if (!meant) continue;
          edge = candidate;
          rewritten = await meant;
          request = rewritten.request;
          break;
        }
        // 2 route
        const signingName = signingNameOf(request.headers, request.query);
        const form = protocols.needsForm(request, signingName) ? await readForm(request) : undefined;
        if (form) request = { ...request, body: once(form), contentLength: form.length };
        route = protocols.route(request, signingName, form);
        const service = services.get(route.service)!;
        const operation = protocols.operation(route);
        const dialect = dialectOf(route.protocol);
        if (dialect === 's3') requestId = shortId(requestId);

        // 3 authenticate
        const { signingNames } = service.wire;
        const { bodyLimitBytes } = operation;
        const asked = { dialect, signingNames, bodyLimitBytes, bucket: route.labels.Bucket };
        const caller = await authenticate(request, asked);
        principal = caller.principal;
        if (principal.accessKeyId !== undefined) {
          const use = { principal, service: service.name, region: caller.region ?? kernel.defaultRegion };
          for (const source of identities) source.used?.(kernel, use);
        }
        if (principal.kind === 'anonymous' && !service.answersUnsigned) throw unsigned(dialect);

        // 4 bind head: a document that is the whole input belongs to it
        input = operation.bindHead(request, route);
        const document = () =>
          caller.body.length === 0 ? NOTHING : readDocument(caller.body.stream, dialect, bodyLimitBytes);
        if (operation.documentIsInput) await operation.bindBody(await document(), input, request);
        call = invoker.call({
          requestId,
          now,
          service: service.name,
          operation: route.operation,
          principal,
          account: principal.account ?? kernel.defaultAccount,
          region: caller.region ?? kernel.defaultRegion,
          via: [],
          request,
          body: operation.streamsInput ? caller.body : undefined,
        });

        // 5 authorise
        const handle = await invoker.admit(call, service, input);

        // 6 bind body
        if (!operation.documentIsInput && !operation.streamsInput) {
          const bytes = await document();
          await service.checkDocument?.(bytes, call);
          await operation.bindBody(bytes, input, request);
        }

        // 7 handle, 8 write
        output = (await handle(call, input)) as Record<string, unknown>;
        response = operation.write(output, { requestId, hostId, request });
      }
    } catch (error) {
      failure = asAwsError(error);
      response = { ...protocols.writeError(failure, route, { requestId, hostId, request }), failure };
    }
    if (route?.protocol === 'restXml') response.headers.server = 'AmazonS3';
    if (rewritten) response = rewritten.answer(response);
    if (route) edge = services.get(route.service)?.edge;
    const refused = failure && route && records.refusal(failure, { requestId, now, ...route });
    if (refused) response.headers['x-coffer-why'] = `coffer why ${requestId}`;
    if (edge?.wants?.(request)) await edge.after?.(request, response, kernel).catch(report);

    // 9 record
    const service = route?.service;
    const operation = route?.operation;
    const record = {
      requestId,
      at: now,
      method: received.method,
      target: received.target,
      service,
      operation,
      principal: principal && (principal.kind === 'anonymous' ? 'anonymous' : principal.arn),
      region: call?.region,
      remoteAddress: request.remoteAddress,
      status: response.status,
      error: failure?.code,
      tookMs: performance.now() - started,
    };
    records.request(record);
    const follow = route && services.get(route.service)?.follow;
    if (follow) {
      const granted = call !== undefined && wasGranted(call);
      follow({ record, request, principal, input: input ?? route!.labels, output, response, granted });
    }
    call?.release();
    return response;
  };

  /** What answers outside the modelled operations: a preflight, a browser's form, a website. */
  function before(request: Request): Promise<Response> | undefined {
    for (const edge of edges) {
      const early = edge.before?.(request, kernel);
      if (early) return early;
    }
    return undefined;
  }

  /** Anything but a named error is a defect: the client learns nothing, the operator everything. */
  function asAwsError(error: unknown): AwsError {
    if (error instanceof AwsError) return error;
    report(error);
    return new AwsError('InternalError', 'We encountered an internal error. Please try again.', { status: 500 });
  }

  function report(error: unknown): void {
    kernel.report(`internal error: ${error instanceof Error ? error.stack : error}`);
  }
}

/** The body of a Query request, in which its Action stands. */
function readForm(request: Request): Promise<Buffer> {
  return readDocument(request.body, 'query', LONGEST_FORM_BYTES);
}

/** A request id as S3 makes them: 16 letters and digits, upper-case. */
function shortId(uuid: string): string {
  return (uuid.slice(24) + uuid.slice(19, 23)).toUpperCase();
}
