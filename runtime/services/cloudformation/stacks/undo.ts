/**
 * How stacks are taken back: deletions, rollbacks of what failed, cancelled updates. Checked and begun as in `begin.ts`.
 */
import { actorFor } from '../actor';
import { type Deployer, runBeside, settled } from '../deployer';
import { terminationProtected, validationError, wrongState } from '../errors';
import { findStack, importersOf, putStack, removeStack, type Stack } from '../state';
import { type Begun, dropChangeSets, isInProgress, lock, type Request, reopen } from './begin';
import { rollBackCreation, rollBackUpdate, runDelete } from './operate';
import { listed } from './outputs';

/** @param options as of the API: logical ids to retain, and whether to leave alone what cannot be deleted */
export async function beginDelete(
  deployer: Deployer,
  request: Request,
  asked: Stack,
  options: { retain?: readonly string[]; force?: boolean; roleArn?: string } = {},
): Promise<Begun> {
  const { kernel } = deployer;
  await settled(deployer, asked.id);
  const stack = (await findStack(kernel.store, asked.account, asked.region, asked.id)) ?? asked;
  if (stack.status === 'DELETE_COMPLETE') return { stack, done: Promise.resolve() };
  if (stack.terminationProtection) throw terminationProtected(stack.name);
  if (stack.status === 'REVIEW_IN_PROGRESS') {
    await kernel.store.write((tx) => removeStack(tx, stack));
    return { stack, done: Promise.resolve() };
  }
  if (isInProgress(stack)) {
    throw validationError(`Stack [${stack.name}] cannot be deleted while in status ${stack.status}`);
  }
  if (options.retain?.length && stack.status !== 'DELETE_FAILED') {
    throw validationError('RetainResources can only be given for a stack in the DELETE_FAILED state');
  }
  const actor = await actorFor(kernel, request.caller, stack, options.roleArn ?? stack.roleArn);
  const { run, journal } = await reopen(deployer, request, stack, 'DELETE_STACK', actor);
  journal.stackStatus('DELETE_IN_PROGRESS', 'User Initiated');
  const users = await exportUsers(deployer, stack);
  if (users) {
    journal.stackStatus(stack.status, `Delete canceled. ${users}`);
    await journal.flush();
    return { stack: journal.stack(), done: Promise.resolve() };
  }
  await journal.commit(async (tx) => {
    await lock(tx, stack, (it) => !isInProgress(it));
    await dropChangeSets(tx, stack);
  });
  return { stack: journal.stack(), done: runBeside(deployer, stack.id, () => runDelete(run, options)) };
}

/** Who hangs on the exports of a stack, as a sentence; undefined when nobody does. */
async function exportUsers({ kernel }: Deployer, stack: Stack): Promise<string | undefined> {
  for (const { exportName } of stack.outputs) {
    const users = exportName === undefined ? [] : await importersOf(kernel.store, stack, exportName);
    const others = users.filter((name) => name !== stack.name);
    if (others.length > 0) return `Cannot delete export ${exportName} as it is in use by ${listed(others)}.`;
  }
  return undefined;
}

/** Rolls a stack back that failed with its rollback disabled, or whose rollback failed. @param skip resources to leave as they are */
export async function beginRollback(
  deployer: Deployer,
  request: Request,
  stack: Stack,
  kind: 'ROLLBACK' | 'CONTINUE_ROLLBACK',
  options: { skip?: readonly string[]; roleArn?: string; retainExceptOnCreate?: boolean } = {},
): Promise<Begun> {
  const may = kind === 'ROLLBACK' ? ['CREATE_FAILED', 'UPDATE_FAILED'] : ['UPDATE_ROLLBACK_FAILED'];
  if (!may.includes(stack.status)) throw wrongState(stack.id, stack.status, 'rolled back');
  const actor = await actorFor(deployer.kernel, request.caller, stack, options.roleArn ?? stack.roleArn);
  const { run, journal } = await reopen(deployer, request, stack, kind, actor);
  const creating = stack.status === 'CREATE_FAILED';
  journal.changeStack({ retainExceptOnCreate: options.retainExceptOnCreate });
  const work = creating
    ? () => rollBackCreation(run, 'User Initiated')
    : () => rollBackUpdate(run, 'User Initiated', options.skip);
  const begun = creating ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS';
  await journal.commit(async (tx) => {
    await lock(tx, stack, ({ status }) => status === stack.status);
    putStack(tx, { ...journal.stack(), status: begun });
  });
  return { stack: journal.stack(), done: runBeside(deployer, stack.id, work) };
}

/** Ends an update that is under way as if it had failed. @throws AwsError when none is */
export function cancelUpdate({ running }: Deployer, stack: Stack): void {
  const cancel = stack.status === 'UPDATE_IN_PROGRESS' ? running.get(stack.id)?.cancel : undefined;
  if (!cancel) throw validationError(`CancelUpdateStack cannot be called from current stack status: ${stack.status}`);
  cancel();
}
