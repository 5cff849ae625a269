/** Random passwords. Source: Secrets Manager API Reference, "GetRandomPassword". */
import type { GetRandomPasswordRequest } from '@aws-sdk/client-secrets-manager';
import type { Random } from '../../base/random';
import { invalidParameter } from './errors';

const SETS = {
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
};

export function randomPassword(random: Random, wish: GetRandomPasswordRequest): string {
  const length = wish.PasswordLength ?? 32;
  if (length < 1 || length > 4096) throw invalidParameter('Password length must be between 1 and 4096.');
  const excluded = new Set(wish.ExcludeCharacters ?? '');
  const sets = [
    wish.ExcludeLowercase ? '' : SETS.lowercase,
    wish.ExcludeUppercase ? '' : SETS.uppercase,
    wish.ExcludeNumbers ? '' : SETS.numbers,
    wish.ExcludePunctuation ? '' : SETS.punctuation,
    wish.IncludeSpace ? ' ' : '',
  ]
    .map((set) => [...set].filter((sign) => !excluded.has(sign)).join(''))
    .filter((set) => set !== '');
  if (sets.length === 0) throw invalidParameter('All characters are excluded: no password can be made.');
  const each = wish.RequireEachIncludedType ?? true;
  if (each && length < sets.length)
    throw invalidParameter(`Password length must be at least ${sets.length} to hold each included type.`);
  const all = sets.join('');
  const signs = Array.from({ length }, (_, i) => pick(random, each && i < sets.length ? sets[i] : all));
  return shuffled(random, signs).join('');
}

/** A number below `limit`, each as likely. */
function below(random: Random, limit: number): number {
  const fair = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const drawn = random.bytes(4).readUInt32BE();
    if (drawn < fair) return drawn % limit;
  }
}

const pick = (random: Random, signs: string) => signs[below(random, signs.length)];

function shuffled<T>(random: Random, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = below(random, i + 1);
    [items[i], items[j]] = [items[j], items[i]];
  }
  return items;
}
