/**
 * What a deployment would change, before it does: which resources it adds, changes, replaces and removes, and why.
 * The same evaluation as in a deployment, with everything unknown that hangs on a resource still to be made.
 */
import { type Difference, differences, same } from '../../../engine/template/difference';
import { containsUnknown, evaluate, UNKNOWN } from '../../../engine/template/evaluate';
import { environmentOf, type Processed } from '../../../engine/template/process';
import { referencedIn } from '../../../engine/template/references';
import { isCustom } from '../custom/custom';
import type { Deployer } from '../deployer';
import { validationError } from '../errors';
import { inertType } from '../inert/type';
import type { Resource, Stack, StackOutput, StackSettings } from '../state';
import { type Adoptions, nothingAdopted } from './adopt';
import type { Prepared } from './prepare';
import { recreation } from './provider';
import { attributeOf, outputKey, refOf } from './run';
import { secretsOf } from './secrets';

export interface PlannedProperty extends Difference {
  readonly requiresRecreation: 'Never' | 'Conditionally' | 'Always';
  /** The resource, or `resource.attribute`, whose change causes this one. */
  readonly causedBy?: string;
}

export interface PlannedChange {
  readonly action: 'Add' | 'Modify' | 'Remove' | 'Import';
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId?: string;
  readonly replacement?: 'True' | 'False' | 'Conditional';
  /** Attributes that change: `Properties`, `Tags`, `Metadata`, `DeletionPolicy`, `UpdateReplacePolicy`. */
  readonly scope: readonly string[];
  readonly properties: readonly PlannedProperty[];
  readonly policy?: string;
  readonly before?: Described;
  readonly after?: Described;
}

interface Described {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly metadata?: unknown;
}

export interface Plan {
  readonly changes: readonly PlannedChange[];
  /** Outputs or stack tags change. */
  readonly besides: boolean;
  /** Values in it that are not to be shown. */
  readonly secrets: ReadonlySet<string>;
}

/** @throws AwsError when the type of a resource changes, or a value cannot be evaluated */
export function plan(
  deployer: Deployer,
  stack: Stack,
  rows: readonly Resource[],
  prepared: Prepared,
  adopt: Adoptions = nothingAdopted,
): Plan {
  const { target, settings, externals } = prepared;
  const existing = new Map(rows.filter((row) => row.now).map((row) => [row.logicalId, row]));
  refuseTypeChanges(existing, target);
  /** Still to be made, or to be made anew. */
  const unsettled = new Set<string>();
  const modified = new Set<string>();
  const environment = environmentOf(target, {
    ref: (id) => (unsettled.has(id) ? UNKNOWN : refOf(existing.get(id))),
    attribute(id, name) {
      if (unsettled.has(id)) return UNKNOWN;
      const row = existing.get(id);
      // A resource that changes may come to have attributes that it has not: outputs of a nested stack, say.
      if (modified.has(id) && row?.now?.attributes[name] === undefined) return UNKNOWN;
      return attributeOf(id, row, name);
    },
    imported: (name) => externals.imports.get(name),
    output: (reference) => externals.outputs.get(outputKey(reference)),
  });
  const changes: PlannedChange[] = [];
  for (const logicalId of inDependencyOrder(target)) {
    const definition = target.resources.get(logicalId)!;
    const row = existing.get(logicalId);
    const described: Described = {
      properties: evaluate(definition.properties, environment) as Described['properties'],
      metadata: definition.metadata && evaluate(definition.metadata, environment),
    };
    if (!row) {
      unsettled.add(logicalId);
      const added = { logicalId, type: definition.type, scope: [], properties: [], after: described };
      const physicalId = adopt.get(logicalId);
      changes.push(physicalId === undefined ? { ...added, action: 'Add' } : { ...added, action: 'Import', physicalId });
      continue;
    }
    const change = modification(deployer, settings, target, row, described, unsettled);
    if (!change) continue;
    modified.add(logicalId);
    if (change.replacement !== 'False') unsettled.add(logicalId);
    changes.push(change);
  }
  for (const row of rows) {
    const { logicalId, type, now, gone, deletionPolicy } = row;
    if (target.resources.has(logicalId) || !now) continue;
    const physicalId = now.physicalId ?? gone;
    changes.push({
      action: 'Remove',
      logicalId,
      type,
      physicalId,
      scope: [],
      properties: [],
      policy: deletionPolicy,
      before: describe(row),
    });
  }
  const besides = !same(settings.tags, stack.tags) || !sameOutputs(target, stack.outputs, environment);
  const secrets = secretsOf([...(stack.parameters ?? []), ...settings.parameters], rows);
  return { changes, besides, secrets };
}

function refuseTypeChanges(existing: ReadonlyMap<string, Resource>, target: Processed): void {
  const changed = [...target.resources].filter(([id, { type }]) => existing.has(id) && existing.get(id)!.type !== type);
  if (changed.length === 0) return;
  const names = changed.map(([id]) => id).join(', ');
  throw validationError(
    `Update of resource type is not permitted. The new template modifies resource type of the following resources: [${names}]`,
  );
}

export function inDependencyOrder({ resources, dependencies }: Processed): string[] {
  const order = new Set<string>();
  const visit = (id: string) => {
    if (order.has(id)) return;
    for (const other of dependencies.get(id)!) visit(other);
    order.add(id);
  };
  for (const id of resources.keys()) visit(id);
  return [...order];
}

function describe({ now, metadata }: Resource): Described | undefined {
  return now && { properties: now.properties, metadata };
}

function modification(
  deployer: Deployer,
  settings: StackSettings,
  target: Processed,
  row: Resource,
  after: Described,
  unsettled: ReadonlySet<string>,
): PlannedChange | undefined {
  const now = row.now!;
  const definition = target.resources.get(row.logicalId)!;
  const behaviour = deployer.type(row.type) ?? (isCustom(row.type) ? undefined : inertType(row.type));
  const properties = differences(now.properties, after.properties).map((difference): PlannedProperty => {
    const unknown = containsUnknown(difference.after);
    const causedBy = unknown ? referencedIn(definition.properties[difference.property], unsettled)[0] : undefined;
    const needs = behaviour ? recreation(behaviour, difference.property) : 'Never';
    return { ...difference, causedBy, requiresRecreation: needs === 'Always' && unknown ? 'Conditionally' : needs };
  });
  const tagged = behaviour?.properties.includes('Tags') && !same(now.tags, settings.tags);
  const scope = [
    ...(properties.length > 0 ? ['Properties'] : []),
    ...(tagged || properties.some(({ property }) => property === 'Tags') ? ['Tags'] : []),
    ...(same(row.metadata ?? {}, after.metadata ?? {}) ? [] : ['Metadata']),
    ...(row.deletionPolicy === definition.deletionPolicy ? [] : ['DeletionPolicy']),
    ...(row.updateReplacePolicy === definition.updateReplacePolicy ? [] : ['UpdateReplacePolicy']),
  ];
  // A resource that a failed operation left half-way is done again.
  if (scope.length === 0 && !/_FAILED$/.test(row.status)) return undefined;
  const needs = new Set(properties.map(({ requiresRecreation }) => requiresRecreation));
  return {
    action: 'Modify',
    logicalId: row.logicalId,
    type: row.type,
    physicalId: now.physicalId,
    replacement: needs.has('Always') ? 'True' : needs.has('Conditionally') ? 'Conditional' : 'False',
    scope,
    properties,
    policy: definition.updateReplacePolicy,
    before: describe(row),
    after,
  };
}

function sameOutputs(
  target: Processed,
  outputs: readonly StackOutput[],
  environment: Parameters<typeof evaluate>[1],
): boolean {
  const wanted = [...target.template.outputs]
    .filter(([, { condition }]) => condition === undefined || target.conditions.get(condition))
    .map(([name, { value, description, exportName }]) => ({
      name,
      value: evaluate(value, environment),
      description,
      exportName: exportName === undefined ? undefined : evaluate(exportName, environment),
    }));
  const current = new Map(outputs.map((output) => [output.name, output]));
  if (wanted.length !== current.size) return false;
  return wanted.every(({ name, value, description, exportName }) => {
    const output = current.get(name);
    // The value of an output may have come from a dynamic reference: then its text cannot tell.
    const equal = output?.value === String(value) || String(value).includes('{{resolve:');
    return output && equal && output.description === description && output.exportName === exportName;
  });
}
