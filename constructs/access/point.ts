/**
 * An access point: a name of its own for a bucket, with a policy of its own, for one application or one VPC. The bucket
 * lets through what its access point allows, so that many users need not share one policy of 20 KB. Source: S3 User
 * Guide, "Managing access with S3 access points", "Delegating access control to access points".
 */
import { Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { BucketAccess } from '../grants/access';
import { Problems } from '../validation/problems';
import { judge } from '../validation/resource';
import { type Perimeter, THROUGH_POINTS } from './perimeter';

/** Properties of a BucketAccessPoint. */
export interface BucketAccessPointProps {
  /** Bucket behind the access point. */
  readonly bucket: s3.Bucket;
  /**
   * Name of the access point: 3 to 50 of a-z, 0-9 and -.
   * @default - CloudFormation chooses one
   */
  readonly accessPointName?: string;
  /**
   * VPC from which alone the access point takes requests, through an endpoint for S3.
   * @default - any network
   */
  readonly vpcId?: string;
  /**
   * Who, and from where, the access point can be reached at all.
   * @default - any caller that policies allow
   */
  readonly perimeter?: Perimeter;
}

/**
 * An access point of a bucket.
 *
 * @example
 * const point = new BucketAccessPoint(this, 'Analytics', { bucket, vpcId: vpc.vpcId });
 * point.access.read(role, { prefix: 'reports/' });
 */
export class BucketAccessPoint extends Construct {
  /** ARN of the access point. */
  public readonly accessPointArn: string;
  /** Name of the access point. */
  public readonly accessPointName: string;
  /** Alias: takes the place of a bucket name in clients. */
  public readonly alias: string;
  /** Grants for requests through the access point: exact actions, bounded by a prefix. */
  public readonly access: BucketAccess;
  private readonly document = new iam.PolicyDocument();
  private readonly resource: s3.CfnAccessPoint;

  constructor(scope: Construct, id: string, props: BucketAccessPointProps) {
    super(scope, id);
    this.check(props);
    this.resource = new s3.CfnAccessPoint(this, 'Resource', {
      bucket: props.bucket.bucketName,
      name: props.accessPointName,
      vpcConfiguration: props.vpcId === undefined ? undefined : { vpcId: props.vpcId },
      publicAccessBlockConfiguration: {
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      },
    });
    this.accessPointArn = this.resource.attrArn;
    this.accessPointName = this.resource.ref;
    this.alias = this.resource.attrAlias;
    this.access = new BucketAccess(props.bucket, props.bucket.encryptionKey, this.accessPointArn, id);
    // Not public in S3's eyes: the one access point is named. Source: S3 User Guide, "The meaning of public".
    props.bucket.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: `Through${this.node.addr.slice(-8)}`,
        principals: [new iam.AnyPrincipal()],
        actions: THROUGH_POINTS,
        resources: [props.bucket.bucketArn, props.bucket.arnForObjects('*')],
        conditions: { StringEquals: { 's3:DataAccessPointArn': this.accessPointArn } },
      }),
    );
    const own = this.ownArn(props);
    const statements = props.perimeter?.statements(own, `${own}/object/*`) ?? [];
    for (const statement of statements) this.addToResourcePolicy(statement);
    this.node.addValidation({ validate: () => judge(this) });
  }

  /** Adds to the policy of the access point. Its resources are the access point and, as `/object/…`, what is behind. */
  public addToResourcePolicy(statement: iam.PolicyStatement): void {
    this.document.addStatements(statement);
    this.resource.policy = this.document;
  }

  /** ARN of the objects below a prefix, through the access point, for its policy. */
  public arnForObjects(prefix: string): string {
    return `${this.accessPointArn}/object/${prefix}*`;
  }

  /** In its own policy an access point can be named by its name alone: its ARN is known only once it is there. */
  private ownArn(props: BucketAccessPointProps): string {
    const stack = Stack.of(this);
    return stack.formatArn({ service: 's3', resource: 'accesspoint', resourceName: props.accessPointName });
  }

  private check(props: BucketAccessPointProps): void {
    const problems = new Problems(this);
    const name = props.accessPointName ?? 'abc';
    problems.check(
      /^[a-z0-9][a-z0-9-]{1,48}[a-z0-9]$/.test(name) && !/-s3alias$|--/.test(name),
      'accessPointName',
      name,
      '3 to 50 of a-z, 0-9 and -, not - at an end or twice, not ending in -s3alias',
      'leave it out',
    );
    const vpc = props.vpcId ?? 'vpc-00000000';
    problems.check(
      /^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/.test(vpc),
      'vpcId',
      vpc,
      'vpc- and 8 or 17 hexadecimal digits',
      "name the VPC's id",
    );
    if (props.perimeter !== undefined && props.accessPointName === undefined)
      problems.check(
        false,
        'accessPointName',
        undefined,
        'a name beside perimeter: the policy of an access point has to name it',
        'name the access point, or give the perimeter to the bucket',
      );
    problems.throwIfAny();
  }
}
