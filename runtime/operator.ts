/**
 * The operator's own requests, beside those of AWS's clients on the same port: `/_coffer/...`, for the CLI and for tests
 * in other languages. Only from this machine, only by a name of this machine, and only with the header
 * `x-coffer-operator`, which no web page can send along.
 *
 *     GET  /_coffer/health      what runs here
 *     POST /_coffer/deploy      {"directory": "/…/cdk.out"}: lines of JSON, {"progress"} each, then {"stacks"} or {"error"}
 *     POST /_coffer/reset       forget everything
 *     GET  /_coffer/clock       virtual time
 *     POST /_coffer/clock       move it: {"days": 30}
 *     POST /_coffer/settled     answers when all is quiet
 *     GET  /_coffer/requests    the newest requests
 *     GET  /_coffer/calls       the newest calls of services to one another
 *     GET  /_coffer/denials     the newest refusals, with their reasons
 *     POST /_coffer/access      who may do what: {"stack": "…"} or everywhere
 *     POST /_coffer/audit       attacks what is deployed, on a copy: {"stack": "…"} or everything
 *     GET  /_coffer/findings    policies that name what does not exist
 *     POST /_coffer/why         why a request was allowed or refused: {"requestId": "…"}; without one the newest refusal
 */
import { type Bytes, collect } from './base/bytes';
import type { Duration } from './base/clock';
import type { Request, Response } from './base/http';
import type { Coffer } from './coffer';
import { DeployFailed } from './deployment';
import { findingLine } from './findings';
import type { Answer } from './kernel/http';
import { isLoopback } from './kernel/incoming';
import type { DeployOptions, DeployReport, ProgressEvent, StackReport } from './services/cloudformation/deploy';

const PREFIX = '/_coffer/';
const LONGEST_BODY_BYTES = 1024 * 1024;
const OWN_NAME = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/i;

/** The listener's answer: the operator's requests to `coffer`, all others on. */
export function operated(coffer: Coffer, others: Answer): Answer {
  return (request) => {
    if (!request.path.startsWith(PREFIX) || request.headers['x-coffer-operator'] === undefined) return others(request);
    return operate(coffer, request).catch((error: Error) => json(500, { error: error.message }));
  };
}

type Action = (coffer: Coffer, input: Record<string, unknown>) => Promise<Response> | Response;

const actions: Readonly<Record<string, Action | undefined>> = {
  'GET health': ({ defaultAccount, defaultRegion, services }) =>
    json(200, { name: 'coffer', pid: process.pid, defaultAccount, defaultRegion, services }),
  'POST deploy': (coffer, input) => {
    const { directory, stacks, parameters, strict } = input as DeployOptions & { directory?: string };
    if (typeof directory !== 'string') return json(400, { error: 'directory must say where the cloud assembly is' });
    const lines = linesOf(async (emit) => {
      const onProgress = (progress: ProgressEvent) => emit({ progress });
      try {
        emit(await summaryOf(coffer, await coffer.deploy(directory, { stacks, parameters, strict, onProgress })));
      } catch (error) {
        if (error instanceof DeployFailed) emit(await summaryOf(coffer, error.deployment));
        emit({ error: (error as Error).message });
      }
    });
    return { status: 200, headers: { 'content-type': 'application/x-ndjson' }, body: lines };
  },
  'POST reset': async (coffer) => {
    await coffer.reset();
    return json(200, {});
  },
  'GET clock': ({ clock }) => json(200, { now: clock.now().toISOString() }),
  'POST clock': async ({ clock }, input) => {
    const duration = durationIn(input);
    if (typeof duration === 'string') return json(400, { error: duration });
    await clock.advance(duration);
    return json(200, { now: clock.now().toISOString() });
  },
  'POST settled': async (coffer) => {
    await coffer.settled();
    return json(200, {});
  },
  'GET requests': (coffer) => json(200, coffer.requests()),
  'GET calls': (coffer) => json(200, coffer.calls()),
  'GET denials': (coffer) => json(200, coffer.denials()),
  'POST access': (coffer, { stack }) => {
    if (stack !== undefined && typeof stack !== 'string') return json(400, { error: 'stack must be a string' });
    return coffer.access({ stack }).then(
      (access) => json(200, access),
      (error: Error) => json(404, { error: error.message }),
    );
  },
  'POST audit': (coffer, { stack, locked }) => {
    if (stack !== undefined && typeof stack !== 'string') return json(400, { error: 'stack must be a string' });
    if (locked !== undefined && !Array.isArray(locked)) return json(400, { error: 'locked must be a list of buckets' });
    return coffer.audit({ stack, locked }).then(
      (audit) => json(200, audit),
      (error: Error) => json(404, { error: error.message }),
    );
  },
  'GET findings': async (coffer) => json(200, await coffer.findings()),
  'POST why': async (coffer, { requestId = coffer.denials().at(-1)?.requestId }) => {
    if (requestId === undefined) return json(404, { error: 'no request has been refused yet' });
    if (typeof requestId !== 'string') return json(400, { error: 'requestId must be a string' });
    return coffer.explain(requestId).then(
      (why) => json(200, why),
      (error: Error) => json(404, { error: error.message }),
    );
  },
};

async function operate(coffer: Coffer, request: Request): Promise<Response> {
  if (!isLoopback(request.remoteAddress) || !OWN_NAME.test(request.headers.host ?? '')) {
    return json(403, { error: 'the operator interface answers this machine only' });
  }
  const asked = `${request.method} ${request.path.slice(PREFIX.length)}`;
  const action = actions[asked];
  if (!action) return json(404, { error: `there is no ${asked}; there are: ${Object.keys(actions).join(', ')}` });
  const input = await readInput(request);
  return typeof input === 'string' ? json(400, { error: input }) : action(coffer, input);
}

/** The body's JSON object, or what is wrong with it. */
async function readInput(request: Request): Promise<Record<string, unknown> | string> {
  const bytes = await collect(request.body, LONGEST_BODY_BYTES);
  if (bytes.length === 0) return {};
  try {
    const value: unknown = JSON.parse(bytes.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  return 'the body must be a JSON object';
}

const UNITS = ['days', 'hours', 'minutes', 'seconds', 'milliseconds'];

function durationIn(input: Record<string, unknown>): Duration | string {
  for (const [unit, value] of Object.entries(input)) {
    if (!UNITS.includes(unit)) return `${unit} is no unit of time; units are ${UNITS.join(', ')}`;
    if (typeof value !== 'number' || !(value >= 0)) return `${unit} must be a number, not below 0`;
  }
  return input as Duration;
}

/** What the CLI prints of a deployment. */
export interface Summary {
  readonly stacks: readonly (Omit<StackReport, 'resources'> & { readonly resources: number })[];
  /** About policies of stacks that were deployed, a line each. */
  readonly findings: readonly string[];
}

export async function summaryOf(coffer: Coffer, { stacks }: DeployReport): Promise<Summary> {
  const deployed = stacks.filter(({ outcome }) => outcome === 'deployed').map(({ stackName }) => stackName);
  const findings = deployed.length > 0 ? await coffer.findings({ stacks: deployed }) : [];
  return {
    stacks: stacks.map((stack) => ({ ...stack, resources: stack.resources.length })),
    findings: findings.map(findingLine),
  };
}

/** What `work` emits, as lines of JSON, as soon as it comes. */
async function* linesOf(work: (emit: (value: object) => void) => Promise<void>): Bytes {
  let lines: string[] = [];
  let wake = () => {};
  let done = false;
  const working = work((value) => {
    lines.push(`${JSON.stringify(value)}\n`);
    wake();
  }).finally(() => {
    done = true;
    wake();
  });
  while (!done || lines.length > 0) {
    if (lines.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const ready = lines;
    lines = [];
    if (ready.length > 0) yield Buffer.from(ready.join(''));
  }
  await working;
}

function json(status: number, value: unknown): Response {
  return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(`${JSON.stringify(value)}\n`) };
}
