/**
 * A running kernel: services joined to store, clock, wire and each other. Knows no service by name; `coffer.ts` says
 * which there are.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../base/clock';
import { Random } from '../base/random';
import { compile } from '../engine/policy/compile';
import type { PrincipalEntry } from '../engine/policy/principals';
import type { Protocols } from '../protocol/port';
import type { Store } from '../store/port';
import { createAuthenticator } from './authenticate';
import { type Authorizer, createAuthorizer } from './authorize';
import type { Kernel, Scope } from './call';
import { type Config, noConfig } from './config';
import { createFinder } from './credentials';
import type { Answer } from './http';
import { createInvoker } from './invoke';
import type { Peers } from './peers';
import { createPipeline } from './pipeline';
import type { Principal } from './principal';
import type { Records } from './record';
import type { Edge, Service } from './service';
import type { Timers } from './timers';

export interface KernelOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly services: readonly Service[];
  /** What stands before the services; asked before their own edges. @default none */
  readonly edges?: readonly Edge[];
  readonly protocols: Protocols;
  readonly records: Records;
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** @default nothing is declared */
  readonly config?: Config;
  /** A URL on loopback at which this runtime answers; opens a listener when there is none. */
  readonly endpoint: () => Promise<string>;
  readonly report: (line: string) => void;
}

export interface RunningKernel {
  readonly kernel: Kernel;
  /** Steps 2 to 9, for a request from anywhere. */
  readonly answer: Answer;
  /** For those who ask why. */
  readonly authorize: Authorizer;
  /** Whose an access key is. @throws AwsError when there is no such key */
  whose(accessKeyId: string, sessionToken?: string): Promise<Principal>;
  /** Virtual times of signing that time stamps cannot tell: see `authenticate.ts`. */
  readonly knownSignings: Map<string, number>;
  /** Whether anything is counted as in flight: see `Kernel.busy`. */
  working(): boolean;
  /** Resolves when nothing is. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

export function createKernel(options: KernelOptions): RunningKernel {
  const {
    store,
    clock,
    timers,
    protocols,
    records,
    defaultAccount,
    defaultRegion,
    config = noConfig,
    edges = [],
    endpoint,
    report,
  } = options;
  const services = new Map(options.services.map((service) => [service.name, service]));
  const identities = options.services.flatMap((service) => service.identities ?? []);
  const sources = new Map(options.services.flatMap(({ name, policies }) => (policies ? [[name, policies]] : [])));
  const organizations = options.services.find((service) => service.organizations)?.organizations;
  const suppliers = options.services.flatMap(({ supply }) => (supply ? [{ supply }] : []));
  const knownSignings = new Map<string, number>();
  const work = counter();
  let scratch: Promise<string> | undefined;

  const kernel: Kernel = {
    store,
    clock,
    random: new Random(),
    timers,
    defaultAccount,
    defaultRegion,
    config,
    endpoint,
    peers: (principal: Principal, scope: Scope): Peers => invoker.peers(principal, scope),
    answer: (request) => answer(request),
    identify: (request, signingNames, bodyLimitBytes) =>
      authenticate(request, { dialect: 'rest', signingNames, bodyLimitBytes }),
    standIn(invocation) {
      for (const service of options.services) {
        const work = service.standIn?.(invocation, kernel);
        if (work) return work;
      }
      return undefined;
    },
    async supply(arn, call) {
      for (const { supply } of suppliers) if (await supply(arn, call)) return true;
      return false;
    },
    async absentPrincipal(document, call) {
      for (const { value } of principalsIn(document)) {
        for (const source of identities) if ((await source.exists?.(kernel, value, call)) === false) return value;
      }
      return undefined;
    },
    membership: async (account) => organizations?.membership(kernel, account),
    async mfa(claim) {
      for (const source of identities) {
        const outcome = await source.mfa?.(kernel, claim);
        if (outcome !== undefined && outcome !== 'unknown') return outcome;
      }
      return 'unknown';
    },
    scratch() {
      scratch ??= mkdtemp(join(tmpdir(), 'coffer-'));
      return scratch;
    },
    history: () => ({ requests: records.requests(), calls: records.calls(), denials: records.denials() }),
    busy: work.begin,
    report,
  };
  const authorize = createAuthorizer({ identities, sources, organizations, kernel });
  const invoker = createInvoker({ kernel, services, authorize, records });
  const authenticate = createAuthenticator(kernel, identities, knownSignings);
  const answer = createPipeline({ kernel, services, edges, protocols, authenticate, invoker, records });

  return {
    kernel,
    answer,
    authorize,
    whose: async (accessKeyId, sessionToken) =>
      (await createFinder(kernel, identities)(accessKeyId, sessionToken, defaultRegion, 'query')).principal,
    knownSignings,
    working: work.going,
    idle: work.idle,
    async close() {
      if (scratch) await rm(await scratch, { recursive: true, force: true });
    },
  };
}

/** Whom a policy names, one by one. */
function principalsIn(document: string): readonly PrincipalEntry[] {
  const compilation = compile(document);
  if ('problem' in compilation) return [];
  const entries = compilation.document.statements.flatMap(({ principals }) => principals?.entries ?? []);
  return entries.filter(({ type }) => type === 'AWS');
}

/** Counts work in flight. */
function counter() {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    begin(): () => void {
      let ended = false;
      count++;
      return () => {
        if (ended) return;
        ended = true;
        if (--count > 0) return;
        const resolved = waiting;
        waiting = [];
        for (const resolve of resolved) resolve();
      };
    },
    going: () => count > 0,
    idle: (): Promise<void> =>
      count === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(() => resolve())),
  };
}
