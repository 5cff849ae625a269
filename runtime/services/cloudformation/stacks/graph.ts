/** Runs work over a dependency graph, as much at once as the graph and a limit allow. */

const PARALLEL_LIMIT = 50;

export interface Outcome {
  /** Whose work answered false. */
  readonly failed: string[];
  /** Never started. */
  readonly skipped: string[];
}

/**
 * @param waitsFor names outside `nodes` count as done
 * @param work answers whether it succeeded; a throw ends the whole run
 * @param onFailure `stop` starts nothing more after a failure; `skipDependents` goes on with what does not wait for it
 */
export async function inOrder(
  nodes: readonly string[],
  waitsFor: (node: string) => Iterable<string>,
  work: (node: string) => Promise<boolean>,
  onFailure: 'stop' | 'skipDependents',
): Promise<Outcome> {
  const all = new Set(nodes);
  const open = new Map(nodes.map((node) => [node, new Set([...waitsFor(node)].filter((other) => all.has(other)))]));
  const dependents = new Map(nodes.map((node) => [node, [] as string[]]));
  for (const [node, others] of open) for (const other of others) dependents.get(other)!.push(node);

  const ready = nodes.filter((node) => open.get(node)!.size === 0);
  const failed: string[] = [];
  const skipped = new Set(nodes);
  const running = new Set<Promise<void>>();

  async function run(node: string): Promise<void> {
    if (await work(node)) {
      for (const dependent of dependents.get(node)!) {
        const others = open.get(dependent)!;
        others.delete(node);
        if (others.size === 0) ready.push(dependent);
      }
    } else {
      failed.push(node);
    }
  }

  for (;;) {
    const mayStart = onFailure === 'skipDependents' || failed.length === 0;
    while (mayStart && ready.length > 0 && running.size < PARALLEL_LIMIT) {
      const node = ready.shift()!;
      skipped.delete(node);
      const task: Promise<void> = run(node).finally(() => running.delete(task));
      running.add(task);
    }
    if (running.size === 0) break;
    try {
      await Promise.race(running);
    } catch (error) {
      await Promise.allSettled(running);
      throw error;
    }
  }
  return { failed, skipped: [...skipped] };
}

/** The graph the other way round: who is waited for by whom. */
export function reversed(waitsFor: ReadonlyMap<string, Iterable<string>>): Map<string, Set<string>> {
  const result = new Map([...waitsFor.keys()].map((node) => [node, new Set<string>()]));
  for (const [node, others] of waitsFor) for (const other of others) result.get(other)?.add(node);
  return result;
}
