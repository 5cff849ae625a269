/**
 * What names stand for in rows of each kind. Source: S3 user guide, "SELECT command", "Attribute access" and "Case
 * sensitivity of header and attribute names".
 */
import { selectError } from './errors';
import type { Query, Step } from './syntax';
import { isList, isStruct, MISSING, type Value } from './values';

export type Evaluate<Row> = (row: Row) => Value;

/** A row as it is selected: what its columns are called, and what they hold. */
export interface Selected {
  readonly names: readonly string[];
  readonly values: readonly Value[];
}

export interface Binding<Row> {
  path(steps: readonly Step[]): Evaluate<Row>;
  /** `*` */
  all(row: Row): Selected;
}

/** @returns the position that `_3` names, from 0 */
function positionOf(name: string): number | undefined {
  if (!/^_\d{1,6}$/.test(name)) return undefined;
  const position = Number(name.slice(1));
  if (position === 0) throw selectError('InvalidColumnIndex');
  return position - 1;
}

/** Whether a path's first name is that of the row itself. */
export function namesRow(step: Step, alias: Query['alias']): boolean {
  if (step.kind !== 'name') return false;
  const name = step.name.toLowerCase();
  if (name === 's3object') return true;
  if (!alias) return false;
  return step.exact || alias.exact ? step.name === alias.name : name === alias.name.toLowerCase();
}

// ---- columns: CSV, Parquet -----------------------------------------------------------------------------------------------

/**
 * Rows that are lists of columns.
 * @param names of the columns, where they have any
 * @param absent what a name is that no column has
 * @param onUse told each column that the query looks at, or nothing when it looks at whole rows
 */
export function bindColumns<Row extends readonly Value[]>(
  names: readonly string[] | undefined,
  alias: Query['alias'],
  absent: 'MissingHeaders' | 'InvalidColumnIndex' | 'EvaluatorBindingDoesNotExist',
  onUse?: (column: number | undefined) => void,
): Binding<Row> {
  const numbered: string[] = [];
  const namesFor = (count: number): readonly string[] => {
    if (names && names.length >= count) return names.length === count ? names : names.slice(0, count);
    while (numbered.length < count) numbered.push(`_${numbered.length + 1}`);
    return [...(names ?? []), ...numbered.slice(names?.length ?? 0, count)];
  };
  let last: readonly string[] = [];
  const all = (row: Row): Selected => {
    if (last.length !== row.length) last = namesFor(row.length);
    return { names: last, values: row };
  };
  const columnOf = (step: Step): number => {
    if (step.kind === 'index') return step.index;
    if (step.kind !== 'name') throw selectError('UnsupportedSyntax');
    const found = step.exact ? (names?.indexOf(step.name) ?? -1) : inexactly(names ?? [], step.name);
    if (found >= 0) return found;
    const position = step.exact ? undefined : positionOf(step.name);
    if (position === undefined) throw selectError(absent);
    return position;
  };
  return {
    all,
    path(steps) {
      const own = namesRow(steps[0], alias) ? steps.slice(1) : steps;
      if (own.length === 0) {
        onUse?.(undefined);
        return (row) => {
          const { names, values } = all(row);
          return new Map(names.map((name, i) => [name, values[i]]));
        };
      }
      const column = columnOf(own[0]);
      onUse?.(column);
      const below = own.slice(1);
      const value = (row: Row) => (column < row.length ? row[column] : MISSING);
      return below.length === 0 ? value : (row) => descend(value(row), below);
    },
  };
}

/** @throws AwsError AmbiguousFieldName */
function inexactly(names: readonly string[], name: string): number {
  const wanted = name.toLowerCase();
  let found = -1;
  for (const [i, each] of names.entries()) {
    if (each.toLowerCase() !== wanted) continue;
    if (found >= 0) throw selectError('AmbiguousFieldName');
    found = i;
  }
  return found;
}

// ---- values: JSON --------------------------------------------------------------------------------------------------------

/** Rows that are values of any kind. `_1` is the row too. */
export function bindValues(alias: Query['alias']): Binding<Value> {
  return {
    path(steps) {
      const [first, ...rest] = steps;
      const isRow = namesRow(first, alias) || (first.kind === 'name' && first.name === '_1');
      if (isRow) return rest.length === 0 ? (row) => row : (row) => descend(row, rest);
      return (row) => descend(row, steps);
    },
    all(row) {
      if (isStruct(row)) return { names: [...row.keys()], values: [...row.values()] };
      return row === MISSING ? { names: [], values: [] } : { names: ['_1'], values: [row] };
    },
  };
}

/** What a path leads to. */
export function descend(value: Value, steps: readonly Step[]): Value {
  let at = value;
  for (const step of steps) {
    if (step.kind === 'name') at = isStruct(at) ? memberOf(at, step) : MISSING;
    else if (step.kind === 'index') at = isList(at) ? (at[step.index] ?? MISSING) : MISSING;
    else throw selectError('UnsupportedSyntax');
    if (at === MISSING) return MISSING;
  }
  return at;
}

function memberOf(struct: ReadonlyMap<string, Value>, { name, exact }: { name: string; exact: boolean }): Value {
  const own = struct.get(name);
  if (exact) return own === undefined ? MISSING : own;
  const wanted = name.toLowerCase();
  let found: Value = MISSING;
  let times = 0;
  for (const [each, value] of struct) {
    if (each.length !== name.length || each.toLowerCase() !== wanted) continue;
    found = value;
    times++;
  }
  if (times > 1) throw selectError('AmbiguousFieldName');
  return found;
}
