/**
 * The policy simulator: the engine asked about policies and a context that the caller gives, and which keys they would
 * need. Statement positions are not reported. Source: IAM API reference, SimulatePrincipalPolicy, SimulateCustomPolicy.
 */
import type * as Iam from '@aws-sdk/client-iam';
import { parseArn } from '../../../base/arn';
import { type Decision, decide, type Policy } from '../../../engine/policy/decide';
import { findProblem, identityDialect, resourceDialect } from '../../../engine/policy/dialect';
import { contextKeys } from '../../../engine/policy/keys';
import type { Caller } from '../../../engine/policy/principals';
import type { AttachedPolicy } from '../../../kernel/authorize';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { findHolder } from '../entities';
import { invalidInput } from '../errors';
import { arnOf, lastSegment } from '../names';
import { pageOf } from '../paging';
import { ofBoundary, ofHolder } from '../policies';
import type { Holder, Kind } from '../state';

interface Simulation {
  readonly ActionNames?: readonly string[];
  readonly ResourceArns?: readonly string[];
  readonly ResourcePolicy?: string;
  readonly ResourceOwner?: string;
  readonly ContextEntries?: readonly Iam.ContextEntry[];
  readonly MaxItems?: number;
  readonly Marker?: string;
}

const types = {
  identity: 'IAM Policy',
  boundary: 'IAM Permissions Boundary Policy',
  resource: 'Resource Policy',
  serviceControl: 'Service Control Policy',
};

function given(kind: 'identity' | 'boundary' | 'resource', list: string, documents: readonly string[] = []): Policy[] {
  return documents.map((document, i) => {
    const name = kind === 'resource' ? list : `${list}.${i + 1}`;
    const problem = findProblem(
      document,
      kind === 'resource' ? resourceDialect : { ...identityDialect, currentVersion: false },
    );
    if (problem) throw invalidInput(`Invalid Entity. ${name}: ${problem.message} (${problem.place})`);
    return { kind, name, document };
  });
}

/** The entity that an ARN names: whose policies are asked. @throws NoSuchEntity, InvalidInput */
async function sourceOf(call: Call, text: string): Promise<{ kind: Kind; row: Holder }> {
  const arn = parseArn(text);
  const kind = /^(user|role|group)\//.exec(arn?.resource ?? '')?.[1] as Kind | undefined;
  if (arn?.service !== 'iam' || arn.account !== call.account || !kind) {
    throw invalidInput(`Invalid Entity Arn: ${text} does not clearly define entity type and name.`);
  }
  return { kind, row: await findHolder(call.kernel.store, kind, call.account, lastSegment(arn)) };
}

/** All policies of a user, role or group, as SimulatePrincipalPolicy takes them. */
async function policiesOf(call: Call, kind: Kind, row: Holder): Promise<AttachedPolicy[]> {
  const { store } = call.kernel;
  const groups = 'groups' in row ? (row.groups as readonly string[]) : [];
  const held = await Promise.all([
    ofHolder(store, kind, row),
    ...groups.map(async (name) => ofHolder(store, 'group', await findHolder(store, 'group', call.account, name))),
    'tags' in row ? ofBoundary(store, kind, row as never) : [],
  ]);
  return held.flat();
}

function callerOf(call: Call, arn: string | undefined): Caller {
  const account = (arn && parseArn(arn)?.account) || call.account;
  if (arn === undefined)
    return { kind: 'user', account, arn: arnOf(call, 'user', { path: '/', name: 'simulated' }), userId: '' };
  if (!arn.includes(':role/')) return { kind: arn.endsWith(':root') ? 'root' : 'user', account, arn, userId: '' };
  return { kind: 'session', account, arn, userId: '', session: { roleArn: arn } };
}

function run(
  input: Simulation,
  caller: Caller,
  policies: readonly Policy[],
  controls: readonly Policy[] | undefined = undefined,
) {
  const context = new Map(
    input.ContextEntries?.map(({ ContextKeyName, ContextKeyType, ContextKeyValues = [] }) => {
      if (!ContextKeyName) throw invalidInput('Every entry of ContextEntries needs a ContextKeyName.');
      return [ContextKeyName.toLowerCase(), ContextKeyType?.endsWith('List') ? ContextKeyValues : ContextKeyValues[0]];
    }),
  );
  const missing = contextKeys(policies.map(({ document }) => document)).filter(
    (key) => !context.has(key.toLowerCase()),
  );
  const owner = input.ResourceOwner && (parseArn(input.ResourceOwner)?.account ?? input.ResourceOwner);
  const results = input.ActionNames!.flatMap((action) =>
    (input.ResourceArns?.length ? input.ResourceArns : ['*']).map((resource): Iam.EvaluationResult => {
      const lookup = (key: string) => context.get(key);
      const decision = decide({
        action,
        resource,
        caller,
        lookup,
        owner,
        policies: [...(controls ?? []), ...policies],
      });
      const boundaries = policies.some(({ kind }) => kind === 'boundary');
      const stopped = decision.by === 'missing' && decision.missing === 'boundary';
      return {
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decision.effect === 'allow' ? 'allowed' : decision.effect,
        MatchedStatements: matchedBy(decision),
        MissingContextValues: missing,
        OrganizationsDecisionDetail: controls && {
          AllowedByOrganizations: isLet(decide({ action, resource, caller: ROOT, lookup, policies: controls })),
        },
        PermissionsBoundaryDecisionDetail: boundaries ? { AllowedByPermissionsBoundary: !stopped } : undefined,
      };
    }),
  );
  const keyed = results.map((result, i) => ({ result, key: String(i).padStart(6, '0') }));
  return pageOf(keyed, input, ({ key }) => key);
}

/** Control policies alone let the root user through, or not. */
const ROOT: Caller = { kind: 'root', arn: '', userId: '' };
const isLet = ({ effect }: Decision): boolean => effect === 'allow';

function matchedBy(decision: Decision): Iam.Statement[] {
  if (typeof decision.by !== 'object') return [];
  const { kind, name } = decision.by.policy;
  return [{ SourcePolicyId: name, SourcePolicyType: types[kind as keyof typeof types] as Iam.PolicySourceType }];
}

export const simulateHandlers = {
  async SimulateCustomPolicy(call, input) {
    const policies = [
      ...given('identity', 'PolicyInputList', input.PolicyInputList),
      ...given('boundary', 'PermissionsBoundaryPolicyInputList', input.PermissionsBoundaryPolicyInputList),
      ...given('resource', 'ResourcePolicy', input.ResourcePolicy === undefined ? [] : [input.ResourcePolicy]),
    ];
    const page = await run(input, callerOf(call, input.CallerArn), policies);
    return { EvaluationResults: page.items.map(({ result }) => result), ...page.paging };
  },

  async SimulatePrincipalPolicy(call, input) {
    const { kind, row } = await sourceOf(call, input.PolicySourceArn!);
    const boundaries = given(
      'boundary',
      'PermissionsBoundaryPolicyInputList',
      input.PermissionsBoundaryPolicyInputList,
    );
    const held = await policiesOf(call, kind, row);
    const policies: Policy[] = [
      // A boundary that is given stands in for the one that is set.
      ...held.filter((policy) => policy.kind !== 'boundary' || boundaries.length === 0),
      ...boundaries,
      ...given('identity', 'PolicyInputList', input.PolicyInputList),
      ...given('resource', 'ResourcePolicy', input.ResourcePolicy === undefined ? [] : [input.ResourcePolicy]),
    ];
    const asker = kind === 'group' ? input.CallerArn : (input.CallerArn ?? input.PolicySourceArn);
    const membership = await call.kernel.membership(call.account);
    const controls = membership && !membership.management ? membership.serviceControl : undefined;
    const page = await run(input, callerOf(call, asker), policies, controls);
    return { EvaluationResults: page.items.map(({ result }) => result), ...page.paging };
  },

  async GetContextKeysForCustomPolicy(_, input) {
    return {
      ContextKeyNames: contextKeys(
        given('identity', 'PolicyInputList', input.PolicyInputList).map((one) => one.document),
      ),
    };
  },

  async GetContextKeysForPrincipalPolicy(call, input) {
    const { kind, row } = await sourceOf(call, input.PolicySourceArn!);
    const held = (await policiesOf(call, kind, row)).map(({ document }) => document);
    const more = given('identity', 'PolicyInputList', input.PolicyInputList).map(({ document }) => document);
    return { ContextKeyNames: contextKeys([...held, ...more]) };
  },
} satisfies Handlers<typeof Iam>;
