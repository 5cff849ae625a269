/**
 * A deployed stack, proved by attack: for each resource the requests that must fail are really sent, to a disposable copy
 * of the runtime, and what gets through is a hole.
 */
import { landscapeOf, type Resource, strangerTo } from '../access/landscape';
import type { Life } from '../life';
import type { Answer } from './attempt';
import { bucketAttacks } from './bucket';
import { onCopy } from './copy';
import type { Attack, Ground } from './ground';
import { busAttacks, functionAttacks, keyAttacks, queueAttacks, roleAttacks, topicAttacks } from './others';

export interface AuditOptions {
  /** Only resources of this stack. @default all resources */
  readonly stack?: string;
  /** Buckets, by construct path or name, whose versions nobody may be able to delete, Object Lock or not. */
  readonly locked?: readonly string[];
}

export interface Finding {
  readonly kind: Resource['kind'];
  /** Path of the construct, or else the physical name. */
  readonly resource: string;
  readonly attack: string;
  /** `held`: refused. `hole`: it got through. `unclear`: neither an answer nor a refusal. */
  readonly outcome: 'held' | 'hole' | 'unclear' | 'skipped';
  readonly status?: number;
  readonly code?: string;
  /** Which statement refused it or let it through; why it was skipped. */
  readonly reason: string;
}

export interface Audit {
  readonly findings: readonly Finding[];
  readonly holes: readonly Finding[];
  /** Nothing got through, and nothing is unclear. */
  readonly clean: boolean;
  /** All of it, to be read. */
  readonly text: string;
}

const attacksOn: Readonly<Record<Resource['kind'], (ground: Ground) => Promise<readonly Attack[]>>> = {
  bucket: bucketAttacks,
  key: keyAttacks,
  queue: queueAttacks,
  topic: topicAttacks,
  bus: busAttacks,
  function: functionAttacks,
  role: roleAttacks,
};

/** @throws Error when there is no such stack, or no such bucket in it */
export function auditOf(original: Life, { stack, locked = [] }: AuditOptions = {}): Promise<Audit> {
  return onCopy(original, async (life) => {
    const land = await landscapeOf(life.kernel);
    const resources = land.resources.filter(({ stackName }) => stack === undefined || stackName === stack);
    if (stack !== undefined && resources.length === 0)
      throw new Error(`there is nothing to attack in a stack ${stack}`);
    const isNamed = (one: Resource) => locked.includes(one.name) || locked.includes(one.physicalName);
    for (const name of locked) {
      const there = resources.some((one) => one.kind === 'bucket' && [one.name, one.physicalName].includes(name));
      if (!there) throw new Error(`there is no bucket ${name} to be locked`);
    }
    const stranger = strangerTo(resources.map(({ account }) => account));
    const findings: Finding[] = [];
    for (const resource of resources) {
      const ground = { life, resource, stranger, locked: isNamed(resource) };
      for (const attack of await attacksOn[resource.kind](ground)) findings.push(await findingOf(resource, attack));
    }
    const holes = findings.filter(({ outcome }) => outcome === 'hole');
    const clean = findings.every(({ outcome }) => outcome === 'held' || outcome === 'skipped');
    return { findings, holes, clean, text: auditText(findings) };
  });
}

async function findingOf({ kind, name: resource }: Resource, { name, run, skipped, heldBy }: Attack): Promise<Finding> {
  const finding = { kind, resource, attack: name };
  if (!run) return { ...finding, outcome: 'skipped', reason: skipped ?? '' };
  const answer = await run();
  return { ...finding, outcome: outcomeOf(answer, heldBy), ...answer };
}

const REFUSED =
  /^(AccessDenied(Exception)?|AuthorizationError|MissingAuthenticationToken(Exception)?|SignatureDoesNotMatch|InvalidSecurity|UnrecognizedClientException)$/;

function outcomeOf({ status, code = '' }: Answer, heldBy?: RegExp): Finding['outcome'] {
  if (status === 401 || status === 403 || REFUSED.test(code) || heldBy?.test(code)) return 'held';
  // What is told that something is not there has got as far as asking.
  return status < 400 || status === 404 || status === 409 ? 'hole' : 'unclear';
}

function auditText(findings: readonly Finding[]): string {
  const lines: string[] = [];
  let last = '';
  for (const { kind, resource, attack, outcome, status, code, reason } of findings) {
    const heading = `${kind} ${resource}`;
    if (heading !== last) lines.push(...(last ? [''] : []), heading);
    last = heading;
    const mark = { held: '✓ held   ', hole: '✗ HOLE   ', unclear: '? unclear', skipped: '· skipped' }[outcome];
    const answered = status === undefined ? '' : ` (${status}${code ? ` ${code}` : ''})`;
    lines.push(`  ${mark}  ${attack}${answered}`);
    if (reason) lines.push(`             ${reason}`);
  }
  const count = (what: Finding['outcome']) => findings.filter(({ outcome }) => outcome === what).length;
  const sums = `${count('held')} held, ${count('hole')} holes, ${count('unclear')} unclear, ${count('skipped')} skipped`;
  return [...lines, ...(lines.length > 0 ? [''] : []), sums].join('\n');
}
