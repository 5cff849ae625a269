/**
 * The other half of replication between accounts: a bucket that lets the role of another account copy into it, and own
 * nothing there. The role need not exist yet. Source: S3 User Guide, "Granting permissions when the source and
 * destination buckets are owned by different AWS accounts".
 */
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { SecureBucket } from '../bucket/bucket';
import type { SecureBucketProps } from '../bucket/props';
import { Problems } from '../validation/problems';
import { foreignBucketStatements, foreignKeyStatement } from './rule';

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

  private accept(roleArn: string, i: number): void {
    const account = ROLE.exec(roleArn)?.[1] ?? '';
    for (const statement of foreignBucketStatements(roleArn, account, this.bucketArn, i))
      this.addToResourcePolicy(statement);
    if (this.encryptionKey instanceof kms.Key)
      this.encryptionKey.addToResourcePolicy(foreignKeyStatement(roleArn, account, i));
  }
}
