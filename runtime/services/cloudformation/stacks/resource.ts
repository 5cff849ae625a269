/**
 * One resource, one step: made, changed, replaced, restored or deleted, with the rows and events that tell of it. A
 * step never throws for what the template or a service refuses: the reason goes to the resource, the answer is false.
 */
import { isAwsError } from '../../../base/errors';
import { differences, same } from '../../../engine/template/difference';
import { templateError } from '../../../engine/template/errors';
import { evaluate } from '../../../engine/template/evaluate';
import type { ResourceDefinition } from '../../../engine/template/template';
import type { Properties, ResourceResult } from '../../../kernel/service';
import { notFound, validationError } from '../errors';
import { INERT_REASON } from '../inert/type';
import { SUFFIX_LENGTH } from '../names';
import type { Incarnation, Resource, Settled } from '../state';
import { withReferences } from './dynamic';
import { checkProperties, contextFor, handled, type Provider, providerOf } from './provider';
import { environmentIn, type Run } from './run';

/** What the template wants of a resource, evaluated. */
interface Wanted {
  readonly definition: ResourceDefinition;
  readonly properties: Properties;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Makes a resource that the stack does not have yet, or brings the one it has to what the template wants. */
export async function applyResource(run: Run, logicalId: string): Promise<boolean> {
  const { journal } = run;
  const existing = journal.resource(logicalId);
  const definition = run.target!.resources.get(logicalId)!;
  const row: Resource = {
    ...(existing ?? { logicalId, at: 0, dependsOn: [], status: 'CREATE_IN_PROGRESS' }),
    type: definition.type,
    before: existing?.now ? existing.before : (existing?.before ?? { dependsOn: [] }),
    constructPath: constructPath(run, logicalId, definition),
  };
  let wanted: Wanted;
  try {
    refusePolicies(run, definition);
    wanted = { definition, ...evaluated(run, definition) };
  } catch (error) {
    return failed(run, row, row.now ? 'UPDATE_FAILED' : 'CREATE_FAILED', error);
  }
  if (row.now) return update(run, row, row.now, wanted);
  const existingId = run.options.adopt?.get(logicalId);
  return existingId === undefined ? create(run, row, wanted) : adopt(run, row, wanted, existingId);
}

function evaluated(run: Run, definition: ResourceDefinition): Omit<Wanted, 'definition'> {
  const environment = environmentIn(run);
  const metadata = definition.metadata && evaluate(definition.metadata, environment);
  return {
    properties: evaluate(definition.properties, environment) as Properties,
    metadata: metadata as Wanted['metadata'],
  };
}

function refusePolicies(run: Run, { policies, type }: ResourceDefinition): void {
  const strange =
    type === 'AWS::CloudFormation::WaitCondition' ? policies.filter((it) => it !== 'CreationPolicy') : policies;
  if (strange.length > 0 && run.deployer.type(type)) {
    throw templateError(`${strange.join(' and ')} of ${type} is not supported by this runtime`);
  }
}

function constructPath(run: Run, logicalId: string, { metadata }: ResourceDefinition): string | undefined {
  const written = metadata?.['aws:cdk:path'];
  return typeof written === 'string' ? written : run.options.constructPaths?.get(logicalId);
}

/** The members of a row that come from the template as they are. */
function shape(run: Run, logicalId: string, { definition, metadata }: Wanted): Omit<Settled, 'now'> {
  return {
    dependsOn: [...run.target!.dependencies.get(logicalId)!],
    deletionPolicy: definition.deletionPolicy,
    updateReplacePolicy: definition.updateReplacePolicy,
    metadata,
  };
}

function settledPart({ now, dependsOn, deletionPolicy, updateReplacePolicy, metadata }: Resource): Settled {
  return { now, dependsOn, deletionPolicy, updateReplacePolicy, metadata };
}

// ---- Making -------------------------------------------------------------------------------------------------------

async function create(run: Run, row: Resource, wanted: Wanted): Promise<boolean> {
  const { journal } = run;
  const started = { ...row, ...shape(run, row.logicalId, wanted), status: 'CREATE_IN_PROGRESS', reason: undefined };
  journal.record(started);
  await journal.flush();
  const made = await make(run, started, wanted, 'CREATE_IN_PROGRESS');
  if ('error' in made) {
    return failed(
      run,
      { ...started, leftovers: withLeftover(started, made.claimed) },
      'CREATE_FAILED',
      made.error,
      made.claimed,
    );
  }
  const { incarnation, inert } = made;
  if (!made.told) journal.record({ ...started, now: incarnation, reason: INITIATED });
  journal.record({
    ...started,
    now: incarnation,
    inert,
    status: 'CREATE_COMPLETE',
    reason: inert ? INERT_REASON : undefined,
  });
  return true;
}

const INITIATED = 'Resource creation Initiated';

type Made =
  /** `told`: an event has said already that its creation is initiated. */
  | { readonly incarnation: Incarnation; readonly inert?: true; readonly told: boolean }
  /** `claimed`: what exists although it is not whole. */
  | { readonly error: unknown; readonly claimed?: Incarnation };

async function make(
  run: Run,
  row: Resource,
  { definition: { type, creationPolicy: written }, properties }: Wanted,
  status: string,
): Promise<Made> {
  const base = { type, attributes: {}, properties, tags: run.journal.stack().tags };
  const suffix = run.deployer.kernel.random.upper(SUFFIX_LENGTH);
  let claimed: Incarnation | undefined;
  try {
    const provider = providerOf(run, type, properties);
    checkProperties(provider, row.logicalId, properties, run.options.strict);
    const creationPolicy = written && evaluate(written, environmentIn(run));
    const claim = (physicalId: string) => {
      claimed = { ...base, physicalId, suffix };
      const leftovers = withLeftover(row, claimed);
      run.journal.record({ ...row, leftovers, status, reason: INITIATED }, physicalId);
    };
    const context = { ...contextFor(run, row, { suffix }, claim), creationPolicy };
    const given = await withReferences(context.peers, type, properties);
    const result = await handled(provider, row.logicalId, () => provider.behaviour.create(context, given));
    const incarnation = { ...base, ...resultPart(result), suffix };
    return { incarnation, inert: provider.inert || undefined, told: claimed !== undefined };
  } catch (error) {
    return { error, claimed };
  }
}

function resultPart({
  physicalId,
  ref,
  attributes = {},
  noEcho,
}: ResourceResult): Pick<Incarnation, 'physicalId' | 'ref' | 'attributes' | 'noEcho'> {
  return { physicalId, ref, attributes, ...(noEcho && { noEcho }) };
}

function withLeftover(row: Resource, incarnation: Incarnation | undefined): readonly Incarnation[] | undefined {
  return incarnation ? [...(row.leftovers ?? []), incarnation] : row.leftovers;
}

// ---- Taking in ----------------------------------------------------------------------------------------------------

/** A resource that exists is taken as it is; only the stack's tags are put on it. */
async function adopt(run: Run, row: Resource, wanted: Wanted, physicalId: string): Promise<boolean> {
  const { journal } = run;
  const { properties } = wanted;
  const started = { ...row, ...shape(run, row.logicalId, wanted), gone: undefined };
  const step = (now: Incarnation | undefined, status: string, reason?: string) =>
    journal.record({ ...started, now, adopted: true, status, reason }, physicalId);
  step(undefined, 'IMPORT_IN_PROGRESS', 'Resource import started.');
  await journal.flush();
  try {
    const provider = providerOf(run, row.type, properties);
    checkProperties(provider, row.logicalId, properties, run.options.strict);
    const suffix = run.deployer.kernel.random.upper(SUFFIX_LENGTH);
    const context = contextFor(run, row, { suffix });
    const { read, update } = provider.behaviour;
    if (!(await read!(context, physicalId))) throw validationError(notFound(row.type, physicalId));
    const given = await withReferences(context.peers, row.type, properties);
    const result = await handled(provider, row.logicalId, () => update!(context, physicalId, given, given));
    const now = { type: row.type, properties, tags: journal.stack().tags, ...resultPart(result), suffix };
    step(now, 'IMPORT_COMPLETE', 'Resource import completed.');
    if (takesTags(provider)) {
      step(now, 'UPDATE_IN_PROGRESS', 'Apply stack-level tags to imported resource if applicable.');
      step(now, 'UPDATE_COMPLETE');
    }
    return true;
  } catch (error) {
    return failed(run, started, 'IMPORT_FAILED', error);
  }
}

// ---- Changing -----------------------------------------------------------------------------------------------------

async function update(run: Run, row: Resource, now: Incarnation, wanted: Wanted): Promise<boolean> {
  const { journal } = run;
  const provider = providerOf(run, row.type, wanted.properties);
  const changes = differences(now.properties, wanted.properties);
  const tagged = takesTags(provider) && !same(now.tags, journal.stack().tags);
  const started: Resource = {
    ...row,
    ...shape(run, row.logicalId, wanted),
    before: row.before ?? settledPart(row),
    obsolete: undefined,
    reason: undefined,
  };
  if (changes.length === 0 && !tagged) {
    if (!same(settledPart(row), settledPart(started))) journal.put(started);
    return true;
  }
  const { behaviour } = provider;
  const replacing =
    changes.length > 0 && (!behaviour.update || changes.some((it) => behaviour.createOnly.includes(it.property)));
  const action = replacing ? 'Update:Replace' : 'Update:Modify';
  const denial = run.options.stackPolicy?.(action, row.logicalId, row.type);
  if (denial !== undefined)
    return failed(run, { ...row, before: started.before }, 'UPDATE_FAILED', validationError(denial));
  if (replacing) return replace(run, started, now, wanted);
  if (!behaviour.update) return true;
  const wish = { ...now, properties: wanted.properties, tags: journal.stack().tags };
  return change(run, started, now, wish, wish);
}

function takesTags({ behaviour: { properties } }: Provider): boolean {
  return properties.includes('Tags');
}

/**
 * Changes a physical resource in place. A provider may answer with another one: then the old one is left over.
 * @param halfWay what it is taken for while that is not through, and when it fails
 */
async function change(
  run: Run,
  row: Resource,
  now: Incarnation,
  wish: Incarnation,
  halfWay: Incarnation,
): Promise<boolean> {
  const { journal } = run;
  const started = { ...row, now: halfWay };
  journal.record({ ...started, status: 'UPDATE_IN_PROGRESS', reason: undefined });
  await journal.flush();
  try {
    const provider = providerOf(run, row.type, wish.properties);
    checkProperties(provider, row.logicalId, wish.properties, run.options.strict);
    const context = contextFor(run, row, now);
    const given = await withReferences(context.peers, row.type, wish.properties);
    const step = () => provider.behaviour.update!(context, now.physicalId, given, now.properties, now.attributes);
    const result = await handled(provider, row.logicalId, step);
    // An answer without attributes means that they are what they were.
    const changed = { ...wish, ...resultPart(result), attributes: result.attributes ?? now.attributes };
    const leftovers = changed.physicalId === now.physicalId ? row.leftovers : withLeftover(row, now);
    journal.record({ ...row, now: changed, leftovers, status: 'UPDATE_COMPLETE' });
    return true;
  } catch (error) {
    return failed(run, started, 'UPDATE_FAILED', error);
  }
}

async function replace(run: Run, row: Resource, now: Incarnation, wanted: Wanted): Promise<boolean> {
  const { journal } = run;
  const reason = 'Requested update requires the creation of a new physical resource; hence creating one.';
  journal.record({ ...row, status: 'UPDATE_IN_PROGRESS', reason });
  await journal.flush();
  const made = await make(run, row, wanted, 'UPDATE_IN_PROGRESS');
  if ('error' in made) {
    return failed(run, { ...row, leftovers: withLeftover(row, made.claimed) }, 'UPDATE_FAILED', made.error);
  }
  const { incarnation, inert } = made;
  const leftovers = incarnation.physicalId === now.physicalId ? row.leftovers : withLeftover(row, now);
  const next = { ...row, now: incarnation, inert, leftovers };
  if (!made.told) journal.record({ ...next, status: 'UPDATE_IN_PROGRESS', reason: INITIATED });
  journal.record({ ...next, status: 'UPDATE_COMPLETE', reason: inert ? INERT_REASON : undefined });
  return true;
}

/** Brings a resource back to what the update found. What the update made instead is left over. */
export async function restoreResource(run: Run, logicalId: string): Promise<boolean> {
  const { journal } = run;
  const row = journal.resource(logicalId)!;
  const { before, now } = row;
  if (!before?.now) return true;
  const old = before.now;
  const restored: Resource = { ...row, ...before, obsolete: undefined, reason: undefined };
  const isLeftover = (it: Incarnation) => it.physicalId !== old.physicalId;
  if (now && isLeftover(now)) {
    const leftovers = [...(row.leftovers ?? []), now].filter(isLeftover);
    journal.record({ ...restored, leftovers, status: 'UPDATE_COMPLETE' });
    return true;
  }
  if (!now || (same(now.properties, old.properties) && same(now.tags, old.tags))) {
    journal.put({ ...restored, leftovers: row.leftovers?.filter(isLeftover) });
    return true;
  }
  const wish = { ...now, properties: old.properties, tags: old.tags };
  return change(run, { ...restored, before }, now, wish, now);
}

// ---- Deleting -----------------------------------------------------------------------------------------------------

/** Whether a policy keeps the physical resource when the stack lets go of it. */
export function isRetained(policy: string | undefined, whileCreating = false): boolean {
  return policy === 'Retain' || (policy === 'RetainExceptOnCreate' && !whileCreating);
}

/** Deletes a physical resource of a row. The row itself is the caller's. */
export async function deleteIncarnation(run: Run, row: Resource, incarnation: Incarnation): Promise<boolean> {
  const { journal } = run;
  const step = (status: string, reason?: string) =>
    journal.record({ ...journal.resource(row.logicalId)!, status, reason }, incarnation.physicalId);
  step('DELETE_IN_PROGRESS');
  await journal.flush();
  try {
    const { properties, type, physicalId } = incarnation;
    const context = contextFor(run, row, incarnation);
    const given = await withReferences(context.peers, type, properties).catch(() => properties);
    const provider = providerOf(run, type, properties);
    await handled(provider, row.logicalId, () => provider.behaviour.delete(context, physicalId, given));
    step('DELETE_COMPLETE');
    return true;
  } catch (error) {
    step('DELETE_FAILED', reasonOf(error, incarnation.type, run));
    return false;
  }
}

// ---- Failure ------------------------------------------------------------------------------------------------------

/** @param claimed what exists of it although it is not whole */
function failed(run: Run, row: Resource, status: string, error: unknown, claimed?: Incarnation): false {
  run.journal.record({ ...row, status, reason: reasonOf(error, row.type, run) }, claimed?.physicalId);
  return false;
}

/** Its own refusals, and those of custom resources, stand as they are. */
function reasonOf(error: unknown, type: string, { deployer: { kernel } }: Run): string {
  if (isAwsError(error)) return error.message;
  kernel.report(`the provider of ${type} threw: ${(error as Error)?.stack ?? error}`);
  return 'Internal Failure';
}
