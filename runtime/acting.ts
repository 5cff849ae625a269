/** Who an in-process client acts as, in terms of its constructor's configuration. */
import type { Kernel } from './kernel/call';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** The account's administrator, nobody, or whoever owns these keys. */
export type As = 'admin' | 'anonymous' | Keys;

/** The part of a client's configuration that says who it is. */
export interface Acting {
  readonly credentials: Keys | (() => Promise<Keys & { readonly expiration?: Date }>);
  readonly signer?: { sign<R>(request: R): Promise<R> };
}

export function actingAs(as: As, account: string, _kernel: () => Kernel): Acting {
  if (as === 'admin') return { credentials: plainKeys(account) };
  if (as === 'anonymous') return { credentials: plainKeys(account), signer: { sign: async (request) => request } };
  return { credentials: as };
}

/** The administrator's credentials of an account: see `kernel/authenticate.ts`. */
function plainKeys(account: string): Keys {
  return { accessKeyId: account, secretAccessKey: account };
}
