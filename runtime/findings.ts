/** Findings about every policy that somebody wrote into a runtime: what AWS would accept, and nobody can have meant. */

import type { PolicyKind } from './engine/policy/decide';
import { type Finding, findingsIn } from './engine/policy/findings';
import { kindNames } from './engine/policy/kinds';
import type { Origin } from './kernel/call';
import { vocabulary } from './kernel/vocabulary';
import type { Life } from './life';

export interface PolicyFinding extends Finding {
  readonly policy: {
    readonly kind: PolicyKind;
    /** `bucket policy of uploads`. */
    readonly name: string;
    /** The construct or resource that made it. */
    readonly origin?: Origin;
  };
}

export interface FindingsOptions {
  /** Only policies that these stacks made. @default all */
  readonly stacks?: readonly string[];
}

export async function findingsOf(life: Life, { stacks }: FindingsOptions = {}): Promise<PolicyFinding[]> {
  const found: PolicyFinding[] = [];
  for await (const { kind, name, document, origin } of life.documents()) {
    if (stacks && !(origin && stacks.includes(origin.stackName))) continue;
    for (const finding of await findingsIn(document, vocabulary))
      found.push({ ...finding, policy: { kind, name, origin } });
  }
  return found;
}

/** One per line, to be read: where, and what is wrong there. */
export function findingLine({ policy: { name, origin, kind }, place, message }: PolicyFinding): string {
  const where = origin ? (origin.constructPath ?? `${origin.stackName}/${origin.logicalId}`) : undefined;
  const what = name.includes('policy') ? name : `${kindNames[kind]} ${name}`;
  return `${where === undefined ? what : `${where}: ${what}`}, ${place}: ${message}`;
}
