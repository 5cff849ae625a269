/** Stack refactors: announced with what they would move, and carried out in one commit. */
import type { StackDefinition, StackRefactorAction } from '@aws-sdk/client-cloudformation';
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { deployerOf } from '../deployer';
import { ChangeSetFailure, notSupported, validationError } from '../errors';
import { isStackName } from '../names';
import { templateText } from '../source';
import { openJournal } from '../stacks/journal';
import { exchange } from '../stacks/outputs';
import { type Refactored, type Reorganised, reorganise } from '../stacks/refactor';
import { putTemplateText, resourcesOf } from '../state';
import { findRefactor, type Move, putRefactor, type Refactor, refactorsIn } from '../state/refactors';
import { here, paged } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

/** Source: CloudFormation user guide, "Stack refactoring". */
const STACKS_LIMIT = 5;

export const refactorHandlers: Handlers<Client> = {
  async CreateStackRefactor(call, input) {
    const { StackDefinitions = [], ResourceMappings = [], EnableStackCreation = false, Description } = input;
    if (StackDefinitions.length > STACKS_LIMIT) {
      throw validationError(`Stack refactor takes at most ${STACKS_LIMIT} stacks`);
    }
    const wanted = {
      creates: EnableStackCreation,
      definitions: await Promise.all(StackDefinitions.map((it) => definition(call, it))),
      mappings: ResourceMappings.map(({ Source, Destination }) => ({
        from: { stackName: Source?.StackName ?? '', logicalId: Source?.LogicalResourceId ?? '' },
        to: { stackName: Destination?.StackName ?? '', logicalId: Destination?.LogicalResourceId ?? '' },
      })),
    };
    const outcome = await attempt(call, wanted);
    const refactor: Refactor = {
      id: call.kernel.random.uuid(),
      description: Description,
      createdAt: call.now,
      ...wanted,
      ...(typeof outcome === 'string'
        ? {
            status: 'CREATE_FAILED',
            reason: outcome,
            executionStatus: 'UNAVAILABLE',
            stackIds: [],
            moves: [],
            newStacks: [],
          }
        : {
            status: 'CREATE_COMPLETE',
            executionStatus: 'AVAILABLE',
            stackIds: outcome.stacks.filter(({ isNew }) => !isNew).map(({ stack }) => stack.id),
            moves: outcome.moves,
            newStacks: outcome.stacks.filter(({ isNew }) => isNew).map(({ stack }) => stack.name),
          }),
    };
    await call.kernel.store.write(async (tx) => putRefactor(tx, here(call), refactor));
    return { StackRefactorId: refactor.id };
  },

  async DescribeStackRefactor(call, { StackRefactorId }) {
    const refactor = await refactorNamed(call, StackRefactorId);
    return { ...view(refactor), StackIds: [...refactor.stackIds] };
  },

  async ListStackRefactors(call, { ExecutionStatusFilter: wanted, NextToken: token }) {
    const all = await refactorsIn(call.kernel.store, here(call));
    const chosen = all.filter(({ executionStatus }) => !wanted?.length || wanted.includes(executionStatus));
    const { page, NextToken } = paged(
      chosen.sort((a, b) => b.createdAt - a.createdAt),
      token,
    );
    return { StackRefactorSummaries: page.map(view), NextToken };
  },

  async ListStackRefactorActions(call, { StackRefactorId, NextToken: token }) {
    const { moves, newStacks } = await refactorNamed(call, StackRefactorId);
    const created = newStacks.map(
      (name): StackRefactorAction => ({ Action: 'CREATE', Entity: 'STACK', Description: `Stack ${name} is created.` }),
    );
    const { page, NextToken } = paged([...created, ...moves.map(actionView)], token);
    return { StackRefactorActions: page, NextToken };
  },

  async ExecuteStackRefactor(call, { StackRefactorId }) {
    const refactor = await refactorNamed(call, StackRefactorId);
    if (refactor.executionStatus !== 'AVAILABLE') {
      throw validationError(
        `StackRefactor ${refactor.id} cannot be executed in its current execution status of [${refactor.executionStatus}]`,
      );
    }
    // What was announced may not hold any more.
    const failure = await attempt(call, refactor, (outcome) => carryOut(call, refactor, outcome));
    if (typeof failure === 'string') {
      const failed = { ...refactor, executionStatus: 'EXECUTE_FAILED' as const, executionReason: failure };
      await call.kernel.store.write(async (tx) => putRefactor(tx, here(call), failed));
    }
    return {};
  },
};

async function definition(call: Call, { StackName = '', TemplateBody, TemplateURL }: StackDefinition) {
  const stackName = StackName.startsWith('arn:') ? (StackName.split('/')[1] ?? '') : StackName;
  if (!isStackName(stackName)) throw validationError(`StackName ${StackName} of a stack definition is not valid`);
  if (!TemplateBody && !TemplateURL) throw notSupported('A stack definition without a template');
  return { stackName, template: await templateText(call, { TemplateBody, TemplateURL }) };
}

/** @returns what will be, or why it cannot be */
async function attempt(
  call: Call,
  wanted: Pick<Refactor, 'definitions' | 'mappings' | 'creates'>,
  then?: (outcome: Reorganised) => Promise<void>,
): Promise<Reorganised | string> {
  try {
    const outcome = await reorganise(deployerOf(call.kernel), call.principal, here(call), wanted);
    await then?.(outcome);
    return outcome;
  } catch (error) {
    if (error instanceof ChangeSetFailure || isAwsError(error, 'ValidationError')) return (error as Error).message;
    throw error;
  }
}

/** Everything moves in one commit: no resource is ever in two stacks, or in none. */
async function carryOut(call: Call, refactor: Refactor, { stacks }: Reorganised): Promise<void> {
  const { kernel } = call;
  const journals = await Promise.all(stacks.map((it) => written(call, it)));
  await kernel.store.write(async (tx) => {
    // An export may go from one stack to another: first nobody imports, then nobody exports, then all is as it shall be.
    for (const { stack } of stacks)
      await exchange(tx, { ...stack, imports: [], outputs: stack.outputs }, stack.outputs);
    for (const { stack } of stacks) await exchange(tx, { ...stack, imports: [], outputs: [] }, stack.outputs);
    for (const { stack, outputs } of stacks) await exchange(tx, { ...stack, imports: [], outputs }, []);
    for (const { stack, outputs, prepared } of stacks) {
      const imports = [...prepared.externals.imports.keys()];
      await exchange(tx, { ...stack, imports, outputs }, outputs);
      putTemplateText(tx, stack, 'current', prepared.text);
    }
    for (const journal of journals) journal.writeTo(tx);
    const stackIds = stacks.map(({ stack }) => stack.id);
    putRefactor(tx, here(call), { ...refactor, stackIds, executionStatus: 'EXECUTE_COMPLETE' });
  });
}

/** The rows of a stack as they shall be, not yet written. */
async function written(call: Call, { stack, isNew, rows, prepared, outputs }: Refactored) {
  const { kernel } = call;
  const id = kernel.random.uuid();
  const imports = [...prepared.externals.imports.keys()];
  const kind = isNew ? ('CREATE_STACK' as const) : ('UPDATE_STACK' as const);
  const operation = { id, kind, actor: call.principal, at: call.now };
  const updatedAt = isNew ? undefined : call.now;
  const next = { ...stack, ...prepared.settings, outputs, imports, operation, updatedAt, drift: undefined };
  const journal = openJournal(kernel, next, await resourcesOf(kernel.store, stack));
  const kept = new Set(rows.map(({ logicalId }) => logicalId));
  for (const { logicalId } of journal.resources()) if (!kept.has(logicalId)) journal.remove(logicalId);
  for (const row of rows) journal.put(row);
  journal.stackStatus(isNew ? 'CREATE_COMPLETE' : 'UPDATE_COMPLETE', 'Stack refactor');
  return journal;
}

async function refactorNamed(call: Call, id = ''): Promise<Refactor> {
  const found = await findRefactor(call.kernel.store, here(call), id);
  if (!found) throw validationError(`StackRefactor ${id} does not exist`);
  return found;
}

function view({ id, description, status, reason, executionStatus, executionReason }: Refactor) {
  return {
    StackRefactorId: id,
    Description: description,
    Status: status,
    StatusReason: reason,
    ExecutionStatus: executionStatus,
    ExecutionStatusReason: executionReason,
  };
}

function actionView({ from, to, type, physicalId, detected }: Move): StackRefactorAction {
  return {
    Action: 'MOVE',
    Entity: 'RESOURCE',
    PhysicalResourceId: physicalId,
    Description: `Resource ${from.logicalId} of type ${type} moves from stack ${from.stackName} to ${to.stackName}.`,
    Detection: detected ? 'AUTO' : 'MANUAL',
    ResourceMapping: {
      Source: { StackName: from.stackName, LogicalResourceId: from.logicalId },
      Destination: { StackName: to.stackName, LogicalResourceId: to.logicalId },
    },
    TagResources: [],
    UntagResources: [],
  };
}
