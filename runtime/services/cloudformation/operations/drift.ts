/**
 * Drift: whether resources still are what their stack made of them. Looked at while the caller waits. A stack keeps its
 * last detection only. Source: CloudFormation user guide, "Detect unmanaged
 * configuration changes to stacks and resources with drift detection".
 */
import type { StackResourceDrift } from '@aws-sdk/client-cloudformation';
import { isAwsError } from '../../../base/errors';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { deployerOf } from '../deployer';
import { missingResource, missingStack, validationError, wrongState } from '../errors';
import { isInProgress, reopen } from '../stacks/begin';
import { differencesOf, driftOf } from '../stacks/live';
import { masked, secretsOf } from '../stacks/secrets';
import {
  allStacks,
  findResource,
  findStack,
  putResource,
  putStack,
  type Resource,
  resourcesOf,
  type Stack,
} from '../state';
import { requestOf } from './stacks';
import { paged, resourceView, stackNamed } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export const driftHandlers: Handlers<Client> = {
  async DetectStackDrift(call, { StackName, LogicalResourceIds }) {
    const { stack, found, failures } = await detect(call, StackName, LogicalResourceIds);
    const drifted = found.filter(isDrifted).length;
    const checked = found.some(({ drift }) => drift?.status !== 'NOT_CHECKED');
    const detectionId = call.kernel.random.uuid();
    await call.kernel.store.write(async (tx) => {
      const current = await findStack(tx, stack.account, stack.region, stack.id);
      if (!current) throw missingStack.change(stack.name);
      const status = drifted > 0 ? 'DRIFTED' : checked ? 'IN_SYNC' : 'NOT_CHECKED';
      const failure = failures.length > 0 ? failures.join('; ') : undefined;
      putStack(tx, { ...current, drift: { detectionId, at: call.now, status, drifted, failure } });
    });
    return { StackDriftDetectionId: detectionId };
  },

  async DetectStackResourceDrift(call, { StackName, LogicalResourceId = '' }) {
    const { stack, found, failures } = await detect(call, StackName, [LogicalResourceId]);
    if (failures.length > 0) throw validationError(failures[0]);
    return { StackResourceDrift: driftView(stack, found[0], await secretsIn(call, stack)) };
  },

  async DescribeStackDriftDetectionStatus(call, { StackDriftDetectionId = '' }) {
    const stacks = await allStacks(call.kernel.store, call.account, call.region);
    const stack = stacks.find(({ drift }) => drift?.detectionId === StackDriftDetectionId);
    if (!stack?.drift) throw validationError(`No drift detection found for id: ${StackDriftDetectionId}`);
    const { at, status, drifted, failure } = stack.drift;
    return {
      StackId: stack.id,
      StackDriftDetectionId,
      StackDriftStatus: status,
      DetectionStatus: failure === undefined ? 'DETECTION_COMPLETE' : 'DETECTION_FAILED',
      DetectionStatusReason: failure,
      DriftedStackResourceCount: drifted,
      Timestamp: new Date(at),
    };
  },

  async DescribeStackResourceDrifts(call, { StackName, StackResourceDriftStatusFilters: wanted, NextToken: token }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    const rows = (await resourcesOf(call.kernel.store, stack)).filter(({ drift, at }) => drift && drift.at >= at);
    const secrets = await secretsIn(call, stack);
    const views = rows.map((row) => driftView(stack, row, secrets));
    const chosen = views.filter(({ StackResourceDriftStatus: status }) => !wanted?.length || wanted.includes(status!));
    const { page, NextToken } = paged(chosen, token);
    return { StackResourceDrifts: page, NextToken };
  },
};

const isDrifted = ({ drift }: Resource) => drift?.status === 'MODIFIED' || drift?.status === 'DELETED';

/** @returns rows with what was found; the reasons of those that could not be read */
async function detect(call: Call, name: string | undefined, logicalIds: readonly string[] | undefined) {
  const { store } = call.kernel;
  const stack = await stackNamed(call, name, missingStack.change);
  if (isInProgress(stack) || stack.status === 'REVIEW_IN_PROGRESS' || stack.status === 'DELETE_COMPLETE')
    throw wrongState(stack.id, stack.status, 'checked for drift');
  const rows = (await resourcesOf(store, stack)).filter(({ now }) => now);
  const unknown = logicalIds?.find((id) => !rows.some(({ logicalId }) => logicalId === id));
  if (unknown !== undefined) throw missingResource(unknown, stack.name);
  const chosen = rows.filter(({ logicalId }) => !logicalIds?.length || logicalIds.includes(logicalId));
  const { run } = await reopen(
    deployerOf(call.kernel),
    requestOf(call, undefined),
    stack,
    'UPDATE_STACK',
    call.principal,
  );
  const failures: string[] = [];
  const found = await Promise.all(
    chosen.map(async (row): Promise<Resource> => {
      try {
        return { ...row, drift: await driftOf(run, row, call.now) };
      } catch (error) {
        if (!isAwsError(error)) throw error;
        failures.push(`Failed to detect drift on resource [${row.logicalId}]: ${error.message}`);
        return row;
      }
    }),
  );
  await store.write(async (tx) => {
    for (const row of found) {
      // A resource that an operation has touched meanwhile is another matter.
      const current = await findResource(tx, stack, row.logicalId);
      if (current?.at === row.at) putResource(tx, stack, row);
    }
  });
  return { stack, found, failures };
}

const secretsIn = async (call: Call, stack: Stack) =>
  secretsOf(stack.parameters, await resourcesOf(call.kernel.store, stack));

function driftView(stack: Stack, row: Resource, secrets: ReadonlySet<string>): StackResourceDrift {
  const { LogicalResourceId, PhysicalResourceId, ResourceType } = resourceView(row);
  const { status, at } = row.drift!;
  const [expected, actual] = [row.drift!.expected, row.drift!.actual].map((it) => masked(it, secrets) as typeof it);
  const isChecked = status !== 'NOT_CHECKED';
  return {
    StackId: stack.id,
    LogicalResourceId,
    PhysicalResourceId,
    ResourceType,
    StackResourceDriftStatus: status,
    Timestamp: new Date(at),
    ExpectedProperties: isChecked ? JSON.stringify(expected) : undefined,
    ActualProperties: isChecked && status !== 'DELETED' ? JSON.stringify(actual) : undefined,
    PropertyDifferences: status === 'MODIFIED' ? differencesOf(expected, actual) : undefined,
  };
}
