/** A plan as the API's `Changes`. Source: CloudFormation API Reference, "ResourceChange". */
import type { Change, ResourceAttribute, ResourceChangeDetail } from '@aws-sdk/client-cloudformation';
import { containsUnknown, UNKNOWN } from '../../../engine/template/evaluate';
import type { PlannedChange, PlannedProperty } from './plan';
import { isRetained } from './resource';
import { masked } from './secrets';

export const LATER = '{{changeSet:KNOWN_AFTER_APPLY}}';

/**
 * @param secrets values that are not to be shown
 * @param nested change sets of nested stacks, by logical id
 */
export function changesView(
  changes: readonly PlannedChange[],
  secrets: ReadonlySet<string>,
  nested: ReadonlyMap<string, string> = new Map(),
): Change[] {
  return changes.map((change) => ({
    Type: 'Resource',
    ResourceChange: {
      PolicyAction: policyAction(change),
      Action: change.action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: change.action === 'Modify' ? change.replacement : undefined,
      Scope: change.scope as ResourceAttribute[],
      Details: details(change, secrets),
      ChangeSetId: nested.get(change.logicalId),
      BeforeContext: context(change.before, secrets),
      AfterContext: context(change.after, secrets),
    },
  }));
}

function policyAction({ action, replacement, policy }: PlannedChange) {
  const verb = isRetained(policy) ? 'Retain' : 'Delete';
  if (action === 'Remove') return verb;
  return action === 'Modify' && replacement === 'True' ? (`ReplaceAnd${verb}` as const) : undefined;
}

function details({ scope, properties, action }: PlannedChange, secrets: ReadonlySet<string>): ResourceChangeDetail[] {
  if (action !== 'Modify') return [];
  const attributes = scope.filter((name) => name !== 'Properties' && name !== 'Tags');
  return [
    ...properties.map((it) => detail(it, secrets)),
    ...(scope.includes('Tags') && !properties.some(({ property }) => property === 'Tags') ? [bare('Tags')] : []),
    ...attributes.map(bare),
  ];
}

function bare(Attribute: string): ResourceChangeDetail {
  return {
    Target: { Attribute: Attribute as ResourceAttribute, RequiresRecreation: 'Never' },
    Evaluation: 'Static',
    ChangeSource: 'DirectModification',
  };
}

function detail(difference: PlannedProperty, secrets: ReadonlySet<string>): ResourceChangeDetail {
  const { property, path, kind, before, after, requiresRecreation, causedBy } = difference;
  return {
    Target: {
      Attribute: property === 'Tags' ? 'Tags' : 'Properties',
      Name: property,
      RequiresRecreation: requiresRecreation,
      Path: `/Properties/${path.join('/')}`,
      AttributeChangeType: kind,
      BeforeValue: text(masked(before, secrets)),
      AfterValue: text(masked(after, secrets)),
    },
    Evaluation: containsUnknown(after) ? 'Dynamic' : 'Static',
    ChangeSource: causedBy
      ? causedBy.includes('.')
        ? 'ResourceAttribute'
        : 'ResourceReference'
      : 'DirectModification',
    CausingEntity: causedBy,
  };
}

function text(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'object' ? json(value) : value === UNKNOWN ? LATER : String(value);
}

function json(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item === UNKNOWN ? LATER : item));
}

function context(described: PlannedChange['before'], secrets: ReadonlySet<string>): string | undefined {
  if (!described) return undefined;
  return json(masked({ Properties: described.properties, Metadata: described.metadata }, secrets));
}
