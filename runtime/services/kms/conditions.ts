/**
 * The condition keys of a KMS request, filled from the request and the key it names. Source: AWS KMS Developer Guide,
 * "AWS KMS condition keys".
 */
import type { Call } from '../../kernel/call';
import type { Named } from './keys';
import type { KeyRow } from './state';

export type Keys = Record<string, string | readonly string[] | undefined>;

/** `s3.us-east-1.amazonaws.com` when another service makes the call on the caller's behalf. */
function viaService(call: Call): string | undefined {
  const service = call.via.at(-1)?.split('.')[0];
  return service && `${service}.${call.region}.amazonaws.com`;
}

/** Keys that every KMS operation carries. */
export const callKeys = (call: Call): Keys => ({
  'kms:CallerAccount': call.principal.account,
  'kms:ViaService': viaService(call),
});

/** Keys that operations on a key carry. */
export const resourceKeys = (call: Call, key: KeyRow | undefined, named?: Named): Keys => ({
  ...callKeys(call),
  'kms:RequestAlias': named?.alias,
  ...(key && {
    'kms:KeySpec': key.spec,
    'kms:CustomerMasterKeySpec': key.spec,
    'kms:KeyUsage': key.usage,
    'kms:CustomerMasterKeyUsage': key.usage,
    'kms:KeyOrigin': key.origin,
    'kms:MultiRegion': String(key.multiRegion !== undefined),
    'kms:MultiRegionKeyType': key.multiRegion && (key.multiRegion.primary === key.region ? 'PRIMARY' : 'REPLICA'),
    'kms:ResourceAliases': key.aliases.length > 0 ? key.aliases : undefined,
  }),
});

const contextPrefix = 'kms:EncryptionContext:';

export function contextKeys(context: Readonly<Record<string, string>> | undefined): Keys {
  if (!context || Object.keys(context).length === 0) return {};
  const keys: Keys = { 'kms:EncryptionContextKeys': Object.keys(context) };
  for (const [name, value] of Object.entries(context)) keys[contextPrefix + name] = value;
  return keys;
}

/** The encryption context that `contextKeys` has put into a check: grant constraints are about the whole of it. */
export function contextIn(keys: Keys | undefined): Record<string, string> {
  const context: Record<string, string> = {};
  for (const [name, value] of Object.entries(keys ?? {}))
    if (name.startsWith(contextPrefix) && typeof value === 'string') context[name.slice(contextPrefix.length)] = value;
  return context;
}

export const tagsOf = (tags: readonly { TagKey?: string; TagValue?: string }[] | undefined) =>
  tags && Object.fromEntries(tags.map(({ TagKey = '', TagValue = '' }) => [TagKey, TagValue]));
