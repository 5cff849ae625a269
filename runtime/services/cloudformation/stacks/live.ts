/**
 * Resources as they are, against what their stack made of them: what drift detection tells, and what a drift-aware
 * change set brings back. Only properties that the template sets and that can be read back are compared, as on AWS.
 * Types without a `read` are not checked.
 */
import type { PropertyDifference } from '@aws-sdk/client-cloudformation';
import { differences } from '../../../engine/template/difference';
import type { Properties } from '../../../kernel/service';
import { stringified } from '../custom/custom';
import type { Resource, ResourceDrift } from '../state';
import { contextFor } from './provider';
import type { Run } from './run';

export async function driftOf(run: Run, row: Resource, at: number): Promise<ResourceDrift> {
  const now = row.now!;
  const type = run.deployer.type(row.type);
  if (!type?.read) return { at, status: 'NOT_CHECKED', expected: {}, actual: {} };
  const live = await type.read(contextFor(run, row, now), now.physicalId);
  const readable = Object.keys(now.properties).filter((name) => !live || Object.hasOwn(live, name));
  // A dynamic reference is not resolved for a comparison: what it stands for may be a secret.
  const compared = readable.filter((name) => !JSON.stringify(now.properties[name]).includes('{{resolve:'));
  const expected = pick(now.properties, compared);
  const actual = pick(live ?? {}, compared);
  const status = !live ? 'DELETED' : differencesOf(expected, actual).length > 0 ? 'MODIFIED' : 'IN_SYNC';
  return { at, status, expected, actual };
}

/** As text, which is how a template may write numbers and booleans. */
function pick(properties: Properties, names: readonly string[]): Properties {
  const set = names.filter((name) => properties[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, stringified(properties[name])]));
}

const KINDS = { Add: 'ADD', Remove: 'REMOVE', Modify: 'NOT_EQUAL' } as const;

export function differencesOf(expected: Properties, actual: Properties): PropertyDifference[] {
  const written = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'));
  // Members that the template leaves open have their defaults; what is added to a list is a difference.
  const told = differences(expected, actual).filter(({ path, kind }) => kind !== 'Add' || /^\d+$/.test(path.at(-1)!));
  return told.map(({ path, kind, before, after }) => ({
    PropertyPath: `/${path.join('/')}`,
    ExpectedValue: written(before),
    ActualValue: written(after),
    DifferenceType: KINDS[kind],
  }));
}

/**
 * Rows as if the stack had made what is there now, so that a deployment brings it back to its template. A resource that
 * is gone has no row: it is made anew. Source: CloudFormation user guide, "Using drift-aware change sets".
 */
export async function asTheyAre(run: Run, rows: readonly Resource[]): Promise<Resource[]> {
  const at = run.deployer.kernel.clock.now();
  return Promise.all(
    rows.map(async (row): Promise<Resource> => {
      if (!row.now) return row;
      const { status, expected, actual } = await driftOf(run, row, at);
      if (status === 'DELETED') return { ...row, now: undefined, gone: row.now.physicalId };
      if (status !== 'MODIFIED') return row;
      const drifted = Object.keys(expected).filter(
        (name) => differencesOf({ [name]: expected[name] }, { [name]: actual[name] }).length > 0,
      );
      const properties = { ...row.now.properties, ...Object.fromEntries(drifted.map((name) => [name, actual[name]])) };
      for (const name of drifted) if (actual[name] === undefined) delete (properties as Record<string, unknown>)[name];
      return { ...row, now: { ...row.now, properties } };
    }),
  );
}
