/**
 * Buckets as origins: CloudFront signs its requests (OAC), the bucket's policy lets in the one distribution, and the
 * key's policy lets it decrypt. A bucket beside its distribution names it by id. A key, or a bucket of another stack,
 * cannot: the distribution refers to the bucket and the bucket to its key, so a reference back would be a cycle. They
 * name the distributions of this account until `distributionId` says which one, on the second deployment. Where the policy
 * is not ours to change, what it needs is told.
 * Source: CloudFront developer guide, "Restrict access to an Amazon S3 origin", section "SSE-KMS".
 */
import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { ReplicaKey } from '../replication/key';

const CLOUDFRONT = 'cloudfront.amazonaws.com';

/** An origin that CloudFront signs its requests to. */
export function signedOrigin(bucket: s3.IBucket, control: cloudfront.IOriginAccessControl): cloudfront.IOrigin {
  return S3BucketOrigin.withBucketDefaults(bucket, { originAccessControlId: control.originAccessControlId });
}

export interface Admission {
  /** Id of the distribution, once it is known. */
  readonly distributionId?: string;
  /** Whether a missing key is told from a forbidden one, which takes the right to list. */
  readonly tellMissing: boolean;
}

/** Lets a distribution read a bucket. @returns statements of policies that are not ours to change */
export function admit(
  scope: Construct,
  bucket: s3.IBucket,
  distribution: cloudfront.Distribution,
  { distributionId, tellMissing }: Admission,
): iam.PolicyStatement[] {
  const stack = Stack.of(scope);
  const arnOf = (resourceName: string) =>
    stack.formatArn({
      service: 'cloudfront',
      region: '',
      resource: 'distribution',
      resourceName,
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
  const source = (known?: string) =>
    known === undefined
      ? { ArnLike: { 'aws:SourceArn': arnOf('*') } }
      : { StringEquals: { 'aws:SourceArn': arnOf(known) } };
  const beside = Stack.of(bucket) === stack && bucket instanceof s3.Bucket;
  const conditions = source(distributionId ?? (beside ? distribution.distributionId : undefined));
  const sid = `Delivery${scope.node.addr.slice(-8)}`;
  const principals = [new iam.ServicePrincipal(CLOUDFRONT)];
  const statements = [
    new iam.PolicyStatement({
      sid,
      principals,
      actions: ['s3:GetObject'],
      resources: [bucket.arnForObjects('*')],
      conditions,
    }),
    ...(tellMissing
      ? [
          new iam.PolicyStatement({
            sid: `${sid}Missing`,
            principals,
            actions: ['s3:ListBucket'],
            resources: [bucket.bucketArn],
            conditions,
          }),
        ]
      : []),
  ];
  const left = statements.filter((statement) => !bucket.addToResourcePolicy(statement).statementAdded);
  const key = bucket.encryptionKey;
  if (key !== undefined) {
    const statement = new iam.PolicyStatement({
      sid,
      principals,
      actions: ['kms:Decrypt'],
      resources: ['*'],
      conditions: source(distributionId),
    });
    // What a replica key is used by stands for it as an imported key; its policy is the replica's own.
    const owner = key.node.scope;
    if (owner instanceof ReplicaKey && owner.key === key) owner.addToResourcePolicy(statement);
    else if (key instanceof kms.Key) key.addToResourcePolicy(statement);
    else left.push(statement);
  }
  if (left.length > 0)
    Validations.of(scope).addWarning(
      'coffer:originPolicy',
      `the policies of ${bucket.node.path} and its key are not changed from here; add what requiredStatements of ${scope.node.path} says`,
    );
  return left;
}
