/**
 * Resources that exist already and come under a stack's care: named one by one, or found by the name that the template
 * gives them. A type can be imported when its schema has one identifier and its resources can be read. Sources:
 * CloudFormation user guide, "Import AWS resources into a CloudFormation stack manually" and "… automatically".
 */
import type { ResourceToImport } from '@aws-sdk/client-cloudformation';
import type { ResourceDefinition } from '../../../engine/template/template';
import type { ResourceType } from '../../../kernel/service';
import type { Deployer } from '../deployer';
import { ChangeSetFailure, notFound, validationError } from '../errors';
import { registeredType } from '../registry';
import { allStacks, type Resource, resourcesOf, type Stack } from '../state';
import { contextFor } from './provider';
import { isRetained } from './resource';
import type { Run } from './run';

/** Physical ids of resources to be adopted, by logical id. */
export type Adoptions = ReadonlyMap<string, string>;

export const nothingAdopted: Adoptions = new Map();

type Definitions = ReadonlyMap<string, ResourceDefinition>;

/** The property, or attribute, by which a resource of the type is told from others. Undefined: it cannot be imported. */
export function identifierOf(behaviour: ResourceType | undefined): string | undefined {
  if (!behaviour?.read || !behaviour.update) return undefined;
  const identifier = registeredType(behaviour.type)?.identifier ?? [];
  return identifier.length === 1 ? identifier[0] : undefined;
}

/** @throws AwsError for what cannot be imported at all; ChangeSetFailure for what is not there, or is another stack's */
export async function adoptionsAskedFor(
  run: Run,
  wanted: readonly ResourceToImport[],
  definitions: Definitions,
): Promise<Adoptions> {
  const unsupported = new Set<string>();
  const found = new Map<string, string>();
  const unkept: string[] = [];
  for (const { LogicalResourceId: id = '', ResourceType: type = '', ResourceIdentifier = {} } of wanted) {
    const definition = definitions.get(id);
    if (definition?.type !== type) {
      throw validationError(`Resource [${id}] of type [${type}] to import is not in the template`);
    }
    const identifier = identifierOf(run.deployer.type(type));
    if (identifier === undefined) {
      unsupported.add(type);
      continue;
    }
    const value = ResourceIdentifier[identifier];
    if (!value || Object.keys(ResourceIdentifier).length !== 1) {
      throw validationError(`Invalid ResourceIdentifier for resource ${id}. Expected [${identifier}]`);
    }
    if (definition.deletionPolicy === undefined) unkept.push(id);
    found.set(id, value);
  }
  if (unsupported.size > 0) {
    throw validationError(`ResourceTypes [${[...unsupported].join(', ')}] are not supported for Import`);
  }
  if (unkept.length > 0) {
    throw validationError(`Resources [${unkept.join(', ')}] to import must have a DeletionPolicy attribute`);
  }
  for (const [id, physicalId] of found) {
    const { type } = definitions.get(id)!;
    if (!(await exists(run, id, type, physicalId))) throw new ChangeSetFailure(notFound(type, physicalId));
    const owner = await ownerOf(run.deployer, run.journal.stack(), type, physicalId);
    if (owner) throw new ChangeSetFailure(`Resource ${physicalId} already exists in stack ${owner.id}`);
  }
  return found;
}

/**
 * Of the resources that a template adds, those that exist under the name that it gives them.
 * @throws ChangeSetFailure for one that the template would not keep
 */
export async function adoptionsFound(
  run: Run,
  definitions: Definitions,
  rows: readonly Resource[],
): Promise<Adoptions> {
  const known = new Set(rows.filter(({ now }) => now).map(({ logicalId }) => logicalId));
  const found = new Map<string, string>();
  for (const [id, { type, properties, deletionPolicy }] of definitions) {
    const identifier = known.has(id) ? undefined : identifierOf(run.deployer.type(type));
    const name = identifier === undefined ? undefined : properties[identifier];
    if (typeof name !== 'string' || !(await exists(run, id, type, name))) continue;
    // What another stack has is not taken from it: the creation fails, because the name is taken.
    if (await ownerOf(run.deployer, run.journal.stack(), type, name)) continue;
    if (!isRetained(deletionPolicy)) {
      throw new ChangeSetFailure(
        `Resource ${id} exists as ${name}; to import it, its DeletionPolicy must be Retain or RetainExceptOnCreate`,
      );
    }
    found.set(id, name);
  }
  return found;
}

async function exists(run: Run, logicalId: string, type: string, physicalId: string): Promise<boolean> {
  const context = contextFor(run, { logicalId }, { suffix: '' });
  return (await run.deployer.type(type)!.read!(context, physicalId)) !== undefined;
}

async function ownerOf({ kernel }: Deployer, at: Stack, type: string, physicalId: string): Promise<Stack | undefined> {
  for (const stack of await allStacks(kernel.store, at.account, at.region)) {
    const rows = stack.deletedAt === undefined ? await resourcesOf(kernel.store, stack) : [];
    if (rows.some(({ now }) => now?.type === type && now.physicalId === physicalId)) return stack;
  }
  return undefined;
}
