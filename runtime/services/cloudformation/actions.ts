/** What each operation asks of IAM. Source: Service Authorization Reference, "AWS CloudFormation". */
import { formatArn } from '../../base/arn';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { findChangeSet, findStack } from './state';

type Client = typeof import('@aws-sdk/client-cloudformation');
type Keys = Check['keys'];

async function stackArn(call: Call, nameOrId = ''): Promise<string> {
  if (nameOrId.startsWith('arn:')) return nameOrId;
  const { account, region, partition } = call;
  const stack = await findStack(call.kernel.store, account, region, nameOrId);
  if (stack) return stack.id;
  return formatArn({ partition, service: 'cloudformation', region, account, resource: `stack/${nameOrId}/*` });
}

interface OnStack {
  readonly StackName?: string;
}

/** The row of an operation on one stack. */
function onStack<I extends OnStack>(action: string, keys?: (input: I) => Keys) {
  return async (input: I, call: Call): Promise<Check[]> => [
    {
      action: `cloudformation:${action}`,
      resource: await stackArn(call, input.StackName),
      keys: keys?.(input),
      resourceTags: await tagsOf(call, input.StackName),
    },
    ...passedRole(input as { RoleARN?: string }),
  ];
}

async function tagsOf({ kernel, account, region }: Call, name = ''): Promise<Check['resourceTags']> {
  return (await findStack(kernel.store, account, region, name))?.tags;
}

function passedRole({ RoleARN }: { RoleARN?: string }): Check[] {
  if (!RoleARN) return [];
  return [
    { action: 'iam:PassRole', resource: RoleARN, keys: { 'iam:PassedToService': 'cloudformation.amazonaws.com' } },
  ];
}

function anywhere(action: string) {
  return (): Check[] => [{ action: `cloudformation:${action}`, resource: '*' }];
}

interface Deployment extends OnStack {
  readonly RoleARN?: string;
  readonly TemplateURL?: string;
  readonly ResourceTypes?: string[];
  readonly ChangeSetName?: string;
  readonly Tags?: { Key?: string; Value?: string }[];
}

function deploymentKeys({ RoleARN, TemplateURL, ResourceTypes, ChangeSetName, Tags = [] }: Deployment): Keys {
  return {
    'cloudformation:RoleArn': RoleARN || undefined,
    'cloudformation:TemplateUrl': TemplateURL,
    'cloudformation:ResourceTypes': ResourceTypes,
    'cloudformation:ChangeSetName': ChangeSetName,
    'aws:TagKeys': Tags.length > 0 ? Tags.map(({ Key = '' }) => Key) : undefined,
    ...Object.fromEntries(Tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

/** A change set is guarded by its stack, also when only its own id is given. */
function onChangeSet(action: string) {
  return async (input: { StackName?: string; ChangeSetName?: string }, call: Call): Promise<Check[]> => {
    const { StackName, ChangeSetName = '' } = input;
    const found = StackName ? undefined : await findChangeSet(call.kernel.store, call, ChangeSetName);
    return onStack(action, deploymentKeys)({ ...input, StackName: StackName ?? found?.stack.id }, call);
  };
}

export const actions: Actions<Client> = {
  CreateStack: onStack('CreateStack', deploymentKeys),
  UpdateStack: onStack('UpdateStack', deploymentKeys),
  DeleteStack: onStack('DeleteStack', deploymentKeys),
  RollbackStack: onStack('RollbackStack', deploymentKeys),
  ContinueUpdateRollback: onStack('ContinueUpdateRollback', deploymentKeys),
  CancelUpdateStack: onStack('CancelUpdateStack'),
  SignalResource: onStack('SignalResource'),
  UpdateTerminationProtection: onStack('UpdateTerminationProtection'),
  SetStackPolicy: onStack('SetStackPolicy', ({ StackPolicyURL }) => ({
    'cloudformation:StackPolicyUrl': StackPolicyURL,
  })),
  GetStackPolicy: onStack('GetStackPolicy'),
  DescribeAccountLimits: anywhere('DescribeAccountLimits'),
  DescribeStacks: (input, call) =>
    input.StackName ? onStack('DescribeStacks')(input, call) : anywhere('DescribeStacks')(),
  ListStacks: anywhere('ListStacks'),
  DescribeStackEvents: onStack('DescribeStackEvents'),
  DescribeEvents: onChangeSet('DescribeEvents'),
  DescribeStackResource: onStack('DescribeStackResource'),
  DescribeStackResources: onStack('DescribeStackResources'),
  ListStackResources: onStack('ListStackResources'),
  DetectStackDrift: onStack('DetectStackDrift'),
  DetectStackResourceDrift: onStack('DetectStackResourceDrift'),
  DescribeStackDriftDetectionStatus: anywhere('DescribeStackDriftDetectionStatus'),
  DescribeStackResourceDrifts: onStack('DescribeStackResourceDrifts'),
  GetTemplate: onChangeSet('GetTemplate'),
  GetTemplateSummary: (input, call) =>
    input.StackName ? onStack('GetTemplateSummary')(input, call) : anywhere('GetTemplateSummary')(),
  ValidateTemplate: anywhere('ValidateTemplate'),
  ListExports: anywhere('ListExports'),
  ListImports: anywhere('ListImports'),
  CreateChangeSet: onStack('CreateChangeSet', deploymentKeys),
  DescribeChangeSet: onChangeSet('DescribeChangeSet'),
  DeleteChangeSet: onChangeSet('DeleteChangeSet'),
  ExecuteChangeSet: onChangeSet('ExecuteChangeSet'),
  ListHookResults: anywhere('ListHookResults'),
  ListChangeSets: onStack('ListChangeSets'),
  CreateStackRefactor: anywhere('CreateStackRefactor'),
  DescribeStackRefactor: anywhere('DescribeStackRefactor'),
  ListStackRefactors: anywhere('ListStackRefactors'),
  ListStackRefactorActions: anywhere('ListStackRefactorActions'),
  ExecuteStackRefactor: anywhere('ExecuteStackRefactor'),
};
