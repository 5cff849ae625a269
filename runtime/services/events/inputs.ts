/**
 * What a target gets of an event: all of it, a part, a constant, or a template filled from it. Source: EventBridge user
 * guide, "Transforming events", "Amazon EventBridge input transformation".
 */
import type { Target } from '@aws-sdk/client-eventbridge';
import { type JsonPath, readJsonPath, valueAt } from '../../engine/jsonpath';
import { validation } from './errors';

/** @throws ValidationException */
function needPath(text: string): JsonPath {
  const path = readJsonPath(text);
  if (!path) throw validation(`Invalid JsonPath: ${text}`);
  return path;
}

export interface RuleFacts {
  readonly ruleArn: string;
  readonly ruleName: string;
  readonly ingestedAt: number;
}

/** @returns JSON text (of an input transformer: whatever its template makes) */
export function inputFor({ Input, InputPath, InputTransformer }: Target, event: object, facts: RuleFacts): string {
  if (Input !== undefined) return Input;
  if (InputPath !== undefined) return JSON.stringify(valueAt(event, needPath(InputPath)) ?? null);
  if (!InputTransformer) return JSON.stringify(event);
  const values: Record<string, unknown> = {
    'aws.events.rule-arn': facts.ruleArn,
    'aws.events.rule-name': facts.ruleName,
    'aws.events.event.ingestion-time': new Date(facts.ingestedAt).toISOString(),
    'aws.events.event': withoutDetail(event),
    'aws.events.event.json': event,
  };
  for (const [name, path] of Object.entries(InputTransformer.InputPathsMap ?? {}))
    values[name] = valueAt(event, needPath(path));
  return fill(InputTransformer.InputTemplate ?? '', values);
}

function withoutDetail(event: object): object {
  const { detail: _, ...rest } = event as { detail?: unknown };
  return rest;
}

/** Within quotes a value becomes text, outside it stays JSON. What is not there leaves nothing behind. */
function fill(template: string, values: Readonly<Record<string, unknown>>): string {
  let filled = '';
  let quoted = false;
  for (let i = 0; i < template.length; i++) {
    const name = template[i] === '<' ? /^<([A-Za-z0-9_.-]+)>/.exec(template.slice(i))?.[1] : undefined;
    if (name !== undefined && Object.hasOwn(values, name)) {
      filled += quoted ? within(values[name]) : (JSON.stringify(values[name]) ?? '""');
      i += name.length + 1;
      continue;
    }
    if (template[i] === '"' && template[i - 1] !== '\\') quoted = !quoted;
    filled += template[i];
  }
  return filled;
}

function within(value: unknown): string {
  if (value === undefined) return '';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return JSON.stringify(text).slice(1, -1);
}

/** @throws ValidationException */
export function checkInputs({ Input, InputPath, InputTransformer }: Target): void {
  const given = [Input, InputPath, InputTransformer].filter((one) => one !== undefined);
  if (given.length > 1) throw validation('Only one of Input, InputPath, or InputTransformer must be provided.');
  if (Input !== undefined) {
    try {
      JSON.parse(Input);
    } catch {
      throw validation('Parameter Input is not valid. Reason: Invalid JSON.');
    }
  }
  if (InputPath !== undefined) needPath(InputPath);
  for (const [name, path] of Object.entries(InputTransformer?.InputPathsMap ?? {})) {
    if (name.startsWith('AWS')) throw validation(`InputPathsMap key ${name} begins with the reserved AWS.`);
    needPath(path);
  }
}
