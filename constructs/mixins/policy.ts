/**
 * Mixins that add to a bucket's policy. They work on anyone's bucket, `s3.Bucket` or `s3.CfnBucket`, and add to the
 * policy that is there; a statement that is there already is not repeated.
 */
import { Mixin } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { IConstruct } from 'constructs';
import type { Perimeter } from '../access/perimeter';
import { type Encryption, UploadEncryption } from '../bucket/encryption';
import { denyCallersKeys, denyOldTls, denyOtherEncryption, denyPlainHttp } from '../bucket/statements';
import { Problems } from '../validation/problems';
import { type Form, merged } from './merge';

/** A mixin for buckets that adds statements to their policy. */
abstract class PolicyMixin extends Mixin {
  /** Buckets are supported. */
  public override supports(construct: IConstruct): boolean {
    return s3.CfnBucket.isCfnBucket(construct);
  }

  /** @internal */
  protected _add(construct: s3.CfnBucket, statements: iam.PolicyStatement[]): void {
    const policies = iam.ResourceWithPolicies.of(construct);
    for (const statement of statements) policies?.addToResourcePolicy(statement);
  }
}

/**
 * Denies requests without TLS, and over old versions of it.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketTlsOnly());
 */
export class BucketTlsOnly extends PolicyMixin {
  /** @param minimumTlsVersion 1.2 or 1.3 */
  constructor(private readonly minimumTlsVersion: number = 1.2) {
    super();
    Problems.refuse('BucketTlsOnly', [1.2, 1.3].includes(minimumTlsVersion), {
      property: 'minimumTlsVersion',
      given: JSON.stringify(minimumTlsVersion),
      allowed: '1.2 or 1.3',
      fix: 'leave it out for 1.2',
    });
  }

  /** Adds two Deny statements to the policy of the bucket. */
  public applyTo(construct: IConstruct): void {
    if (!s3.CfnBucket.isCfnBucket(construct)) return;
    const arn = construct.attrArn;
    this._add(construct, [denyPlainHttp(arn), denyOldTls(arn, this.minimumTlsVersion)]);
  }
}

/**
 * Denies uploads that name another encryption than the bucket's; see `UploadEncryption`.
 *
 * @example
 * new s3.Bucket(this, 'Theirs', { encryptionKey: key }).with(
 *   new BucketUploadEncryption(Encryption.customerKey(key)),
 * );
 */
export class BucketUploadEncryption extends PolicyMixin {
  /** @param encryption of the bucket, with the key that it names */
  constructor(
    private readonly encryption: Encryption,
    private readonly uploads: UploadEncryption = UploadEncryption.MATCHING,
  ) {
    super();
  }

  /** Adds Deny statements to the policy of the bucket. */
  public applyTo(construct: IConstruct): void {
    if (!s3.CfnBucket.isCfnBucket(construct) || this.uploads === UploadEncryption.ANY) return;
    const stated = this.uploads === UploadEncryption.STATED;
    const { algorithm, key } = this.encryption;
    this._add(construct, denyOtherEncryption(construct.attrArn, algorithm, key?.keyArn, stated));
  }
}

/**
 * Denies callers and networks outside of a perimeter.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(
 *   new BucketPerimeter(new Perimeter({ organizationId: 'o-a1b2c3d4e5' })),
 * );
 */
export class BucketPerimeter extends PolicyMixin {
  constructor(private readonly perimeter: Perimeter) {
    super();
  }

  /** Adds Deny statements to the policy of the bucket. */
  public applyTo(construct: IConstruct): void {
    if (s3.CfnBucket.isCfnBucket(construct)) this._add(construct, this.perimeter.statements(construct.attrArn));
  }
}

/**
 * Blocks uploads under keys that callers bring along (SSE-C), by setting and by policy.
 *
 * @example
 * new s3.Bucket(this, 'Theirs').with(new BucketBlockSseC());
 */
export class BucketBlockSseC extends PolicyMixin {
  /** Adds to the encryption that is there, or SSE-S3, and a Deny to the policy. */
  public applyTo(construct: IConstruct): void {
    if (!s3.CfnBucket.isCfnBucket(construct)) return;
    const before = construct.bucketEncryption;
    const plain = [{ serverSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }];
    const blockedEncryptionTypes = { encryptionType: ['SSE-C'] };
    construct.bucketEncryption = merged(before, (it) => ({
      serverSideEncryptionConfiguration: (it.serverSideEncryptionConfiguration ?? plain).map((rule: Form) => ({
        ...rule,
        blockedEncryptionTypes,
      })),
    }));
    this._add(construct, [denyCallersKeys(construct.attrArn)]);
  }
}
