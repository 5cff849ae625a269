/**
 * How operations start: checked, written down as begun in one commit, then run beside the request. The status in that
 * commit is the lock of the stack; nobody else starts while it says that something is in progress.
 */
import { partitionOf } from '../../../base/arn';
import type { Principal } from '../../../kernel/principal';
import { actorFor } from '../actor';
import { type Deployer, runBeside } from '../deployer';
import { noUpdates, stackAlreadyExists, wrongState } from '../errors';
import { stackArn } from '../names';
import {
  changeSetsOf,
  findStack,
  type Operation,
  type Place,
  putTemplateText,
  type Resource,
  readTemplateText,
  removeChangeSet,
  resourcesOf,
  type Stack,
  type StackEvent,
  type Writer,
} from '../state';
import { putPolicyText, readPolicyText } from '../state/policies';
import { runImport } from './import';
import { type Journal, openJournal } from './journal';
import { asTheyAre } from './live';
import { runCreate, runUpdate } from './operate';
import { type PlannedChange, plan } from './plan';
import { readStackPolicy, type StackPolicy } from './policy';
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
  /** What an update changes. */
  readonly changes?: readonly PlannedChange[];
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
  const beginning = { actor, prepared, wish, stack, kind: 'CREATE_STACK' as const, rows: [] };
  return start(deployer, request, beginning, async (tx) => {
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
  const beginning = { actor, prepared, wish, stack, kind: 'CREATE_STACK' as const, rows: [] };
  return start(deployer, request, beginning, async (tx) => {
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
  const rows = await rowsFor(deployer, request, stack, actor, wish);
  const { changes: planned, besides } = plan(deployer, stack, rows, prepared, wish.adopt);
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
  const policy = wish.stackPolicyDuringUpdate ?? (await readPolicyText(kernel.store, stack));
  const stackPolicy = policy === undefined ? undefined : readStackPolicy(policy);
  const beginning = { actor, prepared, wish, stack: next, kind: 'UPDATE_STACK' as const, rows, stackPolicy };
  const begun = await start(deployer, request, beginning, async (tx) => {
    await lock(tx, stack, isUpdatable);
    await dropChangeSets(tx, stack);
    const current = await readTemplateText(tx, stack, 'current');
    const kept = await readTemplateText(tx, stack, 'previous');
    if (current !== undefined && kept === undefined) putTemplateText(tx, stack, 'previous', current);
  });
  return { ...begun, changes: planned };
}

/** What the update starts from: the rows, or for a drift-aware one what they stand for. */
async function rowsFor(
  deployer: Deployer,
  request: Request,
  stack: Stack,
  actor: Principal,
  { revertDrift }: Wish,
): Promise<Resource[]> {
  const rows = await resourcesOf(deployer.kernel.store, stack);
  if (!revertDrift) return rows;
  return asTheyAre((await reopen(deployer, request, stack, 'UPDATE_STACK', actor)).run, rows);
}

function isRepeated(stack: Stack, kind: Operation['kind'], { token }: Request): boolean {
  return token !== undefined && stack.operation?.token === token && stack.operation.kind === kind;
}

/** A deployment makes the other change sets of its stack obsolete; the executed one goes with them. */
export async function dropChangeSets(tx: Writer, stack: Stack): Promise<void> {
  for (const changeSet of await changeSetsOf(tx, stack)) removeChangeSet(tx, stack, changeSet);
}

/** @throws AwsError when the stack is not any more what it was when the request was checked */
export async function lock(tx: Writer, stack: Stack, may: (stack: Stack) => boolean): Promise<void> {
  const current = await findStack(tx, stack.account, stack.region, stack.id);
  if (!current || !may(current)) throw wrongState(stack.id, current?.status ?? 'DELETE_COMPLETE');
}

interface Beginning {
  readonly actor: Principal;
  readonly prepared: Prepared;
  readonly wish: Wish;
  readonly stack: Stack;
  readonly kind: 'CREATE_STACK' | 'UPDATE_STACK';
  readonly rows: readonly Resource[];
  readonly stackPolicy?: StackPolicy;
}

async function start(
  deployer: Deployer,
  request: Request,
  { actor, prepared, wish, stack, kind, rows, stackPolicy }: Beginning,
  check: (tx: Writer) => Promise<void>,
): Promise<Begun> {
  const { kernel } = deployer;
  if (wish.stackPolicy !== undefined) readStackPolicy(wish.stackPolicy);
  const begun = { ...stack, drift: undefined, operation: operation(deployer, kind, actor, request.token) };
  const journal = openJournal(kernel, begun, rows, request.listener);
  const verb = wish.importing ? 'IMPORT' : kind === 'CREATE_STACK' ? 'CREATE' : 'UPDATE';
  journal.stackStatus(`${verb}_IN_PROGRESS`, 'User Initiated');
  await journal.commit(async (tx) => {
    await check(tx);
    putTemplateText(tx, stack, 'current', prepared.text);
    if (wish.stackPolicy !== undefined) putPolicyText(tx, stack, wish.stackPolicy);
  });
  const { target, externals } = prepared;
  const deadline = stack.timeoutMinutes && kernel.clock.now() + stack.timeoutMinutes * 60_000;
  const options = { ...request.options, adopt: wish.adopt, stackPolicy };
  const { signal, abort } = cancellation();
  const run: Run = { deployer, journal, actor, target, externals, options, deadline, signal };
  const work = { IMPORT: runImport, CREATE: runCreate, UPDATE: runUpdate }[verb];
  return { stack: journal.stack(), done: runBeside(deployer, stack.id, () => work(run), abort) };
}

function cancellation(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

export function isInProgress({ status }: Stack): boolean {
  return status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS';
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
