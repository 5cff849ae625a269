/**
 * Replication of what was there before replication was, by a job of S3 Batch Operations that finds the objects itself.
 * The job begins when the construct is first deployed, and again when `run` changes. Source: S3 User Guide, "Replicating
 * existing objects with Batch Replication", "Configuring an IAM role for S3 Batch Replication".
 */
import { CustomResource, Duration, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct, type IDependable } from 'constructs';
import { SecureBucket } from '../bucket/bucket';
import { Lifecycle } from '../bucket/lifecycle';
import { acknowledge, acknowledgeWildcard } from '../validation/acknowledge';
import { configurator } from './configurator';

/** Properties of ExistingObjects. */
export interface ExistingObjectsProps {
  /** Bucket with a replication configuration. */
  readonly source: s3.Bucket;
  /**
   * Any text; another one begins another job.
   * @default 'first'
   */
  readonly run?: string;
  /**
   * Bucket that receives the reports of the job.
   * @default - a new bucket that keeps them for 90 days
   */
  readonly reports?: s3.Bucket;
  /**
   * What has to be there before the job begins.
   * @default - the replication configuration of the source
   */
  readonly after?: IDependable[];
}

/**
 * A job that replicates what was there before.
 *
 * @example
 * const replication = new BucketReplication(this, 'Replication', { source: bucket, targets: [{ bucket: replica }] });
 * new ExistingObjects(this, 'Existing', { source: bucket, after: [replication] });
 */
export class ExistingObjects extends Construct {
  /** Id of the job. */
  public readonly jobId: string;
  /** Bucket that receives the reports. */
  public readonly reports: s3.Bucket;
  /** Role that S3 Batch Operations takes on. */
  public readonly role: iam.Role;

  constructor(scope: Construct, id: string, props: ExistingObjectsProps) {
    super(scope, id);
    const { source } = props;
    const stack = Stack.of(this);
    this.reports =
      props.reports ??
      new SecureBucket(this, 'Reports', { lifecycle: Lifecycle.of({ id: 'reports', expiration: Duration.days(90) }) });
    this.role = new iam.Role(this, 'Role', {
      description: `Begins the replication of what is in ${source.node.path}`.slice(0, 1000),
      assumedBy: new iam.ServicePrincipal('batchoperations.s3.amazonaws.com'),
    });
    const policy = new iam.ManagedPolicy(this, 'Policy', {
      description: `Batch replication of ${source.node.path}`,
      roles: [this.role],
      statements: [
        new iam.PolicyStatement({ actions: ['s3:InitiateReplication'], resources: [source.arnForObjects('*')] }),
        new iam.PolicyStatement({
          actions: ['s3:GetReplicationConfiguration', 's3:PutInventoryConfiguration'],
          resources: [source.bucketArn],
        }),
        new iam.PolicyStatement({ actions: ['s3:PutObject'], resources: [this.reports.arnForObjects('*')] }),
        ...(this.reports.encryptionKey === undefined
          ? []
          : [
              new iam.PolicyStatement({
                actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
                resources: [this.reports.encryptionKey.keyArn],
              }),
            ]),
      ],
    });
    for (const bucket of [source, this.reports])
      acknowledgeWildcard(policy, bucket.arnForObjects('*'), 'The job is of all objects; the actions are exact.');

    const handler = configurator(this);
    const jobs = stack.formatArn({ service: 's3', resource: 'job', resourceName: '*' });
    const may = new iam.ManagedPolicy(this, 'Begin', {
      description: `May begin the batch replication of ${source.node.path}`,
      roles: [handler.executionRole],
      statements: [
        // Jobs have no name before they are created.
        new iam.PolicyStatement({ actions: ['s3:CreateJob'], resources: ['*'] }),
        new iam.PolicyStatement({ actions: ['s3:DescribeJob'], resources: [jobs] }),
        new iam.PolicyStatement({
          actions: ['iam:PassRole'],
          resources: [this.role.roleArn],
          conditions: { StringEquals: { 'iam:PassedToService': 'batchoperations.s3.amazonaws.com' } },
        }),
      ],
    });
    acknowledge(
      may,
      'AwsSolutions-IAM5[Resource::*]',
      'S3 knows no resource of CreateJob; what a job does is bounded by the one role that can be passed.',
    );
    acknowledgeWildcard(may, jobs, 'A job has its id only when it is created.');
    const job = new CustomResource(this, 'Job', {
      serviceToken: handler.functionArn,
      resourceType: 'Custom::S3BatchReplication',
      properties: {
        Task: 'ReplicateExisting',
        Account: stack.account,
        Bucket: source.bucketArn,
        Reports: this.reports.bucketArn,
        RoleArn: this.role.roleArn,
        Run: props.run ?? 'first',
      },
    });
    // The source, whose configuration is in it, and the reports are referred to.
    job.node.addDependency(policy, may, ...(props.after ?? []));
    this.jobId = job.ref;
  }
}
