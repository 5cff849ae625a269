/**
 * How a bucket encrypts what it holds: under a customer-managed key unless another way is named, with its reason.
 * Also how strictly uploads are held to it. Source: S3 User Guide, "Protecting data with encryption".
 */
import type { RemovalPolicy } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';

/** What is asked of uploads that name their own encryption. */
export enum UploadEncryption {
  /** An upload that names no encryption takes the bucket's; one that names another algorithm or key is denied. */
  MATCHING = 'MATCHING',
  /** Every upload must name the bucket's algorithm and, under a key, the key's ARN. */
  STATED = 'STATED',
  /** Uploads may name any encryption that the bucket does not block. */
  ANY = 'ANY',
}

/** How a bucket encrypts its objects. */
export class Encryption {
  /** SSE-KMS under a customer-managed key with an S3 Bucket Key; a new key with yearly rotation unless one is given. */
  public static customerKey(key?: kms.IKey): Encryption {
    return new Encryption(s3.BucketEncryption.KMS, 'aws:kms', key, false);
  }

  /**
   * SSE-KMS under a new multi-Region primary key, so that a replica in another Region can be read with a replica of
   * the same key. Source: KMS Developer Guide, "Multi-Region keys in AWS KMS".
   */
  public static multiRegionKey(): Encryption {
    return new Encryption(s3.BucketEncryption.KMS, 'aws:kms', undefined, true);
  }

  /** DSSE-KMS: two layers of encryption under a customer-managed key. S3 Bucket Keys do not work with it. */
  public static dualLayer(key?: kms.IKey): Encryption {
    return new Encryption(s3.BucketEncryption.DSSE, 'aws:kms:dsse', key, false);
  }

  /** SSE-S3: keys that S3 manages, without an audit trail or a policy of their own. `reason` is recorded. */
  public static s3Managed(reason: string): Encryption {
    return new Encryption(s3.BucketEncryption.S3_MANAGED, 'AES256', undefined, false, reason);
  }

  /** Header value that asks for this encryption: `aws:kms`, `aws:kms:dsse` or `AES256`. */
  public readonly algorithm: string;
  /** The encryption as aws-cdk-lib names it. */
  public readonly bucketEncryption: s3.BucketEncryption;
  /** Key that was given. */
  public readonly key?: kms.IKey;
  /** Why no customer-managed key is used. */
  public readonly reason?: string;
  private readonly multiRegion: boolean;

  private constructor(
    bucketEncryption: s3.BucketEncryption,
    algorithm: string,
    key: kms.IKey | undefined,
    multiRegion: boolean,
    reason?: string,
  ) {
    this.bucketEncryption = bucketEncryption;
    this.algorithm = algorithm;
    this.key = key;
    this.multiRegion = multiRegion;
    this.reason = reason;
  }

  /** Whether a KMS key is involved. */
  public get usesKey(): boolean {
    return this.bucketEncryption !== s3.BucketEncryption.S3_MANAGED;
  }

  /** The same with a key. @internal */
  public _with(key: kms.IKey | undefined): Encryption {
    return new Encryption(this.bucketEncryption, this.algorithm, key, this.multiRegion, this.reason);
  }

  /** The key given, or a new one as a sibling of the bucket. @internal */
  public _keyFor(scope: Construct, bucketId: string, removalPolicy: RemovalPolicy): kms.IKey | undefined {
    if (!this.usesKey) return undefined;
    return (
      this.key ??
      new kms.Key(scope, `${bucketId}Key`, {
        description: `Encrypts the objects of ${scope.node.path}/${bucketId}`,
        enableKeyRotation: true,
        multiRegion: this.multiRegion || undefined,
        removalPolicy,
      })
    );
  }
}
