/**
 * Who an in-process client acts as, in terms of its constructor's configuration. A role is acted as without its trust
 * policy being asked, and without a user's access keys: it is the test that wants it, not a caller. Everything else
 * about the role or user is enforced.
 */
import { isAwsError } from './base/errors';
import { type ConstructLike, isConstruct, physicalIdOf } from './constructs';
import type { Kernel } from './kernel/call';
import { anonymous, type Principal, root } from './kernel/principal';
import type { Life } from './life';
import { credentialsFor } from './services/sts/acting';

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * `'admin'`: the account's administrator. `'anonymous'`: nobody, unsigned. A name or ARN: that role, or else that user.
 * An object: keys as they are, something with an ARN, or a construct of a deployed stack that is a role or a user.
 */
export type As =
  | 'admin'
  | 'anonymous'
  | (string & {})
  | Keys
  | { readonly roleArn: string }
  | { readonly userArn: string }
  | ConstructLike;

/** The part of a client's configuration that says who it is. */
export interface Acting {
  readonly credentials: Keys | (() => Promise<Keys & { readonly expiration?: Date }>);
  readonly signer?: { sign<R>(request: R): Promise<R> };
}

/** A session is renewed when less of it is left than this, as the vendor's credential providers do. */
const RENEWED_MS = 5 * 60 * 1000;

/** @param account where names are looked for */
export function actingAs(as: As, account: string, kernel: () => Kernel): Acting {
  if (as === 'admin') return { credentials: plainKeys(account) };
  if (as === 'anonymous') return { credentials: plainKeys(account), signer: { sign: async (request) => request } };
  if (typeof as === 'object' && 'accessKeyId' in as) return { credentials: as };
  let current: Awaited<ReturnType<typeof credentialsFor>> | undefined;
  return {
    async credentials() {
      const { clock } = kernel();
      if (current === undefined || current.expiresAt - clock.now() < RENEWED_MS) {
        current = await credentialsFor(kernel(), await arnOf(as, account, kernel()));
      }
      const { accessKeyId, secretAccessKey, sessionToken } = current;
      // Over at once for the SDK, which counts in real time: so that it asks again, and virtual time decides.
      return { accessKeyId, secretAccessKey, sessionToken, expiration: new Date(0) };
    },
  };
}

/** Who that is, as policies see it. */
export async function principalOf(as: As, account: string, { kernel, whose }: Life): Promise<Principal> {
  if (as === 'admin') return root(account);
  if (as === 'anonymous') return anonymous;
  if (typeof as === 'object' && 'accessKeyId' in as) return whose(as.accessKeyId, as.sessionToken);
  return (await credentialsFor(kernel, await arnOf(as, account, kernel))).principal;
}

/** The administrator's credentials of an account: see `kernel/authenticate.ts`. */
function plainKeys(account: string): Keys {
  return { accessKeyId: account, secretAccessKey: account };
}

async function arnOf(as: Exclude<As, Keys>, account: string, kernel: Kernel): Promise<string> {
  if (typeof as === 'string') return as.startsWith('arn:') ? as : arnOfName(as, account, kernel);
  if (isConstruct(as)) return arnOfName(await physicalIdOf(as, kernel), account, kernel);
  return 'roleArn' in as ? as.roleArn : as.userArn;
}

/** @throws Error when there is neither a role nor a user of that name */
async function arnOfName(name: string, account: string, kernel: Kernel): Promise<string> {
  const { iam } = kernel.peers(root(account), { account, region: kernel.defaultRegion });
  const absent = (error: unknown) => {
    if (isAwsError(error, 'NoSuchEntity')) return undefined;
    throw error;
  };
  const role = await iam.GetRole({ RoleName: name }).catch(absent);
  const user = role ? undefined : await iam.GetUser({ UserName: name }).catch(absent);
  const arn = role?.Role?.Arn ?? user?.User?.Arn;
  if (arn === undefined) throw new Error(`account ${account} has neither a role nor a user named ${name}`);
  return arn;
}
