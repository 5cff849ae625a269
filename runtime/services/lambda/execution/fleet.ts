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

  /** @throws AwsError TooManyRequestsException, InvalidRuntimeException, InvalidParameterValueException (role) */
  async run(kernel: Kernel, target: Target, invocation: Invocation): Promise<Outcome> {
    const leave = this.enter(target);
    const done = kernel.busy();
    try {
      return await this.runSomewhere(kernel, target, invocation);
    } finally {
      done();
      leave();
    }
  }

  private async runSomewhere(kernel: Kernel, target: Target, invocation: Invocation): Promise<Outcome> {
    const key = keyOf(target);
    const environment = this.take(kernel, key) ?? (await this.start(kernel, target));
    try {
      const outcome = await environment.run(invocation);
      this.putBack(key, environment);
      return outcome;
    } catch (error) {
      this.dispose(environment);
      if (error instanceof Lost) return this.runSomewhere(kernel, target, invocation);
      throw error;
    }
  }

  private async start(kernel: Kernel, target: Target): Promise<Environment> {
    const how = await plan(kernel, this.files, target.of, target.version, target.layers);
    const environment = await Environment.open(kernel, how, this.watchdog);
    this.environments.add(environment);
    return environment;
  }

  private take(kernel: Kernel, key: string): Environment | undefined {
    const idle = this.idle.get(key);
    for (let last = idle?.pop(); last; last = idle?.pop()) {
      clearTimeout(last.timer);
      const { environment } = last;
      const fresh = environment.expiresAt - CREDENTIALS_MARGIN_MS > kernel.clock.now();
      if (!environment.closed && fresh) return environment;
      this.dispose(environment);
    }
    return undefined;
  }

  private putBack(key: string, environment: Environment): void {
    if (environment.closed || !this.environments.has(environment)) {
      this.dispose(environment);
      return;
    }
    const timer = setTimeout(() => {
      this.idle.set(key, this.idle.get(key)?.filter((one) => one.environment !== environment) ?? []);
      this.dispose(environment);
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
    this.dispose(environment);
  }

  private dispose(environment: Environment): void {
    this.environments.delete(environment);
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

  stop(): void {
    for (const idle of this.idle.values()) for (const one of idle) this.end(one);
    this.idle.clear();
    for (const environment of this.environments) this.dispose(environment);
    this.watchdog.stop();
  }
}

function keyOf({ of, version }: Target): string {
  return `${functionArn(of)}@${version.revisionId}`;
}
