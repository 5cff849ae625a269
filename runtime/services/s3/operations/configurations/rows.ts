/**
 * Configurations that live in the bucket's row because nearly every request needs them: versioning, encryption,
 * public access, ownership, lock, tags, payer, ABAC. Source: the pages of these operations in the S3 API reference.
 */
import type { Call } from '../../../../kernel/call';
import { isPublic } from '../../acls';
import { bucketCheck } from '../../actions/keys';
import { changeRow } from '../../configurations';
import { defaultEncryption } from '../../defaults';
import { disputed } from '../../disputed';
import {
  illegalVersioning,
  invalidAclWithOwnership,
  invalidArgument,
  invalidBucketState,
  lifecycleAndMfa,
  malformedXml,
  methodNotAllowed,
  missingRequestBody,
  noConfiguration,
} from '../../errors';
import { checkedDuration, MOST_DAYS, MOST_YEARS, modeOf } from '../../locks';
import { mfaRequired, provesMfa } from '../../mfa';
import type { In, Out } from '../../model';
import { ownerId } from '../../owners';
import { findConfiguration } from '../../state/buckets';
import type { Bucket, BucketLock, Ownership, SseAlgorithm } from '../../state/tables';
import { bucketTags, toTagSet } from '../../tags';
import { bucketOf } from '../../target';

// ---- versioning ---------------------------------------------------------------------------------------------------

export async function PutBucketVersioning(
  call: Call,
  input: In<'PutBucketVersioning'>,
): Promise<Out<'PutBucketVersioning'>> {
  const { Status, MFADelete } = input.VersioningConfiguration ?? {};
  if (Status === undefined) throw illegalVersioning('The Versioning element must be specified');
  if (Status !== 'Enabled' && Status !== 'Suspended')
    throw malformedXml(`Status must be Enabled or Suspended, not ${Status}`);
  if (MFADelete !== undefined && MFADelete !== 'Enabled' && MFADelete !== 'Disabled')
    throw malformedXml(`MfaDelete must be Enabled or Disabled, not ${MFADelete}`);
  const proven = await provesMfa(call, await bucketOf(call, input), input.MFA);
  await changeRow(call, input, async (bucket, tx) => {
    if ((bucket.mfaDelete === 'Enabled' || MFADelete === 'Enabled') && !proven) throw mfaRequired();
    if (MFADelete === 'Enabled' && (await findConfiguration(tx, bucket.id, 'lifecycle'))) throw lifecycleAndMfa();
    if (bucket.lock && Status === 'Suspended')
      throw invalidBucketState(
        'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
      );
    return { ...bucket, versioning: Status, ...(MFADelete ? { mfaDelete: MFADelete } : {}) };
  });
  return {};
}

export async function GetBucketVersioning(
  call: Call,
  input: In<'GetBucketVersioning'>,
): Promise<Out<'GetBucketVersioning'>> {
  const { versioning, mfaDelete } = await bucketOf(call, input);
  return versioning ? { Status: versioning, ...(mfaDelete ? { MFADelete: mfaDelete } : {}) } : {};
}

// ---- encryption ---------------------------------------------------------------------------------------------------

export async function PutBucketEncryption(
  call: Call,
  input: In<'PutBucketEncryption'>,
): Promise<Out<'PutBucketEncryption'>> {
  const rules = input.ServerSideEncryptionConfiguration?.Rules ?? [];
  const [rule] = rules;
  if (rules.length !== 1) throw malformedXml(`one Rule is expected, not ${rules.length}`);
  const wanted = rule.ApplyServerSideEncryptionByDefault;
  if (!wanted && !rule.BlockedEncryptionTypes) throw malformedXml('the Rule says nothing');
  const algorithm = wanted ? algorithmOf(wanted.SSEAlgorithm) : undefined;
  const keyId = wanted?.KMSMasterKeyID || undefined;
  if (keyId !== undefined && algorithm === 'AES256')
    throw invalidArgument(
      'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
      'ApplyServerSideEncryptionByDefault',
    );
  const blocked = rule.BlockedEncryptionTypes?.EncryptionType;
  if (blocked?.some((type) => type !== 'SSE-C' && type !== 'NONE') || (blocked && blocked.length > 1))
    throw malformedXml('EncryptionType must be SSE-C or NONE');
  await changeRow(call, input, (bucket) => ({
    ...bucket,
    encryption: {
      algorithm: algorithm ?? bucket.encryption.algorithm,
      ...(wanted ? (keyId ? { keyId } : {}) : bucket.encryption.keyId ? { keyId: bucket.encryption.keyId } : {}),
      isSet: true,
      bucketKey: rule.BucketKeyEnabled ?? (wanted ? false : bucket.encryption.bucketKey),
      blocksCustomerKeys: blocked ? blocked[0] === 'SSE-C' : bucket.encryption.blocksCustomerKeys,
    },
  }));
  return {};
}

function algorithmOf(text: string | undefined): SseAlgorithm {
  if (text === 'AES256' || text === 'aws:kms' || text === 'aws:kms:dsse') return text;
  throw malformedXml(`SSEAlgorithm must be AES256, aws:kms or aws:kms:dsse, not ${text}`);
}

export async function GetBucketEncryption(
  call: Call,
  input: In<'GetBucketEncryption'>,
): Promise<Out<'GetBucketEncryption'>> {
  const { algorithm, keyId, bucketKey, blocksCustomerKeys } = (await bucketOf(call, input)).encryption;
  return {
    ServerSideEncryptionConfiguration: {
      Rules: [
        {
          ApplyServerSideEncryptionByDefault: { SSEAlgorithm: algorithm, ...(keyId ? { KMSMasterKeyID: keyId } : {}) },
          BucketKeyEnabled: bucketKey,
          // Told whether or not anybody has put it, as S3 does since it blocks by default.
          BlockedEncryptionTypes: { EncryptionType: [blocksCustomerKeys ? 'SSE-C' : 'NONE'] },
        },
      ],
    },
  };
}

/** Back to what a new bucket has. */
export async function DeleteBucketEncryption(
  call: Call,
  input: In<'DeleteBucketEncryption'>,
): Promise<Out<'DeleteBucketEncryption'>> {
  await changeRow(call, input, (bucket) => ({ ...bucket, encryption: defaultEncryption(call.kernel) }));
  return {};
}

// ---- public access ------------------------------------------------------------------------------------------------

export async function PutPublicAccessBlock(
  call: Call,
  input: In<'PutPublicAccessBlock'>,
): Promise<Out<'PutPublicAccessBlock'>> {
  const wanted = input.PublicAccessBlockConfiguration;
  if (!wanted) throw malformedXml('PublicAccessBlockConfiguration is missing');
  await changeRow(call, input, (bucket) => ({
    ...bucket,
    publicAccess: {
      BlockPublicAcls: wanted.BlockPublicAcls ?? false,
      IgnorePublicAcls: wanted.IgnorePublicAcls ?? false,
      BlockPublicPolicy: wanted.BlockPublicPolicy ?? false,
      RestrictPublicBuckets: wanted.RestrictPublicBuckets ?? false,
    },
  }));
  return {};
}

export async function GetPublicAccessBlock(
  call: Call,
  input: In<'GetPublicAccessBlock'>,
): Promise<Out<'GetPublicAccessBlock'>> {
  const { publicAccess, name } = await bucketOf(call, input);
  if (!publicAccess)
    throw noConfiguration(
      'NoSuchPublicAccessBlockConfiguration',
      'The public access block configuration was not found',
      name,
    );
  return { PublicAccessBlockConfiguration: { ...publicAccess } };
}

export async function DeletePublicAccessBlock(
  call: Call,
  input: In<'DeletePublicAccessBlock'>,
): Promise<Out<'DeletePublicAccessBlock'>> {
  await changeRow(call, input, ({ publicAccess, ...bucket }) => bucket);
  return {};
}

// ---- ownership ----------------------------------------------------------------------------------------------------

const OWNERSHIPS: readonly Ownership[] = ['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter'];

export async function PutBucketOwnershipControls(
  call: Call,
  input: In<'PutBucketOwnershipControls'>,
): Promise<Out<'PutBucketOwnershipControls'>> {
  const rules = input.OwnershipControls?.Rules ?? [];
  const ownership = OWNERSHIPS.find((one) => one === rules[0]?.ObjectOwnership);
  if (rules.length !== 1 || !ownership)
    throw malformedXml(`one Rule is expected, with ObjectOwnership one of ${OWNERSHIPS.join(', ')}`);
  await changeRow(call, input, (bucket) => {
    // An ACL that lets in others would be lost without a word.
    const shared = bucket.acl?.some(({ grantee }) => grantee.id !== ownerId(call.kernel, bucket.account));
    if (ownership === 'BucketOwnerEnforced' && bucket.acl && (shared || isPublic(bucket.acl)))
      throw invalidAclWithOwnership(ownership);
    return { ...bucket, ownership };
  });
  return {};
}

export async function GetBucketOwnershipControls(
  call: Call,
  input: In<'GetBucketOwnershipControls'>,
): Promise<Out<'GetBucketOwnershipControls'>> {
  const { ownership, name } = await bucketOf(call, input);
  if (!ownership)
    throw noConfiguration('OwnershipControlsNotFoundError', 'The bucket ownership controls were not found', name);
  return { OwnershipControls: { Rules: [{ ObjectOwnership: ownership }] } };
}

export async function DeleteBucketOwnershipControls(
  call: Call,
  input: In<'DeleteBucketOwnershipControls'>,
): Promise<Out<'DeleteBucketOwnershipControls'>> {
  await changeRow(call, input, ({ ownership, ...bucket }) => bucket);
  return {};
}

// ---- object lock --------------------------------------------------------------------------------------------------

export async function PutObjectLockConfiguration(
  call: Call,
  input: In<'PutObjectLockConfiguration'>,
): Promise<Out<'PutObjectLockConfiguration'>> {
  const wanted = input.ObjectLockConfiguration;
  if (!wanted) throw missingRequestBody();
  if (wanted.ObjectLockEnabled !== 'Enabled') throw malformedXml('ObjectLockEnabled must be Enabled');
  const lock = wanted.Rule ? defaultRetention(call, wanted.Rule.DefaultRetention) : {};
  await changeRow(call, input, (bucket) => {
    if (bucket.versioning !== 'Enabled')
      throw invalidBucketState("Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration");
    return { ...bucket, lock };
  });
  return {};
}

type LockRule = NonNullable<NonNullable<In<'PutObjectLockConfiguration'>['ObjectLockConfiguration']>['Rule']>;

/** A period, an event hold, or both. */
function defaultRetention(
  { kernel }: Call,
  { Mode, Days, Years, DefaultEventHold: hold }: LockRule['DefaultRetention'] = {},
): BucketLock {
  const mode = modeOf(Mode);
  const period = Days ?? Years;
  if (!mode || (Days !== undefined && Years !== undefined) || (period === undefined && !hold))
    throw malformedXml('DefaultRetention needs the Mode GOVERNANCE or COMPLIANCE and either Days or Years');
  const name = Days === undefined ? 'Years' : 'Days';
  if (period !== undefined && period <= 0) throw disputed(kernel).emptyRetention(name, period);
  if ((Days ?? 0) > MOST_DAYS || (Years ?? 0) > MOST_YEARS)
    throw invalidArgument('Default retention period too large.', name, period);
  const eventHold = hold && checkedDuration({ days: hold.Days, years: hold.Years }, 'DefaultEventHold');
  return {
    mode,
    ...(Days === undefined ? {} : { days: Days }),
    ...(Years === undefined ? {} : { years: Years }),
    ...(eventHold ? { eventHold } : {}),
  };
}

export async function GetObjectLockConfiguration(
  call: Call,
  input: In<'GetObjectLockConfiguration'>,
): Promise<Out<'GetObjectLockConfiguration'>> {
  const { lock, name } = await bucketOf(call, input);
  if (!lock)
    throw noConfiguration(
      'ObjectLockConfigurationNotFoundError',
      'Object Lock configuration does not exist for this bucket',
      name,
    );
  const { mode, days, years, eventHold } = lock;
  const DefaultRetention = {
    Mode: mode,
    ...(days === undefined ? {} : { Days: days }),
    ...(years === undefined ? {} : { Years: years }),
    ...(eventHold ? { DefaultEventHold: { Days: eventHold.days, Years: eventHold.years } } : {}),
  };
  return {
    ObjectLockConfiguration: { ObjectLockEnabled: 'Enabled', ...(mode ? { Rule: { DefaultRetention } } : {}) },
  };
}

// ---- tags ---------------------------------------------------------------------------------------------------------

export async function PutBucketTagging(call: Call, input: In<'PutBucketTagging'>): Promise<Out<'PutBucketTagging'>> {
  const tags = bucketTags(call.kernel, input.Tagging?.TagSet);
  const bucket = await bucketOf(call, input);
  checkAbacOff(call, bucket);
  await call.authorize({ ...bucketCheck(call, bucket, 's3:PutBucketTagging'), requestTags: tags });
  await changeRow(call, input, (now) => ({ ...now, tags }));
  return {};
}

/**
 * "After you enable ABAC, PutBucketTagging and DeleteBucketTagging will no longer work. Instead, use the TagResource and
 * UntagResource APIs." Source: S3 user guide, "Enabling ABAC in general purpose buckets".
 */
function checkAbacOff(call: Call, { abac }: Bucket): void {
  if (abac) throw methodNotAllowed(call.request.method, 'TAGGING');
}

export async function GetBucketTagging(call: Call, input: In<'GetBucketTagging'>): Promise<Out<'GetBucketTagging'>> {
  const { tags, name } = await bucketOf(call, input);
  if (!tags || Object.keys(tags).length === 0) throw noConfiguration('NoSuchTagSet', 'The TagSet does not exist', name);
  return { TagSet: toTagSet(tags) };
}

export async function DeleteBucketTagging(
  call: Call,
  input: In<'DeleteBucketTagging'>,
): Promise<Out<'DeleteBucketTagging'>> {
  checkAbacOff(call, await bucketOf(call, input));
  await changeRow(call, input, ({ tags, ...bucket }) => bucket);
  return {};
}

// ---- payer and ABAC -----------------------------------------------------------------------------------------------

export async function PutBucketRequestPayment(
  call: Call,
  input: In<'PutBucketRequestPayment'>,
): Promise<Out<'PutBucketRequestPayment'>> {
  const payer = input.RequestPaymentConfiguration?.Payer;
  if (payer !== 'Requester' && payer !== 'BucketOwner')
    throw malformedXml(`Payer must be Requester or BucketOwner, not ${payer}`);
  await changeRow(call, input, ({ requesterPays, ...bucket }) =>
    payer === 'Requester' ? { ...bucket, requesterPays: true } : bucket,
  );
  return {};
}

export async function GetBucketRequestPayment(
  call: Call,
  input: In<'GetBucketRequestPayment'>,
): Promise<Out<'GetBucketRequestPayment'>> {
  const { requesterPays } = await bucketOf(call, input);
  return { Payer: requesterPays ? 'Requester' : 'BucketOwner' };
}

export async function PutBucketAbac(call: Call, input: In<'PutBucketAbac'>): Promise<Out<'PutBucketAbac'>> {
  const status = input.AbacStatus?.Status;
  if (status !== 'Enabled' && status !== 'Disabled')
    throw malformedXml(`Status must be Enabled or Disabled, not ${status}`);
  await changeRow(call, input, ({ abac, ...bucket }) => (status === 'Enabled' ? { ...bucket, abac: true } : bucket));
  return {};
}

export async function GetBucketAbac(call: Call, input: In<'GetBucketAbac'>): Promise<Out<'GetBucketAbac'>> {
  const { abac } = await bucketOf(call, input);
  return { AbacStatus: { Status: abac ? 'Enabled' : 'Disabled' } };
}
