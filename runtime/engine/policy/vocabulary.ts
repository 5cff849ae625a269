/**
 * What AWS's services call their actions, condition keys and resources, as far as a policy can be held to it. Pure: where
 * the facts come from is `kernel/vocabulary.ts`. Source of the facts: Service Authorization Reference.
 */

export interface ActionFacts {
  /** As AWS spells it: `GetObject`. */
  readonly name: string;
  /** Condition keys that a request for it may carry, patterns like `s3:ExistingObjectTag/<key>` among them. */
  readonly keys: readonly string[];
  /** Forms of the ARNs that it applies to: `arn:${Partition}:s3:::${BucketName}`. None: it takes no resource. */
  readonly resources: readonly string[];
}

export interface ServiceFacts {
  /** By name in lower case. */
  readonly actions: ReadonlyMap<string, ActionFacts>;
  readonly keys: readonly string[];
}

export interface Vocabulary {
  /** @param prefix `s3` @returns undefined when no service has this prefix */
  service(prefix: string): Promise<ServiceFacts | undefined>;
  /** Prefixes of all services. */
  prefixes(): Promise<readonly string[]>;
  /** Keys that belong to no service: `aws:SourceIp`, `lambda:SourceFunctionArn`. */
  readonly globals: readonly string[];
}

const PLACEHOLDER = /\$\{[^}]+\}|<[^>]+>|tag-key/g;

const patterns = new Map<string, RegExp>();

/** Whether a condition key is one of these, without regard to case. */
export function isKeyAmong(key: string, known: readonly string[]): boolean {
  return known.some((one) => {
    let pattern = patterns.get(one);
    if (!pattern) {
      const source = one
        .split(PLACEHOLDER)
        .map((literal) => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('.+');
      pattern = new RegExp(`^${source}$`, 'i');
      patterns.set(one, pattern);
    }
    return pattern.test(key);
  });
}

type Part = { readonly letter: string } | { readonly run: 'any' | 'noColon' | 'noSlash' } | 'one';

/** A policy's `Resource`: wildcards and variables stand for anything. */
function partsOfPattern(text: string): Part[] {
  return [...text.replace(/\$\{[^}]*\}/g, '*')].map((letter) =>
    letter === '*' ? { run: 'any' } : letter === '?' ? 'one' : { letter },
  );
}

/** An ARN's form: its placeholders stand for a component, names of buckets and access points for no path. */
function partsOfForm(text: string): Part[] {
  return text.split(/(\$\{[^}]+\})/).flatMap((piece): Part[] => {
    if (!piece.startsWith('${')) return [...piece].map((letter) => ({ letter }));
    if (/^\$\{(Partition|Region|Account)\}$/.test(piece)) return [{ run: 'noColon' }];
    return [{ run: /^\$\{(BucketName|AccessPointName)\}$/.test(piece) ? 'noSlash' : 'any' }];
  });
}

const isRun = (part: Part | undefined): part is { readonly run: 'any' | 'noColon' | 'noSlash' } =>
  typeof part === 'object' && 'run' in part;

function takes({ run }: { readonly run: string }, part: Part): boolean {
  if (part === 'one' || isRun(part)) return true;
  return run === 'any' || (part.letter !== ':' && (run === 'noColon' || part.letter !== '/'));
}

/** Whether some ARN of this form matches a policy's `Resource`. */
export function mayMatch(resource: string, form: string): boolean {
  const [a, b] = [partsOfPattern(resource), partsOfForm(form)];
  const known = new Map<number, boolean>();
  const meet = (i: number, j: number): boolean => {
    const at = i * (b.length + 1) + j;
    const found = known.get(at);
    if (found !== undefined) return found;
    known.set(at, false);
    const met = meeting(i, j);
    known.set(at, met);
    return met;
  };
  const meeting = (i: number, j: number): boolean => {
    const [x, y] = [a[i], b[j]];
    if (x === undefined && y === undefined) return true;
    if (isRun(x) && (meet(i + 1, j) || (y !== undefined && takes(x, y) && meet(i, j + 1)))) return true;
    if (isRun(y) && (meet(i, j + 1) || (x !== undefined && takes(y, x) && meet(i + 1, j)))) return true;
    if (x === undefined || y === undefined || isRun(x) || isRun(y)) return false;
    return (x === 'one' || y === 'one' || x.letter === y.letter) && meet(i + 1, j + 1);
  };
  return resource === '*' || meet(0, 0);
}

/** The actions of a service that an `Action` value without its prefix means. */
export function actionsMeant({ actions }: ServiceFacts, name: string): ActionFacts[] {
  const lower = name.toLowerCase();
  if (!/[*?]/.test(lower)) {
    const exact = actions.get(lower);
    return exact ? [exact] : [];
  }
  const source = [...lower].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[^\w]/, '\\$&'))).join('');
  const pattern = new RegExp(`^${source}$`);
  return [...actions].filter(([key]) => pattern.test(key)).map(([, action]) => action);
}
