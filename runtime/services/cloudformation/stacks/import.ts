/**
 * An import operation: resources that exist come under the stack's care, and nothing else changes. Source:
 * CloudFormation user guide, "Import AWS resources into a CloudFormation stack manually".
 */
import { ChangeSetFailure } from '../errors';
import { putTemplateText, readTemplateText } from '../state';
import { apply, publish, settle } from './operate';
import type { Plan } from './plan';
import type { Run } from './run';

/** @throws ChangeSetFailure when the template changes more than it imports */
export function refuseOtherChanges({ changes, besides }: Plan): void {
  const others = changes.filter(({ action, scope }) => action !== 'Import' && !onlyWords(action, scope));
  if (others.length > 0) {
    const ids = others.map(({ logicalId }) => logicalId).join(', ');
    throw new ChangeSetFailure(
      `You have modified resources [${ids}] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations.`,
    );
  }
  if (besides) throw new ChangeSetFailure('As part of the import operation, you cannot modify or add [Outputs]');
}

/** Metadata and policies are no part of a resource. */
function onlyWords(action: string, scope: readonly string[]): boolean {
  return action === 'Modify' && !scope.includes('Properties') && !scope.includes('Tags');
}

export async function runImport(run: Run): Promise<void> {
  const { journal } = run;
  const problem = (await apply(run, 'import')) ?? (await publish(run));
  if (problem !== undefined) return rollBackImport(run, problem);
  journal.changeStack({ before: undefined });
  await settle(run, 'IMPORT_COMPLETE');
}

/** Lets go of what the operation took in. Nothing was made, so nothing is deleted. */
export async function rollBackImport(run: Run, reason?: string): Promise<void> {
  const { journal } = run;
  journal.changeStack({ ...journal.stack().before });
  journal.stackStatus('IMPORT_ROLLBACK_IN_PROGRESS', reason);
  for (const row of journal.resources()) {
    if (!row.before || row.before.now) continue;
    if (row.now) journal.record({ ...row, status: 'IMPORT_ROLLBACK_COMPLETE', reason: undefined });
    journal.put({ ...row, now: undefined, leftovers: undefined, obsolete: true });
  }
  const stack = journal.stack();
  const previous = await readTemplateText(run.deployer.kernel.store, stack, 'previous');
  await journal.commit(async (tx) => putTemplateText(tx, stack, 'current', previous ?? '{}'));
  await settle(run, 'IMPORT_ROLLBACK_COMPLETE');
}
