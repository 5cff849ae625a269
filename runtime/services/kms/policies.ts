/**
 * Whose key is this and who may use it: the key policy, without which not even the account's administrators get in, and
 * the grants beside it. Sources: AWS KMS Developer Guide, "Key policies in AWS KMS", "Grants in AWS KMS".
 */
import type { GrantOperation } from '@aws-sdk/client-kms';
import { parseArn } from '../../base/arn';
import { applies, compile } from '../../engine/policy/compile';
import { findProblem, resourceDialect } from '../../engine/policy/dialect';
import type { AttachedPolicy, Check, PolicySource, ResourceVerdict } from '../../kernel/authorize';
import type { Call, Kernel } from '../../kernel/call';
import type { Principal } from '../../kernel/principal';
import { callKeys, contextIn } from './conditions';
import { limitExceeded, malformedPolicy } from './errors';
import { type GrantRow, grantsOf, readPolicy, scanPolicies } from './state';

/** Source: AWS KMS Developer Guide, "Resource quotas": key policy document size. */
const policyLimitBytes = 32_768;

/** The policy of a key whose maker gave none, in the layout in which KMS answers it. */
export const defaultPolicy = (partition: string, account: string) => `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:${partition}:iam::${account}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`;

/**
 * Refuses what is no key policy, one that names a user or role of the account that is not there, and one that would lock
 * its author out.
 * @throws MalformedPolicyDocumentException, LimitExceededException
 */
export async function checkPolicy(
  call: Call,
  arn: string,
  document: string,
  bypassLockout: boolean | undefined,
): Promise<void> {
  if (Buffer.byteLength(document) > policyLimitBytes)
    throw limitExceeded(`The key policy is longer than ${policyLimitBytes} bytes.`);
  const problem = findProblem(document, resourceDialect);
  if (problem) throw malformedPolicy(`${problem.message} (${problem.place})`);
  if ((await call.kernel.absentPrincipal(document, call)) !== undefined)
    throw malformedPolicy('Policy contains a statement with one or more invalid principals.');
  if (!bypassLockout && locksOut(call, arn, document))
    throw malformedPolicy('The new key policy will not allow you to update the key policy in the future.');
}

/** Whether the caller could not put another policy after this one. */
function locksOut(call: Call, resource: string, document: string): boolean {
  const compiled = compile(document);
  if ('problem' in compiled) return true;
  const { principal } = call;
  const keys: Readonly<Record<string, string | readonly string[] | undefined>> = {
    ...callKeys(call),
    'aws:principalarn': principal.session?.roleArn ?? principal.arn,
    'aws:principalaccount': principal.account,
    'aws:securetransport': String(call.request.secure),
  };
  const lower = new Map(Object.entries(keys).map(([name, value]) => [name.toLowerCase(), value]));
  const asked = {
    action: 'kms:PutKeyPolicy',
    lowerAction: 'kms:putkeypolicy',
    resource,
    caller: principal,
    lookup: (name: string) => lower.get(name.toLowerCase()),
  };
  const matching = compiled.statements.filter((statement) => applies(statement, asked) !== undefined);
  return matching.length === 0 || matching.some((statement) => statement.deny);
}

export const keyPolicies: PolicySource = {
  async verdict(kernel, check, principal): Promise<ResourceVerdict | undefined> {
    const arn = parseArn(check.resource);
    if (!arn?.resource.startsWith('key/')) return undefined;
    const key = { account: arn.account, region: arn.region, keyId: arn.resource.slice('key/'.length) };
    const policy = await readPolicy(kernel.store, key);
    if (!policy) return undefined;
    const grant = (await grantsOf(kernel.store, key)).find((one) => permits(one, check, principal));
    return {
      owner: key.account,
      sameAccount: 'delegated',
      // "RCPs ... don't apply to AWS managed keys." Source: Organizations user guide, "Resource control policies".
      uncontrolled: policy.managed,
      policies: [
        {
          kind: 'resource',
          name: `key policy of ${check.resource}`,
          document: policy.document,
          origin: policy.origin,
        },
      ],
      grant: grant && { allowed: true, reason: `grant ${grant.grantId}${grant.name ? ` (${grant.name})` : ''}` },
    };
  },
};

/** Policies of all customer managed keys. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { key, value } of scanPolicies(store)) {
    const { managed, document, origin } = value;
    if (!managed) yield { kind: 'resource', name: `key policy of ${key[2]}`, document, origin };
  }
}

/** Whether a grant permits what is asked. Grants only allow; a deny in a policy still wins. */
function permits(grant: GrantRow, check: Check, principal: Principal): boolean {
  const operation = check.action.slice('kms:'.length) as GrantOperation;
  return (
    grant.operations.includes(operation) &&
    (isPrincipal(grant.grantee, principal) || isService(grant.granteeService, principal)) &&
    holds(grant, operation, check, principal)
  );
}

/** Operations that carry no encryption context: constraints about it do not touch them. */
const withoutContext: readonly GrantOperation[] = ['DescribeKey', 'RetireGrant'];

function holds({ constraints }: GrantRow, operation: GrantOperation, check: Check, principal: Principal): boolean {
  if (!constraints) return true;
  if (constraints.SourceArn !== undefined && constraints.SourceArn !== principal.sourceArn) return false;
  const { EncryptionContextEquals: equals, EncryptionContextSubset: subset } = constraints;
  if (withoutContext.includes(operation)) return true;
  const context = contextIn(check.keys);
  const required = Object.entries({ ...subset, ...equals });
  if (equals && Object.keys(context).length !== Object.keys(equals).length) return false;
  return required.every(([name, value]) => context[name] === value);
}

export const isService = (service: string | undefined, principal: Principal): boolean =>
  service !== undefined && principal.service === service;

/** Whether an ARN in a grant means this principal: itself, or the role behind its session. */
export const isPrincipal = (arn: string | undefined, principal: Principal): boolean =>
  arn !== undefined && (arn === principal.arn || arn === principal.session?.roleArn);
