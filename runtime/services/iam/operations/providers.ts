/**
 * OpenID Connect providers: whose tokens AssumeRoleWithWebIdentity takes, and for which audiences. Thumbprints are kept
 * and not held against anything, as AWS does for providers whose certificates it trusts already.
 * Source: IAM API reference, CreateOpenIDConnectProvider; IAM user guide, "IAM and AWS STS quotas".
 */
import type * as Iam from '@aws-sdk/client-iam';
import { parseArn } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidInput, providerExists, providerNotFound, quota, validation } from '../errors';
import { arnIn, timeOf } from '../names';
import { pageOf } from '../paging';
import { deleteProvider, type ProviderRow, providersOf, readProvider, writeProvider } from '../state';
import { addTags, listTags, removeTags } from '../tags';
import { byKey } from './users';

const MOST_PROVIDERS = 100;
const MOST_CLIENT_IDS = 100;
const MOST_THUMBPRINTS = 5;
const PREFIX = 'oidc-provider/';

/** The address behind a scheme. @throws ValidationError */
function checkUrl(url: string): string {
  if (url.length > 255) throw constraint('url', url, 'have length less than or equal to 255');
  if (!url.startsWith('https://')) throw validation('Invalid Open ID Connect Provider URL');
  try {
    const { hostname, search, port, hash } = new URL(url);
    if (hostname === '' || search !== '' || port !== '' || hash !== '') throw new Error(url);
  } catch {
    throw validation('Invalid Open ID Connect Provider URL');
  }
  return url.slice('https://'.length);
}

function checkClientIds(ids: readonly string[]): readonly string[] {
  for (const id of ids) {
    if (id.length < 1 || id.length > 255) throw constraint('clientIDList.member', id, 'have length between 1 and 255');
  }
  if (ids.length > MOST_CLIENT_IDS) throw quota('ClientIdsPerOpenIdConnectProvider', MOST_CLIENT_IDS);
  return [...new Set(ids)];
}

function checkThumbprints(prints: readonly string[] = []): readonly string[] {
  for (const print of prints) {
    if (!/^[0-9a-fA-F]{40}$/.test(print)) throw constraint('thumbprintList.member', print, 'have length 40');
  }
  if (prints.length > MOST_THUMBPRINTS) throw invalidInput('Thumbprint list must contain fewer than 5 entries.');
  return prints;
}

/** @throws InvalidInput */
function addressIn(arn: string): string {
  const { service, resource } = parseArn(arn) ?? {};
  if (service !== 'iam' || !resource?.startsWith(PREFIX)) throw invalidInput(`ARN ${arn} is not valid.`);
  return resource.slice(PREFIX.length);
}

/** @throws NoSuchEntity */
async function find(call: Call, arn: string): Promise<ProviderRow> {
  const row = await readProvider(call.kernel.store, call.account, addressIn(arn));
  if (!row || arnIn(call, PREFIX + row.url) !== arn) throw providerNotFound(arn);
  return row;
}

async function change(call: Call, arn: string, work: (row: ProviderRow) => ProviderRow): Promise<object> {
  const url = addressIn(arn);
  await call.kernel.store.write(async (tx) => {
    const row = await readProvider(tx, call.account, url);
    if (!row) throw providerNotFound(arn);
    writeProvider(tx, call.account, work(row));
  });
  return {};
}

export const providerHandlers = {
  async CreateOpenIDConnectProvider(call, input) {
    const url = checkUrl(input.Url!);
    const row: ProviderRow = {
      url,
      clientIds: checkClientIds(input.ClientIDList ?? []),
      thumbprints: checkThumbprints(input.ThumbprintList),
      created: call.now,
      tags: addTags(input.Tags),
    };
    await call.kernel.store.write(async (tx) => {
      const others = await providersOf(tx, call.account);
      if (others.some((other) => other.url === url)) throw providerExists(input.Url!);
      if (others.length >= MOST_PROVIDERS) throw quota('OpenIdConnectProvidersPerAccount', MOST_PROVIDERS);
      writeProvider(tx, call.account, row);
    });
    return { OpenIDConnectProviderArn: arnIn(call, PREFIX + url), Tags: listTags(row.tags) };
  },

  async GetOpenIDConnectProvider(call, input) {
    const { url, clientIds, thumbprints, created, tags } = await find(call, input.OpenIDConnectProviderArn!);
    return {
      Url: url,
      ClientIDList: [...clientIds],
      ThumbprintList: [...thumbprints],
      CreateDate: timeOf(created),
      Tags: listTags(tags),
    };
  },

  async ListOpenIDConnectProviders(call) {
    const rows = await providersOf(call.kernel.store, call.account);
    return { OpenIDConnectProviderList: rows.map(({ url }) => ({ Arn: arnIn(call, PREFIX + url) })) };
  },

  async DeleteOpenIDConnectProvider(call, input) {
    const { url } = await find(call, input.OpenIDConnectProviderArn!);
    await call.kernel.store.write(async (tx) => deleteProvider(tx, call.account, url));
    return {};
  },

  AddClientIDToOpenIDConnectProvider: (call, input) =>
    change(call, input.OpenIDConnectProviderArn!, (row) => ({
      ...row,
      clientIds: checkClientIds([...row.clientIds, input.ClientID!]),
    })),

  RemoveClientIDFromOpenIDConnectProvider: (call, input) =>
    change(call, input.OpenIDConnectProviderArn!, (row) => ({
      ...row,
      clientIds: row.clientIds.filter((id) => id !== input.ClientID),
    })),

  UpdateOpenIDConnectProviderThumbprint: (call, input) =>
    change(call, input.OpenIDConnectProviderArn!, (row) => ({
      ...row,
      thumbprints: checkThumbprints(input.ThumbprintList),
    })),

  TagOpenIDConnectProvider: (call, input) =>
    change(call, input.OpenIDConnectProviderArn!, (row) => ({ ...row, tags: addTags(input.Tags, row.tags) })),

  UntagOpenIDConnectProvider: (call, input) =>
    change(call, input.OpenIDConnectProviderArn!, (row) => ({ ...row, tags: removeTags(input.TagKeys!, row.tags) })),

  async ListOpenIDConnectProviderTags(call, input) {
    const { tags } = await find(call, input.OpenIDConnectProviderArn!);
    const page = await pageOf(listTags(tags).sort(byKey), input, ({ Key }) => Key!);
    return { Tags: page.items, ...page.paging };
  },
} satisfies Handlers<typeof Iam>;
