/**
 * JSON Web Tokens as identity providers sign them: read strictly, and held to the provider's keys. What the claims mean
 * is the caller's business. Sources: RFC 7515 (JWS compact serialisation), RFC 7517 (JWK), RFC 7518 (algorithms).
 */
import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';

export interface Token {
  readonly algorithm: string;
  readonly keyId?: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** What is signed. */
  readonly signed: string;
  readonly signature: Buffer;
}

/** A public key of a provider. */
export type ProviderKey = JsonWebKey & { readonly kid?: string; readonly alg?: string; readonly use?: string };

const PART = /^[\w-]+$/;

/** Undefined: it is no signed token. */
export function readToken(text: string): Token | undefined {
  const parts = text.split('.');
  if (parts.length !== 3 || !parts.every((part) => PART.test(part))) return undefined;
  const [header, claims] = parts.slice(0, 2).map(objectIn);
  if (!header || !claims || typeof header.alg !== 'string') return undefined;
  return {
    algorithm: header.alg,
    keyId: typeof header.kid === 'string' ? header.kid : undefined,
    claims,
    signed: `${parts[0]}.${parts[1]}`,
    signature: Buffer.from(parts[2], 'base64url'),
  };
}

function objectIn(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Key type and digest of the algorithms that AWS takes: RSA and ECDSA. Nothing symmetric, and never `none`. */
const algorithms: Readonly<Record<string, { readonly kty: string; readonly hash: string; readonly crv?: string }>> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  ES256: { kty: 'EC', hash: 'sha256', crv: 'P-256' },
  ES384: { kty: 'EC', hash: 'sha384', crv: 'P-384' },
  ES512: { kty: 'EC', hash: 'sha512', crv: 'P-521' },
};

/** Whether one of the keys has signed the token. A token that names a key is held to that one. */
export function isSignedBy(token: Token, keys: readonly ProviderKey[]): boolean {
  const algorithm = Object.hasOwn(algorithms, token.algorithm) ? algorithms[token.algorithm] : undefined;
  if (!algorithm) return false;
  return keys.some((key) => {
    if (key.kty !== algorithm.kty || (algorithm.crv !== undefined && key.crv !== algorithm.crv)) return false;
    if (token.keyId !== undefined && key.kid !== token.keyId) return false;
    if (key.alg !== undefined && key.alg !== token.algorithm) return false;
    return signs(key, algorithm.hash, token);
  });
}

function signs(jwk: ProviderKey, hash: string, { signed, signature }: Token): boolean {
  try {
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    return verify(hash, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
  } catch {
    // No key at all: it signs nothing.
    return false;
  }
}
