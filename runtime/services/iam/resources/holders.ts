/**
 * What the resource types for users, roles and groups share: inline and managed policies, tags and boundary brought
 * from what the template said before to what it says now. What others attached is left alone.
 */
import { AwsError, isAwsError } from '../../../base/errors';
import { tags, texts } from '../../../kernel/properties';
import type { Properties, ResourceContext } from '../../../kernel/service';
import type { Kind } from '../state';

/** The operations of one kind of entity, by their common shape. */
export function operationsFor({ peers: { iam } }: ResourceContext, kind: Kind, name: string) {
  switch (kind) {
    case 'user':
      return {
        attach: (PolicyArn: string) => iam.AttachUserPolicy({ UserName: name, PolicyArn }),
        detach: (PolicyArn: string) => iam.DetachUserPolicy({ UserName: name, PolicyArn }),
        put: (PolicyName: string, PolicyDocument: string) =>
          iam.PutUserPolicy({ UserName: name, PolicyName, PolicyDocument }),
        remove: (PolicyName: string) => iam.DeleteUserPolicy({ UserName: name, PolicyName }),
      };
    case 'role':
      return {
        attach: (PolicyArn: string) => iam.AttachRolePolicy({ RoleName: name, PolicyArn }),
        detach: (PolicyArn: string) => iam.DetachRolePolicy({ RoleName: name, PolicyArn }),
        put: (PolicyName: string, PolicyDocument: string) =>
          iam.PutRolePolicy({ RoleName: name, PolicyName, PolicyDocument }),
        remove: (PolicyName: string) => iam.DeleteRolePolicy({ RoleName: name, PolicyName }),
      };
    case 'group':
      return {
        attach: (PolicyArn: string) => iam.AttachGroupPolicy({ GroupName: name, PolicyArn }),
        detach: (PolicyArn: string) => iam.DetachGroupPolicy({ GroupName: name, PolicyArn }),
        put: (PolicyName: string, PolicyDocument: string) =>
          iam.PutGroupPolicy({ GroupName: name, PolicyName, PolicyDocument }),
        remove: (PolicyName: string) => iam.DeleteGroupPolicy({ GroupName: name, PolicyName }),
      };
  }
}

/** `Policies` of a role, user or group: documents by name. */
function inlineIn(properties: Properties): Map<string, string> {
  const list = properties.Policies ?? [];
  const wrong = () =>
    new AwsError('ValidationError', 'Properties validation failed: #/Policies: expected type: Array of Policy');
  if (!Array.isArray(list)) throw wrong();
  return new Map(
    list.map((one) => {
      if (typeof one?.PolicyName !== 'string' || one.PolicyDocument === undefined) throw wrong();
      return [one.PolicyName, documentOf(one.PolicyDocument)] as const;
    }),
  );
}

export function documentOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `Policies` and `ManagedPolicyArns` from what they were to what they are; `{}` for nothing. */
export async function settlePolicies(
  context: ResourceContext,
  kind: Kind,
  name: string,
  now: Properties,
  before: Properties,
): Promise<void> {
  const { attach, detach, put, remove } = operationsFor(context, kind, name);
  const [arns, oldArns] = [texts(now, 'ManagedPolicyArns') ?? [], texts(before, 'ManagedPolicyArns') ?? []];
  const [inline, oldInline] = [inlineIn(now), inlineIn(before)];
  for (const arn of arns) if (!oldArns.includes(arn)) await attach(arn);
  for (const [policy, document] of inline) if (oldInline.get(policy) !== document) await put(policy, document);
  for (const policy of oldInline.keys()) if (!inline.has(policy)) await gone(remove(policy));
  for (const arn of oldArns) if (!arns.includes(arn)) await gone(detach(arn));
}

/** What is no longer there need not be removed. */
export async function gone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isAwsError(error, 'NoSuchEntity')) throw error;
  }
}

export function tagList(context: ResourceContext, properties: Properties) {
  return Object.entries(tags(context, properties)).map(([Key, Value]) => ({ Key, Value }));
}

export interface Tagging {
  readonly list: () => Promise<{ Tags?: { Key?: string }[] }>;
  readonly tag: (Tags: { Key: string; Value: string }[]) => Promise<unknown>;
  readonly untag: (TagKeys: string[]) => Promise<unknown>;
}

export async function settleTags(context: ResourceContext, now: Properties, tagging: Tagging): Promise<void> {
  const wanted = tagList(context, now);
  const have = (await tagging.list()).Tags ?? [];
  const left = have.map(({ Key }) => Key!).filter((key) => !wanted.some(({ Key }) => Key === key));
  if (left.length > 0) await tagging.untag(left);
  if (wanted.length > 0) await tagging.tag(wanted);
}

export function changed(now: Properties, before: Properties, name: string): boolean {
  return JSON.stringify(now[name]) !== JSON.stringify(before[name]);
}

/** Entries of a list that came and went. */
export function difference(now: readonly string[] = [], before: readonly string[] = []) {
  return {
    added: now.filter((one) => !before.includes(one)),
    removed: before.filter((one) => !now.includes(one)),
  };
}
