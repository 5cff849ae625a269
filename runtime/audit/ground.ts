/** What attacks stand on: the disposable runtime, the resource, who its administrator is and who the stranger. */

import type { Resource } from '../access/landscape';
import { compile } from '../engine/policy/compile';
import type { Statement } from '../engine/policy/document';
import { root, servicePrincipal } from '../kernel/principal';
import type { Life } from '../life';
import { type Answer, call, type Manner, type Sketch, send } from './attempt';

export interface Ground {
  readonly life: Life;
  readonly resource: Resource;
  /** An account that nobody here has to do with; its administrator may do everything in it. */
  readonly stranger: string;
  /** Whether the resource is said to be locked: nobody may delete what it holds. */
  readonly locked: boolean;
}

export interface Attack {
  readonly name: string;
  /** Absent: it does not apply, for `skipped`. */
  readonly run?: () => Promise<Answer>;
  readonly skipped?: string;
  /** Codes beside those of missing permission that keep the attacker out. */
  readonly heldBy?: RegExp;
}

export const anonymousAnd = ({ stranger }: Ground): readonly { name: string; as?: string }[] => [
  { name: 'anonymous' },
  { name: 'stranger', as: stranger },
];

/** Sends a request about the resource, in its region. */
export function attack(ground: Ground, name: string, sketch: Omit<Sketch, 'region'>, manner: Manner): Attack {
  const { life, resource } = ground;
  return { name, run: () => send(life, { region: resource.region, ...sketch }, manner) };
}

/** What an AWS service does on behalf of the stranger: the confused deputy. */
export function deputy(
  ground: Ground,
  service: string,
  what: string,
  work: (peers: ReturnType<Life['kernel']['peers']>) => Promise<unknown>,
): Attack {
  const { life, resource, stranger } = ground;
  const { region, account } = resource;
  const source = `arn:aws:${service.split('.')[0]}:${region}:${stranger}:coffer-audit`;
  const sourceArn = /^(logging\.)?s3\./.test(service) ? 'arn:aws:s3:::coffer-audit-of-a-stranger' : source;
  const peers = life.kernel.peers(servicePrincipal(service, sourceArn, stranger), { account, region });
  return { name: `${service} for a stranger: ${what}`, run: () => call(life, () => work(peers)) };
}

/** Everything as the administrator of the resource's account, without being asked for permission by name. */
export function admin({ life, resource }: Ground) {
  const { account, region } = resource;
  return life.kernel.peers(root(account), { account, region });
}

export function statementsIn(document: string | undefined): readonly Statement[] {
  const compilation = document === undefined ? undefined : compile(document);
  return compilation === undefined || 'problem' in compilation ? [] : compilation.document.statements;
}

/** Services that statements allow something, with those that a confused deputy is usually made of. */
export function deputies(statements: readonly Statement[], usual: readonly string[]): readonly string[] {
  const named = statements
    .filter(({ effect }) => effect === 'Allow')
    .flatMap(({ principals }) => principals?.entries ?? [])
    .filter(({ type, value }) => type === 'Service' && value !== '*')
    .map(({ value }) => value);
  return [...new Set([...named, ...usual])];
}

/** Statements that are about a condition key. */
export function about(statements: readonly Statement[], key: RegExp): readonly Statement[] {
  return statements.filter(({ conditions }) => conditions.some((condition) => key.test(condition.key)));
}

/** What an operation answers, or undefined where there is nothing of the kind. */
export async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch(() => undefined);
}
