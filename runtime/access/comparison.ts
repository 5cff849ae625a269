/** Access before and after a change: what widened, what narrowed. A change that cannot be ordered counts as both. */
import { covers, type Prospect } from '../engine/policy/prospect';
import type { AccessRow } from './survey';
import { conditionsText, namesOf } from './table';

export interface AccessChange {
  readonly change: 'widened' | 'narrowed' | 'changed';
  readonly kind: AccessRow['kind'];
  readonly resource: string;
  readonly part: string;
  readonly principal: string;
  readonly actions: readonly string[];
  readonly before: Prospect;
  readonly after: Prospect;
}

export interface AccessComparison {
  readonly changes: readonly AccessChange[];
  /** Whether anything is allowed that was not, or might be. */
  readonly widens: boolean;
}

const NOTHING: Prospect = { effect: 'denied' };

export function comparisonOf(then: readonly AccessRow[], now: readonly AccessRow[]): AccessComparison {
  const old = byQuestion(then);
  const young = byQuestion(now);
  const changes = new Map<string, AccessChange & { actions: string[] }>();
  for (const key of new Set([...old.keys(), ...young.keys()])) {
    const was = old.get(key);
    const is = young.get(key);
    const { kind, resource, part, principal } = (is ?? was)!.row;
    const [before, after] = [was?.prospect ?? NOTHING, is?.prospect ?? NOTHING];
    const change = changeOf(before, after);
    if (!change) continue;
    const alike = JSON.stringify([kind, resource, part, principal, before, after]);
    const action = key.slice(key.lastIndexOf('\n') + 1);
    const same = changes.get(alike);
    if (same) same.actions.push(action);
    else changes.set(alike, { change, kind, resource, part, principal, actions: [action], before, after });
  }
  const all = [...changes.values()];
  return { changes: all, widens: all.some(({ change }) => change !== 'narrowed') };
}

export function comparisonText({ changes }: AccessComparison): string {
  if (changes.length === 0) return 'Access is the same.';
  const count = (what: AccessChange['change']) => changes.filter(({ change }) => change === what).length;
  const order = ['widened', 'changed', 'narrowed'] as const;
  const lines = order.flatMap((what) => changes.filter(({ change }) => change === what).flatMap(lineOf));
  return [...lines, '', `${count('widened')} widened, ${count('changed')} changed, ${count('narrowed')} narrowed`].join(
    '\n',
  );
}

function lineOf({ change, kind, resource, part, principal, actions, before, after }: AccessChange): string[] {
  const mark = { widened: '+', changed: '~', narrowed: '-' }[change];
  const where = part === kind ? '' : `, ${part}`;
  return [
    `${mark} ${change}  ${kind} ${resource}${where}: ${principal}: ${namesOf(actions)}`,
    `      before: ${prospectText(before)}`,
    `      after:  ${prospectText(after)}`,
  ];
}

function prospectText(prospect: Prospect): string {
  return prospect.effect === 'conditional' ? conditionsText(prospect) : prospect.effect;
}

function changeOf(before: Prospect, after: Prospect): AccessChange['change'] | undefined {
  const widens = !covers(before, after);
  const narrows = !covers(after, before);
  return widens && narrows ? 'changed' : widens ? 'widened' : narrows ? 'narrowed' : undefined;
}

function byQuestion(rows: readonly AccessRow[]) {
  const found = new Map<string, { row: AccessRow; prospect: Prospect }>();
  for (const row of rows) {
    const { effect, if: alternatives = [], unless = [], kind, resource, part, principal, actions } = row;
    const prospect: Prospect = effect === 'conditional' ? { effect, if: alternatives, unless } : { effect };
    for (const action of actions) found.set([kind, resource, part, principal, action].join('\n'), { row, prospect });
  }
  return found;
}
