/**
 * Policy documents as text: the grammar all policies share, read strictly, every mistake with its place. What one kind
 * of policy allows beyond it is in `dialect.ts`. Which error code a problem becomes is the caller's business. Sources: IAM user guide, "Grammar of the IAM JSON policy language",
 * "IAM JSON policy elements reference".
 */
import { isOperator } from './conditions';
import { parseJson } from './json';
import { isPrincipal, type PrincipalEntry, type PrincipalType } from './principals';

export interface Element {
  /** `NotAction`, `NotResource`: everything but these. */
  readonly negated: boolean;
  readonly values: readonly string[];
}

export interface Statement {
  /** `Statement[2]`. */
  readonly place: string;
  readonly sid?: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Element;
  /** Absent in role trust policies. */
  readonly resources?: Element;
  readonly principals?: { readonly negated: boolean; readonly entries: readonly PrincipalEntry[] };
  readonly conditions: readonly {
    readonly operator: string;
    readonly key: string;
    readonly values: readonly string[];
  }[];
}

export interface Document {
  readonly version: '2008-10-17' | '2012-10-17';
  readonly id?: string;
  readonly statements: readonly Statement[];
}

export type ProblemCode =
  | 'json'
  | 'duplicateElement'
  | 'unknownElement'
  | 'missingElement'
  | 'prohibitedElement'
  | 'invalidValue'
  | 'invalidVersion'
  | 'invalidSid'
  | 'duplicateSid'
  | 'invalidAction'
  | 'invalidResource'
  | 'invalidPrincipal'
  | 'invalidOperator';

export interface Problem {
  readonly code: ProblemCode;
  /** `Statement[1].Condition.StringEquals`, or `line 3, column 7` of the text. */
  readonly place: string;
  /** The element it is about: `Principal`. */
  readonly element?: string;
  /** The offending text, when there is one. */
  readonly value?: string;
  /** As IAM words it. */
  readonly message: string;
}

/** Thrown while a policy is read; `compile` and `findProblem` hand out its `problem`. */
export class PolicyError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.message} (${problem.place})`);
  }
}

const SYNTAX = 'Syntax errors in policy.';

export function fail(code: ProblemCode, place: string, more: Partial<Problem> = {}): never {
  throw new PolicyError({ code, place, message: SYNTAX, ...more });
}

/** @throws PolicyError */
export function readDocument(text: string): Document {
  const parsed = parseJson(text);
  if ('mistake' in parsed) {
    const { place, duplicate } = parsed.mistake;
    fail(duplicate === undefined ? 'json' : 'duplicateElement', place, { element: duplicate });
  }
  const document = objectAt(parsed.json, 'policy');
  onlyElements(document, ['Version', 'Id', 'Statement'], '');
  const version = document.Version ?? '2008-10-17';
  if (version !== '2008-10-17' && version !== '2012-10-17') {
    fail('invalidVersion', 'Version', { element: 'Version', value: String(version) });
  }
  const id = document.Id === undefined ? undefined : textAt(document.Id, 'Id');
  if (document.Statement === undefined) fail('missingElement', 'policy', { element: 'Statement' });
  const statements = Array.isArray(document.Statement)
    ? document.Statement.map((one, i) => readStatement(one, `Statement[${i}]`))
    : [readStatement(document.Statement, 'Statement')];
  return { version, id, statements };
}

type Members = Readonly<Record<string, unknown>>;

const ELEMENTS = [
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
];

function readStatement(value: unknown, place: string): Statement {
  const json = objectAt(value, place);
  onlyElements(json, ELEMENTS, place);
  const sid = json.Sid === undefined ? undefined : textAt(json.Sid, `${place}.Sid`);
  const effect = json.Effect;
  if (effect === undefined) fail('missingElement', place, { element: 'Effect' });
  if (effect !== 'Allow' && effect !== 'Deny') {
    fail('invalidValue', `${place}.Effect`, { element: 'Effect', value: String(effect) });
  }
  const actions = readElement(json, 'Action', place);
  if (!actions || actions.values.length === 0) {
    fail('missingElement', place, { element: 'Action', message: 'Policy statement must contain actions.' });
  }
  for (const action of actions.values) checkAction(action, `${place}.${actions.negated ? 'NotAction' : 'Action'}`);
  return {
    place,
    sid,
    effect,
    actions,
    resources: readElement(json, 'Resource', place),
    principals: readPrincipals(json, effect, place),
    conditions: json.Condition === undefined ? [] : readConditions(json.Condition, `${place}.Condition`),
  };
}

function readElement(json: Members, name: string, place: string): Element | undefined {
  const negative = `Not${name}`;
  if (json[name] !== undefined && json[negative] !== undefined) fail('duplicateElement', place, { element: negative });
  if (json[name] !== undefined) return { negated: false, values: textsAt(json[name], `${place}.${name}`) };
  if (json[negative] !== undefined) return { negated: true, values: textsAt(json[negative], `${place}.${negative}`) };
  return undefined;
}

function checkAction(action: string, place: string): void {
  if (action === '*') return;
  const parts = action.split(':');
  const problem = { element: 'Action', value: action };
  if (parts.length < 2) {
    const message = 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.';
    fail('invalidAction', place, { ...problem, message });
  }
  if (parts.length > 2) {
    fail('invalidAction', place, { ...problem, message: 'Actions/Condition can contain only one colon.' });
  }
  if (!/^[a-zA-Z0-9-]+$/.test(parts[0])) {
    fail('invalidAction', place, { ...problem, message: `Vendor ${parts[0]} is not valid` });
  }
  if (!/^[a-zA-Z0-9_*?-]+$/.test(parts[1])) fail('invalidAction', place, problem);
}

function readPrincipals(json: Members, effect: string, place: string): Statement['principals'] {
  const negated = json.NotPrincipal !== undefined;
  const element = negated ? 'NotPrincipal' : 'Principal';
  const value = json[element];
  if (value === undefined) return undefined;
  if (negated && json.Principal !== undefined) fail('duplicateElement', place, { element });
  // "NotPrincipal ... with "Effect":"Allow" is not supported."
  if (negated && effect === 'Allow') fail('prohibitedElement', place, { element });
  const at = `${place}.${element}`;
  if (value === '*') return { negated, entries: [{ type: 'AWS', value: '*' }] };
  const types = objectAt(value, at);
  const entries = Object.entries(types).flatMap(([type, values]) => {
    if (!['AWS', 'Service', 'Federated', 'CanonicalUser'].includes(type)) {
      fail('invalidPrincipal', at, { element, value: type, message: `Invalid principal in policy: "${type}"` });
    }
    return textsAt(values, `${at}.${type}`).map((one) => ({ type: type as PrincipalType, value: one }));
  });
  if (entries.length === 0) fail('missingElement', at, { element });
  for (const entry of entries) {
    if (isPrincipal(entry)) continue;
    const message = `Invalid principal in policy: "${entry.type}":"${entry.value}"`;
    fail('invalidPrincipal', `${at}.${entry.type}`, { element, value: entry.value, message });
  }
  return { negated, entries };
}

function readConditions(value: unknown, place: string): Statement['conditions'] {
  return Object.entries(objectAt(value, place)).flatMap(([operator, keys]) => {
    const at = `${place}.${operator}`;
    if (!isOperator(operator)) fail('invalidOperator', at, { element: 'Condition', value: operator });
    return Object.entries(objectAt(keys, at)).map(([key, values]) => ({
      operator,
      key,
      values: scalarsAt(values, `${at}.${key}`),
    }));
  });
}

// ---- JSON values ---------------------------------------------------------------------------------------------------

function objectAt(value: unknown, place: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail('invalidValue', place);
  return value as Members;
}

function onlyElements(json: Members, known: readonly string[], place: string): void {
  for (const name of Object.keys(json)) {
    if (!known.includes(name)) fail('unknownElement', place ? `${place}.${name}` : name, { element: name });
  }
}

function textAt(value: unknown, place: string): string {
  if (typeof value !== 'string') fail('invalidValue', place);
  return value;
}

function textsAt(value: unknown, place: string): string[] {
  return Array.isArray(value) ? value.map((one, i) => textAt(one, `${place}[${i}]`)) : [textAt(value, place)];
}

/** Condition values: strings, numbers and booleans, one or many. */
function scalarsAt(value: unknown, place: string): string[] {
  return (Array.isArray(value) ? value : [value]).map((one) => {
    if (typeof one === 'string') return one;
    if (typeof one === 'number' || typeof one === 'boolean') return String(one);
    return fail('invalidValue', place);
  });
}
