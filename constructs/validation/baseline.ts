/**
 * What a bucket lacks that SecureBucket has without being asked. Each finding names the mixin that gives it. Sources:
 * AWS Security Hub, "Security Hub controls for Amazon S3"; S3 User Guide, "Security best practices for Amazon S3".
 */
import type { CfnResource } from 'aws-cdk-lib';
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, type Properties, text, truth } from './reading';
import type { Surroundings } from './surroundings';

/** Problems of a bucket beside what AWS refuses; none for another resource. */
export function baselineProblems(resource: CfnResource, around: Surroundings): Problem[] {
  if (resource.cfnResourceType !== 'AWS::S3::Bucket') return [];
  const bucket = around.propertiesOf(resource);
  const policies = around.policiesOf(resource).map((policy) => around.propertiesOf(policy).PolicyDocument);
  return [
    ...tls(policies),
    ...publicAccess(bucket),
    ...lacking(
      'Coffer-OwnerEnforced',
      list(members(bucket.OwnershipControls).Rules).some((it) => members(it).ObjectOwnership === 'BucketOwnerEnforced'),
      'OwnershipControls',
      bucket.OwnershipControls,
      'BucketOwnerEnforced',
      'apply new BucketOwnerEnforced()',
    ),
    ...lacking(
      'Coffer-Versioning',
      members(bucket.VersioningConfiguration).Status === 'Enabled' || truth(bucket.ObjectLockEnabled) === true,
      'VersioningConfiguration.Status',
      members(bucket.VersioningConfiguration).Status,
      'Enabled',
      'apply new BucketVersioning() of aws-cdk-lib/aws-s3/mixins',
    ),
    ...encryption(bucket),
    ...lacking(
      'Coffer-AccessLogs',
      bucket.LoggingConfiguration !== undefined,
      'LoggingConfiguration',
      bucket.LoggingConfiguration,
      'a bucket that receives access logs',
      'apply new BucketAccessLogs()',
    ),
    ...lacking(
      'Coffer-AbortUploads',
      list(members(bucket.LifecycleConfiguration).Rules).some(
        (it) => members(it).AbortIncompleteMultipartUpload !== undefined && members(it).Status !== 'Disabled',
      ),
      'LifecycleConfiguration.Rules',
      'no rule that aborts unfinished uploads',
      'a rule with AbortIncompleteMultipartUpload',
      'apply new BucketAbortUploads()',
    ),
  ];
}

function lacking(
  rule: string,
  there: boolean,
  property: string,
  given: unknown,
  allowed: string,
  fix: string,
): Problem[] {
  const findings = new Findings(rule);
  if (!there && !isIntrinsic(given)) findings.wrong(property, given, allowed, fix);
  return findings.problems;
}

function tls(documents: unknown[]): Problem[] {
  const statements = documents.flatMap((document) => list(members(document).Statement)).map(members);
  const denied = statements.some((statement) => {
    const condition = members(statement.Condition);
    const principal = statement.Principal === '*' || list(members(statement.Principal).AWS).includes('*');
    const plain =
      text(members(condition.Bool)['aws:SecureTransport']) ?? members(condition.Bool)['aws:SecureTransport'];
    const old = members(condition.NumericLessThan)['s3:TlsVersion'];
    return statement.Effect === 'Deny' && principal && (String(plain) === 'false' || old !== undefined);
  });
  return lacking(
    'Coffer-TlsOnly',
    denied,
    'PolicyDocument',
    'a policy that lets requests without TLS pass',
    'a Deny for everyone on aws:SecureTransport false',
    'apply new BucketTlsOnly()',
  );
}

function publicAccess(bucket: Properties): Problem[] {
  const block = bucket.PublicAccessBlockConfiguration;
  const flags = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
  return lacking(
    'Coffer-PublicAccess',
    flags.every((flag) => truth(members(block)[flag]) === true),
    'PublicAccessBlockConfiguration',
    block,
    'all four settings true',
    'apply new BucketBlockPublicAccess() of aws-cdk-lib/aws-s3/mixins',
  );
}

function encryption(bucket: Properties): Problem[] {
  const rules = list(members(bucket.BucketEncryption).ServerSideEncryptionConfiguration).map(members);
  const underKey = rules.some((rule) => {
    const byDefault = members(rule.ServerSideEncryptionByDefault);
    return text(byDefault.SSEAlgorithm)?.startsWith('aws:kms') && byDefault.KMSMasterKeyID !== undefined;
  });
  const blocked = rules.some((rule) => list(members(rule.BlockedEncryptionTypes).EncryptionType).includes('SSE-C'));
  return [
    ...lacking(
      'Coffer-CustomerKey',
      underKey,
      'BucketEncryption',
      rules.map((rule) => members(rule.ServerSideEncryptionByDefault).SSEAlgorithm)[0],
      'aws:kms or aws:kms:dsse with a key of the customer',
      'apply new BucketEncryption()',
    ),
    ...lacking(
      'Coffer-BlockSseC',
      blocked,
      'BucketEncryption',
      rules.map((rule) => rule.BlockedEncryptionTypes)[0],
      'BlockedEncryptionTypes with SSE-C',
      'apply new BucketBlockSseC()',
    ),
  ];
}
