/**
 * Least-privilege grants on a bucket: exact actions, objects bounded by a prefix, the key by its ARN, all in one
 * managed policy per role. CDK's own `grant*` gives wildcard actions and inline policies, which security reviews refuse.
 */
import { Stack, Validations } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';

export interface AccessOptions {
  /**
   * Key prefix that bounds the grant, usually ending in `/`.
   * @default '' - the whole bucket
   */
  readonly prefix?: string;
}

/** Grants on one bucket: exact actions, bounded by a prefix, in one managed policy per role. */
export class BucketAccess {
  private readonly policies = new Map<iam.IRole, iam.ManagedPolicy>();

  constructor(
    private readonly bucket: s3.Bucket,
    private readonly key: kms.IKey,
  ) {}

  /** Lets a role read objects, and list them, below a prefix. */
  public read(role: iam.IRole, options: AccessOptions = {}): iam.ManagedPolicy {
    const prefix = options.prefix ?? '';
    return this.allow(
      role,
      prefix,
      ['s3:GetObject', 's3:GetObjectTagging'],
      ['kms:Decrypt'],
      [
        new iam.PolicyStatement({
          actions: ['s3:ListBucket'],
          resources: [this.bucket.bucketArn],
          ...(prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
        }),
      ],
    );
  }

  /** Lets a role write new objects below a prefix, in one piece or in parts. It cannot read or delete them. */
  public upload(role: iam.IRole, options: AccessOptions = {}): iam.ManagedPolicy {
    // S3 decrypts the parts of a multipart upload to complete it, as the caller.
    // Source: S3 User Guide, "Multipart upload API and permissions".
    return this.allow(
      role,
      options.prefix ?? '',
      ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
      ['kms:GenerateDataKey', 'kms:Decrypt'],
      [],
    );
  }

  private allow(
    role: iam.IRole,
    prefix: string,
    objectActions: string[],
    keyActions: string[],
    more: iam.PolicyStatement[],
  ): iam.ManagedPolicy {
    const policy = this.policyOf(role);
    policy.addStatements(
      new iam.PolicyStatement({ actions: objectActions, resources: [this.bucket.arnForObjects(`${prefix}*`)] }),
      new iam.PolicyStatement({ actions: keyActions, resources: [this.key.keyArn] }),
      ...more,
    );
    const arn = Stack.of(this.bucket).resolve(this.bucket.bucketArn) as { 'Fn::GetAtt'?: [string, string] };
    const logicalId = arn['Fn::GetAtt']?.[0];
    if (logicalId !== undefined) {
      Validations.of(policy).acknowledge({
        id: `AwsSolutions-IAM5[Resource::<${logicalId}.Arn>/${prefix}*]`,
        reason: `An object grant ends in a wildcard for the key; the actions are exact and the prefix is ${prefix === '' ? 'the bucket' : prefix}.`,
      });
    }
    return policy;
  }

  private policyOf(role: iam.IRole): iam.ManagedPolicy {
    let policy = this.policies.get(role);
    if (policy === undefined) {
      policy = new iam.ManagedPolicy(role, `${this.bucket.node.id}Access`, {
        description: `Access to ${this.bucket.node.path}`,
        roles: [role],
      });
      this.policies.set(role, policy);
    }
    return policy;
  }
}
