/** `Fn::Cidr`: equal blocks cut from the start of an address range, IPv4 or IPv6. */
import { templateError } from './errors';

/**
 * @param count how many blocks, 1 to 256
 * @param hostBits bits of each block that are left to hosts
 */
export function cidrBlocks(block: string, count: number, hostBits: number): string[] {
  const [address, length = ''] = block.split('/');
  const width = address.includes(':') ? 128 : 32;
  const base = width === 32 ? readV4(address) : readV6(address);
  const prefix = Number(length);
  if (base === undefined || !/^\d+$/.test(length) || prefix > width) {
    throw templateError(`Fn::Cidr: ${block} is not an IP block in CIDR notation`);
  }
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw templateError(`Fn::Cidr: count must be between 1 and 256, not ${count}`);
  }
  const wanted = width - hostBits;
  if (!Number.isInteger(hostBits) || hostBits < 1 || wanted < prefix || BigInt(count) > 1n << BigInt(wanted - prefix)) {
    throw templateError(`Fn::Cidr: ${block} does not hold ${count} blocks of ${hostBits} bits`);
  }
  const start = (base >> BigInt(width - prefix)) << BigInt(width - prefix);
  const step = 1n << BigInt(hostBits);
  const print = width === 32 ? printV4 : printV6;
  return Array.from({ length: count }, (_, index) => `${print(start + BigInt(index) * step)}/${wanted}`);
}

function readV4(address: string): bigint | undefined {
  const parts = address.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => (sum << 8n) + BigInt(part), 0n);
}

function printV4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
}

function readV6(address: string): bigint | undefined {
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [left, right] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = right === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array(Math.max(gap, 0)).fill('0'), ...(right ?? [])];
  if (groups.length !== 8 || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.reduce((sum, group) => (sum << 16n) + BigInt(`0x${group}`), 0n);
}

function printV6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  const zeros = /(^|:)0(:0)+(:|$)/.exec(groups.join(':'));
  return zeros ? groups.join(':').replace(zeros[0], '::') : groups.join(':');
}
