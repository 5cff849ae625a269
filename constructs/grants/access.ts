/**
 * Least-privilege grants on a bucket: exact actions, objects bounded by a prefix, the key by its ARN, all in one managed
 * policy per identity. CDK's own `grant*` gives wildcard actions and inline policies, which security reviews refuse.
 * Source: Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".
 */
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { acknowledgeWildcard } from '../validation/acknowledge';
import { Problems } from '../validation/problems';

export interface AccessOptions {
  /**
   * Key prefix that bounds the grant, usually ending in `/`.
   * @default '' - the whole bucket
   */
  readonly prefix?: string;
  /**
   * Whether old versions are meant too.
   * @default false
   */
  readonly versions?: boolean;
}

/** What an administrator of a bucket may do: see and change its configuration, but neither read nor delete objects. */
const ADMINISTER = [
  's3:GetAccelerateConfiguration',
  's3:GetAnalyticsConfiguration',
  's3:GetBucketCORS',
  's3:GetBucketLocation',
  's3:GetBucketLogging',
  's3:GetBucketNotification',
  's3:GetBucketObjectLockConfiguration',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketPolicyStatus',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketTagging',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:GetIntelligentTieringConfiguration',
  's3:GetInventoryConfiguration',
  's3:GetLifecycleConfiguration',
  's3:GetMetricsConfiguration',
  's3:GetReplicationConfiguration',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
  's3:PutAccelerateConfiguration',
  's3:PutAnalyticsConfiguration',
  's3:PutBucketCORS',
  's3:PutBucketLogging',
  's3:PutBucketNotification',
  's3:PutBucketTagging',
  's3:PutIntelligentTieringConfiguration',
  's3:PutInventoryConfiguration',
  's3:PutLifecycleConfiguration',
  's3:PutMetricsConfiguration',
];

/** Grants on one bucket. Each returns the managed policy of the identity, to which more may be added. */
export class BucketAccess {
  private readonly policies = new Map<iam.IGrantable, iam.ManagedPolicy>();

  /**
   * @param key under which the objects are encrypted, if any is
   * @param accessPointArn ARN of an access point of the bucket, if the grants are for requests through that
   * @param pointId of the access point among those of the bucket
   */
  constructor(
    private readonly bucket: s3.IBucket,
    private readonly key?: kms.IKey,
    private readonly accessPointArn?: string,
    private readonly pointId?: string,
  ) {}

  /** Lets an identity read objects, and list them, below a prefix. */
  public read(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    const actions = ['s3:GetObject', 's3:GetObjectTagging'];
    if (options.versions) actions.push('s3:GetObjectVersion', 's3:GetObjectVersionTagging');
    this.objects(identity, options, actions, ['kms:Decrypt']);
    return this.list(identity, options);
  }

  /** Lets an identity list keys below a prefix. It learns their sizes and dates, not their content. */
  public list(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    const prefix = options.prefix ?? '';
    return this.allow(
      identity,
      new iam.PolicyStatement({
        actions: options.versions ? ['s3:ListBucket', 's3:ListBucketVersions'] : ['s3:ListBucket'],
        resources: [this.accessPointArn ?? this.bucket.bucketArn],
        ...(prefix === '' ? {} : { conditions: { StringLike: { 's3:prefix': [`${prefix}*`] } } }),
      }),
    );
  }

  /** Lets an identity write new objects below a prefix, in one piece or in parts. It cannot read or delete them. */
  public upload(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    // S3 decrypts the parts of a multipart upload to complete it, as the caller.
    // Source: S3 User Guide, "Multipart upload API and permissions".
    const actions = ['s3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'];
    return this.objects(identity, options, actions, ['kms:GenerateDataKey', 'kms:Decrypt']);
  }

  /** Lets an identity write, tag and list objects below a prefix. Not read or delete; versions undo what it replaces. */
  public write(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    this.upload(identity, options);
    this.objects(identity, options, ['s3:PutObjectTagging', 's3:GetObjectTagging'], []);
    return this.list(identity, options);
  }

  /**
   * Lets an identity sign URLs and forms for uploads of one piece below a prefix: a signature can do no more than its
   * signer. Bodies in parts are left out, since each part would be signed for itself.
   */
  public presignUpload(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    return this.objects(identity, options, ['s3:PutObject'], ['kms:GenerateDataKey']);
  }

  /** Lets an identity delete objects below a prefix; with `versions`, for ever. */
  public delete(identity: iam.IGrantable, options: AccessOptions = {}): iam.ManagedPolicy {
    const actions = options.versions ? ['s3:DeleteObject', 's3:DeleteObjectVersion'] : ['s3:DeleteObject'];
    return this.objects(identity, options, actions, []);
  }

  /**
   * Lets an identity see and change how the bucket works: lifecycle, notifications, CORS, inventory, metrics, tags. Not
   * who may use it or how it is protected (policy, encryption, public access, versioning, Object Lock): those belong to
   * the stack.
   */
  public administer(identity: iam.IGrantable): iam.ManagedPolicy {
    const statement = new iam.PolicyStatement({ actions: ADMINISTER, resources: [this.bucket.bucketArn] });
    return this.allow(identity, statement);
  }

  private objects(
    identity: iam.IGrantable,
    options: AccessOptions,
    actions: string[],
    keyActions: string[],
  ): iam.ManagedPolicy {
    const prefix = options.prefix ?? '';
    const problems = new Problems(this.bucket);
    problems.check(
      !/[*?$]/.test(prefix) && !prefix.startsWith('/'),
      'prefix',
      prefix,
      'a key prefix without *, ? and $, not beginning with /',
      'name the prefix itself, e.g. "uploads/": the wildcard is added',
    );
    problems.throwIfAny();
    // Source: S3 User Guide, "Configuring IAM policies for using access points".
    const resource =
      this.accessPointArn === undefined
        ? this.bucket.arnForObjects(`${prefix}*`)
        : `${this.accessPointArn}/object/${prefix}*`;
    const policy = this.allow(
      identity,
      new iam.PolicyStatement({ actions, resources: [resource] }),
      ...(this.key === undefined || keyActions.length === 0
        ? []
        : [new iam.PolicyStatement({ actions: keyActions, resources: [this.key.keyArn] })]),
    );
    acknowledgeWildcard(
      policy,
      resource,
      `An object grant ends in a wildcard for the key; the actions are exact and the prefix is ${prefix === '' ? 'the bucket' : prefix}.`,
    );
    return policy;
  }

  private allow(identity: iam.IGrantable, ...statements: iam.PolicyStatement[]): iam.ManagedPolicy {
    const policy = this.policyOf(identity);
    policy.addStatements(...statements);
    return policy;
  }

  /** An identity may have access to a bucket directly and through access points, each by a policy of its own. */
  private id(): string {
    const { node } = this.bucket;
    return this.accessPointArn === undefined ? node.id : `${node.id}${this.pointId ?? 'Point'}`;
  }

  private policyOf(identity: iam.IGrantable): iam.ManagedPolicy {
    const principal = identity.grantPrincipal as iam.IPrincipal & {
      roleName?: string;
      userName?: string;
      groupName?: string;
    };
    let policy = this.policies.get(principal);
    if (policy !== undefined) return policy;
    const problems = new Problems(this.bucket);
    const named = [principal.roleName, principal.userName, principal.groupName].some((name) => name !== undefined);
    problems.check(
      named,
      'identity',
      principal.constructor.name,
      'a role, user or group, or what has one, e.g. a function',
      'give other principals a statement of the bucket policy: addToResourcePolicy()',
    );
    problems.throwIfAny();
    policy = new iam.ManagedPolicy(principal as iam.IRole, `${this.id()}Access`, {
      description: `Access to ${this.bucket.node.path}${this.accessPointArn === undefined ? '' : ' through an access point'}`,
      ...(principal.roleName !== undefined ? { roles: [principal as iam.IRole] } : {}),
      ...(principal.userName !== undefined ? { users: [principal as unknown as iam.IUser] } : {}),
      ...(principal.groupName !== undefined ? { groups: [principal as unknown as iam.IGroup] } : {}),
    });
    this.policies.set(principal, policy);
    return policy;
  }
}
