/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Key Management Service". RetireGrant asks in its handler: the grant itself may permit it.
 */
import type * as Kms from '@aws-sdk/client-kms';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { callKeys, contextKeys, type Keys, resourceKeys, tagsOf } from './conditions';
import { anyAccount, anyKey, arnIn, type Named, type Naming, nameForDecrypt, nameOf, ownKey } from './keys';
import { readAlias, readKey } from './state';
import { idleDays } from './usage';

async function onNamed(call: Call, named: Named, action: string, extra: Keys = {}): Promise<Check> {
  const key = await readKey(call.kernel.store, named.account, named.region, named.keyId);
  return {
    action: `kms:${action}`,
    resource: named.arn,
    keys: { ...resourceKeys(call, key, named), ...extra },
    resourceTags: key?.tags,
  };
}

async function onKey(call: Call, keyId: string | undefined, naming: Naming, extra?: Keys): Promise<Check[]> {
  return [await onNamed(call, await nameOf(call, keyId!, naming), call.operation, extra)];
}

const onAll = (call: Call): Check[] => [{ action: `kms:${call.operation}`, resource: '*' }];

/** Tagging while creating asks for the permission to tag. */
const tagging = (call: Call, tags: Parameters<typeof tagsOf>[0], region = call.region): Check[] => {
  if (!tags || tags.length === 0) return [];
  const resource = arnIn(call.partition, call.account, region, 'key/*');
  return [{ action: 'kms:TagResource', resource, keys: callKeys(call), requestTags: tagsOf(tags) }];
};

const onAlias = (call: Call, name: string | undefined): Check => ({
  action: `kms:${call.operation}`,
  resource: arnIn(call.partition, call.account, call.region, name ?? ''),
  keys: callKeys(call),
});

/** Administration of one's own key, without keys beyond the resource's. */
const own = (input: { KeyId?: string }, call: Call) => onKey(call, input.KeyId, ownKey);
const shared = (input: { KeyId?: string }, call: Call) => onKey(call, input.KeyId, anyAccount);

type Encrypting = { KeyId?: string; EncryptionContext?: Record<string, string> };
const SYMMETRIC = { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' };
const dataKey = (input: Encrypting, call: Call) =>
  onKey(call, input.KeyId, anyKey, { ...contextKeys(input.EncryptionContext), ...SYMMETRIC });
const dataKeyPair = (input: Encrypting & { KeyPairSpec?: string }, call: Call) =>
  onKey(call, input.KeyId, anyKey, {
    ...contextKeys(input.EncryptionContext),
    ...SYMMETRIC,
    'kms:DataKeyPairSpec': input.KeyPairSpec,
  });
const signing = (input: { KeyId?: string; SigningAlgorithm?: string; MessageType?: string }, call: Call) =>
  onKey(call, input.KeyId, anyKey, {
    'kms:SigningAlgorithm': input.SigningAlgorithm,
    'kms:MessageType': input.MessageType ?? 'RAW',
  });
const macs = (input: { KeyId?: string; MacAlgorithm?: string }, call: Call) =>
  onKey(call, input.KeyId, anyKey, { 'kms:MacAlgorithm': input.MacAlgorithm });
const bypass = (flag: boolean | undefined): Keys => ({ 'kms:BypassPolicyLockoutSafetyCheck': String(flag ?? false) });

/** What stops a key may ask how long nobody has used it. */
async function unused(input: { KeyId?: string }, call: Call, extra: Keys = {}): Promise<Check[]> {
  const named = await nameOf(call, input.KeyId!, ownKey);
  const key = await readKey(call.kernel.store, named.account, named.region, named.keyId);
  const days = key && String(await idleDays(call.kernel, key, call.now));
  return [await onNamed(call, named, call.operation, { 'kms:TrailingDaysWithoutKeyUsage': days, ...extra })];
}

export const actions: Actions<typeof Kms> = {
  CancelKeyDeletion: own,
  CreateAlias: async (input, call) => [
    onAlias(call, input.AliasName),
    ...(await onKey(call, input.TargetKeyId, ownKey)),
  ],
  CreateGrant: (input, call) =>
    onKey(call, input.KeyId, anyAccount, {
      ...contextKeys(input.Constraints?.EncryptionContextEquals ?? input.Constraints?.EncryptionContextSubset),
      'kms:GrantConstraintType': input.Constraints && Object.keys(input.Constraints),
      'kms:GrantIsForAWSResource': String(call.via.length > 0),
      'kms:GrantConstraintSourceArn': input.Constraints?.SourceArn,
      'kms:GranteePrincipal': input.GranteePrincipal,
      'kms:GranteeServicePrincipal': input.GranteeServicePrincipal,
      'kms:RetiringPrincipal': input.RetiringPrincipal,
      'kms:RetiringServicePrincipal': input.RetiringServicePrincipal,
      'kms:GrantOperations': input.Operations,
    }),
  CreateKey: (input, call) => [
    {
      action: 'kms:CreateKey',
      resource: '*',
      keys: {
        ...callKeys(call),
        ...bypass(input.BypassPolicyLockoutSafetyCheck),
        'kms:KeySpec': input.KeySpec ?? input.CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT',
        'kms:KeyUsage': input.KeyUsage ?? 'ENCRYPT_DECRYPT',
        'kms:KeyOrigin': input.Origin ?? 'AWS_KMS',
        'kms:MultiRegion': String(input.MultiRegion ?? false),
        'kms:MultiRegionKeyType': input.MultiRegion ? 'PRIMARY' : undefined,
      },
      requestTags: tagsOf(input.Tags),
    },
    ...tagging(call, input.Tags),
  ],
  Decrypt: async (input, call) => [
    await onNamed(call, await nameForDecrypt(call, input.KeyId, input.CiphertextBlob), 'Decrypt', {
      ...contextKeys(input.EncryptionContext),
      'kms:EncryptionAlgorithm': input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
    }),
  ],
  DeleteAlias: async (input, call) => {
    const alias = await readAlias(call.kernel.store, call.account, call.region, input.AliasName ?? '');
    return [onAlias(call, input.AliasName), ...(alias ? await onKey(call, alias.keyId, ownKey) : [])];
  },
  DeleteImportedKeyMaterial: own,
  DeriveSharedSecret: (input, call) =>
    onKey(call, input.KeyId, anyKey, { 'kms:KeyAgreementAlgorithm': input.KeyAgreementAlgorithm }),
  DescribeKey: (input, call) => onKey(call, input.KeyId, anyKey),
  DisableKey: (input, call) => unused(input, call),
  DisableKeyRotation: own,
  EnableKey: own,
  EnableKeyRotation: (input, call) =>
    onKey(call, input.KeyId, ownKey, { 'kms:RotationPeriodInDays': String(input.RotationPeriodInDays ?? 365) }),
  Encrypt: (input, call) =>
    onKey(call, input.KeyId, anyKey, {
      ...contextKeys(input.EncryptionContext),
      'kms:EncryptionAlgorithm': input.EncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
    }),
  GenerateDataKey: dataKey,
  GenerateDataKeyPair: dataKeyPair,
  GenerateDataKeyPairWithoutPlaintext: dataKeyPair,
  GenerateDataKeyWithoutPlaintext: dataKey,
  GenerateMac: macs,
  GenerateRandom: (_, call) => onAll(call),
  GetKeyPolicy: own,
  GetKeyRotationStatus: shared,
  GetParametersForImport: (input, call) =>
    onKey(call, input.KeyId, ownKey, {
      'kms:WrappingAlgorithm': input.WrappingAlgorithm,
      'kms:WrappingKeySpec': input.WrappingKeySpec,
    }),
  GetKeyLastUsage: own,
  GetPublicKey: (input, call) => onKey(call, input.KeyId, anyKey),
  ImportKeyMaterial: (input, call) =>
    onKey(call, input.KeyId, ownKey, {
      'kms:ExpirationModel': input.ExpirationModel ?? 'KEY_MATERIAL_EXPIRES',
      'kms:ValidTo': input.ValidTo?.toISOString(),
    }),
  ListAliases: (_, call) => onAll(call),
  ListGrants: (input, call) =>
    onKey(call, input.KeyId, anyAccount, { 'kms:GrantIsForAWSResource': String(call.via.length > 0) }),
  ListKeyPolicies: own,
  ListKeyRotations: own,
  ListKeys: (_, call) => onAll(call),
  ListResourceTags: own,
  ListRetirableGrants: (_, call) => onAll(call),
  PutKeyPolicy: (input, call) => onKey(call, input.KeyId, ownKey, bypass(input.BypassPolicyLockoutSafetyCheck)),
  ReEncrypt: async (input, call) => {
    const source = await nameForDecrypt(call, input.SourceKeyId, input.CiphertextBlob);
    const destination = await nameOf(call, input.DestinationKeyId!, anyKey);
    const same = { 'kms:ReEncryptOnSameKey': String(source.arn === destination.arn) };
    return [
      await onNamed(call, source, 'ReEncryptFrom', {
        ...contextKeys(input.SourceEncryptionContext),
        ...same,
        'kms:EncryptionAlgorithm': input.SourceEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      }),
      await onNamed(call, destination, 'ReEncryptTo', {
        ...contextKeys(input.DestinationEncryptionContext),
        ...same,
        'kms:EncryptionAlgorithm': input.DestinationEncryptionAlgorithm ?? 'SYMMETRIC_DEFAULT',
      }),
    ];
  },
  ReplicateKey: async (input, call) => [
    ...(await onKey(call, input.KeyId, ownKey, { 'kms:ReplicaRegion': input.ReplicaRegion })),
    {
      action: 'kms:CreateKey',
      resource: '*',
      keys: { ...callKeys(call), ...bypass(input.BypassPolicyLockoutSafetyCheck) },
      requestTags: tagsOf(input.Tags),
    },
    ...tagging(call, input.Tags, input.ReplicaRegion),
  ],
  RetireGrant: () => [],
  RevokeGrant: (input, call) =>
    onKey(call, input.KeyId, anyAccount, { 'kms:GrantIsForAWSResource': String(call.via.length > 0) }),
  RotateKeyOnDemand: own,
  ScheduleKeyDeletion: (input, call) =>
    unused(input, call, {
      'kms:ScheduleKeyDeletionPendingWindowInDays': String(input.PendingWindowInDays ?? 30),
    }),
  Sign: signing,
  TagResource: async (input, call) => {
    const [check] = await own(input, call);
    return [{ ...check, requestTags: tagsOf(input.Tags) }];
  },
  UntagResource: (input, call) => onKey(call, input.KeyId, ownKey, { 'aws:TagKeys': input.TagKeys }),
  UpdateAlias: async (input, call) => {
    const alias = await readAlias(call.kernel.store, call.account, call.region, input.AliasName ?? '');
    return [
      onAlias(call, input.AliasName),
      ...(alias ? await onKey(call, alias.keyId, ownKey) : []),
      ...(await onKey(call, input.TargetKeyId, ownKey)),
    ];
  },
  UpdateKeyDescription: own,
  UpdatePrimaryRegion: (input, call) => onKey(call, input.KeyId, ownKey, { 'kms:PrimaryRegion': input.PrimaryRegion }),
  Verify: signing,
  VerifyMac: macs,
};
