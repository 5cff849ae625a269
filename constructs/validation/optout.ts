/**
 * Opt-outs on the record: an acknowledgement for each rule of cdk-nag that they break, on the exact construct, and an
 * entry in the template's metadata, so that a reviewer of either finds the reason.
 */
import { CfnResource } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge';

/** The rules of the audit pack and of cdk-nag that a bucket breaks by doing without something. */
const RULES: { readonly [what: string]: readonly string[] } = {
  customerKey: ['Coffer-CustomerKey', 'S3DefaultEncryptionKMS'],
  versioning: ['Coffer-Versioning', 'S3BucketVersioningEnabled'],
  accessLogs: ['Coffer-AccessLogs', 'AwsSolutions-S1', 'S3BucketLoggingEnabled'],
};

/** Records that `scope` does without `what`, and why. */
export function optOut(scope: IConstruct, what: string, reason: string): void {
  for (const rule of RULES[what] ?? []) acknowledge(scope, rule, reason);
  const resource = scope.node.defaultChild;
  if (!CfnResource.isCfnResource(resource)) return;
  const before = resource.getMetadata('coffer:optOuts') as { [what: string]: string } | undefined;
  resource.addMetadata('coffer:optOuts', { ...before, [what]: reason });
}
