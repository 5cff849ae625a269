/**
 * Replication that S3 refuses, or takes and then copies nothing. Both ends are judged where both are in the app.
 * Sources: S3 User Guide, "Requirements and considerations for replication", "Replicating encrypted objects",
 * "Replication configuration file elements"; S3 API Reference, "ReplicationRule".
 */
import { retention } from './lock';
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, number, type Properties, text, truth } from './reading';

/** Finds the bucket that a name or ARN in template form means, where it is in the app. */
export type BucketFinder = (reference: unknown) => Properties | undefined;

const MINUTES = 15;

/** Problems of the replication configuration of a bucket with these properties. */
export function replicationProblems(bucket: Properties, find: BucketFinder): Problem[] {
  const findings = new Findings('Coffer-Replication');
  const configuration = members(bucket.ReplicationConfiguration);
  const rules = list(configuration.Rules);
  if (bucket.ReplicationConfiguration === undefined || isIntrinsic(bucket.ReplicationConfiguration)) return [];
  const status = text(members(bucket.VersioningConfiguration).Status);
  if (!keepsVersions(bucket))
    findings.wrong('VersioningConfiguration.Status', status, 'Enabled on a bucket that is replicated', 'enable it');
  const at = 'ReplicationConfiguration.Rules';
  if (rules.length > 1000) findings.wrong(at, `${rules.length} rules`, 'at most 1000', 'join rules');
  unique(findings, at, rules);
  for (const [i, rule] of rules.entries())
    if (!isIntrinsic(rule)) one(findings, `${at}[${i}]`, members(rule), bucket, find);
  return findings.problems;
}

function keepsVersions(bucket: Properties): boolean {
  const configuration = bucket.VersioningConfiguration;
  const status = members(configuration).Status;
  return (
    isIntrinsic(configuration) ||
    isIntrinsic(status) ||
    status === 'Enabled' ||
    truth(bucket.ObjectLockEnabled) === true
  );
}

function unique(findings: Findings, at: string, rules: unknown[]): void {
  for (const name of ['Id', 'Priority'] as const) {
    const seen = new Map<unknown, number>();
    for (const [i, rule] of rules.entries()) {
      const value = members(rule)[name];
      if (value === undefined || isIntrinsic(value)) continue;
      const first = seen.get(value);
      if (first !== undefined)
        findings.wrong(`${at}[${i}].${name}`, value, `one of its own; Rules[${first}] has it`, 'change one of the two');
      seen.set(value, first ?? i);
    }
  }
}

function one(findings: Findings, at: string, rule: Properties, bucket: Properties, find: BucketFinder): void {
  if (rule.Status === 'Disabled') return;
  const destination = members(rule.Destination);
  encrypted(findings, at, rule, destination, bucket);
  timed(findings, `${at}.Destination`, destination);
  filtered(findings, at, rule);
  if (destination.AccessControlTranslation !== undefined && destination.Account === undefined)
    findings.wrong(
      `${at}.Destination.Account`,
      undefined,
      'the account of the destination beside AccessControlTranslation',
      'name the account that is to own the replicas',
    );
  const other = find(destination.Bucket);
  if (other === undefined) return;
  const where = `${at}.Destination.Bucket`;
  if (other === bucket) {
    findings.wrong(where, 'the bucket itself', 'another bucket', 'replicate to a second bucket');
    return;
  }
  if (!keepsVersions(other))
    findings.wrong(where, 'a bucket that keeps no versions', 'a bucket with versioning Enabled', 'enable it there');
  const locked = truth(bucket.ObjectLockEnabled) === true || retention(bucket) !== undefined;
  if (locked && truth(other.ObjectLockEnabled) !== true)
    findings.wrong(
      where,
      'a bucket without Object Lock',
      'a bucket with ObjectLockEnabled, since the source has it',
      'make the destination with Object Lock',
    );
}

function encrypted(
  findings: Findings,
  at: string,
  rule: Properties,
  destination: Properties,
  bucket: Properties,
): void {
  const sse = list(members(bucket.BucketEncryption).ServerSideEncryptionConfiguration).map((it) =>
    text(members(members(it).ServerSideEncryptionByDefault).SSEAlgorithm),
  );
  const criteria = members(rule.SourceSelectionCriteria);
  const selected = members(criteria.SseKmsEncryptedObjects).Status;
  const underKey = sse.some((algorithm) => algorithm?.startsWith('aws:kms'));
  if (underKey && selected !== 'Enabled' && !isIntrinsic(rule.SourceSelectionCriteria) && !isIntrinsic(selected))
    findings.wrong(
      `${at}.SourceSelectionCriteria.SseKmsEncryptedObjects.Status`,
      selected,
      'Enabled where objects are encrypted under a KMS key: else none of them is copied',
      'enable it and name a ReplicaKmsKeyID',
    );
  else if (
    destination.EncryptionConfiguration !== undefined &&
    selected === undefined &&
    !isIntrinsic(rule.SourceSelectionCriteria)
  )
    findings.wrong(
      `${at}.SourceSelectionCriteria.SseKmsEncryptedObjects`,
      undefined,
      'there beside EncryptionConfiguration',
      'enable it, or leave out the key of the replicas',
    );
  const key = members(destination.EncryptionConfiguration).ReplicaKmsKeyID;
  if (selected === 'Enabled' && key === undefined && !isIntrinsic(destination.EncryptionConfiguration))
    findings.wrong(
      `${at}.Destination.EncryptionConfiguration.ReplicaKmsKeyID`,
      key,
      'the ARN of a key in the destination Region beside SseKmsEncryptedObjects',
      'name the key of the destination',
    );
}

/** Replication Time Control promises 15 minutes, and only with its metrics. */
function timed(findings: Findings, at: string, destination: Properties): void {
  const control = members(destination.ReplicationTime);
  const metrics = members(destination.Metrics);
  if (control.Status === 'Enabled' && metrics.Status !== 'Enabled' && !isIntrinsic(metrics.Status))
    findings.wrong(`${at}.Metrics.Status`, metrics.Status, 'Enabled beside ReplicationTime', 'enable the metrics');
  for (const [name, value] of [
    ['ReplicationTime.Time.Minutes', members(control.Time).Minutes],
    ['Metrics.EventThreshold.Minutes', members(metrics.EventThreshold).Minutes],
  ] as const) {
    const minutes = number(value);
    if (minutes !== undefined && minutes !== MINUTES)
      findings.wrong(`${at}.${name}`, minutes, String(MINUTES), `use ${MINUTES}`);
  }
}

function filtered(findings: Findings, at: string, rule: Properties): void {
  if (rule.Filter === undefined && rule.Prefix === undefined) {
    findings.wrong(`${at}.Filter`, undefined, 'a Filter, or a Prefix', 'add Filter: {} for all objects');
    return;
  }
  if (rule.Filter === undefined) {
    if (members(members(rule.SourceSelectionCriteria).ReplicaModifications).Status === 'Enabled')
      findings.wrong(
        `${at}.Filter`,
        undefined,
        'a filter beside ReplicaModifications, if an empty one',
        'add Filter: {}',
      );
    return;
  }
  if (rule.Prefix !== undefined)
    findings.wrong(`${at}.Prefix`, rule.Prefix, 'not beside Filter', 'move the prefix into the filter');
  if (rule.Priority === undefined)
    findings.wrong(`${at}.Priority`, undefined, 'a number of its own beside Filter', 'give each rule one');
  const filter = members(rule.Filter);
  const markers = members(rule.DeleteMarkerReplication).Status;
  if (markers === undefined)
    findings.wrong(`${at}.DeleteMarkerReplication`, undefined, 'Enabled or Disabled beside Filter', 'say which');
  const tagged = filter.TagFilter !== undefined || list(members(filter.And).TagFilters).length > 0;
  if (tagged && markers === 'Enabled')
    findings.wrong(
      `${at}.DeleteMarkerReplication.Status`,
      markers,
      'Disabled with a filter by tag: a delete marker has no tags',
      'filter by prefix, or disable it',
    );
}
