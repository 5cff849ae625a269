/**
 * What things are called: bucket names as S3 allows them, ARNs. Source: S3 user guide, "General purpose bucket naming
 * rules".
 */
import { partitionOf } from '../../base/arn';
import { invalidArgument, invalidBucketName, keyTooLong } from './errors';

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const LOOKS_LIKE_ADDRESS = /^\d{1,3}(\.\d{1,3}){3}$/;
const RESERVED_PREFIXES = ['xn--', 'sthree-', 'amzn-s3-demo-'];
const RESERVED_SUFFIXES = ['-s3alias', '--ol-s3', '.mrap', '--x-s3', '--table-s3', '-an'];
const KEY_LIMIT_BYTES = 1024;

/** Whether AWS has a region of this name, as far as its client knows. */
export function isKnownRegion(region: string): boolean {
  const { BucketLocationConstraint: known }: typeof import('@aws-sdk/client-s3') = require('@aws-sdk/client-s3');
  return region === 'us-east-1' || Object.values<string>(known).includes(region);
}

/** Whether a bucket of this name may be made; those that exist are never asked again. */
export function isBucketName(name: string): boolean {
  return (
    BUCKET_NAME.test(name) &&
    !/\.\.|\.-|-\./.test(name) &&
    !LOOKS_LIKE_ADDRESS.test(name) &&
    !RESERVED_PREFIXES.some((prefix) => name.startsWith(prefix)) &&
    !RESERVED_SUFFIXES.some((suffix) => name.endsWith(suffix))
  );
}

/**
 * The suffix of names in an account's own namespace of a region: `-<account>-<region>-an`. Only such names may end in
 * `-an`. Source: S3 user guide, "Account regional namespaces".
 */
export function accountRegionalSuffix(account: string, region: string): string {
  return `-${account}-${region}-an`;
}

export function checkNewBucketName(name: string, accountRegional: boolean, account: string, region: string): void {
  const suffix = accountRegionalSuffix(account, region);
  const base = accountRegional && name.endsWith(suffix) ? `${name.slice(0, -suffix.length)}` : name;
  if (accountRegional && base === name) throw invalidBucketName(name);
  if (name.length > 63 || !isBucketName(accountRegional ? `${base}0` : base)) throw invalidBucketName(name);
}

export function checkKeyLength(key: string): void {
  const sizeBytes = Buffer.byteLength(key);
  if (sizeBytes > KEY_LIMIT_BYTES) throw keyTooLong(sizeBytes);
}

export function checkKey(key: string): void {
  checkKeyLength(key);
  if (key === '') throw invalidArgument('Object key must not be empty', 'key', '');
}

export function bucketArn(name: string, partition: string): string {
  return `arn:${partition}:s3:::${name}`;
}

export function objectArn(bucket: string, key: string, partition: string): string {
  return `${bucketArn(bucket, partition)}/${key}`;
}

/** Bucket and key of an S3 ARN, as policies name resources. */
export function parseS3Arn(arn: string): { bucket: string; key?: string } | undefined {
  const match = /^arn:[^:]*:s3:::([^/]+)(?:\/(.*))?$/s.exec(arn);
  return match ? { bucket: match[1], key: match[2] } : undefined;
}

/** The URL-like `Location` of a bucket or object. */
export function regionalHost(bucket: string, region: string): string {
  return `${bucket}.s3.${region}.${partitionOf(region) === 'aws-cn' ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}
