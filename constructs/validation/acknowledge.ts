/**
 * Findings of cdk-nag that a construct answers for: the rule, the packs that have it, and a reason that a security
 * reviewer can check. Written in the bare form (`HIPAA.Security-S3...`), which holds in a full synth and in
 * `pack.validateScope()`. Set the context `coffer:acknowledge` to false to see every finding again.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Switch that turns the acknowledgements of this package off. */
const CONTEXT_KEY = 'coffer:acknowledge';

/** Which packs have a rule. Source: the packs of cdk-nag 3. */
const PACKS: { readonly [rule: string]: readonly string[] } = {
  S3BucketReplicationEnabled: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  S3DefaultEncryptionKMS: ['HIPAA.Security', 'NIST.800.53.R5', 'PCI.DSS.321'],
  S3BucketDefaultLockEnabled: ['NIST.800.53.R4'],
  S3BucketVersioningEnabled: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  S3BucketLoggingEnabled: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaInsideVPC: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  LambdaConcurrency: ['HIPAA.Security', 'NIST.800.53.R5'],
  LambdaDLQ: ['HIPAA.Security', 'NIST.800.53.R5', 'Serverless'],
  IAMNoInlinePolicy: ['HIPAA.Security', 'NIST.800.53.R4', 'NIST.800.53.R5', 'PCI.DSS.321'],
  SQSRedrivePolicy: ['Serverless'],
  SNSRedrivePolicy: ['Serverless'],
  LambdaAsyncFailureDestination: ['Serverless'],
  LambdaEventSourceMappingDestination: ['Serverless'],
};

/** Answers for `rule` on `scope`, in every pack that has it; a rule of one pack is given with its prefix. */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  const wanted = scope.node.tryGetContext(CONTEXT_KEY);
  if (wanted === false || wanted === 'false') return;
  const ids = PACKS[rule]?.map((pack) => `${pack}-${rule}`) ?? [rule];
  for (const id of ids) Validations.of(scope).acknowledge({ id, reason });
}

/** Acknowledges that a policy names `resource`, which holds a wildcard. */
export function acknowledgeWildcard(policy: IConstruct, resource: string, reason: string): void {
  const id = () => `AwsSolutions-IAM5[Resource::${flat(Stack.of(policy).resolve(resource))}]`;
  const first = id();
  acknowledge(policy, first, reason);
  // A reference to another stack takes its form only when the app is synthesised.
  policy.node.addValidation({
    validate: () => {
      const last = id();
      if (last !== first) acknowledge(policy, last, reason);
      return [];
    },
  });
}

/** A value with its references as cdk-nag prints them in ids. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Record<string, unknown>;
  if (typeof Ref === 'string') return `<${Ref}>`;
  if (Array.isArray(attribute)) return `<${attribute.join('.')}>`;
  if (Array.isArray(join)) return (join[1] as unknown[]).map(flat).join(join[0] as string);
  return JSON.stringify(value);
}

/** Whether the rule is acknowledged on the resource or above it, in the bare form or after the pack's name. */
export function acknowledged(resource: IConstruct, rule: string): boolean {
  return [...resource.node.scopes, resource].some((scope) =>
    scope.node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .some(({ data }) => Object.keys(data ?? {}).some((id) => id === rule || id.endsWith(`::${rule}`))),
  );
}
