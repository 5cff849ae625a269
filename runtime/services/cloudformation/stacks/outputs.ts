/** Outputs of a stack, and the exports that other stacks hang on. */
import { formatError, invalid } from '../../../engine/template/errors';
import { evaluate } from '../../../engine/template/evaluate';
import { peersOf } from '../actor';
import { validationError } from '../errors';
import {
  findExport,
  importersOf,
  putExport,
  putImports,
  removeExport,
  type Stack,
  type StackOutput,
  type Writer,
} from '../state';
import { withReferences } from './dynamic';
import { environmentIn, type Run } from './run';

/** @throws AwsError for values that are no strings and for two exports of one name */
export async function outputsOf(run: Run): Promise<StackOutput[]> {
  const environment = environmentIn(run);
  const { template, conditions } = run.target!;
  const outputs: StackOutput[] = [];
  for (const [name, { value, description, condition, exportName }] of template.outputs) {
    if (condition !== undefined && !conditions.get(condition)) continue;
    const answer = evaluate(value, environment);
    if (answer === undefined || typeof answer === 'object') {
      throw formatError('The Value field of every Outputs member must evaluate to a String.');
    }
    const exported = exportName === undefined ? undefined : String(evaluate(exportName, environment));
    if (exported !== undefined && !/^[A-Za-z0-9:-]{1,255}$/.test(exported)) {
      throw formatError(
        `Output ${name} is malformed. The Name field of every Export member must be specified and consist only of alphanumeric characters, colons, or hyphens.`,
      );
    }
    if (exported !== undefined && outputs.some((output) => output.exportName === exported)) {
      throw invalid(`Duplicate Export names: ${exported}`);
    }
    outputs.push({ name, value: String(answer), description, exportName: exported });
  }
  const peers = peersOf(run.deployer.kernel, run.actor, run.journal.stack());
  const values = await withReferences(peers, 'Outputs', Object.fromEntries(outputs.map((it) => [it.name, it.value])));
  return outputs.map((output) => ({ ...output, value: String(values[output.name]) }));
}

/**
 * Makes the exports and imports of a stack what `stack` says.
 * @param held outputs that it had until now
 * @throws AwsError when a name is taken, or an export that changes or goes is in use
 */
export async function exchange(tx: Writer, stack: Stack, held: readonly StackOutput[]): Promise<void> {
  const wanted = new Map(stack.outputs.flatMap(({ exportName, value }) => (exportName ? [[exportName, value]] : [])));
  for (const name of new Set(held.flatMap(({ exportName }) => exportName ?? []))) {
    const current = await findExport(tx, stack, name);
    if (current?.stackId !== stack.id || wanted.get(name) === current.value) continue;
    const users = (await importersOf(tx, stack, name)).filter((user) => user !== stack.name);
    if (users.length > 0) {
      const verb = wanted.has(name) ? 'updated' : 'deleted';
      throw validationError(`Export ${name} cannot be ${verb} as it is in use by ${listed(users)}`);
    }
    removeExport(tx, stack, name);
  }
  for (const [name, value] of wanted) {
    const current = await findExport(tx, stack, name);
    if (current && current.stackId !== stack.id) {
      throw validationError(`Export with name ${name} is already exported by stack ${current.stackName}`);
    }
    putExport(tx, stack, { name, value, stackId: stack.id, stackName: stack.name });
  }
  await putImports(tx, stack, stack.imports);
}

/** `A, B and C`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names[names.length - 1]}`;
}
