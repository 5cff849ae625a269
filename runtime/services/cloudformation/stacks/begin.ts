/**
 * How operations start: checked, written down as begun in one commit, then run beside the request. The status in that
 * commit is the lock of the stack; nobody else starts while it says that something is in progress.
 */
import { partitionOf } from '../../../base/arn';
import type { Principal } from '../../../kernel/principal';
import { actorFor } from '../actor';
import { type Deployer, runBeside, settled } from '../deployer';
import { noUpdates, stackAlreadyExists, terminationProtected, validationError, wrongState } from '../errors';
import { stackArn } from '../names';
import {
  changeSetsOf,
  findStack,
  importersOf,
  type Operation,
  type Place,
  putStack,
  putTemplateText,
  readTemplateText,
  removeChangeSet,
  removeStack,
  resourcesOf,
  type Stack,
  type StackEvent,
  type Writer,
} from '../state';
import { type Journal, openJournal } from './journal';
import { rollBackCreation, rollBackUpdate, runCreate, runDelete, runUpdate } from './operate';
import { listed } from './outputs';
import { plan } from './plan';
import { type Prepared, prepare, type Wish } from './prepare';
import { noExternals, type Run, type RunOptions } from './run';

/** Who asks, and how the operation is to be watched. */
export interface Request {
  readonly caller: Principal;
  readonly at: Place;
  readonly token?: string;
  readonly options?: RunOptions;
  readonly listener?: (event: StackEvent) => void;
}

/** An operation under way. `done` never rejects. */
export interface Begun {
  readonly stack: Stack;
  readonly done: Promise<void>;
}

export type CreationOptions = Partial<
  Pick<
    Stack,
    | 'disableRollback'
    | 'onFailure'
    | 'retainExceptOnCreate'
    | 'timeoutMinutes'
    | 'terminationProtection'
    | 'deploymentMode'
    | 'parentId'
    | 'rootId'
    | 'changeSetId'
  >
>;

/** Statuses from which a stack can be updated. Source: CloudFormation user guide, "Stack status codes". */
const UPDATABLE = new Set([
  'CREATE_COMPLETE',
  'UPDATE_COMPLETE',
  'UPDATE_ROLLBACK_COMPLETE',
  'IMPORT_COMPLETE',
  'IMPORT_ROLLBACK_COMPLETE',
  // Failed with the rollback disabled: the next update goes on from there.
  'CREATE_FAILED',
  'UPDATE_FAILED',
]);

export function isUpdatable({ status }: Stack): boolean {
  return UPDATABLE.has(status);
}

function operation(deployer: Deployer, kind: Operation['kind'], actor: Principal, token?: string): Operation {
  const { random, clock } = deployer.kernel;
  return { id: random.uuid(), kind, actor, token, at: clock.now() };
}

/** A stack row before its first status. */
export function newStack(deployer: Deployer, at: Place, name: string): Stack {
  const { random, clock } = deployer.kernel;
  const uuid = random.uuid();
  return {
    ...at,
    name,
    uuid,
    id: stackArn({ ...at, partition: partitionOf(at.region) }, name, uuid),
    status: 'REVIEW_IN_PROGRESS',
    createdAt: clock.now(),
    parameters: [],
    tags: {},
    capabilities: [],
    notificationArns: [],
    outputs: [],
    imports: [],
    terminationProtection: false,
    disableRollback: false,
    lastEventAt: 0,
    events: 0,
  };
}

/** @throws AwsError AlreadyExistsException, ValidationError and kin */
export async function beginCreate(
  deployer: Deployer,
  request: Request,
  name: string,
  wish: Wish,
  creation: CreationOptions = {},
): Promise<Begun> {
  const { kernel } = deployer;
  const { caller, at } = request;
  const existing = await findStack(kernel.store, at.account, at.region, name);
  if (existing) {
    if (isRepeated(existing, 'CREATE_STACK', request)) return { stack: existing, done: Promise.resolve() };
    throw stackAlreadyExists(name);
  }
  const actor = await actorFor(kernel, caller, at, wish.roleArn);
  const blank = newStack(deployer, at, name);
  const prepared = await prepare(kernel, actor, blank, wish);
  const stack = { ...blank, ...prepared.settings, ...creation };
  return start(deployer, request, actor, prepared, stack, 'CREATE_STACK', async (tx) => {
    if (await findStack(tx, at.account, at.region, name)) throw stackAlreadyExists(name);
  });
}

/** Executes a change set of type CREATE: the stack is already there, under review. */
export async function beginReviewed(
  deployer: Deployer,
  request: Request,
  reviewed: Stack,
  wish: Wish,
  creation: CreationOptions,
): Promise<Begun> {
  const actor = await actorFor(deployer.kernel, request.caller, reviewed, wish.roleArn);
  const prepared = await prepare(deployer.kernel, actor, reviewed, wish);
  const stack = { ...reviewed, ...prepared.settings, ...creation };
  return start(deployer, request, actor, prepared, stack, 'CREATE_STACK', async (tx) => {
    await lock(tx, reviewed, (it) => it.status === 'REVIEW_IN_PROGRESS');
    await dropChangeSets(tx, reviewed);
  });
}

/** @throws AwsError ValidationError when there is nothing to do, too */
export async function beginUpdate(
  deployer: Deployer,
  request: Request,
  stack: Stack,
  wish: Wish,
  changes: CreationOptions = {},
): Promise<Begun> {
  const { kernel } = deployer;
  if (isRepeated(stack, 'UPDATE_STACK', request)) return { stack, done: Promise.resolve() };
  if (!isUpdatable(stack)) throw wrongState(stack.id, stack.status);
  const actor = await actorFor(kernel, request.caller, stack, wish.roleArn ?? stack.roleArn);
  const prepared = await prepare(kernel, actor, stack, wish);
  const { changes: planned, besides } = plan(deployer, stack, await resourcesOf(kernel.store, stack), prepared);
  if (planned.length === 0 && !besides && !/_FAILED$/.test(stack.status)) throw noUpdates();
  const { description, parameters, tags, capabilities, notificationArns, roleArn, outputs, imports } = stack;
  const next = {
    ...stack,
    ...prepared.settings,
    disableRollback: false,
    retainExceptOnCreate: undefined,
    ...changes,
    updatedAt: kernel.clock.now(),
    before: stack.before ?? {
      description,
      parameters,
      tags,
      capabilities,
      notificationArns,
      roleArn,
      outputs,
      imports,
    },
  };
  return start(deployer, request, actor, prepared, next, 'UPDATE_STACK', async (tx) => {
    await lock(tx, stack, isUpdatable);
    await dropChangeSets(tx, stack);
    const current = await readTemplateText(tx, stack, 'current');
    const kept = await readTemplateText(tx, stack, 'previous');
    if (current !== undefined && kept === undefined) putTemplateText(tx, stack, 'previous', current);
  });
}

function isRepeated(stack: Stack, kind: Operation['kind'], { token }: Request): boolean {
  return token !== undefined && stack.operation?.token === token && stack.operation.kind === kind;
}

/** A deployment makes the other change sets of its stack obsolete; the executed one goes with them. */
async function dropChangeSets(tx: Writer, stack: Stack): Promise<void> {
  for (const changeSet of await changeSetsOf(tx, stack)) removeChangeSet(tx, stack, changeSet);
}

/** @throws AwsError when the stack is not any more what it was when the request was checked */
async function lock(tx: Writer, stack: Stack, may: (stack: Stack) => boolean): Promise<void> {
  const current = await findStack(tx, stack.account, stack.region, stack.id);
  if (!current || !may(current)) throw wrongState(stack.id, current?.status ?? 'DELETE_COMPLETE');
}

async function start(
  deployer: Deployer,
  request: Request,
  actor: Principal,
  prepared: Prepared,
  stack: Stack,
  kind: 'CREATE_STACK' | 'UPDATE_STACK',
  check: (tx: Writer) => Promise<void>,
): Promise<Begun> {
  const { kernel } = deployer;
  const journal = openJournal(
    kernel,
    { ...stack, drift: undefined, operation: operation(deployer, kind, actor, request.token) },
    await resourcesOf(kernel.store, stack),
    request.listener,
  );
  const creating = kind === 'CREATE_STACK';
  journal.stackStatus(creating ? 'CREATE_IN_PROGRESS' : 'UPDATE_IN_PROGRESS', 'User Initiated');
  await journal.commit(async (tx) => {
    await check(tx);
    putTemplateText(tx, stack, 'current', prepared.text);
  });
  const { target, externals } = prepared;
  const deadline = stack.timeoutMinutes && kernel.clock.now() + stack.timeoutMinutes * 60_000;
  const run: Run = { deployer, journal, actor, target, externals, options: request.options ?? {}, deadline };
  const done = runBeside(deployer, stack.id, () => (creating ? runCreate(run) : runUpdate(run)));
  return { stack: journal.stack(), done };
}

// ---- Delete and rollback ------------------------------------------------------------------------------------------

/** @param options as of the API: logical ids to retain, and whether to leave alone what cannot be deleted */
export async function beginDelete(
  deployer: Deployer,
  request: Request,
  asked: Stack,
  options: { retain?: readonly string[]; force?: boolean; roleArn?: string } = {},
): Promise<Begun> {
  const { kernel } = deployer;
  await settled(deployer, asked.id);
  const stack = (await findStack(kernel.store, asked.account, asked.region, asked.id)) ?? asked;
  if (stack.status === 'DELETE_COMPLETE') return { stack, done: Promise.resolve() };
  if (stack.terminationProtection) throw terminationProtected(stack.name);
  if (stack.status === 'REVIEW_IN_PROGRESS') {
    await kernel.store.write((tx) => removeStack(tx, stack));
    return { stack, done: Promise.resolve() };
  }
  if (isInProgress(stack)) {
    throw validationError(`Stack [${stack.name}] cannot be deleted while in status ${stack.status}`);
  }
  if (options.retain?.length && stack.status !== 'DELETE_FAILED') {
    throw validationError('RetainResources can only be given for a stack in the DELETE_FAILED state');
  }
  const actor = await actorFor(kernel, request.caller, stack, options.roleArn ?? stack.roleArn);
  const { run, journal } = await reopen(deployer, request, stack, 'DELETE_STACK', actor);
  journal.stackStatus('DELETE_IN_PROGRESS', 'User Initiated');
  const users = await exportUsers(deployer, stack);
  if (users) {
    journal.stackStatus(stack.status, `Delete canceled. ${users}`);
    await journal.flush();
    return { stack: journal.stack(), done: Promise.resolve() };
  }
  await journal.commit(async (tx) => {
    await lock(tx, stack, (it) => !isInProgress(it));
    await dropChangeSets(tx, stack);
  });
  return { stack: journal.stack(), done: runBeside(deployer, stack.id, () => runDelete(run, options)) };
}

export function isInProgress({ status }: Stack): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
}

/** Who hangs on the exports of a stack, as a sentence; undefined when nobody does. */
async function exportUsers({ kernel }: Deployer, stack: Stack): Promise<string | undefined> {
  for (const { exportName } of stack.outputs) {
    const users = exportName === undefined ? [] : await importersOf(kernel.store, stack, exportName);
    const others = users.filter((name) => name !== stack.name);
    if (others.length > 0) return `Cannot delete export ${exportName} as it is in use by ${listed(others)}.`;
  }
  return undefined;
}

/** Rolls a stack back that failed with its rollback disabled, or whose rollback failed. @param skip resources to leave as they are */
export async function beginRollback(
  deployer: Deployer,
  request: Request,
  stack: Stack,
  kind: 'ROLLBACK' | 'CONTINUE_ROLLBACK',
  options: { skip?: readonly string[]; roleArn?: string; retainExceptOnCreate?: boolean } = {},
): Promise<Begun> {
  const may = kind === 'ROLLBACK' ? ['CREATE_FAILED', 'UPDATE_FAILED'] : ['UPDATE_ROLLBACK_FAILED'];
  if (!may.includes(stack.status)) throw wrongState(stack.id, stack.status, 'rolled back');
  const actor = await actorFor(deployer.kernel, request.caller, stack, options.roleArn ?? stack.roleArn);
  const { run, journal } = await reopen(deployer, request, stack, kind, actor);
  const creating = stack.status === 'CREATE_FAILED';
  journal.changeStack({ retainExceptOnCreate: options.retainExceptOnCreate });
  const work = creating
    ? () => rollBackCreation(run, 'User Initiated')
    : () => rollBackUpdate(run, 'User Initiated', options.skip);
  const begun = creating ? 'ROLLBACK_IN_PROGRESS' : 'UPDATE_ROLLBACK_IN_PROGRESS';
  await journal.commit(async (tx) => {
    await lock(tx, stack, ({ status }) => status === stack.status);
    putStack(tx, { ...journal.stack(), status: begun });
  });
  return { stack: journal.stack(), done: runBeside(deployer, stack.id, work) };
}

/** A run that needs no template: on the resources as they are. */
export async function reopen(
  deployer: Deployer,
  request: Pick<Request, 'token' | 'listener' | 'options'>,
  stack: Stack,
  kind: Operation['kind'],
  actor: Principal,
): Promise<{ run: Run; journal: Journal }> {
  const rows = await resourcesOf(deployer.kernel.store, stack);
  const begun = { ...stack, operation: operation(deployer, kind, actor, request.token) };
  const journal = openJournal(deployer.kernel, begun, rows, request.listener);
  return { run: { deployer, journal, actor, externals: noExternals, options: request.options ?? {} }, journal };
}
