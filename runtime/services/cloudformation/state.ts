/**
 * What CloudFormation keeps: stacks with their templates, resources and events, exports and who imports them, change
 * sets. Rows of one stack share the prefix account, region, stack uuid. Deleted stacks stay, found by their id only.
 */
import type { Principal } from '../../kernel/principal';
import type { Properties } from '../../kernel/service';
import { type Key, type Reader, type Table, table, type Writer } from '../../store/port';
import { removePolicyText } from './state/policies';

export interface StackParameter {
  readonly name: string;
  /** As given. */
  readonly value: string;
  /** Of a parameter whose value is the name of an SSM parameter. */
  readonly resolved?: string;
  readonly noEcho?: true;
}

export interface StackOutput {
  readonly name: string;
  readonly value: string;
  readonly description?: string;
  readonly exportName?: string;
}

/** What a deployment was asked for, besides the template. */
export interface StackSettings {
  readonly description?: string;
  readonly parameters: readonly StackParameter[];
  readonly tags: Readonly<Record<string, string>>;
  readonly capabilities: readonly string[];
  readonly notificationArns: readonly string[];
  readonly roleArn?: string;
}

export interface Stack extends StackSettings {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly uuid: string;
  /** ARN. */
  readonly id: string;
  readonly status: string;
  readonly reason?: string;
  readonly createdAt: number;
  readonly updatedAt?: number;
  readonly deletedAt?: number;
  readonly outputs: readonly StackOutput[];
  /** Names of the exports that it uses. */
  readonly imports: readonly string[];
  readonly terminationProtection: boolean;
  /** A failed operation leaves things as they are. */
  readonly disableRollback: boolean;
  /** What a failed creation leads to; `ROLLBACK` unless told otherwise. */
  readonly onFailure?: string;
  /** `EXPRESS` or `STANDARD`, echoed: nothing here becomes ready later than it is configured. */
  readonly deploymentMode?: string;
  /** A failed creation deletes also what has a policy to be retained. */
  readonly retainExceptOnCreate?: boolean;
  readonly timeoutMinutes?: number;
  /** Of a nested stack. */
  readonly parentId?: string;
  readonly rootId?: string;
  /** The change set that was executed last. */
  readonly changeSetId?: string;
  /** What the running or failed update started from. */
  readonly before?: StackSettings & Pick<Stack, 'outputs' | 'imports'>;
  /** How the last look at its resources came out. */
  readonly drift?: StackDrift;
  readonly operation?: Operation;
  readonly lastEventAt: number;
  readonly events: number;
}

export interface Operation {
  readonly id: string;
  readonly kind:
    | 'CREATE_STACK'
    | 'UPDATE_STACK'
    | 'DELETE_STACK'
    | 'ROLLBACK'
    | 'CONTINUE_ROLLBACK'
    | 'CREATE_CHANGESET';
  /** In whose name resources are made. */
  readonly actor: Principal;
  readonly token?: string;
  readonly at: number;
}

/** A physical resource, and what it was made of. */
export interface Incarnation {
  readonly type: string;
  readonly physicalId: string;
  readonly ref?: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** Evaluated; dynamic references are kept as references. */
  readonly properties: Properties;
  /** Tags of the stack at that time. */
  readonly tags: Readonly<Record<string, string>>;
  /** End of its generated name. */
  readonly suffix: string;
  /** Its attributes are not to be shown. */
  readonly noEcho?: boolean;
}

/** What a resource is when nothing is under way. */
export interface Settled {
  /** The physical resource that the stack uses. Absent: not made, or gone. */
  readonly now?: Incarnation;
  readonly dependsOn: readonly string[];
  readonly deletionPolicy?: string;
  readonly updateReplacePolicy?: string;
  /** Evaluated. */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

export interface Resource extends Settled {
  readonly logicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly at: number;
  /** What the running or failed update found; an empty one for a resource that it made. */
  readonly before?: Settled;
  /** Physical resources that nothing uses any more; deleted when the operation is through. */
  readonly leftovers?: readonly Incarnation[];
  /** Not in the new template: deleted when the update is through. */
  readonly obsolete?: boolean;
  /** Physical id of what was deleted, or left alone by a deletion. */
  readonly gone?: string;
  readonly constructPath?: string;
  /** No behaviour: the configuration is kept and nothing acts on it. */
  readonly inert?: boolean;
  readonly drift?: ResourceDrift;
  /** The running or failed operation took it in as it was: nothing that undoes the operation deletes it. */
  readonly adopted?: boolean;
}

export interface StackDrift {
  readonly detectionId: string;
  readonly at: number;
  readonly status: 'DRIFTED' | 'IN_SYNC' | 'NOT_CHECKED';
  readonly drifted: number;
  /** Why some resources could not be looked at. */
  readonly failure?: string;
}

/** What a resource was found to be, against what its stack made of it. */
export interface ResourceDrift {
  readonly at: number;
  readonly status: 'DELETED' | 'IN_SYNC' | 'MODIFIED' | 'NOT_CHECKED';
  readonly expected: Properties;
  readonly actual: Properties;
}

export interface StackEvent {
  readonly id: string;
  readonly at: number;
  readonly operationId: string;
  readonly token?: string;
  readonly logicalId: string;
  readonly physicalId: string;
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
}

export interface Export {
  readonly name: string;
  readonly value: string;
  readonly stackId: string;
  readonly stackName: string;
}

export interface ChangeSet extends StackSettings {
  readonly name: string;
  /** ARN. */
  readonly id: string;
  readonly type: 'CREATE' | 'UPDATE' | 'IMPORT';
  readonly status: 'CREATE_COMPLETE' | 'FAILED';
  readonly executionStatus: string;
  readonly reason?: string;
  readonly changeSetDescription?: string;
  readonly createdAt: number;
  /** JSON of the API's `Changes`. */
  readonly changes: string;
  /** Ids of the change sets of nested stacks that were made with it; and, of such a one, whose it is. */
  readonly nested?: readonly string[];
  readonly parentId?: string;
  readonly rootId?: string;
  /** What is wrong with properties, where that made it fail. */
  readonly faults?: readonly Fault[];
  /** Physical ids of resources that it takes in, by logical id. */
  readonly adopt?: Readonly<Record<string, string>>;
  readonly token?: string;
  /** What the caller wishes for the execution and reads back; JSON. */
  readonly wishes: string;
}

export interface Fault {
  readonly logicalId: string;
  readonly type: string;
  /** Into the template: `/Resources/A/Properties/Rules/0`. */
  readonly path: string;
  readonly reason: string;
}

/** Which template of a stack: `previous` exists while an update can still be rolled back. */
export type TemplateStage = 'current' | 'previous' | `changeSet/${string}`;

export type StackKey = Pick<Stack, 'account' | 'region' | 'uuid'>;

const stacks = table<Stack>('cloudformation.stacks');
const names = table<string>('cloudformation.names');
const templates = table<string>('cloudformation.templates');
const resources = table<Resource>('cloudformation.resources');
const events = table<StackEvent>('cloudformation.events');
const exported = table<Export>('cloudformation.exports');
const imports = table<string>('cloudformation.imports');
const changeSets = table<ChangeSet>('cloudformation.changeSets');
/** Uuid of the stack, by uuid of the change set. */
const changeSetStacks = table<string>('cloudformation.changeSetStacks');

const keyOf = ({ account, region, uuid }: StackKey): Key => [account, region, uuid];

// ---- Stacks -------------------------------------------------------------------------------------------------------

/** A stack by name, or by id also after its deletion. */
export async function findStack(
  reader: Reader,
  account: string,
  region: string,
  nameOrId: string,
): Promise<Stack | undefined> {
  const uuid = nameOrId.startsWith('arn:')
    ? nameOrId.split('/')[2]
    : await reader.get(names, [account, region, nameOrId]);
  const stack = uuid === undefined ? undefined : await reader.get(stacks, [account, region, uuid]);
  return stack && (stack.name === nameOrId || stack.id === nameOrId) ? stack : undefined;
}

export function putStack(tx: Writer, stack: Stack): void {
  tx.put(stacks, keyOf(stack), stack);
  if (stack.status === 'DELETE_COMPLETE') tx.delete(names, [stack.account, stack.region, stack.name]);
  else tx.put(names, [stack.account, stack.region, stack.name], stack.uuid);
}

/** Forgets a stack whole: one that only ever was under review, or was deleted long ago. */
export async function removeStack(tx: Writer, stack: Stack): Promise<void> {
  tx.delete(stacks, keyOf(stack));
  const named = await tx.get(names, [stack.account, stack.region, stack.name]);
  if (named === stack.uuid) tx.delete(names, [stack.account, stack.region, stack.name]);
  for (const changeSet of await changeSetsOf(tx, stack)) removeChangeSet(tx, stack, changeSet);
  const remove = async <V>(rows: Table<V>) => {
    for await (const { key } of tx.scan(rows, { within: keyOf(stack) })) tx.delete(rows, key);
  };
  removePolicyText(tx, stack);
  await remove(templates);
  await remove(events);
  await remove(resources);
}

/** All stacks of an account and region, deleted ones included; of the whole runtime without an account. */
export async function allStacks(reader: Reader, account?: string, region?: string): Promise<Stack[]> {
  const found: Stack[] = [];
  const within = account === undefined ? undefined : [account, region!];
  for await (const { value } of reader.scan(stacks, { within })) found.push(value);
  return found;
}

// ---- Templates ----------------------------------------------------------------------------------------------------

export function readTemplateText(reader: Reader, stack: StackKey, stage: TemplateStage): Promise<string | undefined> {
  return reader.get(templates, [...keyOf(stack), stage]);
}

export function putTemplateText(tx: Writer, stack: StackKey, stage: TemplateStage, text: string): void {
  tx.put(templates, [...keyOf(stack), stage], text);
}

export function removeTemplateText(tx: Writer, stack: StackKey, stage: TemplateStage): void {
  tx.delete(templates, [...keyOf(stack), stage]);
}

// ---- Resources and events -----------------------------------------------------------------------------------------

export async function resourcesOf(reader: Reader, stack: StackKey): Promise<Resource[]> {
  const found: Resource[] = [];
  for await (const { value } of reader.scan(resources, { within: keyOf(stack) })) found.push(value);
  return found;
}

export function findResource(reader: Reader, stack: StackKey, logicalId: string): Promise<Resource | undefined> {
  return reader.get(resources, [...keyOf(stack), logicalId]);
}

export function putResource(tx: Writer, stack: StackKey, resource: Resource): void {
  tx.put(resources, [...keyOf(stack), resource.logicalId], resource);
}

export function removeResource(tx: Writer, stack: StackKey, logicalId: string): void {
  tx.delete(resources, [...keyOf(stack), logicalId]);
}

export function putEvent(tx: Writer, stack: StackKey, sequence: number, event: StackEvent): void {
  tx.put(events, [...keyOf(stack), sequence], event);
}

/** Newest first. @param before sequence to continue below */
export async function eventsOf(
  reader: Reader,
  stack: StackKey,
  limit: number,
  before?: number,
): Promise<{ sequence: number; event: StackEvent }[]> {
  const after = before === undefined ? undefined : [...keyOf(stack), before];
  const page = await reader.page(events, { within: keyOf(stack), reverse: true, limit, after });
  return page.map(({ key, value }) => ({ sequence: key[key.length - 1] as number, event: value }));
}

// ---- Exports ------------------------------------------------------------------------------------------------------

export function findExport(reader: Reader, at: Place, name: string): Promise<Export | undefined> {
  return reader.get(exported, [at.account, at.region, name]);
}

export async function exportsIn(reader: Reader, at: Place): Promise<Export[]> {
  return (await reader.page(exported, { within: [at.account, at.region], limit: 100_000 })).map(({ value }) => value);
}

export function putExport(tx: Writer, at: Place, row: Export): void {
  tx.put(exported, [at.account, at.region, row.name], row);
}

export function removeExport(tx: Writer, at: Place, name: string): void {
  tx.delete(exported, [at.account, at.region, name]);
}

/** Names of the stacks that import an export. */
export async function importersOf(reader: Reader, at: Place, exportName: string): Promise<string[]> {
  const page = await reader.page(imports, { within: [at.account, at.region, 'by export', exportName], limit: 100_000 });
  return page.map(({ value }) => value);
}

/** Replaces what a stack imports. */
export async function putImports(tx: Writer, stack: Stack, exportNames: Iterable<string>): Promise<void> {
  const byStack = [stack.account, stack.region, 'by stack', stack.uuid];
  for (const { key } of await tx.page(imports, { within: byStack, limit: 100_000 })) {
    tx.delete(imports, key);
    tx.delete(imports, [stack.account, stack.region, 'by export', key[4], stack.uuid]);
  }
  for (const name of exportNames) {
    tx.put(imports, [...byStack, name], stack.name);
    tx.put(imports, [stack.account, stack.region, 'by export', name, stack.uuid], stack.name);
  }
}

export interface Place {
  readonly account: string;
  readonly region: string;
}

// ---- Change sets --------------------------------------------------------------------------------------------------

/** Empty when it is no stack's or change set's ARN. */
const uuidIn = (arn: string) => arn.split('/')[2] ?? '';

/** @param nameOrId of the change set; with an id the stack is not needed */
export async function findChangeSet(
  reader: Reader,
  at: Place,
  nameOrId: string,
  stack?: Stack,
): Promise<{ stack: Stack; changeSet: ChangeSet } | undefined> {
  const byId = nameOrId.startsWith('arn:');
  const uuid = byId ? await reader.get(changeSetStacks, [at.account, at.region, uuidIn(nameOrId)]) : stack?.uuid;
  if (uuid === undefined) return undefined;
  const owner = stack?.uuid === uuid ? stack : await reader.get(stacks, [at.account, at.region, uuid]);
  const name = byId ? nameOrId.split('/')[1] : nameOrId;
  const changeSet = owner && (await reader.get(changeSets, [...keyOf(owner), name]));
  return changeSet && (!byId || changeSet.id === nameOrId) ? { stack: owner, changeSet } : undefined;
}

export async function changeSetsOf(reader: Reader, stack: StackKey): Promise<ChangeSet[]> {
  return (await reader.page(changeSets, { within: keyOf(stack), limit: 10_000 })).map(({ value }) => value);
}

export function putChangeSet(tx: Writer, stack: StackKey, changeSet: ChangeSet): void {
  tx.put(changeSets, [...keyOf(stack), changeSet.name], changeSet);
  tx.put(changeSetStacks, [stack.account, stack.region, uuidIn(changeSet.id)], stack.uuid);
}

export function removeChangeSet(tx: Writer, stack: StackKey, changeSet: ChangeSet): void {
  tx.delete(changeSets, [...keyOf(stack), changeSet.name]);
  tx.delete(changeSetStacks, [stack.account, stack.region, uuidIn(changeSet.id)]);
  removeTemplateText(tx, stack, `changeSet/${changeSet.name}`);
}

export type { Writer } from '../../store/port';
