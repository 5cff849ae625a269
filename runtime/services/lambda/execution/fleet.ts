/**
 * All execution environments of this runtime: one warm process per concurrent call of a version, kept for a while after
 * its last, replaced when code, settings or credentials change. Counts what runs against the concurrency limits.
 * Source: Lambda developer guide, "Understanding Lambda function scaling".
 */
import type { Kernel } from '../../../kernel/call';
import { throttled } from '../errors';
import { type FunctionName, functionArn } from '../names';
import type { Code, VersionRow } from '../state';
import type { Invocation } from './api';
import { Environment, Lost, type Outcome } from './environment';
import { FileCache } from './files';
import type { Journal } from './journal';
import { plan } from './plan';
import { Watchdog } from './watchdog';

/** The default quota of an account and region. */
export const ACCOUNT_CONCURRENCY = 1000;

/** What to run: a version, resolved. */
export interface Target {
  readonly of: FunctionName;
  readonly version: VersionRow;
  readonly layers: readonly Code[];
  readonly reservedConcurrency?: number;
}

const IDLE_MS = 5 * 60_000;
/** Credentials must last for a call; an environment is replaced before they end. */
const CREDENTIALS_MARGIN_MS = 60_000;

interface Idle {
  readonly environment: Environment;
  readonly timer: NodeJS.Timeout;
}

export class Fleet {
  private readonly idle = new Map<string, Idle[]>();
  private readonly environments = new Set<Environment>();
  private readonly counts = new Map<string, number>();
  private readonly files = new FileCache();
  private readonly watchdog = new Watchdog();
  private readonly active = new Set<Promise<Outcome>>();
  private readonly journals = new Set<Journal>();
  private stopped = false;

  /** @throws AwsError TooManyRequestsException, InvalidRuntimeException, InvalidParameterValueException (role) */
  async run(kernel: Kernel, target: Target, invocation: Invocation): Promise<Outcome> {
    const leave = this.enter(target);
    const done = kernel.busy();
    const run = this.runSomewhere(kernel, target, invocation).finally(() => {
      this.active.delete(run);
      done();
      leave();
    });
    this.active.add(run);
    return run;
  }

  private async runSomewhere(kernel: Kernel, target: Target, invocation: Invocation): Promise<Outcome> {
    const key = keyOf(target);
    const environment = this.take(kernel, key) ?? (await this.start(kernel, target));
    try {
      const outcome = await environment.run(invocation);
      this.putBack(key, environment);
      return outcome;
    } catch (error) {
      environment.close();
      if (error instanceof Lost) return this.runSomewhere(kernel, target, invocation);
      throw error;
    }
  }

  private async start(kernel: Kernel, target: Target): Promise<Environment> {
    const how = await plan(kernel, this.files, target.of, target.version, target.layers);
    const environment = await Environment.open(kernel, how, this.watchdog);
    this.environments.add(environment);
    this.journals.add(how.journal);
    void environment.gone.then(async () => {
      this.environments.delete(environment);
      await how.journal.flushed();
      this.journals.delete(how.journal);
    });
    if (this.stopped) environment.close();
    return environment;
  }

  private take(kernel: Kernel, key: string): Environment | undefined {
    const idle = this.idle.get(key);
    for (let last = idle?.pop(); last; last = idle?.pop()) {
      clearTimeout(last.timer);
      const { environment } = last;
      const fresh = environment.expiresAt - CREDENTIALS_MARGIN_MS > kernel.clock.now();
      if (!environment.closed && fresh) return environment;
      environment.close();
    }
    return undefined;
  }

  private putBack(key: string, environment: Environment): void {
    if (environment.closed) return;
    const timer = setTimeout(() => {
      this.idle.set(key, this.idle.get(key)?.filter((one) => one.environment !== environment) ?? []);
      environment.close();
    }, IDLE_MS).unref();
    this.idle.set(key, [...(this.idle.get(key) ?? []), { environment, timer }]);
  }

  /** Ends the idle environments of a function, or those of one revision of it. */
  retire(of: FunctionName, revisionId = ''): void {
    const prefix = `${functionArn(of)}@${revisionId}`;
    for (const [key, idle] of this.idle) {
      if (!key.startsWith(prefix)) continue;
      this.idle.delete(key);
      for (const one of idle) this.end(one);
    }
  }

  private end({ environment, timer }: Idle): void {
    clearTimeout(timer);
    environment.close();
  }

  /** Counts a call in. @returns what counts it out */
  private enter({ of, reservedConcurrency }: Target): () => void {
    const arn = functionArn(of);
    const account = `${of.account}/${of.region}`;
    const [counter, limit, reason] =
      reservedConcurrency === undefined
        ? ([account, ACCOUNT_CONCURRENCY, 'ConcurrentInvocationLimitExceeded'] as const)
        : ([arn, reservedConcurrency, 'ReservedFunctionConcurrentInvocationLimitExceeded'] as const);
    const count = this.counts.get(counter) ?? 0;
    if (count >= limit) throw throttled(reason);
    this.counts.set(counter, count + 1);
    return () => {
      const rest = this.counts.get(counter)! - 1;
      if (rest > 0) this.counts.set(counter, rest);
      else this.counts.delete(counter);
    };
  }

  /** Ends every process, and with it what it was running. Resolves when nothing of them is left. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const { timer } of [...this.idle.values()].flat()) clearTimeout(timer);
    this.idle.clear();
    const ends = [...this.environments].map((environment) => {
      environment.close();
      return environment.gone;
    });
    await Promise.allSettled([...this.active, ...ends]);
    await Promise.all([...this.journals].map((journal) => journal.flushed()));
    this.watchdog.stop();
  }
}

function keyOf({ of, version }: Target): string {
  return `${functionArn(of)}@${version.revisionId}`;
}
