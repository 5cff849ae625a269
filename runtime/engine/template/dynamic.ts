/**
 * Dynamic references: `{{resolve:ssm:name}}` and its kin inside evaluated values. This file finds them and puts the
 * answers in; asking is left to the caller. Source: CloudFormation user guide, "Dynamic references".
 */
import { invalid } from './errors';
import { isObject } from './parse';

export type DynamicReference =
  | { readonly service: 'ssm' | 'ssm-secure'; readonly text: string; readonly name: string; readonly version?: string }
  | {
      readonly service: 'secretsmanager';
      readonly text: string;
      readonly secretId: string;
      /** Key in the secret's JSON; absent: the whole string. */
      readonly jsonKey?: string;
      readonly versionStage?: string;
      readonly versionId?: string;
    };

const PATTERN = /\{\{resolve:([a-z-]+):([^{}]*)\}\}/g;

/** Most references in one resource. Source: CloudFormation user guide, "Dynamic references". */
const LIMIT = 60;

/** All dynamic references in a value, each text once. */
export function dynamicReferences(value: unknown): DynamicReference[] {
  const texts = new Map<string, DynamicReference>();
  collect(value, texts);
  if (texts.size > LIMIT)
    throw invalid(`Number of dynamic references, ${texts.size}, is greater than maximum allowed, ${LIMIT}`);
  return [...texts.values()];
}

/** @param answers by the reference's text */
export function withAnswers(value: unknown, answers: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'string') return value.replace(PATTERN, (text) => answers.get(text) ?? text);
  if (Array.isArray(value)) return value.map((item) => withAnswers(item, answers));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withAnswers(item, answers)]));
}

function collect(value: unknown, found: Map<string, DynamicReference>): void {
  if (typeof value === 'string') {
    if (!value.includes('{{resolve:')) return;
    for (const [text, service, argument] of value.matchAll(PATTERN)) found.set(text, read(text, service, argument));
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collect(item, found);
  }
}

function read(text: string, service: string, argument: string): DynamicReference {
  const parts = argument.split(':');
  if (service === 'ssm' || service === 'ssm-secure') {
    // The version is the number at the end; the name may be an ARN.
    const version = parts.length > 1 && /^\d+$/.test(parts[parts.length - 1]) ? parts.pop() : undefined;
    const name = parts.join(':');
    if (name === '') throw invalid(`Incorrect format is used in the following SSM reference: [${text}]`);
    return { service, text, name, version };
  }
  if (service !== 'secretsmanager') throw invalid(`Dynamic reference service ${service} is not supported: ${text}`);
  const idLength = parts[0] === 'arn' ? 7 : 1;
  const secretId = parts.slice(0, idLength).join(':');
  const [kind = 'SecretString', jsonKey, versionStage, versionId, ...rest] = parts.slice(idLength);
  if (secretId === '' || (kind !== 'SecretString' && kind !== '') || rest.length > 0) {
    throw invalid(`Incorrect format is used in the following Secrets Manager reference: [${text}]`);
  }
  const optional = (part: string | undefined) => part || undefined;
  return {
    service,
    text,
    secretId,
    jsonKey: optional(jsonKey),
    versionStage: optional(versionStage),
    versionId: optional(versionId),
  };
}
