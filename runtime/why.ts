/**
 * Why a request was allowed or refused: refusals as they were explained when they happened, allowed requests as the
 * policies stand now (`kernel/recent.ts` says how many are kept), and questions that nobody has asked yet.
 */
import { type As, principalOf } from './acting';
import type { Explanation } from './engine/policy/explain';
import { traced } from './engine/policy/trace';
import { noBody } from './kernel/incoming';
import { servicePrincipal } from './kernel/principal';
import { type Asking, keptAuthorisations } from './kernel/recent';
import type { RequestRecord } from './kernel/record';
import type { Life } from './life';

/** A request that nobody has made. */
export interface Hypothesis {
  /** Whoever `coffer.client` may act as, or a service that acts for a resource. */
  readonly principal: As | { readonly service: string; readonly sourceArn?: string; readonly sourceAccount?: string };
  /** `s3:GetObject`. */
  readonly action: string;
  /** ARN, or `*`. */
  readonly resource: string;
  /** Condition keys of the request: `{ 's3:prefix': 'a/', 'aws:SourceIp': '203.0.113.9' }`. @default over TLS from this machine */
  readonly context?: Readonly<Record<string, string | readonly string[]>>;
}

/** What is to be explained: a request id, an error that a client threw, or a question. */
export type Puzzle = string | Error | { readonly $metadata: { readonly requestId?: string } } | Hypothesis;

export interface Why {
  /** The request, when it was one and is still known. */
  readonly request?: RequestRecord;
  /** One per permission that was asked: of a refused request the one that was refused. */
  readonly explanations: readonly Explanation[];
  /** All of it, to be read. */
  readonly text: string;
}

/** @throws Error for an error without a request id, or a request that is not known any more */
export async function whyOf(life: Life, puzzle: Puzzle, account: string): Promise<Why> {
  if (typeof puzzle === 'object' && 'action' in puzzle) {
    const explanations = [await ask(life, puzzle, account)];
    return { explanations, text: traced(explanations[0]) };
  }
  const requestId = typeof puzzle === 'string' ? puzzle : idOf(puzzle);
  const { records, authorize } = life;
  const request = records.requests().findLast((one) => one.requestId === requestId);
  const denial = records.denials().findLast((one) => one.requestId === requestId);
  const explanations = denial ? [denial] : await authorize.recent(requestId);
  if (!request && explanations.length === 0) {
    throw new Error(
      `request ${requestId} is not known: refusals and requests are kept by the thousand, ` +
        `what allowed requests asked for the newest ${keptAuthorisations} times`,
    );
  }
  const lines = [...headOf(request), ...(denial ? [] : worked(explanations)), told(request, explanations)];
  return { request, explanations, text: lines.join('\n') };
}

/** Why a request was refused by policy, to be read; undefined when it was not. */
export function refusalText({ records }: Life, requestId: string): string | undefined {
  const denial = records.denials().findLast((one) => one.requestId === requestId);
  return denial && traced(denial);
}

async function ask(life: Life, { principal, action, resource, context }: Hypothesis, account: string) {
  if (!/^[\w-]+:\w+$/.test(action)) throw new RangeError(`an action is like s3:GetObject, not ${action}`);
  const { kernel, authorize } = life;
  const who =
    typeof principal === 'object' && 'service' in principal
      ? servicePrincipal(principal.service, principal.sourceArn, principal.sourceAccount)
      : await principalOf(principal, account, life);
  const asking: Asking = {
    kernel,
    requestId: '',
    now: kernel.clock.now(),
    service: action.slice(0, action.indexOf(':')),
    principal: who,
    account: who.account ?? account,
    region: kernel.defaultRegion,
    via: [],
    request: {
      method: 'GET',
      target: '/',
      path: '/',
      query: [],
      headers: {},
      body: noBody,
      remoteAddress: '127.0.0.1',
      secure: true,
      tlsVersion: '1.3',
    },
  };
  return authorize.explain(asking, { action, resource, keys: context });
}

/** Where the vendor's clients keep it: JavaScript's in the metadata; others print it with the message. */
function idOf(error: object): string {
  const { $metadata, requestId } = error as { $metadata?: { requestId?: string }; requestId?: string };
  const found = $metadata?.requestId ?? requestId;
  if (typeof found === 'string') return found;
  throw new Error('what is to be explained carries no request id: it is neither an answer nor an error of a client');
}

function headOf(request: RequestRecord | undefined): string[] {
  if (!request) return [];
  const { requestId, at, method, target, service, operation, status, error } = request;
  const what = service ? `${service} ${operation}` : `${method} ${target}`;
  return [
    `Request ${requestId}, ${new Date(at).toISOString()}`,
    `  ${what}: answered ${status}${error ? ` ${error}` : ''}`,
    '',
  ];
}

/** What was allowed is worked out anew: policies may have changed since. */
function worked(explanations: readonly Explanation[]): string[] {
  if (explanations.length === 0) return [];
  const changed = explanations.some(({ effect }) => effect !== 'allow');
  const now = 'It was allowed; this is how the policies decide it as they stand now';
  return [changed ? `${now}, which is another way: they have changed since.` : `${now}.`, ''];
}

function told(request: RequestRecord | undefined, explanations: readonly Explanation[]): string {
  if (explanations.length > 0) return explanations.map(traced).join('\n\n');
  if (request?.error) return `No policy refused it: it ended with ${request.error}.`;
  return `It asked for no permission, or was made longer than ${keptAuthorisations} authorisations ago.`;
}
