/**
 * What AWS accepts in a policy and nobody can have meant: actions, services and condition keys that do not exist, keys
 * that no request for an action carries, resources that an action never applies to. As IAM Access Analyzer's policy
 * validation finds them. Source: IAM Access Analyzer, "Access Analyzer policy check reference".
 */
import { closest } from '../../base/spelling';
import { compile } from './compile';
import type { Statement } from './document';
import { type ActionFacts, actionsMeant, isKeyAmong, mayMatch, type ServiceFacts, type Vocabulary } from './vocabulary';

export type FindingCode =
  | 'unknownService'
  | 'unknownAction'
  | 'unknownKey'
  /** No request for the action carries the key: the statement never applies to it, or always. */
  | 'keyNeverCarried'
  | 'resourceNeverMatched';

export interface Finding {
  readonly code: FindingCode;
  /** `Statement[1].Condition.StringEquals`. */
  readonly place: string;
  /** The action, key or resource. */
  readonly value: string;
  /** One sentence. */
  readonly message: string;
}

/** What a statement's `Action` comes to. */
interface Meant {
  /** As written. */
  readonly value: string;
  readonly prefix: string;
  readonly actions: readonly ActionFacts[];
}

/** @param text a policy that has been accepted; a text that is no policy has no findings */
export async function findingsIn(text: string, vocabulary: Vocabulary): Promise<Finding[]> {
  const compilation = compile(text);
  if ('problem' in compilation) return [];
  const findings: Finding[] = [];
  for (const statement of compilation.document.statements) {
    const meant = await checkActions(statement, vocabulary, findings);
    await checkKeys(statement, meant, vocabulary, findings);
    checkResources(statement, meant, findings);
  }
  return findings;
}

/** Undefined for what is not known in full: everything, everything but something, or something unknown. */
async function checkActions(
  { actions: { negated, values }, place }: Statement,
  vocabulary: Vocabulary,
  findings: Finding[],
): Promise<readonly Meant[] | undefined> {
  const at = `${place}.${negated ? 'NotAction' : 'Action'}`;
  const all: Meant[] = [];
  let complete = !negated;
  for (const value of values) {
    const [prefix, name = ''] = value.split(':');
    if (value === '*' || /[*?]/.test(prefix)) {
      complete = false;
      continue;
    }
    const facts = await vocabulary.service(prefix.toLowerCase());
    const actions = facts ? actionsMeant(facts, name) : [];
    if (actions.length > 0) {
      all.push({ value, prefix: prefix.toLowerCase(), actions });
      continue;
    }
    complete = false;
    if (!facts) {
      const meant = closest(prefix.toLowerCase(), await vocabulary.prefixes());
      const message = `There is no service with the prefix ${prefix}${meant ? `; did you mean ${meant}?` : '.'}`;
      findings.push({ code: 'unknownService', place: at, value, message });
    } else {
      const names = [...facts.actions.values()].map((action) => action.name);
      const meant = /[*?]/.test(name) ? undefined : closest(name, names);
      const none = /[*?]/.test(name) ? 'No action matches' : 'There is no action';
      const message = `${none} ${value}${meant ? `; did you mean ${prefix}:${meant}?` : '.'}`;
      findings.push({ code: 'unknownAction', place: at, value, message });
    }
  }
  return complete ? all : undefined;
}

/** Keys of what a request or a resource is tagged with are global by name, and carried by some actions only. */
const CARRIED_GLOBALS = /^aws:(RequestTag\/.+|TagKeys)$/i;
/** Operators that an absent key does not stop. */
const BY_ABSENCE = /IfExists$|^Null$|^ForAllValues:|Not/;

async function checkKeys(
  { conditions, place }: Statement,
  meant: readonly Meant[] | undefined,
  vocabulary: Vocabulary,
  findings: Finding[],
): Promise<void> {
  for (const { operator, key } of conditions) {
    const at = `${place}.Condition.${operator}`;
    if (!(await isKnown(key, vocabulary))) {
      const known = [...vocabulary.globals, ...((await vocabulary.service(prefixOf(key)))?.keys ?? [])];
      const near = closest(key, known);
      const message = `There is no condition key ${key}${near ? `; did you mean ${near}?` : '.'}`;
      findings.push({ code: 'unknownKey', place: at, value: key, message });
      continue;
    }
    const service = await vocabulary.service(prefixOf(key));
    const ofService = service !== undefined && isKeyAmong(key, service.keys);
    if (!meant || (!ofService && !CARRIED_GLOBALS.test(key))) continue;
    const carries = ({ actions }: Meant) => actions.some((action) => isKeyAmong(key, action.keys));
    const without = meant.filter((one) => !carries(one));
    const report = (what: string) => {
      const message = `No request for ${what} carries ${key}: ${consequenceOf(operator)}`;
      findings.push({ code: 'keyNeverCarried', place: at, value: key, message });
    };
    if (without.length === meant.length) report(meant.map(({ value }) => value).join(', '));
    else if (!BY_ABSENCE.test(operator)) for (const { value } of without) report(value);
  }
}

function consequenceOf(operator: string): string {
  return BY_ABSENCE.test(operator)
    ? `${operator} decides nothing there.`
    : `with ${operator} the statement never applies.`;
}

const prefixOf = (key: string): string => key.slice(0, Math.max(0, key.indexOf(':'))).toLowerCase();

/** Claims of identity providers are named by their hosts: which there are is the provider's business. */
const FEDERATED = /^([\w-]+\.)+[\w-]+(\/[^:]*)?:|^saml:/i;

async function isKnown(key: string, vocabulary: Vocabulary): Promise<boolean> {
  return isKnownKey(key, await vocabulary.service(prefixOf(key)), vocabulary.globals);
}

/** Whether there is such a key: a global one, one of an identity provider, or one of this service. */
export function isKnownKey(key: string, service: ServiceFacts | undefined, globals: readonly string[]): boolean {
  return isKeyAmong(key, globals) || FEDERATED.test(key) || (service !== undefined && isKeyAmong(key, service.keys));
}

function checkResources(
  { resources, place }: Statement,
  meant: readonly Meant[] | undefined,
  findings: Finding[],
): void {
  if (!resources || resources.negated || !meant) return;
  const { values } = resources;
  for (const { value, actions } of meant) {
    if (actions.some((action) => isApplicable(action, values))) continue;
    const takesNone = actions.every(({ resources: forms }) => forms.length === 0);
    const message = takesNone
      ? `${value} takes no resource: it is asked of "*" only.`
      : `${value} never applies to ${values.join(', ')}: ${formsOf(actions)}.`;
    findings.push({ code: 'resourceNeverMatched', place: `${place}.Resource`, value, message });
  }
}

/** Everything of a service, which is what an action without a resource may be asked of as well. */
const EVERYTHING = /^(\*|arn:([^:]*:){4}\*)$/;

/** Whether an action applies to any of these resources. */
export function isApplicable({ resources }: ActionFacts, values: readonly string[]): boolean {
  if (resources.length === 0) return values.some((value) => EVERYTHING.test(value));
  return values.some((value) => resources.some((form) => mayMatch(value, form)));
}

function formsOf(actions: readonly ActionFacts[]): string {
  const forms = [...new Set(actions.flatMap(({ resources }) => resources))];
  return `it is asked of ${forms.slice(0, 3).join(', ')}`;
}
