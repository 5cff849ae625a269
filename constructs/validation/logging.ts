/**
 * Access logging that S3 refuses or never delivers. Source: S3 User Guide, "Enabling Amazon S3 server access logging",
 * "Permissions for log delivery".
 */
import { retention } from './lock';
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, type Properties, text } from './reading';
import type { BucketFinder } from './replication';

/** Problems of the access logs of a bucket with these properties. */
export function loggingProblems(bucket: Properties, find: BucketFinder): Problem[] {
  const findings = new Findings('Coffer-LogTarget');
  const logging = members(bucket.LoggingConfiguration);
  const at = 'LoggingConfiguration.DestinationBucketName';
  if (bucket.LoggingConfiguration === undefined || isIntrinsic(bucket.LoggingConfiguration)) return [];
  const named = logging.DestinationBucketName;
  const target = named === undefined ? bucket : find(named);
  if (target === undefined) return [];
  if (target === bucket) {
    findings.wrong(
      at,
      'the bucket itself',
      'another bucket: each log would be logged in turn',
      'log to a bucket of its own',
    );
    return findings.problems;
  }
  if (retention(target) !== undefined)
    findings.wrong(
      at,
      'a bucket with a default retention',
      'a bucket without one: S3 delivers no logs to it',
      'leave out the default retention there, or log elsewhere',
    );
  const rules = list(members(target.BucketEncryption).ServerSideEncryptionConfiguration);
  const algorithms = rules.map((it) => text(members(members(it).ServerSideEncryptionByDefault).SSEAlgorithm));
  if (algorithms.some((it) => it?.startsWith('aws:kms')))
    findings.odd(
      at,
      'a bucket encrypted under a KMS key',
      'a bucket with SSE-S3, the one default encryption that log delivery is documented for',
      'use SSE-S3 there',
    );
  return findings.problems;
}
