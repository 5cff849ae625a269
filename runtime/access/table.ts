/** Access as text: by resource, what everybody is held to first, then who may do what. */
import type { Proviso } from '../engine/policy/prospect';
import type { AccessRow } from './survey';

export function accessText(rows: readonly AccessRow[]): string {
  const byResource = group(rows, ({ kind, resource }) => `${kind} ${resource}`);
  if (byResource.size === 0) return 'There is nothing to ask about: no bucket, key, queue, function or role.';
  return [...byResource].map(([name, of]) => resourceText(name, of)).join('\n\n');
}

function resourceText(name: string, rows: readonly AccessRow[]): string {
  const shared = sharedDenials(rows);
  const parts = group(rows, ({ part }) => part);
  const lines = [name];
  for (const denial of shared) lines.push(`  nobody where ${listOf(denial)}`);
  const shut = new Set(rows.map(({ principal }) => principal));
  for (const [part, of] of parts) {
    if (parts.size > 1) lines.push(`  ${part}`);
    const open = of.filter(({ effect }) => effect !== 'denied');
    const asked = new Set(of.flatMap(({ actions }) => actions)).size;
    for (const row of open) {
      shut.delete(row.principal);
      const unless = row.unless?.filter((denial) => !shared.has(denial));
      lines.push(...rowText(withoutShared(row, shared), unless, asked));
    }
    if (open.length === 0) lines.push('    nobody');
  }
  if (shut.size > 0) lines.push(`  no access: ${[...shut].join(', ')}`);
  return lines.join('\n');
}

/** @returns denials as they are written in each of the rows in which anything is allowed */
function sharedDenials(rows: readonly AccessRow[]): Denials {
  const open = rows.filter(({ effect }) => effect !== 'denied');
  const [first, ...others] = open.map(({ unless = [] }) => new Map(unless.map((one) => [JSON.stringify(one), one])));
  return new Denials([...(first ?? [])].flatMap(([key, one]) => (others.every((o) => o.has(key)) ? [one] : [])));
}

class Denials {
  private readonly written: Set<string>;

  constructor(private readonly all: readonly (readonly Proviso[])[]) {
    this.written = new Set(all.map((one) => JSON.stringify(one)));
  }

  has(denial: readonly Proviso[]): boolean {
    return this.written.has(JSON.stringify(denial));
  }

  [Symbol.iterator]() {
    return this.all[Symbol.iterator]();
  }
}

function withoutShared(row: AccessRow, shared: Denials): AccessRow {
  const rest = row.unless?.filter((denial) => !shared.has(denial)) ?? [];
  const open = row.effect === 'conditional' && rest.length === 0 && (row.if ?? []).length === 0;
  return open ? { ...row, effect: 'allowed' } : row;
}

function rowText(row: AccessRow, unless: AccessRow['unless'] = [], asked: number): string[] {
  const { principal, effect, if: alternatives = [], actions } = row;
  const lines = [`    ${principal}: ${effect} ${actions.length === asked ? 'everything' : namesOf(actions)}`];
  if (alternatives.length > 0) lines.push(`      if ${alternatives.map(listOf).join(', or ')}`);
  for (const denial of unless) lines.push(`      unless ${listOf(denial)}`);
  return lines;
}

export function conditionsText({ if: alternatives = [], unless = [] }: Pick<AccessRow, 'if' | 'unless'>): string {
  return [
    ...(alternatives.length > 0 ? [`if ${alternatives.map(listOf).join(', or ')}`] : []),
    ...unless.map((denial) => `unless ${listOf(denial)}`),
  ].join(', ');
}

function listOf(provisos: readonly Proviso[]): string {
  return provisos.map(({ operator, key, values }) => `${key} ${operator} ${values.join(' | ')}`).join(' and ');
}

/** `s3: GetObject, PutObject`. */
export function namesOf(actions: readonly string[]): string {
  const byService = group(actions, (action) => action.slice(0, action.indexOf(':')));
  return [...byService]
    .map(([service, of]) => `${service}: ${of.map((action) => action.slice(service.length + 1)).join(', ')}`)
    .join('; ');
}

function group<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const of = groups.get(key);
    if (of) of.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
