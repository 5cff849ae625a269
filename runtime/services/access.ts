/**
 * The lists of `docs/access.md`, from the code: which kinds of policies are evaluated, which operators, which condition
 * keys. Global keys and operators are tables of the kernel and the engine; keys of services stand in their sources, as
 * names of properties, and are read there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operatorNames } from '../engine/policy/conditions';
import type { PolicyKind } from '../engine/policy/decide';
import { kindNames } from '../engine/policy/kinds';
import { globalKeys } from '../kernel/conditions';

type Table = (rows: readonly (readonly string[])[]) => string;

/** How each kind counts. A kind without its words does not compile. */
const counts: Readonly<Record<PolicyKind, string>> = {
  resourceControl: 'every level above the owner of the resource has to allow; denies anybody',
  serviceControl: 'every level above the account of the caller has to allow; holds its root user too',
  endpoint: 'has to allow what comes through the endpoint',
  resource:
    "grants: alone within its account and to services and the unsigned, with the caller's own to other accounts",
  trust: 'decides who may assume the role; lets its account in before identity policies count',
  identity: 'grants, inline or managed, by user, group or role',
  boundary: 'limits what identity policies grant; what a resource names the user or session for is not limited',
  session: 'limits what a session has of its role or user',
};

const code = (name: string) => `\`${name}\``;
const codes = (names: readonly string[]) => names.map(code).join(', ');

/** @param sources the folder of the services' sources */
export function accessLists(sources: string, table: Table): readonly string[] {
  const kinds = Object.entries(counts).map(([kind, how]) => [kindNames[kind as PolicyKind], how]);
  const services = [...keysByService(sources)].map(([service, keys]) => [code(service), codes([...keys].sort())]);
  return [
    '### Kinds of policies',
    table([['Kind', 'How it counts'], ...kinds]),
    '### Condition operators',
    `${codes(operatorNames)}. Each but \`Null\` also as \`…IfExists\`, and as \`ForAllValues:…\` and \`ForAnyValue:…\`.`,
    '### Condition keys',
    table([
      ['Of', 'Keys that requests carry where they apply'],
      ['all requests', codes([...globalKeys()].sort())],
      ...services,
    ]),
  ];
}

/** Name of a property, `'s3:prefix': …`, or of what tags are put behind, `'s3:BucketTag/'`. */
const KEY = /['`]([a-z0-9]+):([A-Za-z][\w-]*[/:]?)(?:\$\{[^}]*\})?['`](\]?:|, |\)|;)/g;
/** Actions stand as names of properties as well: they begin with a verb. */
const ACTION =
  /^(Abort|Add|Attach|Cancel|Create|Delete|Describe|Get|Initiate|List|Put|Replicate|Restore|Send|Update)[A-Z]/;

function keysByService(sources: string): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const name of readdirSync(sources, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!name.endsWith('.ts') || !name.includes('/')) continue;
    for (const [, service, key, after] of readFileSync(join(sources, name), 'utf8').matchAll(KEY)) {
      const isTags = /[/:]$/.test(key);
      if (service === 'aws' || ACTION.test(key) || (!isTags && !after.endsWith(':'))) continue;
      const keys = found.get(service) ?? new Set();
      found.set(service, keys.add(`${service}:${key}${isTags ? '*' : ''}`));
    }
  }
  return new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
