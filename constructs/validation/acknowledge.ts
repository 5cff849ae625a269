/**
 * Findings of cdk-nag that a construct answers for: the rule, the packs that have it, and a reason that a security
 * reviewer can check. Written in the bare form (`HIPAA.Security-S3...`), which holds in a full synth and in
 * `pack.validateScope()`. Set the context `coffer:acknowledge` to false to see every finding again.
 */
import { Validations } from 'aws-cdk-lib';
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
};

/** Answers for `rule` on `scope`, in every pack that has it; a rule of one pack is given with its prefix. */
export function acknowledge(scope: IConstruct, rule: string, reason: string): void {
  const wanted = scope.node.tryGetContext(CONTEXT_KEY);
  if (wanted === false || wanted === 'false') return;
  const ids = PACKS[rule]?.map((pack) => `${pack}-${rule}`) ?? [rule];
  for (const id of ids) Validations.of(scope).acknowledge({ id, reason });
}
