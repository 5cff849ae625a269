/**
 * Deny statements that a bucket's policy is made of, shared by the props of SecureBucket and the mixins.
 * Source: S3 User Guide, "Bucket policy examples using condition keys", "Using dual-layer server-side encryption".
 */
import * as iam from 'aws-cdk-lib/aws-iam';

function deny(
  sid: string,
  actions: string[],
  resources: string[],
  conditions: Record<string, Record<string, unknown>>,
): iam.PolicyStatement {
  return new iam.PolicyStatement({
    sid,
    effect: iam.Effect.DENY,
    principals: [new iam.AnyPrincipal()],
    actions,
    resources,
    conditions,
  });
}

/** No request without TLS. */
export function denyPlainHttp(bucketArn: string): iam.PolicyStatement {
  const condition = { Bool: { 'aws:SecureTransport': 'false' } };
  return deny('DenyPlainHttp', ['s3:*'], [bucketArn, `${bucketArn}/*`], condition);
}

/** No request over TLS older than `version`. */
export function denyOldTls(bucketArn: string, version: number): iam.PolicyStatement {
  const condition = { NumericLessThan: { 's3:TlsVersion': version } };
  return deny('DenyOldTls', ['s3:*'], [bucketArn, `${bucketArn}/*`], condition);
}

/** No upload under a key that the caller brings along (SSE-C). */
export function denyCallersKeys(bucketArn: string): iam.PolicyStatement {
  return deny('DenySseC', ['s3:PutObject'], [`${bucketArn}/*`], {
    Null: { 's3:x-amz-server-side-encryption-customer-algorithm': 'false' },
  });
}

const ALGORITHM = 's3:x-amz-server-side-encryption';
const KEY = 's3:x-amz-server-side-encryption-aws-kms-key-id';

/**
 * No upload that names another algorithm or key than the bucket's. `stated`: nor one that names none. An upload that
 * names SSE-KMS without a key would get the key of AWS, so it is denied too (S3 API Reference, PutObject,
 * x-amz-server-side-encryption-aws-kms-key-id).
 */
export function denyOtherEncryption(
  bucketArn: string,
  algorithm: string,
  keyArn: string | undefined,
  stated: boolean,
): iam.PolicyStatement[] {
  const objects = [`${bucketArn}/*`];
  const put = ['s3:PutObject'];
  const statements = [
    deny('DenyOtherAlgorithm', put, objects, {
      StringNotEquals: { [ALGORITHM]: algorithm },
      Null: { [ALGORITHM]: 'false' },
    }),
  ];
  if (stated) statements.push(deny('DenyUnstatedEncryption', put, objects, { Null: { [ALGORITHM]: 'true' } }));
  if (keyArn !== undefined) {
    statements.push(
      deny('DenyOtherKey', put, objects, { StringNotEquals: { [KEY]: keyArn }, Null: { [KEY]: 'false' } }),
      deny('DenyKeyOfAws', put, objects, { StringEquals: { [ALGORITHM]: algorithm }, Null: { [KEY]: 'true' } }),
    );
  }
  return statements;
}
