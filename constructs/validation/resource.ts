/**
 * The one validator: what is wrong with a resource of S3, wherever it comes from. SecureBucket runs it on itself, the
 * mixin `BucketValidation` on anyone's bucket, the audit pack on a whole app; rules for CloudFormation's validator say
 * the same of a template.
 */
import { type CfnResource, Token, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { acknowledged } from './acknowledge';
import { baselineProblems } from './baseline';
import { lifecycleProblems } from './lifecycle';
import { lockProblems } from './lock';
import { loggingProblems } from './logging';
import { notificationProblems } from './notifications';
import { policyProblems } from './policy';
import { type Problem, Problems } from './problems';
import { Findings, members } from './reading';
import { replicationProblems } from './replication';
import { storageProblems } from './storage';
import { Surroundings } from './surroundings';

/** Everything that is wrong with `resource`; nothing for a type that is none of S3's. */
export function resourceProblems(resource: CfnResource, around: Surroundings): Problem[] {
  switch (resource.cfnResourceType) {
    case 'AWS::S3::Bucket':
      return bucketProblems(resource, around);
    case 'AWS::S3::BucketPolicy':
      return policyProblems(around.propertiesOf(resource).PolicyDocument);
    case 'AWS::S3::AccessPoint':
      return policyProblems(around.propertiesOf(resource).Policy);
    case 'Custom::S3BucketNotifications':
      return notificationProblems(around.propertiesOf(resource).NotificationConfiguration);
  }
  return [];
}

function bucketProblems(resource: CfnResource, around: Surroundings): Problem[] {
  const properties = around.propertiesOf(resource);
  const find = (reference: unknown) => {
    const other = around.bucket(reference);
    return other === undefined ? undefined : around.propertiesOf(other);
  };
  return [
    ...lifecycleProblems(properties),
    ...lockProblems(properties),
    ...replicationProblems(properties, find),
    ...loggingProblems(properties, find),
    ...distant(resource, around),
    ...notificationProblems(properties.NotificationConfiguration),
    ...storageProblems(properties),
  ];
}

/** Access logs stay in the Region and account of their bucket. Source: S3 User Guide, "Enabling … access logging". */
function distant(resource: CfnResource, around: Surroundings): Problem[] {
  const findings = new Findings('Coffer-LogTarget');
  const logging = members(around.propertiesOf(resource).LoggingConfiguration);
  const target = around.bucket(logging.DestinationBucketName);
  if (target === undefined) return [];
  for (const where of ['region', 'account'] as const) {
    const [own, other] = [resource, target].map((it) => it.stack[where]);
    if (Token.isUnresolved(own) || Token.isUnresolved(other) || own === other) continue;
    findings.wrong(
      'LoggingConfiguration.DestinationBucketName',
      `a bucket of ${where} ${other}`,
      `a bucket of ${where} ${own}, where the bucket is`,
      'log to a bucket of the same Region and account',
    );
  }
  return findings.problems;
}

/** The errors of the resources of `construct`, one line each; what is only hardly meant becomes a warning on it. */
export function judge(construct: IConstruct): string[] {
  const around = new Surroundings(construct.node.root);
  const own = new Surroundings(construct).all();
  return own.flatMap((resource) => {
    const found = resourceProblems(resource, around);
    for (const problem of found.filter((it) => it.warning)) warn(resource, problem);
    return found.filter((it) => !it.warning).map(Problems.format);
  });
}

/** Refuses `construct` at once if a resource of it is wrong by itself. @throws Error naming every problem */
export function refuse(construct: IConstruct): void {
  const around = new Surroundings(construct.node.root);
  const problems = new Problems(construct);
  for (const resource of new Surroundings(construct).all())
    problems.add(...resourceProblems(resource, around).filter((it) => !it.warning));
  problems.throwIfAny();
}

/**
 * What `bucket` has lost of what it was made with: to an aspect, an override, a property injector of its organisation.
 * What its maker opted out of, or acknowledges, it may lack.
 */
export function weakened(bucket: IConstruct, optedOut: readonly string[]): string[] {
  const own = new Surroundings(bucket);
  return own.all().flatMap((resource) =>
    baselineProblems(resource, own)
      .filter(({ rule = '' }) => !optedOut.includes(rule) && !acknowledged(resource, rule))
      .map((problem) => {
        const fix = `take back what changed it, or acknowledge ${problem.rule} with a reason`;
        return Problems.format({ ...problem, fix });
      }),
  );
}

function warn(resource: CfnResource, problem: Problem): void {
  Validations.of(resource).addWarning(`coffer:${problem.rule}`, Problems.format(problem));
}
