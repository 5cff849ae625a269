/** Aliases: friendly names that lead to a key of the same account and Region. Source: Developer Guide, "Aliases in AWS KMS". */
import type * as Kms from '@aws-sdk/client-kms';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { aliasNotFound, alreadyExists, constraint, invalidAliasName, limitExceeded, unsupported } from '../errors';
import { arnIn, arnOf, findKey, mustStay, nameOf, needKey, ownKey } from '../keys';
import { managedAliases } from '../managed';
import { pageAfter, pageLimit, readMarker } from '../paging';
import { specOf } from '../specs';
import {
  type AliasRow,
  deleteAlias,
  type KeyRow,
  listAliases,
  readAlias,
  readKey,
  writeAlias,
  writeKey,
} from '../state';

const aliasesPerKey = 50;

/** @throws ValidationException, InvalidAliasNameException */
function checkName(name: string): void {
  if (!name.startsWith('alias/'))
    throw invalidAliasName(`Alias must start with the prefix "alias/". Please see AWS KMS API documentation.`);
  if (name.length > 256) throw constraint('aliasName', name, 'have length less than or equal to 256');
  if (!/^alias\/[a-zA-Z0-9/_-]+$/.test(name))
    throw constraint('aliasName', name, 'satisfy regular expression pattern: ^alias/[a-zA-Z0-9/_-]+$');
  if (name.startsWith('alias/aws/'))
    throw invalidAliasName('Aliases that begin with alias/aws/ belong to AWS managed keys.');
}

const arnOfAlias = (call: Call, name: string) => arnIn(call.partition, call.account, call.region, name);

async function needAlias(tx: Writer, call: Call, name: string): Promise<AliasRow> {
  const alias = await readAlias(tx, call.account, call.region, name);
  if (!alias) throw aliasNotFound(arnOfAlias(call, name));
  return alias;
}

/** The alias no longer leads to this key, which may be gone already. */
async function detach(tx: Writer, call: Call, keyId: string, name: string): Promise<void> {
  const key = await readKey(tx, call.account, call.region, keyId);
  if (key) writeKey(tx, { ...key, aliases: key.aliases.filter((one) => one !== name) });
}

function attach(tx: Writer, key: KeyRow, name: string): void {
  if (key.aliases.length >= aliasesPerKey) throw limitExceeded(`A key has at most ${aliasesPerKey} aliases.`);
  writeKey(tx, { ...key, aliases: [...key.aliases, name].sort() });
}

/** Both keys must be of one kind and usage. Source: KMS API Reference, "UpdateAlias". */
function mustBeAlike(from: KeyRow, to: KeyRow): void {
  const kind = ({ spec }: KeyRow) => {
    const { family } = specOf(spec);
    return family === 'symmetric' || family === 'hmac' ? family : 'asymmetric';
  };
  if (kind(from) !== kind(to) || from.usage !== to.usage)
    throw unsupported(`Alias cannot be moved from ${arnOf(from)} to ${arnOf(to)}: key type or key usage differ.`);
}

export const aliasHandlers = {
  async CreateAlias(call, input) {
    const name = input.AliasName!;
    checkName(name);
    const target = await nameOf(call, input.TargetKeyId!, ownKey);
    await call.kernel.store.write(async (tx) => {
      const key = await needKey(tx, target);
      mustStay(key);
      if (await readAlias(tx, call.account, call.region, name))
        throw alreadyExists(`An alias with the name ${arnOfAlias(call, name)} already exists`);
      attach(tx, key, name);
      writeAlias(tx, call.account, call.region, name, { keyId: key.keyId, created: call.now, updated: call.now });
    });
    return {};
  },

  async UpdateAlias(call, input) {
    const name = input.AliasName!;
    checkName(name);
    const target = await nameOf(call, input.TargetKeyId!, ownKey);
    await call.kernel.store.write(async (tx) => {
      const alias = await needAlias(tx, call, name);
      const key = await needKey(tx, target);
      mustStay(key);
      if (alias.keyId === key.keyId) return;
      const old = await readKey(tx, call.account, call.region, alias.keyId);
      if (old) mustBeAlike(old, key);
      await detach(tx, call, alias.keyId, name);
      attach(tx, key, name);
      writeAlias(tx, call.account, call.region, name, { ...alias, keyId: key.keyId, updated: call.now });
    });
    return {};
  },

  async DeleteAlias(call, input) {
    const name = input.AliasName!;
    checkName(name);
    await call.kernel.store.write(async (tx) => {
      const alias = await needAlias(tx, call, name);
      await detach(tx, call, alias.keyId, name);
      deleteAlias(tx, call.account, call.region, name);
    });
    return {};
  },

  /** The predefined aliases of AWS services are listed before they have a key, without a target. */
  async ListAliases(call, input) {
    const limit = pageLimit(input.Limit, 100, 50);
    const kept = await listAliases(call.kernel.store, call.account, call.region);
    const names = new Map<string, AliasRow | undefined>(managedAliases.map((name) => [name, undefined]));
    for (const { name, row } of kept) names.set(name, row);
    const only = input.KeyId === undefined ? undefined : (await findKey(call, input.KeyId, ownKey)).keyId;
    const rows = [...names]
      .filter(([, row]) => only === undefined || row?.keyId === only)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const page = pageAfter(rows, limit, readMarker(input.Marker), ([name]) => name);
    return {
      Aliases: page.items.map(([name, row]) => ({
        AliasName: name,
        AliasArn: arnOfAlias(call, name),
        TargetKeyId: row?.keyId,
        CreationDate: row && new Date(row.created),
        LastUpdatedDate: row && new Date(row.updated),
      })),
      Truncated: page.truncated,
      NextMarker: page.marker,
    };
  },
} satisfies Handlers<typeof Kms>;
