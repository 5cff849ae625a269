/**
 * The other half of replication between accounts: a bucket that lets the role of another account copy into it, and own
 * nothing there. The role need not exist yet. Source: S3 User Guide, "Granting permissions when the source and
 * destination buckets are owned by different AWS accounts".
 */
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { SecureBucket } from '../bucket/bucket';
import type { SecureBucketProps } from '../bucket/props';
import { Problems } from '../validation/problems';

/** Properties of a ReplicaBucket. */
export interface ReplicaBucketProps extends SecureBucketProps {
  /** ARNs of the roles, of other accounts, that copy into this bucket. */
  readonly sourceRoleArns: string[];
}

const ROLE = /^arn:[^:]+:iam::(\d{12}):role\/[\w+=,.@/-]+$/;

/**
 * A bucket that receives replicas from another account.
 *
 * @example
 * new ReplicaBucket(this, 'Replica', {
 *   sourceRoleArns: ['arn:aws:iam::111122223333:role/replicate-orders'],
 * });
 */
export class ReplicaBucket extends SecureBucket {
  constructor(scope: Construct, id: string, props: ReplicaBucketProps) {
    const problems = new Problems(scope, id);
    const { sourceRoleArns } = props;
    problems.check(
      sourceRoleArns.length > 0,
      'sourceRoleArns',
      sourceRoleArns,
      'at least one ARN of a role',
      'name the role of the BucketReplication of the other account',
    );
    for (const [i, arn] of sourceRoleArns.entries())
      problems.check(
        ROLE.test(arn),
        `sourceRoleArns[${i}]`,
        arn,
        'the ARN of a role, its account in digits',
        'give the BucketReplication a roleName and name it here',
      );
    problems.throwIfAny();
    super(scope, id, props);
    for (const [i, arn] of sourceRoleArns.entries()) this.accept(arn, i);
  }

  /**
   * A policy that names a role which does not exist is refused, so the account is named, and the role by condition.
   */
  private accept(roleArn: string, i: number): void {
    const account = ROLE.exec(roleArn)?.[1] ?? '';
    const from = { ArnEquals: { 'aws:PrincipalArn': roleArn } };
    const principals = [new iam.AccountPrincipal(account)];
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `Replicas${i}`,
        principals,
        actions: [
          's3:ObjectOwnerOverrideToBucketOwner',
          's3:ReplicateDelete',
          's3:ReplicateObject',
          's3:ReplicateTags',
        ],
        resources: [this.arnForObjects('*')],
        conditions: from,
      }),
    );
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `ReplicasVersioned${i}`,
        principals,
        actions: ['s3:GetBucketVersioning', 's3:ListBucket'],
        resources: [this.bucketArn],
        conditions: from,
      }),
    );
    if (this.encryptionKey instanceof kms.Key)
      this.encryptionKey.addToResourcePolicy(
        new iam.PolicyStatement({
          sid: `Replicas${i}`,
          principals,
          actions: ['kms:Encrypt', 'kms:GenerateDataKey'],
          resources: ['*'],
          conditions: from,
        }),
      );
  }
}
