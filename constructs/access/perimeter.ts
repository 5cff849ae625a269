/**
 * A data perimeter around a bucket: only principals of one's organisation, only from expected networks, whatever else
 * allows. AWS services that act for the owner are let through and held to the organisation by the source that they act
 * for. Source: AWS whitepaper "Building a Data Perimeter on AWS"; follows the shape of
 * aws-samples/data-perimeter-policy-examples.
 */
import { Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { type Problem, Problems } from '../validation/problems';

export interface PerimeterOptions {
  /**
   * Organisation whose principals, and services acting for its accounts, may reach the bucket, e.g. `o-a1b2c3d4e5`.
   * @default - any
   */
  readonly organizationId?: string;
  /**
   * VPC endpoints through which objects may be reached.
   * @default - any network
   */
  readonly vpcEndpointIds?: string[];
  /**
   * VPCs from which objects may be reached, through any S3 endpoint in them.
   * @default - any network
   */
  readonly vpcIds?: string[];
  /**
   * Public source ranges from which objects may be reached as well, e.g. of an office: CIDR.
   * @default - none
   */
  readonly sourceCidrs?: string[];
  /**
   * Principals that networks do not bind, e.g. the role of a deployment pipeline: ARNs, `*` allowed within.
   * @default - none
   */
  readonly exemptPrincipalArns?: string[];
}

/** Object operations and listings. Networks do not bind the bucket's configuration, so that no one is locked out. */
const DATA_ACTIONS = [
  's3:AbortMultipartUpload',
  's3:BypassGovernanceRetention',
  's3:DeleteObject*',
  's3:GetObject*',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
  's3:ListMultipartUploadParts',
  's3:PutObject*',
  's3:RestoreObject',
];

/** What may go through an access point; its policy can name nothing else. Configuration does not go through one. */
export const THROUGH_POINTS = [
  's3:AbortMultipartUpload',
  's3:DeleteObject',
  's3:DeleteObjectVersion',
  's3:GetObject',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionTagging',
  's3:ListBucket',
  's3:ListBucketVersions',
  's3:ListMultipartUploadParts',
  's3:PutObject',
  's3:PutObjectTagging',
];

/** Who, and from where, a bucket or access point can be reached at all. */
export class Perimeter {
  /** @throws Error naming every option that is wrong */
  constructor(
    /** What the perimeter lets in. */
    public readonly options: PerimeterOptions,
  ) {
    const problems = problemsOf(options);
    if (problems.length > 0) throw new Error(`invalid perimeter:\n  ${problems.map(Problems.format).join('\n  ')}`);
  }

  /**
   * The statements for the policy of the bucket with this ARN, or of the access point with this ARN whose objects have
   * another one.
   */
  public statements(bucketArn: string, objectsArn?: string): iam.PolicyStatement[] {
    const {
      organizationId,
      vpcEndpointIds = [],
      vpcIds = [],
      sourceCidrs = [],
      exemptPrincipalArns = [],
    } = this.options;
    const resources = [bucketArn, objectsArn ?? `${bucketArn}/*`];
    const deny = (sid: string, actions: string[], conditions: Record<string, Record<string, unknown>>) =>
      new iam.PolicyStatement({
        sid,
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions,
        resources,
        conditions,
      });
    const statements: iam.PolicyStatement[] = [];
    if (organizationId !== undefined) {
      statements.push(
        deny('DenyOtherOrganizations', ['s3:*'], {
          StringNotEqualsIfExists: { 'aws:PrincipalOrgID': organizationId },
          BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
        }),
        deny('DenyServicesOfOthers', ['s3:*'], {
          StringNotEqualsIfExists: { 'aws:SourceOrgID': organizationId },
          Null: { 'aws:SourceAccount': 'false' },
          Bool: { 'aws:PrincipalIsAWSService': 'true' },
        }),
      );
    }
    if (vpcEndpointIds.length + vpcIds.length + sourceCidrs.length > 0) {
      statements.push(
        deny('DenyOtherNetworks', objectsArn === undefined ? DATA_ACTIONS : THROUGH_POINTS, {
          ...(vpcEndpointIds.length + vpcIds.length > 0
            ? {
                StringNotEqualsIfExists: {
                  ...(vpcEndpointIds.length > 0 ? { 'aws:SourceVpce': vpcEndpointIds } : {}),
                  ...(vpcIds.length > 0 ? { 'aws:SourceVpc': vpcIds } : {}),
                },
              }
            : {}),
          ...(sourceCidrs.length > 0 ? { NotIpAddressIfExists: { 'aws:SourceIp': sourceCidrs } } : {}),
          ...(exemptPrincipalArns.length > 0
            ? { ArnNotLikeIfExists: { 'aws:PrincipalArn': exemptPrincipalArns } }
            : {}),
          BoolIfExists: { 'aws:PrincipalIsAWSService': 'false', 'aws:ViaAWSService': 'false' },
        }),
      );
    }
    return statements;
  }
}

function problemsOf(options: PerimeterOptions): Problem[] {
  const found: Problem[] = [];
  const each = (property: string, values: string[] | undefined, pattern: RegExp, allowed: string, fix: string) => {
    for (const [i, value] of (values ?? []).entries())
      if (!Token.isUnresolved(value) && !pattern.test(value))
        found.push({ property: `${property}[${i}]`, given: JSON.stringify(value), allowed, fix });
  };
  if (options.organizationId !== undefined && !Token.isUnresolved(options.organizationId))
    if (!/^o-[a-z0-9]{10,32}$/.test(options.organizationId))
      found.push({
        property: 'organizationId',
        given: JSON.stringify(options.organizationId),
        allowed: 'o- and 10 to 32 of a-z and 0-9',
        fix: 'take it from aws organizations describe-organization',
      });
  each(
    'vpcEndpointIds',
    options.vpcEndpointIds,
    /^vpce-([0-9a-f]{8}|[0-9a-f]{17})$/,
    'vpce- and 8 or 17 hexadecimal digits',
    "name the endpoint's id",
  );
  each(
    'vpcIds',
    options.vpcIds,
    /^vpc-([0-9a-f]{8}|[0-9a-f]{17})$/,
    'vpc- and 8 or 17 hexadecimal digits',
    "name the VPC's id",
  );
  each('sourceCidrs', options.sourceCidrs, /^[0-9a-fA-F.:]+\/\d{1,3}$/, 'a CIDR range', 'write e.g. 203.0.113.0/24');
  each(
    'exemptPrincipalArns',
    options.exemptPrincipalArns,
    /^arn:[^:]+:(iam|sts)::/,
    'ARNs of IAM principals',
    'name the role by its ARN',
  );
  const bound = [options.vpcEndpointIds, options.vpcIds, options.sourceCidrs].some((list) => (list?.length ?? 0) > 0);
  if (options.organizationId === undefined && !bound)
    found.push({
      property: 'perimeter',
      given: '{}',
      allowed: 'an organizationId, vpcEndpointIds, vpcIds or sourceCidrs',
      fix: 'name at least one, or leave the perimeter out',
    });
  else if (!bound && (options.exemptPrincipalArns?.length ?? 0) > 0)
    found.push({
      property: 'exemptPrincipalArns',
      given: JSON.stringify(options.exemptPrincipalArns),
      allowed: 'only beside vpcEndpointIds, vpcIds or sourceCidrs',
      fix: 'name a network, or leave the exemptions out',
    });
  return found;
}
