/**
 * Deploys from this process: a cloud assembly or a single template, as the administrator of each target account,
 * through the same operations as the API. Knows what clients of the API cannot: construct paths, inert types, and
 * when a stack is done. A stack that fails is told in the report; those that wait for it are skipped.
 */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isAwsError } from '../../base/errors';
import { isObject, parseDocument } from '../../engine/template/parse';
import type { Kernel } from '../../kernel/call';
import { root } from '../../kernel/principal';
import { AssemblyError, type AssemblyStack, readAssembly, readTemplateFile } from './deploy/assembly';
import { publishAssets } from './deploy/assets';
import { reportOf, type StackReport, skippedReport } from './deploy/report';
import { type Deployer, deployerOf } from './deployer';
import { noUpdates } from './errors';
import { type Begun, beginCreate, beginUpdate, type Request } from './stacks/begin';
import { inOrder } from './stacks/graph';
import type { Wish } from './stacks/prepare';
import { beginDelete } from './stacks/undo';
import { findStack, type Place, putStack, readTemplateText, type Stack, type StackEvent } from './state';

export { AssemblyError } from './deploy/assembly';
export { type Failure, findReported, type ResourceReport, type StackReport } from './deploy/report';

/** What to deploy: a cloud assembly (or a template file), or a template itself. */
export type DeployInput =
  | { readonly directory: string }
  | { readonly template: string | object; readonly stackName: string };

export interface DeployOptions {
  /** Names or ids of stacks; those that they wait for come along. @default all */
  readonly stacks?: readonly string[];
  /** Values of template parameters: `Name` for every stack that has it, `Stack:Name` for one. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Refuse resource types without behaviour. @default false */
  readonly strict?: boolean;
  /** One call per resource whenever its state settles. */
  readonly onProgress?: (event: ProgressEvent) => void;
  /** For stacks that name no account. @default the runtime's */
  readonly account?: string;
  /** For stacks that name no region. @default the runtime's */
  readonly region?: string;
}

export interface ProgressEvent {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  /** `CREATE_COMPLETE`, `UPDATE_FAILED`, ... */
  readonly status: string;
  readonly reason?: string;
  readonly constructPath?: string;
  /** Of an update: the properties that change, as paths. */
  readonly changed?: readonly string[];
  /** Since the resource began to change; of the stack, since its operation began. */
  readonly durationMs: number;
}

export interface DeployReport {
  readonly stacks: readonly StackReport[];
  /** Whether every stack is as the assembly says. */
  readonly succeeded: boolean;
  readonly durationMs: number;
}

/** @throws AssemblyError when the input cannot be read or names a stack that is not there */
export async function deployAssembly(
  kernel: Kernel,
  input: DeployInput,
  options: DeployOptions = {},
): Promise<DeployReport> {
  const started = performance.now();
  const deployer = deployerOf(kernel);
  const all = await stacksIn(input);
  const chosen = withDependencies(all, options.stacks);
  const reports = new Map<string, StackReport>();
  const byId = new Map(chosen.map((stack) => [stack.id, stack]));
  await inOrder(
    [...byId.keys()],
    (id) => byId.get(id)!.dependsOn,
    async (id) => {
      const report = await deployStack(deployer, byId.get(id)!, options);
      reports.set(id, report);
      return report.outcome !== 'failed';
    },
    'skipDependents',
  );
  const stacks = chosen.map((stack) => reports.get(stack.id) ?? skippedReport(stack, placeFor(kernel, stack, options)));
  const succeeded = stacks.every(({ outcome }) => outcome === 'deployed' || outcome === 'unchanged');
  return { stacks, succeeded, durationMs: performance.now() - started };
}

async function stacksIn(input: DeployInput): Promise<AssemblyStack[]> {
  if ('template' in input) {
    const template = typeof input.template === 'string' ? input.template : JSON.stringify(input.template);
    return [plainStack(input.stackName, template)];
  }
  const found = await stat(input.directory).catch(() => undefined);
  if (!found) throw new AssemblyError(`${input.directory} does not exist`);
  if (found.isDirectory()) return readAssembly(input.directory);
  const stackName = basename(input.directory)
    .replace(/(\.template)?\.(json|ya?ml)$/, '')
    .replace(/[^A-Za-z0-9-]/g, '-');
  return [plainStack(stackName, await readTemplateFile(input.directory))];
}

function plainStack(stackName: string, template: string): AssemblyStack {
  return {
    id: stackName,
    stackName,
    template,
    parameters: {},
    tags: {},
    terminationProtection: false,
    notificationArns: [],
    dependsOn: [],
    assets: [],
    images: [],
    constructPaths: new Map(),
  };
}

function withDependencies(all: readonly AssemblyStack[], names: readonly string[] | undefined): AssemblyStack[] {
  if (!names) return [...all];
  const byId = new Map(all.map((stack) => [stack.id, stack]));
  const chosen = new Set<string>();
  const choose = (id: string) => {
    if (chosen.has(id)) return;
    chosen.add(id);
    for (const other of byId.get(id)?.dependsOn ?? []) choose(other);
  };
  for (const name of names) {
    const found = all.filter((stack) => stack.id === name || stack.stackName === name);
    if (found.length === 0) {
      throw new AssemblyError(`there is no stack ${name}; there are: ${[...byId.keys()].join(', ') || 'none'}`);
    }
    for (const { id } of found) choose(id);
  }
  return all.filter(({ id }) => chosen.has(id));
}

function placeFor(kernel: Kernel, stack: AssemblyStack, options: DeployOptions): Place {
  return {
    account: stack.account ?? options.account ?? kernel.defaultAccount,
    region: stack.region ?? options.region ?? kernel.defaultRegion,
  };
}

// ---- One stack ----------------------------------------------------------------------------------------------------

async function deployStack(deployer: Deployer, wanted: AssemblyStack, options: DeployOptions): Promise<StackReport> {
  const { kernel } = deployer;
  const started = performance.now();
  const at = placeFor(kernel, wanted, options);
  const story: StackEvent[] = [];
  let failure: string | undefined;
  let changed = false;
  try {
    refuseImages(wanted);
    const existing = await removeFailed(
      deployer,
      at,
      wanted,
      await findStack(kernel.store, at.account, at.region, wanted.stackName),
    );
    const wish = wishFor(wanted, existing, options.parameters ?? {});
    if (!(existing && (await isUnchanged(kernel, existing, wish)))) {
      await publishAssets(kernel, at, wanted.assets);
      const changes = new Map<string, readonly string[]>();
      const listener = progress(wanted, options, story, changes);
      const request: Request = {
        caller: root(at.account),
        at,
        options: { strict: options.strict, constructPaths: wanted.constructPaths },
        listener,
      };
      const begun = await begin(deployer, request, wanted, wish, existing);
      for (const { logicalId, properties } of begun?.changes ?? [])
        changes.set(logicalId, [...new Set(properties.map(({ path }) => path.join('.')))]);
      await begun?.done;
      changed = begun !== undefined;
    }
    await protect(kernel, at, wanted);
  } catch (error) {
    if (!isAwsError(error) && !(error instanceof AssemblyError)) throw error;
    failure = error.message;
  }
  const durationMs = performance.now() - started;
  return reportOf(kernel, wanted, at, { story, failure, changed, durationMs });
}

function refuseImages({ images }: AssemblyStack): void {
  if (images.length === 0) return;
  throw new AssemblyError(
    `container image assets cannot be built or run here: ${images.join(', ')}. Give the function a zip package (lambda.Code.fromAsset), or leave the stack out`,
  );
}

/** A stack whose creation failed cannot be updated: it makes room, as the CDK CLI has it. */
async function removeFailed(
  deployer: Deployer,
  at: Place,
  wanted: AssemblyStack,
  stack: Stack | undefined,
): Promise<Stack | undefined> {
  if (!stack || !['ROLLBACK_COMPLETE', 'ROLLBACK_FAILED', 'CREATE_FAILED', 'REVIEW_IN_PROGRESS'].includes(stack.status))
    return stack;
  await (await beginDelete(deployer, { caller: root(at.account), at }, stack)).done;
  return findStack(deployer.kernel.store, at.account, at.region, wanted.stackName);
}

/** Parameters that nobody gives keep their previous value. */
function wishFor(wanted: AssemblyStack, existing: Stack | undefined, given: Readonly<Record<string, string>>): Wish {
  const { Parameters } = parseDocument(wanted.template);
  const declared = isObject(Parameters) ? Object.keys(Parameters) : [];
  const previous = new Map(existing?.parameters.map((it) => [it.name, it]));
  const parameters = new Map<string, string | { usePrevious: true }>();
  for (const name of declared) {
    const value = given[`${wanted.stackName}:${name}`] ?? given[name] ?? wanted.parameters[name];
    const kept = previous.get(name);
    if (value !== undefined) parameters.set(name, value);
    else if (kept && kept.resolved === undefined) parameters.set(name, { usePrevious: true });
  }
  return {
    template: wanted.template,
    parameters,
    tags: wanted.tags,
    capabilities: ['CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
    notificationArns: wanted.notificationArns,
  };
}

/** The quick way out: same text, same values, and nothing in it that is looked up elsewhere. */
async function isUnchanged({ store }: Kernel, stack: Stack, wish: Wish): Promise<boolean> {
  if (!/^(CREATE|UPDATE|IMPORT|UPDATE_ROLLBACK)_COMPLETE$/.test(stack.status)) return false;
  if ((await readTemplateText(store, stack, 'current')) !== wish.template) return false;
  if (wish.template.includes('Fn::GetStackOutput') || wish.template.includes('!GetStackOutput')) return false;
  // CDK's own version parameter is read for the rules only.
  if (stack.parameters.some(({ resolved, name }) => resolved !== undefined && name !== 'BootstrapVersion'))
    return false;
  const values = new Map(stack.parameters.map(({ name, value }) => [name, value]));
  const sameValues = [...wish.parameters].every(
    ([name, wanted]) => typeof wanted !== 'string' || values.get(name) === wanted,
  );
  return sameValues && JSON.stringify(sorted(stack.tags)) === JSON.stringify(sorted(wish.tags ?? {}));
}

function sorted(tags: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** @returns undefined when there is nothing to do */
async function begin(
  deployer: Deployer,
  request: Request,
  wanted: AssemblyStack,
  wish: Wish,
  existing: Stack | undefined,
): Promise<Begun | undefined> {
  if (!existing) return beginCreate(deployer, request, wanted.stackName, wish);
  try {
    return await beginUpdate(deployer, request, existing, wish);
  } catch (error) {
    if (isAwsError(error) && error.message === noUpdates().message) return undefined;
    throw error;
  }
}

async function protect(
  { store }: Kernel,
  at: Place,
  { stackName, terminationProtection }: AssemblyStack,
): Promise<void> {
  const stack = await findStack(store, at.account, at.region, stackName);
  if (!stack || stack.terminationProtection === terminationProtection) return;
  await store.write(async (tx) => {
    const current = await findStack(tx, at.account, at.region, stackName);
    if (current) putStack(tx, { ...current, terminationProtection });
  });
}

/** Keeps the story for the report, and tells of each state that settles. */
function progress(
  wanted: AssemblyStack,
  { onProgress }: DeployOptions,
  story: StackEvent[],
  changes: ReadonlyMap<string, readonly string[]>,
): (event: StackEvent) => void {
  const began = new Map<string, number>();
  return (event) => {
    story.push(event);
    const { logicalId, type, status, reason } = event;
    if (status.endsWith('_IN_PROGRESS')) {
      if (!began.has(logicalId)) began.set(logicalId, performance.now());
      return;
    }
    const durationMs = performance.now() - (began.get(logicalId) ?? performance.now());
    if (logicalId !== wanted.stackName) began.delete(logicalId);
    const constructPath = wanted.constructPaths.get(logicalId);
    const changed = status.startsWith('UPDATE_') ? changes.get(logicalId) : undefined;
    const about = { stackName: wanted.stackName, logicalId, type, status, reason, constructPath };
    onProgress?.({ ...about, changed, durationMs });
  };
}
