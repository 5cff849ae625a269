/**
 * Change sets: a deployment announced, looked at, and carried out or dropped. They are computed while the caller
 * waits, so they are never pending.
 */
import type {
  Capability,
  Change,
  ChangeSetStatus,
  CreateChangeSetInput,
  DeploymentConfigMode,
  ExecutionStatus,
  OnStackFailure,
} from '@aws-sdk/client-cloudformation';
import { partitionOf } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { actorFor } from '../actor';
import { deployerOf, settled } from '../deployer';
import {
  changeSetAlreadyExists,
  changeSetNotExecutable,
  missingChangeSet,
  missingStack,
  notTheRoot,
  validationError,
  wrongState,
} from '../errors';
import { changeSetArn, isChangeSetName, isStackName } from '../names';
import { type Adoptions, adoptionsAskedFor, adoptionsFound, nothingAdopted } from '../stacks/adopt';
import { beginReviewed, beginUpdate, isInProgress, isUpdatable, newStack, reopen } from '../stacks/begin';
import { refuseOtherChanges } from '../stacks/import';
import { openJournal } from '../stacks/journal';
import { asTheyAre } from '../stacks/live';
import { nestedSets } from '../stacks/nested';
import { attempt, contentsOf } from '../stacks/outcome';
import { plan } from '../stacks/plan';
import { type Prepared, prepare } from '../stacks/prepare';
import type { Run } from '../stacks/run';
import {
  type ChangeSet,
  changeSetsOf,
  findChangeSet,
  findStack,
  putChangeSet,
  putStack,
  putTemplateText,
  type Resource,
  readTemplateText,
  removeChangeSet,
  resourcesOf,
  type Stack,
} from '../state';
import { requestOf, rollbackOptions, wishOf } from './stacks';
import { here, paged, parametersView, refuseUnsupported, stackNamed, tagsView } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

/** What the caller wishes for the execution and reads back. */
interface Wishes {
  readonly OnStackFailure?: string;
  readonly IncludeNestedStacks?: boolean;
  readonly ImportExistingResources?: boolean;
  readonly Mode?: string;
  readonly DisableRollback?: boolean;
  readonly ResourceTypes?: string[];
  readonly DeploymentMode?: string;
}

export const changeSetHandlers: Handlers<Client> = {
  async CreateChangeSet(call, input) {
    const { StackName = '', ChangeSetName = '', ChangeSetType = 'UPDATE', ClientToken } = input;
    checkInput(input);
    const deployer = deployerOf(call.kernel);
    const { stack, isNew } = await stackFor(call, StackName, ChangeSetType);
    const existing = await findChangeSet(call.kernel.store, here(call), ChangeSetName, stack);
    if (existing) {
      if (ClientToken && existing.changeSet.token === ClientToken)
        return { Id: existing.changeSet.id, StackId: stack.id };
      throw changeSetAlreadyExists(ChangeSetName, stack.id);
    }
    const wish = await wishOf(call, input, stack);
    const actor = await actorFor(call.kernel, call.principal, stack, wish.roleArn ?? stack.roleArn);
    const rows = await resourcesOf(call.kernel.store, stack);
    const place = { ...stack, partition: partitionOf(stack.region) };
    const id = changeSetArn(place, ChangeSetName, call.kernel.random.uuid());
    const family = { name: ChangeSetName, parentId: id, rootId: id };
    const { run } = await reopen(deployer, requestOf(call, undefined), stack, 'CREATE_CHANGESET', actor);
    const outcome = await attempt(async () => {
      const prepared = await prepare(call.kernel, actor, stack, wish);
      const adopt = await adoptions(run, input, prepared, rows);
      const found = input.DeploymentMode === 'REVERT_DRIFT' ? await asTheyAre(run, rows) : rows;
      const planned = plan(deployer, stack, found, prepared, adopt);
      if (ChangeSetType === 'IMPORT') refuseOtherChanges(planned);
      const nested = input.IncludeNestedStacks
        ? await nestedSets(run, planned.changes, { ...family, tags: prepared.settings.tags })
        : undefined;
      return { prepared, plan: planned, adopt, nested };
    });
    const nested = 'nested' in outcome ? (outcome.nested?.sets ?? []) : [];
    const changeSet: ChangeSet = {
      ...contentsOf(outcome, stack, wish.tags),
      name: ChangeSetName,
      id,
      nested: nested.map(({ changeSet: child }) => child.id),
      type: ChangeSetType,
      createdAt: call.now,
      changeSetDescription: input.Description,
      capabilities: wish.capabilities,
      roleArn: wish.roleArn,
      token: ClientToken,
      wishes: JSON.stringify(wishesOf(input)),
    };
    await call.kernel.store.write(async (tx) => {
      if (isNew) {
        if (await findStack(tx, stack.account, stack.region, stack.name))
          throw wrongState(stack.id, 'REVIEW_IN_PROGRESS');
        putStack(tx, stack);
      }
      putChangeSet(tx, stack, changeSet);
      putTemplateText(tx, stack, `changeSet/${ChangeSetName}`, wish.template);
      for (const { stack: owner, changeSet: child, template } of nested) {
        putChangeSet(tx, owner, child);
        putTemplateText(tx, owner, `changeSet/${child.name}`, template);
      }
    });
    if (isNew) await announceReview(call, stack);
    return { Id: changeSet.id, StackId: stack.id };
  },

  async DescribeChangeSet(call, { StackName, ChangeSetName = '', IncludePropertyValues, NextToken: token }) {
    const { stack, changeSet } = await changeSetNamed(call, StackName, ChangeSetName);
    const wishes = JSON.parse(changeSet.wishes) as Wishes;
    const all = JSON.parse(changeSet.changes) as Change[];
    const { page, NextToken } = paged(IncludePropertyValues ? all : all.map(withoutValues), token);
    return {
      ...summary(stack, changeSet),
      Parameters: parametersView(changeSet.parameters),
      NotificationARNs: [...changeSet.notificationArns],
      RollbackConfiguration: {},
      Capabilities: changeSet.capabilities as Capability[],
      Tags: tagsView(changeSet.tags),
      Changes: page,
      NextToken,
      OnStackFailure: wishes.OnStackFailure as OnStackFailure | undefined,
      DeploymentConfig: wishes.Mode ? { Mode: wishes.Mode as DeploymentConfigMode } : undefined,
    };
  },

  /** There are no hooks here, so none has said anything. */
  async ListHookResults() {
    return { HookResults: [] };
  },

  async ListChangeSets(call, { StackName, NextToken: token }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    const { page, NextToken } = paged(await changeSetsOf(call.kernel.store, stack), token);
    return { Summaries: page.map((changeSet) => summary(stack, changeSet)), NextToken };
  },

  /** Deleting what is not there succeeds. */
  async DeleteChangeSet(call, { StackName, ChangeSetName = '' }) {
    const { account, region } = call;
    const stack = StackName ? await findStack(call.kernel.store, account, region, StackName) : undefined;
    const found = await findChangeSet(call.kernel.store, here(call), ChangeSetName, stack);
    if (!found) return {};
    if (found.changeSet.parentId !== undefined) throw notTheRoot(found.changeSet.id, 'deleted');
    await call.kernel.store.write(async (tx) => {
      for (const id of found.changeSet.nested ?? []) {
        const child = await findChangeSet(tx, here(call), id);
        if (child) removeChangeSet(tx, child.stack, child.changeSet);
      }
      removeChangeSet(tx, found.stack, found.changeSet);
    });
    return {};
  },

  async ExecuteChangeSet(call, input) {
    const { StackName, ChangeSetName = '', ClientRequestToken } = input;
    const { stack, changeSet } = await changeSetNamed(call, StackName, ChangeSetName);
    if (changeSet.parentId !== undefined) throw notTheRoot(changeSet.id, 'executed');
    if (changeSet.executionStatus !== 'AVAILABLE') {
      throw changeSetNotExecutable(changeSet.id, changeSet.executionStatus);
    }
    const wishes = JSON.parse(changeSet.wishes) as Wishes;
    const deployer = deployerOf(call.kernel);
    const template = (await readTemplateText(call.kernel.store, stack, `changeSet/${changeSet.name}`)) ?? '';
    const wish = {
      template,
      // As chosen when the set was made, whatever defaults say by now.
      parameters: new Map(changeSet.parameters.map(({ name, value }) => [name, value])),
      tags: changeSet.tags,
      capabilities: changeSet.capabilities,
      notificationArns: changeSet.notificationArns,
      roleArn: changeSet.roleArn,
      resourceTypes: wishes.ResourceTypes,
      adopt: new Map(Object.entries(changeSet.adopt ?? {})),
      importing: changeSet.type === 'IMPORT',
      revertDrift: wishes.DeploymentMode === 'REVERT_DRIFT',
    };
    const options = {
      ...rollbackOptions({
        DisableRollback: input.DisableRollback ?? (wishes.OnStackFailure === 'DO_NOTHING' || wishes.DisableRollback),
        DeploymentConfig: { Mode: wishes.Mode as DeploymentConfigMode | undefined },
      }),
      onFailure: wishes.OnStackFailure === 'DELETE' ? 'DELETE' : undefined,
      retainExceptOnCreate: input.RetainExceptOnCreate,
      changeSetId: changeSet.id,
    };
    const request = requestOf(call, ClientRequestToken);
    if (stack.status === 'REVIEW_IN_PROGRESS') await beginReviewed(deployer, request, stack, wish, options);
    else await beginUpdate(deployer, request, stack, wish, options);
    await settled(deployer, stack.id);
    return {};
  },
};

function checkInput(input: CreateChangeSetInput): void {
  const { ChangeSetName = '', ChangeSetType, ResourcesToImport = [], ImportExistingResources, DeploymentMode } = input;
  refuseUnsupported(input);
  if (!isChangeSetName(ChangeSetName)) {
    throw validationError(
      `1 validation error detected: Value '${ChangeSetName}' at 'changeSetName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
    );
  }
  if ((ChangeSetType === 'IMPORT') !== ResourcesToImport.length > 0) {
    throw validationError('ResourcesToImport must be given for a change set of type IMPORT, and for no other');
  }
  if (ChangeSetType === 'IMPORT' && ImportExistingResources) {
    throw validationError('ImportExistingResources cannot be given for a change set of type IMPORT');
  }
  if (DeploymentMode === 'REVERT_DRIFT' && ChangeSetType !== 'UPDATE' && ChangeSetType !== undefined) {
    throw validationError('DeploymentMode REVERT_DRIFT can only be given for a change set of type UPDATE');
  }
}

async function adoptions(
  run: Run,
  { ResourcesToImport = [], ImportExistingResources }: CreateChangeSetInput,
  { target }: Prepared,
  rows: readonly Resource[],
): Promise<Adoptions> {
  if (ResourcesToImport.length > 0) return adoptionsAskedFor(run, ResourcesToImport, target.resources);
  return ImportExistingResources ? adoptionsFound(run, target.resources, rows) : nothingAdopted;
}

async function stackFor(call: Call, name: string, type: string): Promise<{ stack: Stack; isNew: boolean }> {
  const stack = await findStack(call.kernel.store, call.account, call.region, name);
  // An import may begin a stack as well as join one.
  if (type === 'CREATE' || (type === 'IMPORT' && (!stack || stack.status === 'REVIEW_IN_PROGRESS'))) {
    if (stack?.status === 'REVIEW_IN_PROGRESS') return { stack, isNew: false };
    if (stack && stack.status !== 'DELETE_COMPLETE')
      throw validationError(`Stack [${name}] already exists and cannot be created again with the changeSet [CREATE].`);
    if (!isStackName(name)) throw missingStack.change(name);
    return { stack: newStack(deployerOf(call.kernel), here(call), name), isNew: true };
  }
  if (!stack || stack.status === 'REVIEW_IN_PROGRESS') throw missingStack.change(name);
  if (!isUpdatable(stack) || isInProgress(stack)) throw wrongState(stack.id, stack.status);
  return { stack, isNew: false };
}

/** The event that opens the story of a stack that begins with a change set. */
async function announceReview(call: Call, stack: Stack): Promise<void> {
  const id = call.kernel.random.uuid();
  const operation = { id, kind: 'CREATE_CHANGESET' as const, actor: call.principal, at: call.now };
  const journal = openJournal(call.kernel, { ...stack, operation }, []);
  journal.stackStatus('REVIEW_IN_PROGRESS', 'User Initiated');
  await journal.flush();
}

function wishesOf(input: CreateChangeSetInput): Wishes {
  const { OnStackFailure, IncludeNestedStacks, ImportExistingResources, ResourceTypes, DeploymentMode } = input;
  const { Mode, DisableRollback } = input.DeploymentConfig ?? {};
  return {
    OnStackFailure,
    IncludeNestedStacks,
    ImportExistingResources,
    Mode,
    DisableRollback,
    ResourceTypes,
    DeploymentMode,
  };
}

async function changeSetNamed(
  call: Call,
  stackName: string | undefined,
  name: string,
): Promise<{ stack: Stack; changeSet: ChangeSet }> {
  const byId = name.startsWith('arn:');
  if (!byId && !stackName)
    throw validationError('StackName must be specified if ChangeSetName is not specified as an ARN.');
  const stack = stackName ? await findStack(call.kernel.store, call.account, call.region, stackName) : undefined;
  if (stackName && !stack && !byId) throw missingStack.change(stackName);
  const found = await findChangeSet(call.kernel.store, here(call), name, stack);
  if (!found) throw missingChangeSet(name);
  return found;
}

function summary({ id, name }: Stack, changeSet: ChangeSet) {
  const wishes = JSON.parse(changeSet.wishes) as Wishes;
  return {
    StackId: id,
    StackName: name,
    ChangeSetId: changeSet.id,
    ChangeSetName: changeSet.name,
    Description: changeSet.changeSetDescription,
    CreationTime: new Date(changeSet.createdAt),
    ExecutionStatus: changeSet.executionStatus as ExecutionStatus,
    Status: changeSet.status as ChangeSetStatus,
    StatusReason: changeSet.reason,
    IncludeNestedStacks: wishes.IncludeNestedStacks,
    ImportExistingResources: wishes.ImportExistingResources,
    ParentChangeSetId: changeSet.parentId,
    RootChangeSetId: changeSet.rootId,
  };
}

function withoutValues(change: Change): Change {
  const { BeforeContext: _, AfterContext: __, Details, ...rest } = change.ResourceChange ?? {};
  const bare = Details?.map(({ Target, ...detail }) => {
    const { BeforeValue: ___, AfterValue: ____, Path: _____, AttributeChangeType: ______, ...target } = Target ?? {};
    return { ...detail, Target: target };
  });
  return { ...change, ResourceChange: { ...rest, Details: bare } };
}
