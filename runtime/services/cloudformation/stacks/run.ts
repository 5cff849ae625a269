/** One operation on one stack: what all its steps share. */

import { templateError } from '../../../engine/template/errors';
import type { Environment } from '../../../engine/template/evaluate';
import type { OutputReference } from '../../../engine/template/functions';
import { environmentOf, type Processed } from '../../../engine/template/process';
import type { Principal } from '../../../kernel/principal';
import type { Deployer } from '../deployer';
import type { Resource } from '../state';
import type { Adoptions } from './adopt';
import type { Journal } from './journal';
import type { StackPolicy } from './policy';

export interface Run {
  readonly deployer: Deployer;
  readonly journal: Journal;
  /** In whose name resources are made. */
  readonly actor: Principal;
  /** What the stack shall be. Absent for deletions. */
  readonly target?: Processed;
  readonly externals: Externals;
  readonly options: RunOptions;
  /** Virtual time after which nothing more is started. */
  readonly deadline?: number;
  /** Aborted when the operation is to end early: nothing more is started, nobody is waited for. */
  readonly signal?: AbortSignal;
}

export interface RunOptions {
  /** Refuse resource types without behaviour instead of keeping their configuration. */
  readonly strict?: boolean;
  /** Construct paths by logical id, for templates that do not carry them as metadata. */
  readonly constructPaths?: ReadonlyMap<string, string>;
  readonly adopt?: Adoptions;
  /** Which updates are allowed. @default all */
  readonly stackPolicy?: StackPolicy;
}

/** Values of other stacks, looked up before anything is made. */
export interface Externals {
  readonly imports: ReadonlyMap<string, string>;
  /** By `outputKey`. */
  readonly outputs: ReadonlyMap<string, string>;
}

export const noExternals: Externals = { imports: new Map(), outputs: new Map() };

export function outputKey({ stackName, outputName, region = '', roleArn = '' }: OutputReference): string {
  return [roleArn, region, stackName, outputName].join('|');
}

/** Where values are evaluated: on the resources as the journal knows them. */
export function environmentIn({ journal, target, externals }: Run): Environment {
  return environmentOf(target!, {
    ref: (id) => refOf(journal.resource(id)),
    attribute: (id, name) => attributeOf(id, journal.resource(id), name),
    imported: (name) => externals.imports.get(name),
    output: (reference) => externals.outputs.get(outputKey(reference)),
  });
}

export function refOf(resource: Resource | undefined): string | undefined {
  return resource?.now && (resource.now.ref ?? resource.now.physicalId);
}

/** @throws AwsError when the resource has no such attribute */
export function attributeOf(id: string, resource: Resource | undefined, name: string): unknown {
  const value = resource?.now?.attributes[name];
  if (value !== undefined) return value;
  throw templateError(`resource ${id} does not support attribute type ${name} in Fn::GetAtt`);
}
