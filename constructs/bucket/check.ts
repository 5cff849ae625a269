/**
 * What can be wrong with the props of a SecureBucket before there is a bucket: each alone, and in combination. What the
 * resulting resource must hold to is in `validation/`, shared with the mixins and the audit.
 */
import { type Duration, Token } from 'aws-cdk-lib';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Problems } from '../validation/problems';
import { UploadEncryption } from './encryption';
import type { SecureBucketProps } from './props';

/** Problems with the props of a bucket that is about to be made as `id` in `scope`. */
export function propProblems(scope: Construct, id: string, props: SecureBucketProps): Problems {
  const problems = new Problems(scope, id);
  encryption(problems, props);
  data(problems, props);
  protection(problems, props);
  const tls = props.minimumTlsVersion ?? 1.2;
  problems.check([1.2, 1.3].includes(tls), 'minimumTlsVersion', tls, '1.2 or 1.3', 'leave it out for 1.2');
  const prefix = props.accessLogs?.prefix ?? 'x/';
  problems.check(
    prefix.endsWith('/') && !prefix.startsWith('/'),
    'accessLogs.prefix',
    prefix,
    'a prefix that ends in / and does not begin with it',
    `use "${id}/"`,
  );
  if (props.bucketName !== undefined && props.bucketNamePrefix !== undefined)
    problems.check(
      false,
      'bucketNamePrefix',
      props.bucketNamePrefix,
      'only without bucketName',
      'leave out bucketName: the name is made of prefix, account and Region',
    );
  // CloudFormation appends -<12 digits>-<region>-an; a name has at most 63 characters.
  const named = props.bucketNamePrefix ?? 'x';
  problems.check(
    /^[a-z0-9]([a-z0-9-]{0,34}[a-z0-9])?$/.test(named),
    'bucketNamePrefix',
    named,
    '1 to 36 of a-z, 0-9 and -, not - at an end',
    'shorten it or leave out what is not allowed',
  );
  return problems;
}

function encryption(problems: Problems, props: SecureBucketProps): void {
  const { algorithm, reason, usesKey } = props.encryption ?? { algorithm: 'aws:kms', usesKey: true };
  stated(problems, 'encryption.reason', reason, 'why S3 may manage the keys of this bucket');
  if (props.bucketKeyEnabled !== undefined && algorithm !== 'aws:kms')
    problems.check(
      !props.bucketKeyEnabled,
      'bucketKeyEnabled',
      props.bucketKeyEnabled,
      `not with ${algorithm}`,
      'leave it out, or use Encryption.customerKey()',
    );
  if (!usesKey)
    problems.check(
      props.uploadEncryption !== UploadEncryption.MATCHING,
      'uploadEncryption',
      props.uploadEncryption,
      'ANY or STATED with Encryption.s3Managed()',
      'leave it out, or use Encryption.customerKey()',
    );
}

function data(problems: Problems, props: SecureBucketProps): void {
  whole(problems, 'abortMultipartAfter', props.abortMultipartAfter);
  stated(problems, 'versioning.reason', props.versioning?.reason, 'why no version need ever come back');
  stated(problems, 'accessLogs.reason', props.accessLogs?.reason, 'why no one need know who came');
  const moves = [...(props.lifecycle?.rules ?? []), ...(props.lifecycleRules ?? [])].some(
    (rule) => (rule.transitions?.length ?? 0) > 0,
  );
  const rules = [...(props.lifecycle?.rules ?? []), ...(props.lifecycleRules ?? [])];
  for (const rule of rules) wholeRule(problems, `lifecycle rule ${rule.id ?? 'without id'}`, rule);
  const choice = props.storageClass?.storageClass ?? 'STANDARD';
  problems.check(
    choice === 'STANDARD' || !moves,
    'storageClass',
    choice,
    'only without lifecycle rules that move objects',
    'leave out storageClass, or the transitions',
  );
}

function protection(problems: Problems, props: SecureBucketProps): void {
  const locked = props.objectLockEnabled ?? props.objectLockDefaultRetention !== undefined;
  problems.check(
    props.objectLockDefaultRetention === undefined || props.objectLockEnabled !== false,
    'objectLockEnabled',
    props.objectLockEnabled,
    'true or left out beside objectLockDefaultRetention',
    'leave it out',
  );
  if (locked && props.versioning?.enabled === false)
    problems.check(
      false,
      'versioning',
      'disabled',
      'Versioning.ENABLED with Object Lock, which locks versions',
      'leave it out, or leave out Object Lock',
    );
  if (locked && props.removal?.withObjects)
    problems.check(
      false,
      'removal',
      props.removal.name,
      'RETAIN or DESTROY with Object Lock: locked objects cannot be deleted',
      'use Removal.RETAIN',
    );
  for (const [name, value] of Object.entries(props.tags ?? {})) {
    const right = name.length >= 1 && name.length <= 128 && !/^aws:/i.test(name);
    problems.check(right, 'tags', name, 'keys of 1 to 128 characters that do not begin with aws:', 'rename the tag');
    problems.check(value.length <= 256, `tags.${name}`, value, 'at most 256 characters', 'shorten the value');
  }
}

/** An opt-out that gives a reason must give one. */
function stated(problems: Problems, property: string, reason: string | undefined, what: string): void {
  if (reason !== undefined) problems.check(reason.trim() !== '', property, reason, 'a reason in words', `say ${what}`);
}

function whole(problems: Problems, property: string, duration: Duration | undefined): void {
  if (duration === undefined || duration.isUnresolved() || Token.isUnresolved(duration)) return;
  const days = duration.toDays({ integral: false });
  const right = days >= 1 && Number.isInteger(days);
  problems.check(right, property, days, 'whole days, at least 1', 'pass Duration.days(7)');
}

/** Durations of a lifecycle rule that are no whole days are refused here, before aws-cdk-lib does in its own words. */
function wholeRule(problems: Problems, at: string, rule: s3.LifecycleRule): void {
  const durations: [string, Duration | undefined][] = [
    ['expiration', rule.expiration],
    ['noncurrentVersionExpiration', rule.noncurrentVersionExpiration],
    ['abortIncompleteMultipartUploadAfter', rule.abortIncompleteMultipartUploadAfter],
    ...(rule.transitions ?? []).map((it, i): [string, Duration | undefined] => [
      `transitions[${i}].transitionAfter`,
      it.transitionAfter,
    ]),
    ...(rule.noncurrentVersionTransitions ?? []).map((it, i): [string, Duration | undefined] => [
      `noncurrentVersionTransitions[${i}].transitionAfter`,
      it.transitionAfter,
    ]),
  ];
  for (const [name, duration] of durations) {
    if (duration === undefined || duration.isUnresolved()) continue;
    const days = duration.toDays({ integral: false });
    problems.check(Number.isInteger(days), `${at}: ${name}`, days, 'whole days', 'pass Duration.days(n)');
  }
}
