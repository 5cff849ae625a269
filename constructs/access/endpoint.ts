/**
 * The policy of a VPC endpoint for S3: through it only buckets that are named, or the organisation's, can be reached, and
 * only by one's own principals, so that no one inside carries data to a bucket of their own. What AWS itself keeps in
 * buckets, and instances read, is let through for reading. Source: AWS whitepaper "Building a Data Perimeter on AWS";
 * VPC User Guide, "Gateway endpoints for Amazon S3".
 */
import { Token } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Problems } from '../validation/problems';
import type { BucketAccessPoint } from './point';

/** Options of an EndpointPolicy. */
export interface EndpointPolicyOptions {
  /**
   * Buckets that can be reached.
   * @default - none by name
   */
  readonly buckets?: s3.IBucket[];
  /**
   * Access points that can be reached; so can their buckets through them only if they are named too.
   * @default - none
   */
  readonly accessPoints?: BucketAccessPoint[];
  /**
   * Organisation of whose accounts every bucket can be reached, and whose principals alone can reach any.
   * @default - only the buckets named, by any principal
   */
  readonly organizationId?: string;
  /**
   * Account whose principals alone can reach the buckets, where there is no organisation.
   * @default - any principal
   */
  readonly account?: string;
  /**
   * Region whose buckets of AWS can be read: layers of container images (ECR) and packages of Amazon Linux.
   * @default - none of AWS's buckets
   */
  readonly awsBucketsIn?: string;
}

/** What is done with objects and listings; buckets are not configured from a VPC. */
const DATA_ACTIONS = [
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:GetBucketLocation',
  's3:GetObject',
  's3:GetObjectAttributes',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectTagging',
];

/**
 * The policy of a VPC endpoint for S3.
 *
 * @example
 * new EndpointPolicy({ buckets: [bucket], account: this.account }).applyTo(vpc.addGatewayEndpoint('S3', {
 *   service: ec2.GatewayVpcEndpointAwsService.S3,
 * }));
 */
export class EndpointPolicy {
  /** @throws Error naming every option that is wrong */
  constructor(private readonly options: EndpointPolicyOptions) {
    const { buckets = [], organizationId, account } = options;
    const where = 'EndpointPolicy';
    Problems.refuse(where, buckets.length > 0 || organizationId !== undefined, {
      property: 'buckets',
      given: '[]',
      allowed: 'at least one bucket, or an organizationId',
      fix: 'name what can be reached',
    });
    Problems.refuse(where, unknown(organizationId) || /^o-[a-z0-9]{10,32}$/.test(organizationId as string), {
      property: 'organizationId',
      given: JSON.stringify(organizationId),
      allowed: 'o- and 10 to 32 of a-z and 0-9',
      fix: 'take it from aws organizations describe-organization',
    });
    Problems.refuse(where, unknown(account) || /^\d{12}$/.test(account as string), {
      property: 'account',
      given: JSON.stringify(account),
      allowed: '12 digits',
      fix: "name the account's id",
    });
  }

  /** The statements of the policy. */
  public statements(): iam.PolicyStatement[] {
    const { buckets = [], accessPoints = [], organizationId, account, awsBucketsIn } = this.options;
    const principal = {
      ...(organizationId !== undefined ? { 'aws:PrincipalOrgID': organizationId } : {}),
      ...(organizationId === undefined && account !== undefined ? { 'aws:PrincipalAccount': account } : {}),
    };
    const statements: iam.PolicyStatement[] = [];
    if (buckets.length > 0)
      statements.push(
        new iam.PolicyStatement({
          sid: 'NamedBuckets',
          principals: [new iam.AnyPrincipal()],
          actions: DATA_ACTIONS,
          resources: [
            ...buckets.flatMap((bucket) => [bucket.bucketArn, bucket.arnForObjects('*')]),
            ...accessPoints.flatMap((point) => [point.accessPointArn, point.arnForObjects('')]),
          ],
          ...(Object.keys(principal).length > 0 ? { conditions: { StringEquals: principal } } : {}),
        }),
      );
    if (organizationId !== undefined)
      statements.push(
        new iam.PolicyStatement({
          sid: 'BucketsOfTheOrganization',
          principals: [new iam.AnyPrincipal()],
          actions: DATA_ACTIONS,
          resources: ['*'],
          conditions: { StringEquals: { ...principal, 'aws:ResourceOrgID': organizationId } },
        }),
      );
    if (awsBucketsIn !== undefined)
      statements.push(
        new iam.PolicyStatement({
          sid: 'BucketsOfAws',
          principals: [new iam.AnyPrincipal()],
          actions: ['s3:GetObject'],
          // Sources: Amazon ECR User Guide, "Create the Amazon S3 gateway endpoint"; Amazon Linux 2023 User Guide, "S3 VPC endpoint".
          resources: [
            `arn:aws:s3:::prod-${awsBucketsIn}-starport-layer-bucket/*`,
            `arn:aws:s3:::al2023-repos-${awsBucketsIn}-de612dc2/*`,
          ],
        }),
      );
    return statements;
  }

  /** The policy as a document, for an endpoint that is made with it. */
  public document(): iam.PolicyDocument {
    return new iam.PolicyDocument({ statements: this.statements() });
  }

  /** Gives the policy to an endpoint that has none yet. */
  public applyTo(endpoint: ec2.VpcEndpoint): void {
    for (const statement of this.statements()) endpoint.addToPolicy(statement);
  }
}

function unknown(value: string | undefined): boolean {
  return value === undefined || Token.isUnresolved(value);
}
