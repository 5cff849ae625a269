/**
 * Replication configurations: what S3 accepts. Sources: S3 API reference, "PutBucketReplication"; S3 user guide,
 * "Replication configuration file elements".
 */
import { parseArn } from '../../../../base/arn';
import type { Call } from '../../../../kernel/call';
import { dropFamily, needFamily, putFamily } from '../../configurations';
import { invalidArgument, invalidRequest, malformedXml } from '../../errors';
import { storageClassOf } from '../../metadata';
import type { In, Out } from '../../model';
import { parseS3Arn } from '../../names';
import { findBucket } from '../../state/buckets';
import type { Bucket } from '../../state/tables';
import { bucketOf } from '../../target';

type Configuration = NonNullable<In<'PutBucketReplication'>['ReplicationConfiguration']>;
type Rule = NonNullable<Configuration['Rules']>[number];

const MOST_RULES = 1000;
/** The one valid value. Source: S3 API reference, "ReplicationTimeValue". */
const MINUTES = 15;

export async function PutBucketReplication(
  call: Call,
  input: In<'PutBucketReplication'>,
): Promise<Out<'PutBucketReplication'>> {
  const bucket = await bucketOf(call, input);
  if (bucket.versioning !== 'Enabled')
    throw invalidRequest("Versioning must be 'Enabled' on the bucket to apply a replication configuration");
  const { Role = '', Rules = [] } = input.ReplicationConfiguration ?? {};
  if (Rules.length === 0) throw malformedXml('at least one Rule is expected');
  if (Rules.length > MOST_RULES)
    throw invalidRequest('The number of replication rules must not exceed the allowed limit of 1000 rules.');
  const role = parseArn(Role);
  if (role?.service !== 'iam' || !role.resource.startsWith('role/'))
    throw invalidArgument('Invalid Role specified in replication configuration', 'Role', Role);
  const ids = new Set<string>();
  const priorities = new Set<number>();
  const named: Rule[] = [];
  for (const rule of Rules) {
    const ID = rule.ID || call.kernel.random.uuid();
    if (ids.has(ID)) throw invalidArgument('Rule Id must be unique', 'ID', ID);
    ids.add(ID);
    if (rule.Priority !== undefined) {
      if (priorities.has(rule.Priority)) throw invalidRequest(`Found duplicate priority ${rule.Priority}`);
      priorities.add(rule.Priority);
    }
    await checkRule(call, bucket, rule);
    named.push({ ...rule, ID });
  }
  await putFamily(call, input, 'replication', { Role, Rules: named });
  return {};
}

async function checkRule(call: Call, bucket: Bucket, rule: Rule): Promise<void> {
  const { Status, Filter, Prefix, Priority, Destination, DeleteMarkerReplication, SourceSelectionCriteria } = rule;
  if (Status !== 'Enabled' && Status !== 'Disabled')
    throw malformedXml(`Status must be Enabled or Disabled, not ${Status}`);
  if ((Filter === undefined) === (Prefix === undefined)) throw malformedXml('a Rule needs either Filter or Prefix');
  if (Filter) {
    if (Priority === undefined)
      throw invalidRequest(
        'Priority must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.',
      );
    if (!DeleteMarkerReplication)
      throw invalidRequest(
        'DeleteMarkerReplication must be specified for this version of Cross Region Replication configuration schema. Please refer to S3 Developer Guide for more information.',
      );
    const tagged = Filter.Tag !== undefined || (Filter.And?.Tags?.length ?? 0) > 0;
    if (tagged && DeleteMarkerReplication.Status === 'Enabled')
      throw invalidRequest(
        'Delete marker replication is not supported if any Tag filter is specified. Please refer to S3 Developer Guide for more information.',
      );
  }
  const target = parseS3Arn(Destination?.Bucket ?? '');
  if (!Destination || !target || target.key !== undefined)
    throw invalidArgument('Invalid bucket ARN', 'Bucket', Destination?.Bucket);
  storageClassOf(Destination.StorageClass);
  const destination = await findBucket(call.kernel.store, target.bucket);
  if (destination?.versioning !== 'Enabled') throw invalidRequest('Destination bucket must have versioning enabled.');
  if (destination.id === bucket.id) throw invalidRequest('Destination bucket cannot be the same as the source bucket.');
  if (bucket.lock && !destination.lock) throw invalidRequest('Destination bucket must have object lock enabled.');
  const forKms = SourceSelectionCriteria?.SseKmsEncryptedObjects?.Status === 'Enabled';
  const replicaKey = Destination.EncryptionConfiguration?.ReplicaKmsKeyID;
  if (forKms !== (replicaKey !== undefined))
    throw invalidRequest(
      forKms
        ? 'EncryptionConfiguration must be specified if SseKmsEncryptedObjects tag is Enabled'
        : 'SseKmsEncryptedObjects must be specified if EncryptionConfiguration is present',
    );
  if (Destination.AccessControlTranslation && !Destination.Account)
    throw invalidRequest('Account must be specified if AccessControlTranslation is present');
  if (Destination.ReplicationTime?.Status === 'Enabled' && Destination.Metrics?.Status !== 'Enabled')
    throw invalidRequest('Metrics must be enabled when ReplicationTime is enabled');
  for (const time of [Destination.ReplicationTime?.Time, Destination.Metrics?.EventThreshold])
    if (time?.Minutes !== undefined && time.Minutes !== MINUTES)
      throw invalidArgument(`Minutes must be ${MINUTES}`, 'Minutes', String(time.Minutes));
}

export async function GetBucketReplication(
  call: Call,
  input: In<'GetBucketReplication'>,
): Promise<Out<'GetBucketReplication'>> {
  const ReplicationConfiguration = await needFamily<Configuration>(
    call,
    input,
    'replication',
    'ReplicationConfigurationNotFoundError',
    'The replication configuration was not found',
  );
  return { ReplicationConfiguration };
}

export async function DeleteBucketReplication(
  call: Call,
  input: In<'DeleteBucketReplication'>,
): Promise<Out<'DeleteBucketReplication'>> {
  await dropFamily(call, input, 'replication');
  return {};
}
