/**
 * Replication from a bucket to others: rules, a role that can do exactly that, metrics, alarms, and on request what was
 * there before. Source: S3 User Guide, "Replicating objects within and across Regions".
 */
import { Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { act } from '../compute/alarms';
import { BucketMetrics } from '../observe/metrics';
import { Problems } from '../validation/problems';
import { ExistingObjects } from './existing';
import {
  allowReplication,
  arnOf,
  checkTargets,
  foreignBucketStatements,
  foreignKeyStatement,
  nameOf,
  type ReplicationTarget,
  replicationRules,
  ruleIdOf,
} from './rule';

/** Properties of a BucketReplication. */
export interface BucketReplicationProps {
  /** Bucket whose objects are replicated. It keeps versions, and has no other replication. */
  readonly source: s3.Bucket;
  /** Where to. Where two targets are one bucket, the later rule wins. */
  readonly targets: ReplicationTarget[];
  /**
   * Name of the role that copies; for an owner of the destination who has to name it before it is made.
   * @default - CloudFormation chooses one
   */
  readonly roleName?: string;
  /**
   * Whether objects that are there already are replicated too, by an S3 Batch Operations job. Adds a Lambda that begins
   * the job, which is charged by the object.
   * @default false
   */
  readonly existingObjects?: boolean;
  /**
   * What alarms do.
   * @default - they tell the topic that the stack shares
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * Replication from a bucket to others.
 *
 * @example
 * new BucketReplication(this, 'Replication', {
 *   source: bucket,
 *   targets: [{ bucket: replica, timeControl: true }],
 * });
 */
export class BucketReplication extends Construct {
  /** Role that copies. */
  public readonly role: iam.Role;
  /** Ids of the rules, by target. */
  public readonly ruleIds: string[];
  /** Alarms: failures, and with timeControl delays beyond 15 minutes. */
  public readonly alarms: cloudwatch.Alarm[] = [];
  private readonly targets: ReplicationTarget[];

  constructor(scope: Construct, id: string, props: BucketReplicationProps) {
    super(scope, id);
    const { source, targets } = props;
    this.targets = targets;
    const problems = new Problems(this);
    checkTargets(problems, source, targets);
    const name = props.roleName ?? 'role';
    problems.check(/^[\w+=,.@-]{1,64}$/.test(name), 'roleName', name, '1 to 64 of A-Za-z0-9_+=,.@-', 'leave it out');
    problems.throwIfAny();

    const resource = source.node.defaultChild as s3.CfnBucket;
    this.role = replicationRole(this, 'Role', source, props.roleName);
    const policy = new iam.ManagedPolicy(this, 'Policy', {
      description: `Replication of ${source.node.path}`,
      roles: [this.role],
    });
    allowReplication(policy, source, Stack.of(source).region, targets, resource.objectLockEnabled === true);
    resource.replicationConfiguration = { role: this.role.roleArn, rules: replicationRules(source, targets) };
    this.ruleIds = targets.map(ruleIdOf);
    this.watch(props);
    if (props.existingObjects) new ExistingObjects(this, 'Existing', { source, after: [policy] });
  }

  /**
   * What the owner of a target in another account has to add to the policy of that bucket, where it is no ReplicaBucket.
   * @param index of the target
   */
  public requiredBucketStatements(index: number): iam.PolicyStatement[] {
    const { bucket } = this.foreignTarget(index);
    return foreignBucketStatements(this.role.roleArn, Stack.of(this).account, arnOf(bucket));
  }

  /**
   * What that owner has to add to the policy of the key of the replicas.
   * @param index of the target
   */
  public requiredKeyStatement(index: number): iam.PolicyStatement {
    this.foreignTarget(index);
    return foreignKeyStatement(this.role.roleArn, Stack.of(this).account);
  }

  private foreignTarget(index: number): ReplicationTarget {
    const target = this.targets[index];
    const problems = new Problems(this);
    const foreign = this.targets.flatMap((it, i) => (it.account === undefined ? [] : [i]));
    problems.check(
      target?.account !== undefined,
      'index',
      index,
      `a target with an account: ${foreign.join(', ') || 'there is none'}`,
      'buckets of this account need nothing more',
    );
    problems.throwIfAny();
    return target;
  }

  private watch({ source, targets, alarmActions }: BucketReplicationProps): void {
    const metrics = new BucketMetrics(source);
    for (const [i, target] of targets.entries()) {
      if (target.metrics === false || target.enabled === false) continue;
      const where = nameOf(target.bucket);
      this.alarm(`Failures${i}`, metrics.replicationFailures(where, this.ruleIds[i]), 'objects failed to replicate', {
        alarmActions,
      });
      if (target.timeControl)
        this.alarm(`Lag${i}`, metrics.replicationLatencySeconds(where, this.ruleIds[i]), 'replicas lag behind', {
          threshold: 15 * 60,
          evaluationPeriods: 3,
          alarmActions,
        });
    }
  }

  private alarm(
    id: string,
    metric: cloudwatch.Metric,
    what: string,
    options: { threshold?: number; evaluationPeriods?: number; alarmActions?: cloudwatch.IAlarmAction[] },
  ): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${this.node.path}: ${what}`,
      metric,
      threshold: options.threshold ?? 0,
      evaluationPeriods: options.evaluationPeriods ?? 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    this.alarms.push(act(alarm, options.alarmActions));
  }
}

/** The role that S3 takes on to copy from `source`. */
export function replicationRole(scope: Construct, id: string, source: s3.IBucket, roleName?: string): iam.Role {
  return new iam.Role(scope, id, {
    roleName,
    description: `Copies what is put into ${source.node.path}`.slice(0, 1000),
    assumedBy: new iam.ServicePrincipal('s3.amazonaws.com'),
  });
}
