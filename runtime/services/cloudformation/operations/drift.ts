/**
 * Drift: whether resources still are what their stack made of them. Looked at while the caller waits, through the type's
 * `read`; only properties that the template sets and that can be read back are compared, as on AWS. Types without a
 * `read` are not checked. A stack keeps its last detection only. Source: CloudFormation user guide, "Detect unmanaged
 * configuration changes to stacks and resources with drift detection".
 */
import type { PropertyDifference, StackResourceDrift } from '@aws-sdk/client-cloudformation';
import { isAwsError } from '../../../base/errors';
import { differences } from '../../../engine/template/difference';
import type { Call } from '../../../kernel/call';
import type { Handlers, Properties } from '../../../kernel/service';
import { stringified } from '../custom/custom';
import { deployerOf } from '../deployer';
import { missingResource, missingStack, validationError, wrongState } from '../errors';
import { isInProgress, reopen } from '../stacks/begin';
import { contextFor } from '../stacks/provider';
import type { Run } from '../stacks/run';
import {
  allStacks,
  findResource,
  findStack,
  putResource,
  putStack,
  type Resource,
  type ResourceDrift,
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
    return { StackResourceDrift: driftView(stack, found[0]) };
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
    const views = rows.map((row) => driftView(stack, row));
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

async function driftOf(run: Run, row: Resource, at: number): Promise<ResourceDrift> {
  const now = row.now!;
  const type = run.deployer.type(row.type);
  if (!type?.read) return { at, status: 'NOT_CHECKED', expected: {}, actual: {} };
  const live = await type.read(contextFor(run, row, now), now.physicalId);
  const readable = Object.keys(now.properties).filter((name) => !live || Object.hasOwn(live, name));
  // A dynamic reference is not resolved for a comparison: what it stands for may be a secret.
  const compared = readable.filter((name) => !JSON.stringify(now.properties[name]).includes('{{resolve:'));
  const expected = pick(now.properties, compared);
  const actual = pick(live ?? {}, compared);
  const status = !live ? 'DELETED' : differencesOf(expected, actual).length > 0 ? 'MODIFIED' : 'IN_SYNC';
  return { at, status, expected, actual };
}

/** As text, which is how a template may write numbers and booleans. */
function pick(properties: Properties, names: readonly string[]): Properties {
  const set = names.filter((name) => properties[name] !== undefined);
  return Object.fromEntries(set.map((name) => [name, stringified(properties[name])]));
}

const KINDS = { Add: 'ADD', Remove: 'REMOVE', Modify: 'NOT_EQUAL' } as const;

function differencesOf(expected: Properties, actual: Properties): PropertyDifference[] {
  const written = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'));
  // Members that the template leaves open have their defaults; what is added to a list is a difference.
  const told = differences(expected, actual).filter(({ path, kind }) => kind !== 'Add' || /^\d+$/.test(path.at(-1)!));
  return told.map(({ path, kind, before, after }) => ({
    PropertyPath: `/${path.join('/')}`,
    ExpectedValue: written(before),
    ActualValue: written(after),
    DifferenceType: KINDS[kind],
  }));
}

function driftView(stack: Stack, row: Resource): StackResourceDrift {
  const { LogicalResourceId, PhysicalResourceId, ResourceType } = resourceView(row);
  const { status, at, expected, actual } = row.drift!;
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
