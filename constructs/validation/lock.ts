/**
 * Object Lock that cannot be, or that makes something else impossible. Sources: S3 User Guide, "Object Lock
 * considerations"; CloudFormation, "AWS::S3::Bucket ObjectLockConfiguration", "DefaultRetention".
 */
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, number, type Properties, text, truth } from './reading';

/** The tag by which CDK's auto-delete function knows the buckets that it may empty. */
const AUTO_DELETE_TAG = 'aws-cdk:auto-delete-objects';

/** Whether CDK empties the bucket when it leaves the stack. */
export function autoDeletes(bucket: Properties): boolean {
  return list(bucket.Tags).some((tag) => text(members(tag).Key) === AUTO_DELETE_TAG);
}

/** The default retention of a bucket, if it has one. */
export function retention(bucket: Properties): Properties | undefined {
  const rule = members(members(bucket.ObjectLockConfiguration).Rule).DefaultRetention;
  return rule === undefined ? undefined : members(rule);
}

/** Problems of Object Lock on a bucket with these properties. */
export function lockProblems(bucket: Properties): Problem[] {
  const findings = new Findings('Coffer-ObjectLock');
  const enabled = truth(bucket.ObjectLockEnabled);
  const status = text(members(bucket.VersioningConfiguration).Status);
  if (enabled && status !== undefined && status !== 'Enabled')
    findings.wrong(
      'VersioningConfiguration.Status',
      status,
      'Enabled with Object Lock, which locks versions',
      'enable it',
    );
  if (bucket.ObjectLockConfiguration !== undefined && !isIntrinsic(bucket.ObjectLockConfiguration) && !enabled)
    if (bucket.ObjectLockEnabled === undefined || enabled === false)
      findings.wrong(
        'ObjectLockEnabled',
        bucket.ObjectLockEnabled,
        'true beside ObjectLockConfiguration; it can be set only when the bucket is made',
        'set ObjectLockEnabled to true',
      );
  if (enabled && autoDeletes(bucket))
    findings.wrong(
      'Tags',
      AUTO_DELETE_TAG,
      'not with Object Lock: locked versions cannot be deleted, so neither can the stack',
      'leave out autoDeleteObjects and retain the bucket',
    );
  const rule = retention(bucket);
  if (rule !== undefined && !isIntrinsic(rule)) defaults(findings, rule);
  return findings.problems;
}

function defaults(findings: Findings, rule: Properties): void {
  const at = 'ObjectLockConfiguration.Rule.DefaultRetention';
  if (rule.Mode === undefined) findings.wrong(`${at}.Mode`, rule.Mode, 'GOVERNANCE or COMPLIANCE', 'name the mode');
  const units = ['Days', 'Years'].filter((name) => rule[name] !== undefined);
  if (units.length !== 1)
    findings.wrong(at, units.length === 0 ? 'neither Days nor Years' : 'Days and Years', 'one of the two', 'keep one');
  for (const [name, most] of [
    ['Days', 36_500],
    ['Years', 100],
  ] as const) {
    const value = number(rule[name]);
    if (value !== undefined && !(Number.isInteger(value) && value >= 1 && value <= most))
      findings.wrong(`${at}.${name}`, value, `whole ${name.toLowerCase()} from 1 to ${most}`, `use 1 to ${most}`);
  }
}
