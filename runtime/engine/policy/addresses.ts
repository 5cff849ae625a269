/** IP addresses and CIDR blocks of both families, for `IpAddress` conditions. */
import { isIPv4, isIPv6 } from 'node:net';

export interface Block {
  readonly family: 4 | 6;
  readonly address: bigint;
  /** Length of the fixed prefix, in bits. */
  readonly prefix: number;
}

/** `203.0.113.0/24`, `2001:db8::/32`, or one address. Undefined when it is neither. */
export function parseBlock(text: string): Block | undefined {
  const [address, prefix, more] = text.trim().split('/');
  if (more !== undefined) return undefined;
  const single = parseAddress(address);
  if (!single || prefix === undefined) return single;
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN;
  return bits <= single.prefix ? { ...single, prefix: bits } : undefined;
}

/** An address as a block of one. IPv4-mapped IPv6 addresses (`::ffff:192.0.2.1`) are IPv4. */
export function parseAddress(text: string): Block | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
  if (isIPv4(mapped)) return { family: 4, address: ipv4(mapped), prefix: 32 };
  return isIPv6(text) ? { family: 6, address: ipv6(text.split('%')[0]), prefix: 128 } : undefined;
}

export function contains(block: Block, address: Block): boolean {
  if (block.family !== address.family) return false;
  const free = BigInt((block.family === 4 ? 32 : 128) - block.prefix);
  return block.address >> free === address.address >> free;
}

function ipv4(text: string): bigint {
  return text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted) {
    const low = ipv4(dotted[2]);
    return ipv6(`${dotted[1]}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const [left, right] = text.split('::').map((half) => (half === '' ? [] : half.split(':')));
  const groups = right ? [...left, ...Array(8 - left.length - right.length).fill('0'), ...right] : left;
  return groups.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}
