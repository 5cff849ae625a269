/** Access points by name and by alias, and what an account blocks for all of its buckets. */
import type { Reader, Writer } from '../../../store/port';
import {
  type AccessPoint,
  accessPoints,
  accountAccess,
  aliases,
  buckets,
  owned,
  type PublicAccessBlock,
} from './tables';

export function findAccessPoint(
  reader: Reader,
  account: string,
  region: string,
  name: string,
): Promise<AccessPoint | undefined> {
  return reader.get(accessPoints, [account, region, name]);
}

export async function accessPointByAlias(reader: Reader, alias: string): Promise<AccessPoint | undefined> {
  const named = await reader.get(aliases, [alias]);
  return named && findAccessPoint(reader, ...named);
}

/** All access points of all accounts. */
export async function* scanAccessPoints(reader: Reader): AsyncIterable<AccessPoint> {
  for await (const { value } of reader.scan(accessPoints)) yield value;
}

export function putAccessPoint(tx: Writer, point: AccessPoint): void {
  const { account, region, name, alias } = point;
  tx.put(accessPoints, [account, region, name], point);
  tx.put(aliases, [alias], [account, region, name]);
}

export function dropAccessPoint(tx: Writer, { account, region, name, alias }: AccessPoint): void {
  tx.delete(accessPoints, [account, region, name]);
  tx.delete(aliases, [alias]);
}

/** Access points of an account in a region, by name. */
export async function accessPointsOf(
  reader: Reader,
  account: string,
  region: string,
  { after, limit }: { after?: string; limit: number },
): Promise<AccessPoint[]> {
  const rows = await reader.page(accessPoints, {
    within: [account, region],
    after: after === undefined ? undefined : [account, region, after],
    limit,
  });
  return rows.map(({ value }) => value);
}

export function findAccountAccess(reader: Reader, account: string): Promise<PublicAccessBlock | undefined> {
  return reader.get(accountAccess, [account]);
}

/** Kept with the account and in the row of each of its buckets, so that no request has to ask. */
export async function changeAccountAccess(
  tx: Writer,
  account: string,
  to: PublicAccessBlock | undefined,
): Promise<void> {
  if (to) tx.put(accountAccess, [account], to);
  else tx.delete(accountAccess, [account]);
  for (const { key } of await tx.page(owned, { within: [account], limit: Number.MAX_SAFE_INTEGER })) {
    const bucket = await tx.get(buckets, [String(key[1])]);
    if (bucket) tx.put(buckets, [bucket.name], { ...bucket, accountAccess: to });
  }
}
