/**
 * What each AWS service must be allowed to deliver its logs: the statements of its own documentation, held to the source
 * accounts and ARNs. Pure functions; `LogArchive` attaches what they return. Nothing here needs an ACL.
 */
import * as iam from 'aws-cdk-lib/aws-iam';

/** Where logs come from and go to. */
export interface Delivery {
  readonly partition: string;
  readonly bucketArn: string;
  /** Key prefix before `AWSLogs/`, empty or ending in `/`. */
  readonly prefix: string;
  /** `*` when an organisation is given. */
  readonly accounts: readonly string[];
  /** Organisation that sources must belong to, in place of accounts. */
  readonly organizationId?: string;
  readonly regions: readonly string[];
}

/** Statements on the bucket and on its key. */
export interface Permission {
  readonly bucket: iam.PolicyStatement[];
  readonly key: iam.PolicyStatement[];
}

type Conditions = Record<string, Record<string, string | string[]>>;

const one = (values: readonly string[]): string | string[] => (values.length === 1 ? values[0] : [...values]);

const service = (name: string) => [new iam.ServicePrincipal(name)];

/** `bucket/prefix/AWSLogs/account/tail` for each account. */
const objects = (to: Delivery, tail: string): string[] =>
  to.accounts.map((account) => `${to.bucketArn}/${to.prefix}AWSLogs/${account}/${tail}`);

/** `arn:partition:service:region:account:rest` for each account and region. */
const arns = (to: Delivery, name: string, rest: string, regions = to.regions): string[] =>
  to.accounts.flatMap((account) => regions.map((region) => `arn:${to.partition}:${name}:${region}:${account}:${rest}`));

const OWNER = { 's3:x-amz-acl': 'bucket-owner-full-control' };

/** Held to source accounts, or to the organisation that they are in. */
const owned = (to: Delivery): Record<string, string | string[]> =>
  to.organizationId === undefined
    ? { 'aws:SourceAccount': one(to.accounts) }
    : { 'aws:SourceOrgID': to.organizationId };

/** Held to source accounts and ARNs. */
function from(to: Delivery, sourceArns: readonly string[], equal: Record<string, string> = {}): Conditions {
  return {
    StringEquals: { ...equal, ...owned(to) },
    ArnLike: { 'aws:SourceArn': one(sourceArns) },
  };
}

function bucketCheck(to: Delivery, sid: string, principal: string, conditions: Conditions, action = 's3:GetBucketAcl') {
  return new iam.PolicyStatement({
    sid,
    principals: service(principal),
    actions: [action],
    resources: [to.bucketArn],
    conditions,
  });
}

function write(sid: string, principal: string, resources: string[], conditions: Conditions) {
  return new iam.PolicyStatement({
    sid,
    principals: service(principal),
    actions: ['s3:PutObject'],
    resources,
    conditions,
  });
}

function useKey(sid: string, principal: string, actions: string[], conditions: Conditions) {
  return new iam.PolicyStatement({ sid, principals: service(principal), actions, resources: ['*'], conditions });
}

/**
 * Vended logs: VPC flow logs, WAF, Route 53 Resolver queries, Network Firewall, Network Load Balancers and others that
 * deliver as `delivery.logs.amazonaws.com`. Source: CloudWatch Logs User Guide, "Logs sent to Amazon S3"; for the key,
 * "Amazon S3 bucket server-side encryption" there.
 */
export function vended(to: Delivery): Permission {
  const principal = 'delivery.logs.amazonaws.com';
  const sources = arns(to, 'logs', '*');
  return {
    bucket: [
      bucketCheck(to, 'LogDeliveryAclCheck', principal, from(to, sources)),
      write('LogDeliveryWrite', principal, objects(to, '*'), from(to, sources, OWNER)),
    ],
    key: [
      useKey(
        'LogDeliveryKey',
        principal,
        ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
        from(to, sources),
      ),
    ],
  };
}

/**
 * CloudFront standard logging v2, delivered through a delivery source that lives in us-east-1 (cn-northwest-1 in China).
 * Source: CloudFront Developer Guide, "Configure standard logging (v2)".
 */
export function cloudFront(to: Delivery): Permission {
  const principal = 'delivery.logs.amazonaws.com';
  const sources = arns(to, 'logs', 'delivery-source:*');
  return {
    bucket: [write('CloudFrontWrite', principal, objects(to, '*'), from(to, sources, OWNER))],
    key: [useKey('CloudFrontKey', principal, ['kms:Decrypt', 'kms:GenerateDataKey'], from(to, sources))],
  };
}

/**
 * CloudTrail. Its documentation holds it to the ARN of the trail; a trail of an organisation writes below the
 * organisation's id too. Source: CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail" and "Configure AWS KMS
 * key policies for CloudTrail".
 */
export function cloudTrail(to: Delivery, trailArns: readonly string[], organizationId?: string): Permission {
  const principal = 'cloudtrail.amazonaws.com';
  const sources = trailArns.length > 0 ? trailArns : arns(to, 'cloudtrail', 'trail/*');
  // Its own organisation's trail is held to its ARN; any trail of an organisation is held to that too.
  const strangers: Conditions =
    trailArns.length === 0 && to.organizationId !== undefined ? { StringEquals: owned(to) } : {};
  const source: Conditions = { ArnLike: { 'aws:SourceArn': one(sources) }, ...strangers };
  const organization = organizationId === undefined ? [] : [`${to.bucketArn}/${to.prefix}AWSLogs/${organizationId}/*`];
  return {
    bucket: [
      bucketCheck(to, 'CloudTrailAclCheck', principal, source),
      write('CloudTrailWrite', principal, [...objects(to, '*'), ...organization], {
        ...source,
        StringEquals: { ...OWNER, ...strangers.StringEquals },
      }),
    ],
    key: [
      useKey('CloudTrailEncrypt', principal, ['kms:GenerateDataKey*'], {
        ...source,
        StringLike: {
          'kms:EncryptionContext:aws:cloudtrail:arn': one(
            to.accounts.map((account) => `arn:${to.partition}:cloudtrail:*:${account}:trail/*`),
          ),
        },
      }),
      useKey('CloudTrailDescribeKey', principal, ['kms:DescribeKey'], source),
    ],
  };
}

/**
 * AWS Config, when it delivers as itself: its documentation holds it to source accounts. Source: AWS Config Developer
 * Guide, "Permissions for the Amazon S3 bucket for the delivery channel" and "Permissions for the KMS key".
 */
export function config(to: Delivery): Permission {
  const principal = 'config.amazonaws.com';
  const accounts: Conditions = { StringEquals: owned(to) };
  return {
    bucket: [
      bucketCheck(to, 'ConfigAclCheck', principal, accounts),
      bucketCheck(to, 'ConfigExistenceCheck', principal, accounts, 's3:ListBucket'),
      write('ConfigWrite', principal, objects(to, 'Config/*'), {
        StringEquals: { ...OWNER, ...owned(to) },
      }),
    ],
    key: [useKey('ConfigKey', principal, ['kms:Decrypt', 'kms:GenerateDataKey'], accounts)],
  };
}

/**
 * Application and Classic Load Balancers, which deliver with SSE-S3 only. Source: Elastic Load Balancing, "Enable access
 * logs for your Application Load Balancer", step 2.
 */
export function loadBalancers(to: Delivery): Permission {
  const principal = 'logdelivery.elasticloadbalancing.amazonaws.com';
  const sources = arns(to, 'elasticloadbalancing', 'loadbalancer/*');
  return {
    bucket: [
      write('LoadBalancersWrite', principal, objects(to, '*'), {
        ArnLike: { 'aws:SourceArn': one(sources) },
        ...(to.organizationId === undefined ? {} : { StringEquals: owned(to) }),
      }),
    ],
    key: [],
  };
}

/**
 * Server access logs of other buckets, with SSE-S3 only. Source: S3 User Guide, "Enabling Amazon S3 server access
 * logging", permissions for log delivery.
 */
export function s3AccessLogs(to: Delivery): Permission {
  return {
    bucket: [
      write('S3AccessLogsWrite', 'logging.s3.amazonaws.com', [`${to.bucketArn}/${to.prefix}*`], {
        StringEquals: owned(to),
        ArnLike: { 'aws:SourceArn': `arn:${to.partition}:s3:::*` },
      }),
    ],
    key: [],
  };
}

/**
 * S3 Inventory and storage class analysis of other buckets. Source: S3 User Guide, "Grant permissions for S3 Inventory
 * and S3 analytics" and "Grant Amazon S3 permission to use your KMS key for encryption".
 */
export function s3Inventory(to: Delivery, bucketArns: readonly string[]): Permission {
  const sources = bucketArns.length > 0 ? bucketArns : [`arn:${to.partition}:s3:::*`];
  return {
    bucket: [
      write('S3InventoryWrite', 's3.amazonaws.com', [`${to.bucketArn}/${to.prefix}*`], from(to, sources, OWNER)),
    ],
    key: [useKey('S3InventoryKey', 's3.amazonaws.com', ['kms:GenerateDataKey'], from(to, sources))],
  };
}

/**
 * Findings that GuardDuty exports. Source: GuardDuty User Guide, "Exporting generated findings to Amazon S3 buckets".
 */
export function guardDuty(to: Delivery): Permission {
  const principal = 'guardduty.amazonaws.com';
  const sources = arns(to, 'guardduty', 'detector/*');
  return {
    bucket: [
      bucketCheck(to, 'GuardDutyLocation', principal, from(to, sources), 's3:GetBucketLocation'),
      write('GuardDutyWrite', principal, objects(to, 'GuardDuty/*'), from(to, sources)),
    ],
    key: [useKey('GuardDutyKey', principal, ['kms:GenerateDataKey'], from(to, sources))],
  };
}

/**
 * Export tasks of CloudWatch Logs, which deliver as the service of their Region. Source: CloudWatch Logs User Guide,
 * "Exporting log data to Amazon S3", step 4.
 */
export function logExports(to: Delivery): Permission {
  const sources = arns(to, 'logs', 'log-group:*');
  const principals = to.regions.map((region) => `logs.${region}.amazonaws.com`);
  return {
    bucket: principals.flatMap((principal, i) => [
      bucketCheck(to, `LogExportsAclCheck${i}`, principal, from(to, sources)),
      write(`LogExportsWrite${i}`, principal, [`${to.bucketArn}/${to.prefix}*`], from(to, sources, OWNER)),
    ]),
    key: principals.map((principal, i) =>
      useKey(`LogExportsKey${i}`, principal, ['kms:GenerateDataKey', 'kms:Decrypt'], from(to, sources)),
    ),
  };
}

/**
 * Model invocations that Bedrock logs. Source: Bedrock User Guide, "Monitor model invocation using CloudWatch Logs and
 * Amazon S3".
 */
export function bedrock(to: Delivery): Permission {
  const principal = 'bedrock.amazonaws.com';
  const sources = arns(to, 'bedrock', '*');
  return {
    bucket: [write('BedrockWrite', principal, objects(to, 'BedrockModelInvocationLogs/*'), from(to, sources))],
    key: [useKey('BedrockKey', principal, ['kms:GenerateDataKey'], from(to, sources))],
  };
}
