/** Stacks: made, changed, deleted, rolled back, described. */
import type { CreateStackInput, DeploymentConfig, StackStatus, UpdateStackInput } from '@aws-sdk/client-cloudformation';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { deployerOf, settled } from '../deployer';
import { missingResource, missingStack, validationError } from '../errors';
import { isStackName } from '../names';
import { templateText } from '../source';
import { beginCreate, beginUpdate, type CreationOptions, type Request } from '../stacks/begin';
import type { Wish } from '../stacks/prepare';
import { beginDelete, beginRollback, cancelUpdate } from '../stacks/undo';
import { allStacks, findResource, findStack, type Stack } from '../state';
import { signalResource } from '../waiting';
import { policyText } from './policies';
import { here, paged, parameterWishes, refuseUnsupported, stackNamed, stackView, tagsOf } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export function requestOf(call: Call, token: string | undefined): Request {
  return { caller: call.principal, at: here(call), token };
}

type WishInput = Pick<
  CreateStackInput & UpdateStackInput,
  | 'TemplateBody'
  | 'TemplateURL'
  | 'UsePreviousTemplate'
  | 'Parameters'
  | 'Tags'
  | 'Capabilities'
  | 'NotificationARNs'
  | 'RoleARN'
  | 'ResourceTypes'
  | 'StackPolicyBody'
  | 'StackPolicyURL'
  | 'StackPolicyDuringUpdateBody'
  | 'StackPolicyDuringUpdateURL'
>;

export async function wishOf(call: Call, input: WishInput, stack?: Stack): Promise<Wish> {
  return {
    template: await templateText(call, input, stack),
    parameters: parameterWishes(input.Parameters),
    tags: tagsOf(input.Tags),
    capabilities: input.Capabilities ?? [],
    notificationArns: input.NotificationARNs,
    roleArn: input.RoleARN || undefined,
    resourceTypes: input.ResourceTypes,
    stackPolicy: await policyText(call, 'StackPolicy', input.StackPolicyBody, input.StackPolicyURL),
    stackPolicyDuringUpdate: await policyText(
      call,
      'StackPolicyDuringUpdate',
      input.StackPolicyDuringUpdateBody,
      input.StackPolicyDuringUpdateURL,
    ),
  };
}

/** @throws AwsError when a caller says two things about what a failure leads to */
export function rollbackOptions(input: {
  DisableRollback?: boolean;
  OnFailure?: string;
  RetainExceptOnCreate?: boolean;
  DeploymentConfig?: DeploymentConfig;
}): CreationOptions {
  const { OnFailure, DeploymentConfig } = input;
  const disableRollback = input.DisableRollback ?? DeploymentConfig?.DisableRollback ?? false;
  if (input.DisableRollback !== undefined && OnFailure !== undefined) {
    throw validationError('You can specify either DisableRollback or OnFailure, but not both.');
  }
  return {
    disableRollback,
    onFailure: OnFailure,
    retainExceptOnCreate: input.RetainExceptOnCreate,
    deploymentMode: DeploymentConfig?.Mode,
  };
}

/** The stack whose resource this call makes: nested stacks are created by their parent's provider. */
async function parentOf(call: Call): Promise<Pick<CreationOptions, 'parentId' | 'rootId'>> {
  const name = call.via.includes('cloudformation.amazonaws.com') ? call.origin?.stackName : undefined;
  const parent = name && (await findStack(call.kernel.store, call.account, call.region, name));
  return parent ? { parentId: parent.id, rootId: parent.rootId ?? parent.id } : {};
}

export const stackHandlers: Handlers<Client> = {
  async CreateStack(call, input) {
    const { StackName = '' } = input;
    if (!isStackName(StackName)) {
      throw validationError(
        `1 validation error detected: Value '${StackName}' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*`,
      );
    }
    refuseUnsupported(input);
    const deployer = deployerOf(call.kernel);
    const begun = await beginCreate(
      deployer,
      requestOf(call, input.ClientRequestToken),
      StackName,
      await wishOf(call, input),
      {
        ...rollbackOptions(input),
        ...(await parentOf(call)),
        timeoutMinutes: input.TimeoutInMinutes,
        terminationProtection: input.EnableTerminationProtection ?? false,
      },
    );
    await settled(deployer, begun.stack.id);
    return { StackId: begun.stack.id, OperationId: begun.stack.operation?.id };
  },

  async UpdateStack(call, input) {
    refuseUnsupported(input);
    const deployer = deployerOf(call.kernel);
    const stack = await stackNamed(call, input.StackName, missingStack.change);
    const wish = await wishOf(call, input, stack);
    const begun = await beginUpdate(
      deployer,
      requestOf(call, input.ClientRequestToken),
      stack,
      wish,
      rollbackOptions(input),
    );
    await settled(deployer, stack.id);
    return { StackId: stack.id, OperationId: begun.stack.operation?.id };
  },

  async DeleteStack(call, input) {
    const deployer = deployerOf(call.kernel);
    const stack = await findStack(call.kernel.store, call.account, call.region, input.StackName ?? '');
    // Deleting what is not there succeeds.
    if (!stack) return {};
    const { RetainResources: retain, DeletionMode, RoleARN } = input;
    await beginDelete(deployer, requestOf(call, input.ClientRequestToken), stack, {
      retain,
      force: DeletionMode === 'FORCE_DELETE_STACK',
      roleArn: RoleARN || undefined,
    });
    await settled(deployer, stack.id);
    return {};
  },

  async RollbackStack(call, input) {
    const deployer = deployerOf(call.kernel);
    const stack = await stackNamed(call, input.StackName, missingStack.change);
    const { RoleARN, RetainExceptOnCreate, ClientRequestToken } = input;
    const begun = await beginRollback(deployer, requestOf(call, ClientRequestToken), stack, 'ROLLBACK', {
      roleArn: RoleARN || undefined,
      retainExceptOnCreate: RetainExceptOnCreate,
    });
    await settled(deployer, stack.id);
    return { StackId: stack.id, OperationId: begun.stack.operation?.id };
  },

  async ContinueUpdateRollback(call, input) {
    const deployer = deployerOf(call.kernel);
    const stack = await stackNamed(call, input.StackName, missingStack.change);
    await beginRollback(deployer, requestOf(call, input.ClientRequestToken), stack, 'CONTINUE_ROLLBACK', {
      skip: input.ResourcesToSkip,
      roleArn: input.RoleARN || undefined,
    });
    await settled(deployer, stack.id);
    return {};
  },

  async SignalResource(call, { StackName, LogicalResourceId = '', UniqueId = '', Status }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    const row = await findResource(call.kernel.store, stack, LogicalResourceId);
    if (!row) throw missingResource(LogicalResourceId, stack.name);
    const signal = { uniqueId: UniqueId, status: Status as 'SUCCESS' | 'FAILURE', reason: 'signalled', data: '' };
    if (!(await signalResource(call.kernel, stack.id, LogicalResourceId, signal))) {
      throw validationError(`Resource ${LogicalResourceId} is in ${row.status} state and cannot be signaled.`);
    }
    return {};
  },

  async CancelUpdateStack(call, input) {
    const deployer = deployerOf(call.kernel);
    const stack = await stackNamed(call, input.StackName, missingStack.change);
    cancelUpdate(deployer, stack);
    await settled(deployer, stack.id);
    return {};
  },

  async DescribeStacks(call, input) {
    const deployer = deployerOf(call.kernel);
    if (!input.StackName) {
      const stacks = await allStacks(call.kernel.store, call.account, call.region);
      const { page, NextToken } = paged(
        stacks.filter(({ status }) => status !== 'DELETE_COMPLETE'),
        input.NextToken,
      );
      return { Stacks: page.map(stackView), NextToken };
    }
    const stack = await stackNamed(call, input.StackName);
    if (!deployer.running.has(stack.id)) return { Stacks: [stackView(stack)] };
    // By id: a stack that is deleted meanwhile has lost its name.
    await settled(deployer, stack.id);
    return { Stacks: [stackView(await stackNamed(call, stack.id))] };
  },

  async ListStacks(call, { StackStatusFilter, NextToken: token }) {
    const stacks = await allStacks(call.kernel.store, call.account, call.region);
    const wanted = stacks.filter(
      ({ status }) => !StackStatusFilter?.length || StackStatusFilter.includes(status as StackStatus),
    );
    const { page, NextToken } = paged(
      wanted.sort((a, b) => b.createdAt - a.createdAt),
      token,
    );
    return {
      StackSummaries: page.map((stack) => {
        const {
          StackId,
          StackName,
          CreationTime,
          LastUpdatedTime,
          DeletionTime,
          StackStatus,
          StackStatusReason,
          ParentId,
          RootId,
          LastOperations,
          DriftInformation,
        } = stackView(stack);
        return {
          StackId,
          StackName,
          TemplateDescription: stack.description,
          CreationTime,
          LastUpdatedTime,
          DeletionTime,
          StackStatus,
          StackStatusReason,
          ParentId,
          RootId,
          DriftInformation,
          LastOperations,
        };
      }),
      NextToken,
    };
  },
};
