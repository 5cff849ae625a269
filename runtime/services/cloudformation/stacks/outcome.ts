/** What comes of a wish for a change set: its contents, or why it fails. */
import { isAwsError } from '../../../base/errors';
import { isCustom } from '../custom/custom';
import { ChangeSetFailure } from '../errors';
import { registeredType } from '../registry';
import type { Fault, Stack } from '../state';
import type { Adoptions } from './adopt';
import { changesView } from './changes';
import type { NestedSets } from './nested';
import type { Plan, PlannedChange } from './plan';
import type { Prepared } from './prepare';

const NO_CHANGES =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

/** Source: CloudFormation user guide, "Validate stack deployments" (early validation). */
const INVALID_PROPERTIES =
  'The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information.';

/** Properties that cannot be, before anything is made of them. */
function faultsIn(changes: readonly PlannedChange[]): Fault[] {
  return changes.flatMap(({ logicalId, type, after, action }) => {
    if (!after || action === 'Remove' || isCustom(type)) return [];
    return (registeredType(type)?.faultsOf(after.properties) ?? []).map((fault) => {
      const [where, ...words] = fault.split(': ');
      const path = `/Resources/${logicalId}/Properties${where.slice(1)}`;
      return { logicalId, type, path, reason: words.join(': ') };
    });
  });
}

export interface Success {
  readonly prepared: Prepared;
  readonly plan: Plan;
  readonly adopt: Adoptions;
  readonly nested?: NestedSets;
}

export type Attempt = Success | { readonly reason: string };

/** What is wrong with a template makes a failed change set when it shows only in its evaluation. */
export async function attempt(work: () => Promise<Success>): Promise<Attempt> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChangeSetFailure) return { reason: error.message };
    if (
      isAwsError(error, 'ValidationError') &&
      /^(No export named|Fn::GetStackOutput|Update of resource type)/.test(error.message)
    ) {
      return { reason: error.message };
    }
    throw error;
  }
}

export function contentsOf(outcome: Attempt, stack: Stack, tags: Stack['tags'] = stack.tags) {
  if ('reason' in outcome) {
    const { reason } = outcome;
    const { parameters, notificationArns } = stack;
    return {
      status: 'FAILED' as const,
      executionStatus: 'UNAVAILABLE',
      reason,
      changes: '[]',
      parameters,
      notificationArns,
      tags,
    };
  }
  const { prepared, plan: planned, adopt, nested } = outcome;
  const faults = faultsIn(planned.changes);
  const changes = JSON.stringify(changesView(planned.changes, planned.secrets, nested?.ids));
  if (planned.changes.length === 0 && !planned.besides && stack.status !== 'REVIEW_IN_PROGRESS') {
    return {
      ...prepared.settings,
      status: 'FAILED' as const,
      executionStatus: 'UNAVAILABLE',
      reason: NO_CHANGES,
      changes,
    };
  }
  if (faults.length > 0) {
    return {
      ...prepared.settings,
      status: 'FAILED' as const,
      executionStatus: 'UNAVAILABLE',
      reason: INVALID_PROPERTIES,
      changes,
      faults,
    };
  }
  if (nested?.failed) {
    return {
      ...prepared.settings,
      status: 'FAILED' as const,
      executionStatus: 'UNAVAILABLE',
      reason: `Nested change set ${nested.failed} was not successfully created: Currently in FAILED.`,
      changes,
    };
  }
  return {
    ...prepared.settings,
    status: 'CREATE_COMPLETE' as const,
    executionStatus: 'AVAILABLE',
    changes,
    adopt: Object.fromEntries(adopt),
  };
}
