/**
 * What a configuration file declares, read and checked (`runtime/config.ts`): accounts with what is in them from the
 * first request on, and which defaults services follow. It is the same for the whole life of a runtime. Each service
 * makes what is declared of its own in `start`, unless it is there already.
 */

export interface DeclaredKey {
  readonly id: string;
  readonly secret: string;
}

export interface DeclaredUser {
  readonly name: string;
  readonly accessKeys: readonly DeclaredKey[];
  /** ARNs of managed policies. */
  readonly managedPolicies: readonly string[];
  /** JSON text by name. */
  readonly inlinePolicies: Readonly<Record<string, string>>;
}

export interface DeclaredKmsKey {
  readonly id: string;
  /** With its `alias/`. */
  readonly alias?: string;
  readonly region?: string;
}

export interface DeclaredBucket {
  readonly name: string;
  readonly region?: string;
}

export interface DeclaredAccount {
  /** Twelve digits. */
  readonly id: string;
  readonly name?: string;
  readonly email?: string;
  /** The canonical user id, by which ACLs name the account. */
  readonly canonicalId?: string;
  /** Of the root user. */
  readonly accessKeys: readonly DeclaredKey[];
  readonly users: readonly DeclaredUser[];
  readonly kmsKeys: readonly DeclaredKmsKey[];
  readonly buckets: readonly DeclaredBucket[];
}

/** A VPC endpoint: what requests that come through it may do. */
export interface DeclaredEndpoint {
  readonly id: string;
  readonly vpc?: string;
  /** JSON text. Absent: full access. */
  readonly policy?: string;
}

/** An OpenID Connect issuer: its public keys, or where on this machine it tells them. */
export interface DeclaredIssuer {
  /** As tokens name it: `https://…`. */
  readonly url: string;
  /** As RFC 7517 writes them. */
  readonly keys: readonly Readonly<Record<string, unknown>>[];
  readonly jwksUri?: string;
}

/** What control policies are attached to. */
export interface DeclaredTarget {
  /** JSON text by name. */
  readonly serviceControlPolicies: Readonly<Record<string, string>>;
  readonly resourceControlPolicies: Readonly<Record<string, string>>;
  /** Whether AWS's `FullAWSAccess` is attached as well. */
  readonly fullAccess: boolean;
}

export interface DeclaredUnit extends DeclaredTarget {
  readonly name: string;
  readonly accounts: readonly (DeclaredTarget & { readonly id: string })[];
  readonly units: readonly DeclaredUnit[];
}

/** An organisation; what is attached to it is attached to its root. */
export interface DeclaredOrganization extends Omit<DeclaredUnit, 'name'> {
  readonly id?: string;
  readonly managementAccount?: string;
}

export interface Config {
  readonly accounts: readonly DeclaredAccount[];
  readonly vpcEndpoints: readonly DeclaredEndpoint[];
  readonly organization?: DeclaredOrganization;
  readonly oidcIssuers: readonly DeclaredIssuer[];
  readonly s3: {
    /**
     * `2022`: new buckets have ACLs on and Block Public Access off, owners show a DisplayName, Signature Version 2 is
     * read in headers too. `current`: as AWS does today.
     */
    readonly defaults: 'current' | '2022';
  };
}

export const noConfig: Config = { accounts: [], vpcEndpoints: [], oidcIssuers: [], s3: { defaults: 'current' } };

/** Whether an access key id was declared: such ids may look any way. */
export function isDeclaredKey({ accounts }: Config, accessKeyId: string): boolean {
  return accounts.some(
    ({ accessKeys, users }) =>
      accessKeys.some(({ id }) => id === accessKeyId) ||
      users.some((user) => user.accessKeys.some(({ id }) => id === accessKeyId)),
  );
}
