/**
 * The state machine of stacks: what an operation does from its first status to its last. Each function runs to the end
 * by itself; failures become statuses with reasons. Source: CloudFormation user guide, "Stack status codes" and "Choose
 * how to handle failures when provisioning resources".
 */
import { isAwsError } from '../../../base/errors';
import {
  type Incarnation,
  putTemplateText,
  type Resource,
  readTemplateText,
  removeTemplateText,
  type Writer,
} from '../state';
import { inOrder, reversed } from './graph';
import { exchange, outputsOf } from './outputs';
import { applyResource, deleteIncarnation, isRetained, restoreResource } from './resource';
import type { Run } from './run';

// ---- Create -------------------------------------------------------------------------------------------------------

export async function runCreate(run: Run): Promise<void> {
  const { journal } = run;
  const problem = (await apply(run, 'create')) ?? (await publish(run));
  const { onFailure = 'ROLLBACK', disableRollback } = journal.stack();
  if (problem === undefined) {
    await settle(run, 'CREATE_COMPLETE');
  } else if (disableRollback || onFailure === 'DO_NOTHING') {
    journal.stackStatus('CREATE_FAILED', problem);
    await journal.flush();
  } else if (onFailure === 'DELETE') {
    journal.stackStatus('DELETE_IN_PROGRESS', `${problem} Delete requested by user.`);
    await runDelete(run, { whileCreating: true });
  } else {
    await rollBackCreation({ ...run, signal: undefined }, `${problem} Rollback requested by user.`);
  }
}

/** Deletes what a failed creation made; the stack itself stays to tell why. */
export async function rollBackCreation(run: Run, reason?: string): Promise<void> {
  const { journal } = run;
  journal.stackStatus('ROLLBACK_IN_PROGRESS', reason);
  const failed = await deleteAll(run, { whileCreating: true });
  await unpublish(run);
  if (failed.length > 0) journal.stackStatus('ROLLBACK_FAILED', undeleted(failed));
  else journal.stackStatus('ROLLBACK_COMPLETE');
  await journal.flush();
}

// ---- Update -------------------------------------------------------------------------------------------------------

export async function runUpdate(run: Run): Promise<void> {
  const { journal } = run;
  const problem = denied(run) ?? (await apply(run, 'update')) ?? (await publish(run));
  if (problem !== undefined) {
    if (!journal.stack().disableRollback) return rollBackUpdate({ ...run, signal: undefined }, problem);
    journal.stackStatus('UPDATE_FAILED', problem);
    return journal.flush();
  }
  for (const row of journal.resources()) {
    if (!run.target!.resources.has(row.logicalId)) journal.put({ ...row, obsolete: true });
  }
  journal.stackStatus('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
  await finishUpdate(run);
}

/** Whether the stack policy forbids what the update would delete. @returns why, undefined when it does not */
function denied({ journal, target, options: { stackPolicy } }: Run): string | undefined {
  if (!stackPolicy) return undefined;
  const ids = journal.resources().flatMap((row) => {
    if (!row.now || target!.resources.has(row.logicalId)) return [];
    const reason = stackPolicy('Update:Delete', row.logicalId, row.type);
    if (reason !== undefined) journal.record({ ...row, status: 'UPDATE_FAILED', reason });
    return reason === undefined ? [] : [row.logicalId];
  });
  return ids.length > 0 ? `The following resource(s) failed to update: [${ids.join(', ')}].` : undefined;
}

/** The end of an update: what it left behind is deleted. */
export async function finishUpdate(run: Run): Promise<void> {
  await cleanUp(run);
  await settle(run, 'UPDATE_COMPLETE');
}

/** Brings a stack back to what its failed update found. */
export async function rollBackUpdate(run: Run, reason?: string, skip: readonly string[] = []): Promise<void> {
  const { journal } = run;
  const { before, outputs: held, retainExceptOnCreate } = journal.stack();
  journal.changeStack({ ...before });
  journal.stackStatus('UPDATE_ROLLBACK_IN_PROGRESS', reason);
  const rows = journal.resources().filter((row) => row.before?.now && !skip.includes(row.logicalId));
  const { failed } = await inOrder(
    rows.map((row) => row.logicalId),
    (id) => journal.resource(id)!.before!.dependsOn,
    (id) => restoreResource(run, id),
    'stop',
  );
  if (failed.length > 0) {
    journal.stackStatus(
      'UPDATE_ROLLBACK_FAILED',
      `The following resource(s) failed to update: [${failed.join(', ')}].`,
    );
    return journal.flush();
  }
  for (const row of journal.resources()) {
    if (!row.before || row.before.now) continue;
    const kept = row.adopted || (isRetained(row.deletionPolicy, true) && !retainExceptOnCreate);
    const deletionPolicy = kept ? 'Retain' : undefined;
    journal.put({ ...row, obsolete: true, deletionPolicy });
  }
  journal.stackStatus('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
  const stack = journal.stack();
  const previous = await readTemplateText(run.deployer.kernel.store, stack, 'previous');
  await journal.commit(async (tx) => {
    await exchange(tx, stack, held);
    if (previous !== undefined) putTemplateText(tx, stack, 'current', previous);
  });
  await finishRollback(run);
}

/** The end of a rollback: what the update made is deleted. */
export async function finishRollback(run: Run): Promise<void> {
  await cleanUp(run, true);
  await settle(run, 'UPDATE_ROLLBACK_COMPLETE');
}

/** Deletes what an operation left behind. What cannot be deleted is told in an event and forgotten, as CloudFormation does. */
async function cleanUp(run: Run, rollingBack = false): Promise<void> {
  const { journal } = run;
  const doomed = new Map<string, { incarnations: readonly Incarnation[]; policy?: string }>();
  for (const row of journal.resources()) {
    const own = row.obsolete && row.now ? [row.now] : [];
    const incarnations = [...(row.leftovers ?? []), ...own];
    if (incarnations.length > 0 || row.obsolete) {
      const replaced = rollingBack ? undefined : row.updateReplacePolicy;
      doomed.set(row.logicalId, { incarnations, policy: row.obsolete ? row.deletionPolicy : replaced });
    }
  }
  await inOrder(
    [...doomed.keys()],
    waiters(journal.resources()),
    async (id) => {
      const { incarnations, policy } = doomed.get(id)!;
      for (const incarnation of incarnations) {
        if (isRetained(policy)) skipDeletion(run, id, incarnation);
        else await deleteIncarnation(run, journal.resource(id)!, incarnation);
      }
      return true;
    },
    'skipDependents',
  );
}

// ---- Delete -------------------------------------------------------------------------------------------------------

interface DeleteOptions {
  /** A creation is being undone: only a policy of `Retain` retains, and not when the caller said so. */
  readonly whileCreating?: boolean;
  /** Logical ids to leave alone, of a stack that could not be deleted before. */
  readonly retain?: readonly string[];
  /** Leave alone what cannot be deleted. */
  readonly force?: boolean;
}

export async function runDelete(run: Run, options: DeleteOptions): Promise<void> {
  const { journal } = run;
  const failed = await deleteAll(run, options);
  if (failed.length > 0) {
    journal.stackStatus('DELETE_FAILED', undeleted(failed));
    return journal.flush();
  }
  const { kernel } = run.deployer;
  journal.changeStack({ deletedAt: kernel.clock.now(), before: undefined });
  journal.stackStatus('DELETE_COMPLETE');
  const { account, region, id, deletedAt = 0 } = journal.stack();
  const payload = { account, region, id };
  const timer = { at: deletedAt + REMEMBERED_MS, service: 'cloudformation', task: 'forget', id, payload };
  await unpublish(run, (tx) => kernel.timers.schedule(tx, timer));
}

/** How long a deleted stack can still be described. Source: CloudFormation API Reference, ListStacks. */
const REMEMBERED_MS = 90 * 24 * 3600 * 1000;

/** Deletes all resources, dependents first. @returns logical ids of those that could not be deleted */
async function deleteAll(run: Run, { whileCreating, retain = [], force }: DeleteOptions): Promise<string[]> {
  const { journal } = run;
  const rows = journal.resources().filter((row) => row.now || row.leftovers?.length);
  const retainNothing = whileCreating && journal.stack().retainExceptOnCreate;
  const { failed } = await inOrder(
    rows.map((row) => row.logicalId),
    waiters(rows),
    async (id) => {
      const row = journal.resource(id)!;
      const incarnations = [...(row.leftovers ?? []), ...(row.now ? [row.now] : [])];
      for (const incarnation of incarnations) {
        const own = !retainNothing && isRetained(row.deletionPolicy, whileCreating);
        const keep = retain.includes(id) || own || (whileCreating && row.adopted);
        if (keep) skipDeletion(run, id, incarnation);
        else if (!(await deleteIncarnation(run, journal.resource(id)!, incarnation))) {
          if (!force) return false;
          skipDeletion(run, id, incarnation);
        }
      }
      const { now: _, leftovers: __, before: ___, ...rest } = journal.resource(id)!;
      journal.put({ ...rest, gone: incarnations.at(-1)?.physicalId });
      return true;
    },
    'skipDependents',
  );
  return failed;
}

function skipDeletion({ journal }: Run, id: string, { physicalId }: Incarnation): void {
  journal.record({ ...journal.resource(id)!, status: 'DELETE_SKIPPED', reason: undefined }, physicalId);
}

/** For deletions: who must be gone before a resource goes. */
function waiters(rows: readonly Resource[]): (id: string) => Iterable<string> {
  const graph = reversed(new Map(rows.map((row) => [row.logicalId, row.dependsOn])));
  return (id) => graph.get(id) ?? [];
}

// ---- Shared -------------------------------------------------------------------------------------------------------

/** Applies the target. @returns why it failed, undefined when it did not */
export async function apply(run: Run, verb: 'create' | 'update' | 'import'): Promise<string | undefined> {
  const { target, deployer, signal, deadline = Number.POSITIVE_INFINITY } = run;
  let late = false;
  // A failure ends what else waits for somebody outside; what a service does by itself comes to its end.
  const failure = new AbortController();
  const ending = signal ? AbortSignal.any([signal, failure.signal]) : failure.signal;
  const { failed } = await inOrder(
    [...target!.resources.keys()],
    (id) => target!.dependencies.get(id)!,
    async (id) => {
      late ||= deployer.kernel.clock.now() > deadline;
      if (late || ending.aborted) return false;
      const applied = await applyResource({ ...run, signal: ending }, id);
      if (!applied) failure.abort();
      return applied;
    },
    'stop',
  );
  if (signal?.aborted) return 'User Initiated';
  if (late) return `Stack ${verb === 'create' ? 'creation' : 'update'} time exceeded the specified timeout.`;
  const sentences = ['create', 'update', 'import'].flatMap((what) => {
    const ids = failed.filter((id) => run.journal.resource(id)!.status === `${what.toUpperCase()}_FAILED`);
    return ids.length > 0 ? `The following resource(s) failed to ${what}: [${ids.join(', ')}].` : [];
  });
  if (failed.length > 0 && sentences.length === 0) return `The following resource(s) failed: [${failed.join(', ')}].`;
  return sentences.length > 0 ? sentences.join(' ') : undefined;
}

/** Evaluates outputs and makes exports and imports known. @returns why that failed */
export async function publish(run: Run): Promise<string | undefined> {
  const { journal } = run;
  const { outputs: held, imports: used } = journal.stack();
  try {
    journal.changeStack({ outputs: await outputsOf(run), imports: [...run.externals.imports.keys()] });
    await journal.commit((tx) => exchange(tx, journal.stack(), held));
    return undefined;
  } catch (error) {
    if (!isAwsError(error)) throw error;
    journal.changeStack({ outputs: held, imports: used });
    return `${error.message.replace(/\.$/, '')}.`;
  }
}

/** Takes outputs, exports and imports back. */
async function unpublish({ journal }: Run, also?: (tx: Writer) => Promise<void>): Promise<void> {
  const { outputs: held } = journal.stack();
  journal.changeStack({ outputs: [], imports: [] });
  await journal.commit(async (tx) => {
    await exchange(tx, journal.stack(), held);
    await also?.(tx);
  });
}

/** The operation is through: nothing of what it found needs to be remembered. */
export async function settle(run: Run, status: string): Promise<void> {
  const { journal } = run;
  for (const row of journal.resources()) {
    if (row.obsolete) journal.remove(row.logicalId);
    else if (row.before || row.leftovers || row.adopted)
      journal.put({ ...row, before: undefined, leftovers: undefined, adopted: undefined });
  }
  journal.changeStack({ before: undefined });
  journal.stackStatus(status);
  await journal.commit(async (tx) => removeTemplateText(tx, journal.stack(), 'previous'));
}

function undeleted(failed: readonly string[]): string {
  return `The following resource(s) failed to delete: [${failed.join(', ')}]. `;
}
