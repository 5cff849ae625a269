/**
 * After a crash: operations that were under way are brought to an end that CloudFormation knows. Creations and updates
 * are rolled back, cleanups finished, deletions marked as failed; the next deployment then goes through.
 */
import type { Deployer } from '../deployer';
import { runBeside } from '../deployer';
import { allStacks, type Stack } from '../state';
import { isInProgress, reopen } from './begin';
import { rollBackImport } from './import';
import { finishRollback, finishUpdate, rollBackCreation, rollBackUpdate } from './operate';

const REASON = 'The runtime ended while this operation was under way.';

export async function recover(deployer: Deployer): Promise<void> {
  for (const stack of await allStacks(deployer.kernel.store)) {
    if (isInProgress(stack) && stack.operation) await resume(deployer, stack);
  }
}

async function resume(deployer: Deployer, stack: Stack): Promise<void> {
  const { kind, actor } = stack.operation!;
  const { run, journal } = await reopen(deployer, {}, stack, kind, actor);
  const work = async (): Promise<void> => {
    switch (stack.status) {
      case 'CREATE_IN_PROGRESS':
      case 'ROLLBACK_IN_PROGRESS':
        return rollBackCreation(run, REASON);
      case 'UPDATE_IN_PROGRESS':
      case 'UPDATE_ROLLBACK_IN_PROGRESS':
        return rollBackUpdate(run, REASON);
      case 'IMPORT_IN_PROGRESS':
      case 'IMPORT_ROLLBACK_IN_PROGRESS':
        return rollBackImport(run, REASON);
      case 'UPDATE_COMPLETE_CLEANUP_IN_PROGRESS':
        return finishUpdate(run);
      case 'UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS':
        return finishRollback(run);
      default:
        journal.stackStatus('DELETE_FAILED', REASON);
        return journal.flush();
    }
  };
  void runBeside(deployer, stack.id, work);
}
