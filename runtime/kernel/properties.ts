/**
 * CloudFormation property values as handlers want them. They arrive resolved but loosely typed: parameters make text of
 * numbers and booleans, and a policy is an object. What cannot be read is refused with the property's name.
 */
import { AwsError } from '../base/errors';
import type { Properties, ResourceContext } from './service';

const wrong = (name: string, expected: string, value: unknown): AwsError =>
  new AwsError(
    'ValidationError',
    `Properties validation failed: #/${name}: expected type: ${expected}, found: ${JSON.stringify(value)}`,
  );

export function text(from: Properties, name: string): string | undefined {
  const value = from[name];
  if (value === undefined || typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(name, 'String', value);
}

export function number(from: Properties, name: string): number | undefined {
  const value = from[name];
  if (value === undefined || typeof value === 'number') return value;
  if (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(name, 'Number', value);
}

export function flag(from: Properties, name: string): boolean | undefined {
  const value = from[name];
  if (value === undefined || typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw wrong(name, 'Boolean', value);
}

export function texts(from: Properties, name: string): string[] | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw wrong(name, 'Array of String', value);
}

/** A policy or another JSON document: an object becomes its text. */
export function json(from: Properties, name: string): string | undefined {
  const value = from[name];
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** Tags of a resource, as a list of pairs or as an object, over those of its stack. */
export function tags(context: ResourceContext, from: Properties, name = 'Tags'): Record<string, string> {
  return { ...context.tags, ...ownTags(from, name) };
}

function ownTags(from: Properties, name: string): Record<string, string> {
  const value = from[name] ?? {};
  if (typeof value !== 'object' || value === null) throw wrong(name, 'Array of Tag', value);
  if (!Array.isArray(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]));
  return Object.fromEntries(
    value.map((tag) => {
      if (typeof tag?.Key !== 'string') throw wrong(name, 'Array of Tag', value);
      return [tag.Key, String(tag.Value)];
    }),
  );
}
