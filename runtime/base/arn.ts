/** Amazon Resource Names: `arn:partition:service:region:account:resource`. Source: AWS General Reference, "ARNs". */

export interface Arn {
  readonly partition: string;
  readonly service: string;
  readonly region: string;
  readonly account: string;
  /** Everything after the fifth colon, colons included. */
  readonly resource: string;
}

export function parseArn(text: string): Arn | undefined {
  if (!text.startsWith('arn:')) return undefined;
  const parts = text.split(':', 5);
  if (parts.length < 5) return undefined;
  const [, partition, service, region, account] = parts;
  const end = 'arn:'.length + partition.length + service.length + region.length + account.length + 4;
  if (text[end - 1] !== ':') return undefined;
  const resource = text.slice(end);
  return partition && service && resource ? { partition, service, region, account, resource } : undefined;
}

export function formatArn(arn: Arn): string {
  return `arn:${arn.partition}:${arn.service}:${arn.region}:${arn.account}:${arn.resource}`;
}

/** Whether a text has the form of a region's name; which there are is for AWS to say. */
export function isRegion(text: string): boolean {
  return /^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/.test(text);
}

/** The partition that a region belongs to. Source: AWS General Reference, "AWS service endpoints". */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}

/** The DNS suffix of a partition: CloudFormation's `AWS::URLSuffix`. */
export function urlSuffixOf(partition: string): string {
  return partition === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com';
}
