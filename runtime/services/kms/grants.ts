/** Grant tokens: opaque, and good at once, for a grant made here is in force when CreateGrant answers. */
import { invalidGrantToken } from './errors';

export interface Token {
  readonly keyArn: string;
  readonly grantId: string;
}

/** Each token of a grant is another text. */
export const writeToken = ({ keyArn, grantId }: Token, nonce: string): string =>
  Buffer.from(JSON.stringify([keyArn, grantId, nonce])).toString('base64');

/** @throws InvalidGrantTokenException */
export function readToken(token: string): Token {
  try {
    const [keyArn, grantId] = JSON.parse(Buffer.from(token, 'base64').toString());
    if (typeof keyArn === 'string' && typeof grantId === 'string') return { keyArn, grantId };
  } catch {
    // Not JSON: not a token.
  }
  throw invalidGrantToken();
}

/** @throws InvalidGrantTokenException */
export function checkTokens(tokens: readonly string[] | undefined): void {
  for (const token of tokens ?? []) readToken(token);
}
