/**
 * What a test or the CLI holds of a runtime. Any number of them live side by side in one process; nothing is global.
 *
 *     const coffer = await startCoffer();
 *     const s3 = coffer.client(S3Client);
 *     await coffer.clock.advance({ days: 30 });
 *     await coffer.close();
 */

import { type Access, accessOf } from './access/access';
import type { SurveyOptions } from './access/survey';
import { type Acting, type As, actingAs } from './acting';
import { type Audit, type AuditOptions, auditOf } from './audit/audit';
import type { Duration } from './base/clock';
import type { Response } from './base/http';
import { makeCertificate } from './certificate';
import { createRequestHandler, explainRefusals, noteSignings } from './client';
import { type CofferConfig, readConfig } from './config';
import { type Deployable, DeployFailed, type Deployment, deploymentOf, inputOf } from './deployment';
import { type FindingsOptions, findingsOf, type PolicyFinding } from './findings';
import { type Answer, type Listener, listen } from './kernel/http';
import type { CallRecord, Denial, RequestRecord } from './kernel/record';
import type { StatedStandpoint } from './kernel/standpoint';
import { beginLife, type Life, wipe } from './life';
import { operated } from './operator';
import { type DeployOptions, deployAssembly } from './services/cloudformation/deploy';
import { type Puzzle, refusalText, type Why, whyOf } from './why';

export interface CofferOptions {
  /** Where the data lives, kept from one start to the next. @default nowhere: it ends with the runtime */
  readonly directory?: string;
  /** Whose administrator plain credentials are; twelve digits. @default '000000000000' */
  readonly defaultAccount?: string;
  /** @default 'us-east-1' */
  readonly defaultRegion?: string;
  /** Accounts, users, keys and buckets that are there from the start, and dated defaults. @default nothing but the default account */
  readonly config?: CofferConfig;
  /** Refuse to deploy resource types without behaviour here. @default false: they are kept as inert, and said to be */
  readonly strict?: boolean;
  /** Takes a line for the operator: a defect, a change that was set aside. @default lines are dropped */
  readonly report?: (line: string) => void;
  /** Is told of each refusal by policy. @default nobody is: `denials()` lists them */
  readonly onDenial?: (denial: Denial) => void;
}

export interface ListenOptions {
  /** 0 for any free one. @default 4566 */
  readonly port?: number;
  /** @default '127.0.0.1' */
  readonly host?: string;
  /** Let the port speak TLS beside plain HTTP, with a certificate made now: `coffer.certificate`. @default false */
  readonly tls?: boolean;
}

export interface ClientOptions<C = unknown> {
  /** Who asks. @default 'admin' */
  readonly as?: As;
  /** @default the default region */
  readonly region?: string;
  /** Whose administrator `admin` is, and where roles and users are looked for by name. @default the default account */
  readonly account?: string;
  /** Where its requests seem to come from, for conditions on addresses, networks and TLS. @default this machine, by TLS */
  readonly from?: StatedStandpoint;
  /** Anything else that the client's constructor takes. */
  readonly config?: C extends new (
    config: infer Config,
  ) => unknown
    ? Partial<Config>
    : Readonly<Record<string, unknown>>;
}

export interface Coffer {
  /** Where the runtime listens; undefined until `listen` was called. */
  readonly endpoint: string | undefined;
  /** The certificate of a port that speaks TLS, as PEM: for `AWS_CA_BUNDLE` or a client's `ca`. */
  readonly certificate: string | undefined;
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** Names of the services, as among peers. */
  readonly services: readonly string[];
  /**
   * Opens a port.
   * @returns the endpoint, `http://127.0.0.1:4566`; `https://…` with `tls`
   * @throws Error of `node:net` (EADDRINUSE, EACCES, EADDRNOTAVAIL) when the port cannot be had
   */
  listen(options?: ListenOptions): Promise<string>;
  /** A vendor's client that talks to this runtime without a socket: `coffer.client(S3Client, { as: 'anonymous' })`. */
  // biome-ignore lint/suspicious/noExplicitAny: a client class of any package
  client<C extends new (config: any) => unknown>(clientClass: C, options?: ClientOptions<C>): InstanceType<C>;
  /**
   * Deploys stacks as their account's administrator: everything that the assembly or app holds, or `options.stacks`.
   * @throws DeployFailed when a stack could not be deployed; AssemblyError when there is nothing to be deployed
   */
  deploy(what: Deployable, options?: DeployOptions): Promise<Deployment>;
  readonly clock: {
    /** Virtual time. */
    now(): Date;
    /** Moves virtual time forward and runs everything that falls due on the way, in order, to quiescence. */
    advance(duration: Duration): Promise<void>;
  };
  /** Resolves when all that was set in motion has come to rest. */
  settled(): Promise<void>;
  /** The newest requests, oldest first. */
  requests(): readonly RequestRecord[];
  /** The newest calls of services to one another, oldest first: what S3 asked of KMS, and whom it asked as. */
  calls(): readonly CallRecord[];
  /** The newest refusals by policy, each with its explanation, oldest first. */
  denials(): readonly Denial[];
  /**
   * Why a request was allowed or refused: by request id, by the error that a client threw, or for a request that nobody
   * has made: `{ principal: stack.reader, action: 's3:GetObject', resource: '…' }`. Its `text` is made to be read.
   * Refusals are told as they happened; allowed requests, of which the newest 128 authorisations are kept, as policies
   * stand now.
   * @throws Error for a request that is not known any more
   */
  explain(puzzle: Puzzle): Promise<Why>;
  /**
   * Who may do what, from the deployed state: principals, actions, resources, each allowed, denied or conditional. Its
   * `text` is made to be read.
   * @throws Error when there is no such stack
   */
  access(options?: SurveyOptions): Promise<Access>;
  /**
   * Proves the deployed state by attack: what must fail is really sent, to a disposable copy of this runtime, and what
   * gets through is a hole. Attacks leave nothing behind.
   * @throws Error when there is no such stack
   */
  audit(options?: AuditOptions): Promise<Audit>;
  /**
   * Policies that AWS accepts and nobody can have meant: actions, services and condition keys that do not exist, keys
   * that no request for an action carries, resources that an action never applies to.
   */
  findings(options?: FindingsOptions): Promise<readonly PolicyFinding[]>;
  /** Forgets everything: as if started anew, behind the same clients and ports. */
  reset(): Promise<void>;
  /** Ends the runtime: nothing of it stays open. */
  close(): Promise<void>;
}

/** @throws ConfigError; DataDirectoryError when the directory cannot be used, is open elsewhere or is not Coffer's */
export async function startCoffer(options: CofferOptions = {}): Promise<Coffer> {
  const { directory, strict, report = () => {}, onDenial } = options;
  const { defaultAccount = '000000000000', defaultRegion = 'us-east-1' } = options;
  if (!/^\d{12}$/.test(defaultAccount)) throw new RangeError(`an account has twelve digits, not ${defaultAccount}`);
  const config = readConfig(options.config ?? {});
  const listeners: Listener[] = [];
  let certificate: string | undefined;
  let opening: Promise<string> | undefined;
  let closing: Promise<void> | undefined;
  let begun = () => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });

  const begin = () =>
    beginLife({ directory, defaultAccount, defaultRegion, config, report, denied: onDenial, endpoint: anyEndpoint });
  let life: Life | undefined = await begin();

  const answer: Answer = (request) => (life ? life.answer(request) : Promise.resolve(unavailable()));
  const alive = (): Life => {
    if (!life) throw new Error('this runtime is closed');
    return life;
  };

  async function open(port: number, host: string, tls = false): Promise<Listener> {
    const now = () => (life ? life.kernel.clock.now() : Date.now());
    const made = tls ? await makeCertificate(host) : undefined;
    const listener = await listen(operated(coffer, answer), { port, host, now, report, certificate: made });
    certificate = made?.cert ?? certificate;
    listeners.unshift(listener);
    return listener;
  }

  /**
   * For Lambda processes and others that need a socket although nobody asked for a port. Work that a crash interrupted
   * is resumed while services start: it waits until there is somebody to answer.
   */
  async function anyEndpoint(): Promise<string> {
    await beginning;
    if (listeners.length > 0) return listeners[0].url;
    opening ??= open(0, '127.0.0.1').then(({ url }) => url);
    return opening;
  }

  async function end(): Promise<void> {
    const ending = alive();
    await ending.stop();
    await Promise.all(listeners.splice(0).map((listener) => listener.close()));
    life = undefined;
    await ending.close();
  }

  const coffer: Coffer = {
    get endpoint() {
      return listeners[0]?.url;
    },
    get certificate() {
      return certificate;
    },
    defaultAccount,
    defaultRegion,
    services: life.services,
    async listen({ port = 4566, host = '127.0.0.1', tls } = {}) {
      const { url, secureUrl } = await open(port, host, tls);
      return secureUrl ?? url;
    },
    client(clientClass, { as = 'admin', region = defaultRegion, account = defaultAccount, from, config } = {}) {
      const acting: Acting = actingAs(as, account, () => alive().kernel);
      let named = false;
      const client = new clientClass({
        region,
        endpoint: () => {
          const url = coffer.endpoint ?? 'http://127.0.0.1:4566';
          return named ? url.replace('127.0.0.1', 'localhost') : url;
        },
        forcePathStyle: true,
        requestHandler: createRequestHandler(answer, from),
        ...acting,
        ...config,
      });
      // S3 Control puts the account before the host, S3 without path style the bucket: an address does not allow that.
      const { serviceId } = (client as { config?: { serviceId?: string } }).config ?? {};
      const given: { readonly forcePathStyle?: boolean } = config ?? {};
      named = serviceId === 'S3 Control' || given.forcePathStyle === false;
      noteSignings(client, () => ({ clock: alive().kernel.clock, known: alive().knownSignings }));
      explainRefusals(client, (requestId) => refusalText(alive(), requestId));
      return client as never;
    },
    async deploy(what, options = {}) {
      const { input, stacks } = inputOf(what);
      const chosen = { ...options, strict: options.strict ?? strict, stacks: options.stacks ?? stacks };
      const report = await deployAssembly(alive().kernel, input, chosen);
      const deployment = deploymentOf(report);
      if (!report.succeeded) throw new DeployFailed(deployment);
      return deployment;
    },
    clock: {
      now: () => new Date(alive().kernel.clock.now()),
      advance: (duration) => alive().advance(duration),
    },
    settled: () => alive().settled(),
    requests: () => alive().records.requests(),
    calls: () => alive().records.calls(),
    denials: () => alive().records.denials(),
    findings: (options) => findingsOf(alive(), options),
    explain: (puzzle) => whyOf(alive(), puzzle, defaultAccount),
    access: (options) => accessOf(alive(), options),
    audit: (options) => auditOf(alive(), options),
    async reset() {
      const ending = alive();
      await ending.stop();
      life = undefined;
      await ending.close();
      if (directory !== undefined) await wipe(directory);
      life = await begin();
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
  begun();
  return coffer;
}

/** Between two lives, or after the last. */
function unavailable(): Response {
  const body = Buffer.from(
    '<Error><Code>ServiceUnavailable</Code><Message>The runtime is restarting.</Message></Error>',
  );
  return { status: 503, headers: { 'content-type': 'application/xml' }, body };
}
