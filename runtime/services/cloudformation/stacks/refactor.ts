/**
 * Refactoring: resources move between stacks and get other logical ids, and stay what they are. Templates say how the
 * stacks shall look; whatever they would make, change or delete is refused. Source: CloudFormation user guide, "Stack
 * refactoring".
 */
import { isAwsError } from '../../../base/errors';
import { same } from '../../../engine/template/difference';
import { evaluate } from '../../../engine/template/evaluate';
import type { OutputReference } from '../../../engine/template/functions';
import { readTemplate } from '../../../engine/template/template';
import type { Principal } from '../../../kernel/principal';
import type { Deployer } from '../deployer';
import { ChangeSetFailure, missingStack, wrongState } from '../errors';
import {
  findStack,
  type Place,
  type Resource,
  readTemplateText,
  resourcesOf,
  type Stack,
  type StackOutput,
} from '../state';
import type { Location, Move, Refactor } from '../state/refactors';
import { isInProgress, isUpdatable, newStack } from './begin';
import { openJournal } from './journal';
import { outputsOf } from './outputs';
import { type PlannedChange, plan } from './plan';
import { type Overlay, type Prepared, prepare } from './prepare';
import { environmentIn, type Run } from './run';

/** One of the stacks, as it shall be. */
export interface Refactored {
  readonly stack: Stack;
  readonly isNew: boolean;
  readonly rows: readonly Resource[];
  readonly prepared: Prepared;
  readonly outputs: readonly StackOutput[];
}

export interface Reorganised {
  readonly moves: readonly Move[];
  readonly stacks: readonly Refactored[];
}

interface Before {
  readonly stack: Stack;
  readonly isNew: boolean;
  readonly text: string;
  readonly rows: readonly Resource[];
  /** What each resource says in the template that is deployed, and in the new one. */
  readonly was: ReadonlyMap<string, string>;
  readonly willBe: ReadonlyMap<string, string>;
}

type Wanted = Pick<Refactor, 'definitions' | 'mappings' | 'creates'>;

/** @throws ChangeSetFailure, AwsError ValidationError when the templates ask for more than moves */
export async function reorganise(
  deployer: Deployer,
  actor: Principal,
  at: Place,
  { definitions, mappings, creates }: Wanted,
): Promise<Reorganised> {
  const before = await Promise.all(definitions.map((it) => stackBefore(deployer, at, it, creates)));
  const byName = new Map(before.map((it) => [it.stack.name, it]));
  const moves = [...asked(byName, mappings)];
  moves.push(...detected(before, moves));
  const rows = moved(before, moves);
  return { moves, stacks: await prepared(deployer, actor, before, rows) };
}

async function stackBefore(
  deployer: Deployer,
  at: Place,
  { stackName, template: text }: Refactor['definitions'][number],
  creates: boolean,
): Promise<Before> {
  const { store } = deployer.kernel;
  const existing = await findStack(store, at.account, at.region, stackName);
  if (!existing && !creates) throw missingStack.change(stackName);
  if (existing && (isInProgress(existing) || !isUpdatable(existing))) throw wrongState(existing.id, existing.status);
  const stack = existing ?? newStack(deployer, at, stackName);
  const current = existing && (await readTemplateText(store, stack, 'current'));
  return {
    stack,
    isNew: !existing,
    text,
    rows: (await resourcesOf(store, stack)).filter(({ now }) => now),
    was: current === undefined ? new Map() : words(current),
    willBe: words(text),
  };
}

/** Resources as their template has them, apart from their names. */
function words(text: string): Map<string, string> {
  const { resources } = readTemplate(text);
  return new Map([...resources].map(([id, { type, properties }]) => [id, JSON.stringify([type, properties])]));
}

function* asked(byName: ReadonlyMap<string, Before>, mappings: Refactor['mappings']): Generator<Move> {
  for (const { from, to } of mappings) {
    const row = byName.get(from.stackName)?.rows.find(({ logicalId }) => logicalId === from.logicalId);
    if (!row) throw new ChangeSetFailure(`Resource ${from.logicalId} of stack ${from.stackName} does not exist`);
    if (!byName.get(to.stackName)?.willBe.has(to.logicalId)) {
      throw new ChangeSetFailure(`Resource ${to.logicalId} is not in the template of stack ${to.stackName}`);
    }
    yield { from, to, type: row.type, physicalId: row.now!.physicalId };
  }
}

/** What one template loses and another, or the same, has under another name, word by word: if there is only one such. */
function detected(before: readonly Before[], known: readonly Move[]): Move[] {
  const is = (a: Location, stackName: string, logicalId: string) =>
    a.stackName === stackName && a.logicalId === logicalId;
  const lost = before.flatMap(({ stack, rows, was, willBe }) =>
    rows
      .filter(({ logicalId: id }) => !willBe.has(id) && !known.some(({ from }) => is(from, stack.name, id)))
      .map((row) => ({ stackName: stack.name, row, words: was.get(row.logicalId) })),
  );
  const gained = before.flatMap(({ stack, rows, willBe }) =>
    [...willBe]
      .filter(([id]) => !rows.some(({ logicalId }) => logicalId === id))
      .filter(([id]) => !known.some(({ to }) => is(to, stack.name, id)))
      .map(([logicalId, text]) => ({ stackName: stack.name, logicalId, words: text })),
  );
  return lost.flatMap(({ stackName, row, words: text }): Move[] => {
    const candidates = gained.filter((it) => it.words === text);
    const named = candidates.filter(({ logicalId }) => logicalId === row.logicalId);
    const [to] = named.length === 1 ? named : candidates;
    if (!to || (candidates.length > 1 && named.length !== 1)) return [];
    const { logicalId, type, now } = row;
    const target = { stackName: to.stackName, logicalId: to.logicalId };
    return [{ from: { stackName, logicalId }, to: target, type, physicalId: now!.physicalId, detected: true }];
  });
}

/** Rows by stack, once everything has moved. */
function moved(before: readonly Before[], moves: readonly Move[]): Map<string, Resource[]> {
  const after = new Map(before.map(({ stack }) => [stack.name, [] as Resource[]]));
  for (const { stack, rows } of before) {
    for (const row of rows) {
      const move = moves.find(({ from }) => from.stackName === stack.name && from.logicalId === row.logicalId);
      after.get(move?.to.stackName ?? stack.name)!.push({ ...row, logicalId: move?.to.logicalId ?? row.logicalId });
    }
  }
  return after;
}

/** Stacks may import from one another what they export only now: those whose imports are there come first. */
async function prepared(
  deployer: Deployer,
  actor: Principal,
  before: readonly Before[],
  rows: ReadonlyMap<string, readonly Resource[]>,
): Promise<Refactored[]> {
  const done: Refactored[] = [];
  const overlay: Overlay = {
    imported: (name) => done.flatMap(({ outputs }) => outputs).find((it) => it.exportName === name)?.value,
    output: ({ stackName, outputName, roleArn }: OutputReference) =>
      roleArn === undefined
        ? done.find(({ stack }) => stack.name === stackName)?.outputs.find((it) => it.name === outputName)?.value
        : undefined,
  };
  let waiting = [...before];
  while (waiting.length > 0) {
    let problem: unknown;
    const still: Before[] = [];
    for (const one of waiting) {
      try {
        done.push(await refactored(deployer, actor, one, rows.get(one.stack.name)!, overlay));
      } catch (error) {
        if (!isAwsError(error) || !/^(No export named|Fn::GetStackOutput)/.test(error.message)) throw error;
        problem ??= error;
        still.push(one);
      }
    }
    if (still.length === waiting.length) throw problem;
    waiting = still;
  }
  return done;
}

async function refactored(
  deployer: Deployer,
  actor: Principal,
  { stack, isNew, text }: Before,
  rows: readonly Resource[],
  overlay: Overlay,
): Promise<Refactored> {
  const { kernel } = deployer;
  const declared = readTemplate(text).parameters;
  const kept = stack.parameters.filter(({ name }) => declared.has(name));
  const ready = await prepare(kernel, actor, stack, {
    template: text,
    parameters: new Map(kept.map(({ name }) => [name, { usePrevious: true as const }])),
    capabilities: ['CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
    overlay,
  });
  refuseChanges(stack, plan(deployer, stack, rows, ready).changes);
  const journal = openJournal(kernel, { ...stack, ...ready.settings }, rows);
  const run: Run = { deployer, journal, actor, target: ready.target, externals: ready.externals, options: {} };
  const environment = environmentIn(run);
  const shaped = rows.map((row): Resource => {
    const { deletionPolicy, updateReplacePolicy, metadata } = ready.target.resources.get(row.logicalId)!;
    const dependsOn = [...ready.target.dependencies.get(row.logicalId)!];
    const evaluated = metadata && (evaluate(metadata, environment) as Resource['metadata']);
    return { ...row, dependsOn, deletionPolicy, updateReplacePolicy, metadata: evaluated };
  });
  return { stack, isNew, rows: shaped, prepared: ready, outputs: await outputsOf(run) };
}

/** @throws ChangeSetFailure when a template does more than move */
function refuseChanges({ name }: Stack, changes: readonly PlannedChange[]): void {
  const ids = (wanted: PlannedChange[]) => wanted.map(({ logicalId }) => logicalId).join(', ');
  const made = changes.filter(({ action }) => action === 'Add');
  if (made.length > 0) {
    throw new ChangeSetFailure(`Stack refactor does not create resources: [${ids(made)}] of stack ${name} are new`);
  }
  const gone = changes.filter(({ action }) => action === 'Remove');
  if (gone.length > 0) {
    throw new ChangeSetFailure(`Stack refactor does not delete resources: [${ids(gone)}] of stack ${name} would be`);
  }
  const changed = changes.filter(({ properties }) => properties.some(({ before, after }) => !same(before, after)));
  if (changed.length > 0) {
    throw new ChangeSetFailure(`Stack refactor does not change resources: [${ids(changed)}] of stack ${name} would be`);
  }
}
