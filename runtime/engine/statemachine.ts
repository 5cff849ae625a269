/**
 * State machines of the Amazon States Language with JSONPath: what a state does with its input, and which one follows.
 * Pure: tasks are done by the caller. Left out, and refused by name: Map, Parallel, JSONata, intrinsic functions, tasks
 * that wait for a callback. Source: Step Functions developer guide, "Amazon States Language"; states-language.net.
 */
import { choose } from './choices';
import { type JsonPath, readJsonPath, valueAt, withValueAt } from './jsonpath';

/** What is wrong with a definition, in a sentence. */
export class DefinitionError extends Error {}

/** An error of an execution, by the name that `Retry` and `Catch` know. */
export interface Failure {
  readonly error: string;
  readonly cause?: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export type Step =
  | { readonly kind: 'task'; readonly resource: string; readonly payload: unknown; readonly timeoutSeconds?: number }
  /** Until then, virtual milliseconds; the state is left with `leave`. */
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'next'; readonly state: string; readonly data: unknown }
  | { readonly kind: 'succeed'; readonly output: unknown }
  | ({ readonly kind: 'fail' } & Failure)
  /** The same state again, after a pause; `retrier` has been used once more. */
  | { readonly kind: 'retry'; readonly afterMs: number; readonly retrier: number };

export interface StateMachine {
  readonly startAt: string;
  /** @param context what `$$` means; `now` in virtual milliseconds */
  enter(state: string, input: unknown, context: Fields, now: number): Step;
  leave(state: string, input: unknown, context: Fields, result: unknown): Step;
  /** @param used how often each retrier of the state has been used */
  failed(state: string, input: unknown, context: Fields, failure: Failure, used: Fields): Step;
}

const TYPES = ['Task', 'Pass', 'Wait', 'Choice', 'Succeed', 'Fail'];
const UNMODELLED = ['Map', 'Parallel'];
const MOST_STATES = 10_000;

/** @throws DefinitionError */
export function readStateMachine(text: string): StateMachine {
  let definition: unknown;
  try {
    definition = JSON.parse(text);
  } catch (error) {
    throw new DefinitionError(`Definition is no JSON: ${(error as Error).message}`);
  }
  if (!isFields(definition)) throw new DefinitionError('Definition is no JSON object');
  const { StartAt, States, QueryLanguage } = definition;
  if (QueryLanguage !== undefined && QueryLanguage !== 'JSONPath')
    throw new DefinitionError(`Coffer does not implement ${QueryLanguage}`);
  if (!isFields(States) || Object.keys(States).length === 0) throw new DefinitionError("Missing 'States'");
  if (Object.keys(States).length > MOST_STATES) throw new DefinitionError(`More than ${MOST_STATES} states`);
  if (typeof StartAt !== 'string' || !Object.hasOwn(States, StartAt))
    throw new DefinitionError(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${String(StartAt)} at /StartAt`);
  const states = new Map<string, Fields>();
  for (const [name, state] of Object.entries(States)) states.set(name, checkState(name, state, States));
  return machineOf(StartAt, states);
}

function checkState(name: string, state: unknown, states: Fields): Fields {
  const at = `/States/${name}`;
  if (!isFields(state)) throw new DefinitionError(`SCHEMA_VALIDATION_FAILED: a state must be an object at ${at}`);
  const type = String(state.Type);
  if (UNMODELLED.includes(type)) throw new DefinitionError(`Coffer does not implement ${type} states, as at ${at}`);
  if (!TYPES.includes(type))
    throw new DefinitionError(`SCHEMA_VALIDATION_FAILED: Type is not one of ${TYPES.join(', ')} at ${at}`);
  if (state.QueryLanguage === 'JSONata') throw new DefinitionError(`Coffer does not implement JSONata, as at ${at}`);
  const target = (where: string, next: unknown) => {
    if (typeof next !== 'string' || !Object.hasOwn(states, next))
      throw new DefinitionError(`MISSING_TRANSITION_TARGET: Missing 'Next' target: ${String(next)} at ${at}/${where}`);
  };
  if (state.Next !== undefined) target('Next', state.Next);
  else if (['Task', 'Pass', 'Wait'].includes(type) && state.End !== true)
    throw new DefinitionError(`SCHEMA_VALIDATION_FAILED: Missing 'Next' or 'End' at ${at}`);
  for (const [i, catcher] of listOf(state.Catch).entries()) target(`Catch[${i}]/Next`, catcher.Next);
  for (const [i, rule] of listOf(state.Choices).entries()) target(`Choices[${i}]/Next`, rule.Next);
  if (state.Default !== undefined) target('Default', state.Default);
  if (type === 'Choice' && listOf(state.Choices).length === 0)
    throw new DefinitionError(`SCHEMA_VALIDATION_FAILED: Choices is empty at ${at}`);
  if (type === 'Task' && typeof state.Resource !== 'string')
    throw new DefinitionError(`SCHEMA_VALIDATION_FAILED: Missing 'Resource' at ${at}`);
  for (const path of ['InputPath', 'OutputPath', 'ResultPath', 'SecondsPath', 'TimestampPath', 'TimeoutSecondsPath'])
    if (typeof state[path] === 'string') needPath(String(state[path]), `${at}/${path}`);
  for (const template of ['Parameters', 'ResultSelector']) checkTemplate(state[template], `${at}/${template}`);
  return state;
}

function needPath(text: string, at: string): JsonPath {
  const path = readJsonPath(text.startsWith('$$') ? text.slice(1) : text);
  if (!path) throw new DefinitionError(`Value is not a Reference Path that Coffer implements: ${text} at ${at}`);
  return path;
}

function checkTemplate(template: unknown, at: string): void {
  if (Array.isArray(template)) for (const item of template) checkTemplate(item, at);
  if (!isFields(template)) return;
  for (const [name, value] of Object.entries(template)) {
    if (!name.endsWith('.$')) checkTemplate(value, `${at}/${name}`);
    else if (typeof value === 'string' && value.startsWith('States.'))
      throw new DefinitionError(`Coffer does not implement intrinsic functions, as at ${at}/${name}`);
    else needPath(String(value), `${at}/${name}`);
  }
}

// ---- Running ------------------------------------------------------------------------------------------------------

function machineOf(startAt: string, states: ReadonlyMap<string, Fields>): StateMachine {
  const stateOf = (name: string): Fields => {
    const state = states.get(name);
    if (!state) throw new DefinitionError(`there is no state ${name}`);
    return state;
  };
  const guarded = (work: () => Step): Step => {
    try {
      return work();
    } catch (error) {
      if (error instanceof PathError) return { kind: 'fail', error: 'States.Runtime', cause: error.message };
      throw error;
    }
  };
  return {
    startAt,
    enter: (name, input, context, now) => guarded(() => enter(stateOf(name), input, context, now)),
    leave: (name, input, context, result) => guarded(() => leave(stateOf(name), input, context, result)),
    failed: (name, input, context, failure, used) =>
      guarded(() => failed(stateOf(name), input, context, failure, used)),
  };
}

/** A path that finds nothing: `States.Runtime`, which nobody catches. */
class PathError extends Error {}

function find(text: string, input: unknown, context: Fields): unknown {
  const inContext = text.startsWith('$$');
  const value = valueAt(inContext ? context : input, readJsonPath(inContext ? text.slice(1) : text)!);
  if (value === undefined) throw new PathError(`Invalid path '${text}' : No results for path`);
  return value;
}

/** `null` instead of a path stands for an empty object. */
function part(path: unknown, input: unknown, context: Fields): unknown {
  if (path === null) return {};
  return typeof path === 'string' ? find(path, input, context) : input;
}

function filled(template: unknown, input: unknown, context: Fields): unknown {
  if (Array.isArray(template)) return template.map((item) => filled(item, input, context));
  if (!isFields(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$')
        ? [name.slice(0, -2), find(String(value), input, context)]
        : [name, filled(value, input, context)],
    ),
  );
}

function effective(state: Fields, input: unknown, context: Fields): unknown {
  const chosen = part(state.InputPath, input, context);
  return state.Parameters === undefined ? chosen : filled(state.Parameters, chosen, context);
}

function enter(state: Fields, input: unknown, context: Fields, now: number): Step {
  switch (state.Type) {
    case 'Task': {
      const given = state.TimeoutSecondsPath
        ? find(String(state.TimeoutSecondsPath), input, context)
        : state.TimeoutSeconds;
      const timeoutSeconds = given === undefined ? undefined : Number(given);
      return {
        kind: 'task',
        resource: String(state.Resource),
        payload: effective(state, input, context),
        timeoutSeconds,
      };
    }
    case 'Pass': {
      const payload = effective(state, input, context);
      return leave(state, input, context, state.Result === undefined ? payload : state.Result);
    }
    case 'Wait':
      return { kind: 'wait', until: waitOf(state, input, context, now) };
    case 'Choice': {
      const data = part(state.InputPath, input, context);
      const next = listOf(state.Choices).find((rule) => choose(rule, data, context))?.Next ?? state.Default;
      if (next === undefined)
        return { kind: 'fail', error: 'States.NoChoiceMatched', cause: 'No choice matched and there is no default' };
      return { kind: 'next', state: String(next), data: part(state.OutputPath, data, context) };
    }
    case 'Succeed':
      return { kind: 'succeed', output: part(state.OutputPath, part(state.InputPath, input, context), context) };
    default: {
      const told = (name: string) =>
        typeof state[`${name}Path`] === 'string' ? find(String(state[`${name}Path`]), input, context) : state[name];
      const [error, cause] = [told('Error'), told('Cause')];
      return { kind: 'fail', error: String(error ?? ''), cause: cause === undefined ? undefined : String(cause) };
    }
  }
}

function waitOf(state: Fields, input: unknown, context: Fields, now: number): number {
  const told = (name: string) =>
    typeof state[`${name}Path`] === 'string' ? find(String(state[`${name}Path`]), input, context) : state[name];
  const timestamp = told('Timestamp');
  const until = timestamp === undefined ? now + Number(told('Seconds')) * 1000 : Date.parse(String(timestamp));
  if (Number.isNaN(until)) throw new PathError('The time to wait for cannot be read');
  return until;
}

/** A path, `null` (the result is dropped), or nothing said: the result is the output. */
function placed(path: unknown, input: unknown, result: unknown): unknown {
  if (path === null) return input;
  return withValueAt(input, readJsonPath(typeof path === 'string' ? path : '$')!, result);
}

function leave(state: Fields, input: unknown, context: Fields, result: unknown): Step {
  const chosen = state.ResultSelector === undefined ? result : filled(state.ResultSelector, result, context);
  const whole = state.Type === 'Wait' ? part(state.InputPath, input, context) : placed(state.ResultPath, input, chosen);
  const output = part(state.OutputPath, whole, context);
  return state.End === true ? { kind: 'succeed', output } : { kind: 'next', state: String(state.Next), data: output };
}

function failed(state: Fields, input: unknown, context: Fields, failure: Failure, used: Fields): Step {
  for (const [i, retrier] of listOf(state.Retry).entries()) {
    if (!covers(retrier.ErrorEquals, failure.error)) continue;
    const before = Number(used[String(i)] ?? 0);
    if (before >= Number(retrier.MaxAttempts ?? 3)) break;
    const interval = Number(retrier.IntervalSeconds ?? 1) * Number(retrier.BackoffRate ?? 2) ** before;
    const seconds = Math.min(interval, Number(retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY));
    return { kind: 'retry', afterMs: seconds * 1000, retrier: i };
  }
  const catcher = listOf(state.Catch).find((one) => covers(one.ErrorEquals, failure.error));
  if (!catcher) return { kind: 'fail', ...failure };
  const told = { Error: failure.error, Cause: failure.cause ?? '' };
  return {
    kind: 'next',
    state: String(catcher.Next),
    data: part(undefined, placed(catcher.ResultPath, input, told), context),
  };
}

/** `States.ALL` is every error but those of the machine itself; `States.TaskFailed` every error but a timeout. */
function covers(names: unknown, error: string): boolean {
  if (error === 'States.Runtime' || !Array.isArray(names)) return false;
  return names.some(
    (name) => name === error || name === 'States.ALL' || (name === 'States.TaskFailed' && error !== 'States.Timeout'),
  );
}

function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
