/**
 * CloudFormation in one runtime: which resource types there are, which operations run in this process, who waits for
 * a custom resource's answer. What must survive the process is in `state.ts`; `stacks/recover.ts` joins the two.
 */
import type { Kernel } from '../../kernel/call';
import type { ResourceType } from '../../kernel/service';

export interface Deployer {
  readonly kernel: Kernel;
  type(name: string): ResourceType | undefined;
  /** Operations, by stack id. */
  readonly running: Map<string, Running>;
  /** By token in the response URL. */
  readonly answers: Map<string, (answer: CustomAnswer) => void>;
}

/** Lets operations come to their end; those that take long go on in the next life of the runtime. */
export async function closeDeployer(deployer: Deployer): Promise<void> {
  await Promise.all([...deployer.running.keys()].map((stackId) => settled(deployer, stackId, CLOSING_MS)));
}

const CLOSING_MS = 2_000;

export interface Running {
  /** Ends, without an error, when the operation does. */
  readonly done: Promise<void>;
  /**
   * The operation waits for somebody outside, perhaps until virtual time passes: it is not counted as work in flight
   * until the returned function is called.
   */
  away(): () => void;
  /** Ends the operation early, as a failure. Absent: it cannot be cancelled. */
  readonly cancel?: () => void;
}

/** What the handler of a custom resource sends, or that nothing came in time. */
export type CustomAnswer = { readonly body: string } | { readonly failure: string };

const deployers = new WeakMap<Kernel, Deployer>();

export function openDeployer(kernel: Kernel, types: () => readonly ResourceType[]): Deployer {
  // Read late: the list holds the types of all services, of which some are made after this one.
  let byName: Map<string, ResourceType> | undefined;
  const deployer: Deployer = {
    kernel,
    type(name) {
      byName ??= new Map(types().map((type) => [type.type, type]));
      return byName.get(name);
    },
    running: new Map(),
    answers: new Map(),
  };
  deployers.set(kernel, deployer);
  return deployer;
}

export function deployerOf(kernel: Kernel): Deployer {
  const deployer = deployers.get(kernel);
  if (!deployer) throw new Error('CloudFormation has not been started in this runtime');
  return deployer;
}

/** Runs an operation on a stack beside the request that asked for it. */
export function runBeside(
  { kernel, running }: Deployer,
  stackId: string,
  work: () => Promise<void>,
  cancel?: () => void,
): Promise<void> {
  let idle = kernel.busy();
  const done = work()
    .catch((error: unknown) => kernel.report(`operation on ${stackId} broke off: ${(error as Error).stack}`))
    .finally(() => {
      running.delete(stackId);
      idle();
    });
  const away = () => {
    idle();
    return () => {
      idle = kernel.busy();
    };
  };
  running.set(stackId, { done, away, cancel });
  return done;
}

/**
 * Waits for the operation that runs on a stack, a few seconds at most: clients poll with long pauses, and most
 * operations are done in milliseconds.
 */
export async function settled(deployer: Deployer, stackId: string, patienceMs = 4_000): Promise<void> {
  const running = deployer.running.get(stackId);
  if (!running) return;
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs).unref();
  });
  await Promise.race([running.done, patience]);
  clearTimeout(timer);
}
