/**
 * Reads a configuration, from a file or a program: strictly, so that a slip of the pen is told and not ignored. All
 * that is wrong is told at once, each with its place (`accounts[0].users[1].name`). Documented in
 * `docs/configuration.md`.
 */
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type OrganizationConfig, readOrganization } from './config/organization';
import { endpointDialect, findProblem } from './engine/policy/dialect';
import type {
  Config,
  DeclaredAccount,
  DeclaredBucket,
  DeclaredEndpoint,
  DeclaredIssuer,
  DeclaredKey,
  DeclaredKmsKey,
  DeclaredUser,
} from './kernel/config';

export interface AccessKeyConfig {
  /** Sixteen to 128 letters, digits or `_`. */
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface UserConfig {
  readonly name: string;
  /** At most two. @default none */
  readonly accessKeys?: readonly AccessKeyConfig[];
  /** ARNs of managed policies of AWS. @default none: the user may do nothing */
  readonly managedPolicies?: readonly string[];
  /** Policy documents by name. @default none */
  readonly inlinePolicies?: Readonly<Record<string, object>>;
}

export interface KmsKeyConfig {
  /** The key id, as AWS makes it or any name: letters, digits, `-`, `_`. */
  readonly id: string;
  /** `alias/…`. @default none */
  readonly alias?: string;
  /** @default the default region */
  readonly region?: string;
}

export interface BucketConfig {
  readonly name: string;
  /** @default the default region */
  readonly region?: string;
}

export interface AccountConfig {
  /** Twelve digits. */
  readonly id: string;
  /** Shown as DisplayName where that is shown. @default none */
  readonly name?: string;
  /** By which ACLs may name the account, with the defaults of 2022. @default none */
  readonly email?: string;
  /** @default 64 hexadecimal digits, derived from the account id */
  readonly canonicalId?: string;
  /** Keys of the root user, at most two. @default none */
  readonly accessKeys?: readonly AccessKeyConfig[];
  /** @default none */
  readonly users?: readonly UserConfig[];
  /** @default none */
  readonly kmsKeys?: readonly KmsKeyConfig[];
  /** @default none */
  readonly buckets?: readonly BucketConfig[];
}

export interface VpcEndpointConfig {
  /** `vpce-…`, as requests name it in `x-coffer-vpc-endpoint`. */
  readonly id: string;
  /** `vpc-…`. @default none: `aws:SourceVpc` is absent unless the request states it */
  readonly vpc?: string;
  /** The endpoint's policy document. @default full access, as AWS's default */
  readonly policy?: object;
}

export interface OidcIssuerConfig {
  /** As tokens name it in `iss`: `https://…`, without a slash at the end. */
  readonly url: string;
  /** Its public keys, as JSON Web Keys. @default those at `jwksUri` */
  readonly keys?: readonly object[];
  /** Where an issuer on this machine serves its key set. @default none */
  readonly jwksUri?: string;
}

export interface CofferConfig {
  /** What is there before the first request. @default the default account, empty */
  readonly accounts?: readonly AccountConfig[];
  /** VPC endpoints that requests may say they come through. @default none */
  readonly vpcEndpoints?: readonly VpcEndpointConfig[];
  /** An organisation of accounts, with its control policies in force. @default none */
  readonly organization?: OrganizationConfig;
  /** Issuers whose tokens AssumeRoleWithWebIdentity can verify. @default none */
  readonly oidcIssuers?: readonly OidcIssuerConfig[];
  readonly s3?: {
    /** The year whose defaults new buckets get. @default 'current' */
    readonly defaults?: 'current' | '2022';
  };
}

/** The message has a line per flaw. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError when the file cannot be read, is no JSON, or is no configuration */
export function readConfigFile(path: string): CofferConfig {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new ConfigError(`${path}: ${(error as Error).message}`);
  }
  readConfig(value, path);
  return value as CofferConfig;
}

/** @throws ConfigError */
export function readConfig(value: unknown, source = 'config'): Config {
  const flaws: string[] = [];
  const reader = createReader(flaws);
  const config = reader.config(value);
  if (flaws.length === 0) requireUnique(config, flaws);
  if (flaws.length > 0) throw new ConfigError([`${source} is not a configuration:`, ...flaws].join('\n  '));
  return config;
}

type Members = Readonly<Record<string, unknown>>;

const ACCOUNT = { pattern: /^\d{12}$/, is: 'twelve digits' };
const NAME = { pattern: /^[^\p{Cc}]{1,128}$/u, is: 'text of 1 to 128 characters' };
const EMAIL = { pattern: /^[^@\s]+@[^@\s]+$/, is: 'an e-mail address' };
const CANONICAL = { pattern: /^[!-~]{1,256}$/, is: 'printable ASCII without spaces' };
const KEY_ID = { pattern: /^\w{16,128}$/, is: '16 to 128 letters, digits or _' };
const SECRET = { pattern: /^[!-~]{8,256}$/, is: '8 to 256 printable ASCII characters without spaces' };
const USER = { pattern: /^[\w+=,.@-]{1,64}$/, is: '1 to 64 letters, digits or any of +=,.@-_' };
const ARN = { pattern: /^arn:[\w-]+:iam::aws:policy\/.+$/, is: 'the ARN of a managed policy of AWS' };
const KMS_KEY = { pattern: /^[\w-]{1,128}$/, is: '1 to 128 letters, digits, - or _' };
const ALIAS = { pattern: /^alias\/(?!aws\/)[\w/-]{1,250}$/, is: 'alias/ and a name that does not begin with aws/' };
const REGION = { pattern: /^[a-z]{2}(-[a-z]+)+-\d$/, is: 'the name of a region' };
const ENDPOINT = { pattern: /^vpce-[\w-]{1,64}$/, is: 'the id of a VPC endpoint (vpce-…)' };
const VPC = { pattern: /^vpc-[\w-]{1,64}$/, is: 'the id of a VPC (vpc-…)' };
const ISSUER = {
  pattern: /^https:\/\/[^\s?#]*[^\s?#/]$/,
  is: 'an address that begins with https:// and has no slash at its end',
};
const LOCAL = {
  pattern: /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?\//,
  is: 'an address of this machine (http://127.0.0.1:…/…)',
};
const BUCKET = { pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, is: 'the name of a bucket' };

type Form = typeof ACCOUNT;

function createReader(flaws: string[]) {
  const wrong = (at: string, says: string): void => {
    flaws.push(`${at} ${says}`);
  };

  function object(value: unknown, at: string, known: readonly string[]): Members {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      wrong(at, 'must be an object');
      return {};
    }
    for (const name of Object.keys(value))
      if (!known.includes(name)) wrong(`${at}.${name}`, `is not known; known here: ${known.join(', ')}`);
    return value as Members;
  }

  function list<T>(value: unknown, at: string, read: (item: unknown, at: string) => T, most = Infinity): T[] {
    if (value === undefined) return [];
    if (!Array.isArray(value)) wrong(at, 'must be an array');
    else if (value.length > most) wrong(at, `must have ${most} members at most`);
    return Array.isArray(value) ? value.map((item, i) => read(item, `${at}[${i}]`)) : [];
  }

  function text(value: unknown, at: string, { pattern, is }: Form): string {
    if (typeof value === 'string' && pattern.test(value)) return value;
    wrong(at, `must be ${is}`);
    return '';
  }

  const optional = (value: unknown, at: string, form: Form) =>
    value === undefined ? undefined : text(value, at, form);

  function key(value: unknown, at: string): DeclaredKey {
    const members = object(value, at, ['accessKeyId', 'secretAccessKey']);
    return {
      id: text(members.accessKeyId, `${at}.accessKeyId`, KEY_ID),
      secret: text(members.secretAccessKey, `${at}.secretAccessKey`, SECRET),
    };
  }

  function inline(value: unknown, at: string): Record<string, string> {
    if (value === undefined) return {};
    const members = object(value, at, typeof value === 'object' && value !== null ? Object.keys(value) : []);
    for (const name of Object.keys(members)) object(members[name], `${at}.${name}`, ['Version', 'Id', 'Statement']);
    return Object.fromEntries(Object.entries(members).map(([name, document]) => [name, JSON.stringify(document)]));
  }

  function user(value: unknown, at: string): DeclaredUser {
    const members = object(value, at, ['name', 'accessKeys', 'managedPolicies', 'inlinePolicies']);
    return {
      name: text(members.name, `${at}.name`, USER),
      accessKeys: list(members.accessKeys, `${at}.accessKeys`, key, 2),
      managedPolicies: list(members.managedPolicies, `${at}.managedPolicies`, (arn, where) => text(arn, where, ARN)),
      inlinePolicies: inline(members.inlinePolicies, `${at}.inlinePolicies`),
    };
  }

  function kmsKey(value: unknown, at: string): DeclaredKmsKey {
    const members = object(value, at, ['id', 'alias', 'region']);
    return {
      id: text(members.id, `${at}.id`, KMS_KEY),
      alias: optional(members.alias, `${at}.alias`, ALIAS),
      region: optional(members.region, `${at}.region`, REGION),
    };
  }

  function bucket(value: unknown, at: string): DeclaredBucket {
    const members = object(value, at, ['name', 'region']);
    return {
      name: text(members.name, `${at}.name`, BUCKET),
      region: optional(members.region, `${at}.region`, REGION),
    };
  }

  function account(value: unknown, at: string): DeclaredAccount {
    const known = ['id', 'name', 'email', 'canonicalId', 'accessKeys', 'users', 'kmsKeys', 'buckets'];
    const members = object(value, at, known);
    return {
      id: text(members.id, `${at}.id`, ACCOUNT),
      name: optional(members.name, `${at}.name`, NAME),
      email: optional(members.email, `${at}.email`, EMAIL),
      canonicalId: optional(members.canonicalId, `${at}.canonicalId`, CANONICAL),
      accessKeys: list(members.accessKeys, `${at}.accessKeys`, key, 2),
      users: list(members.users, `${at}.users`, user),
      kmsKeys: list(members.kmsKeys, `${at}.kmsKeys`, kmsKey),
      buckets: list(members.buckets, `${at}.buckets`, bucket),
    };
  }

  function document(value: unknown, at: string): string | undefined {
    if (value === undefined) return undefined;
    const text = JSON.stringify(object(value, at, ['Version', 'Id', 'Statement']));
    const problem = findProblem(text, endpointDialect);
    if (problem) wrong(at, `is no policy: ${problem.message} (${problem.place})`);
    return text;
  }

  function endpoint(value: unknown, at: string): DeclaredEndpoint {
    const members = object(value, at, ['id', 'vpc', 'policy']);
    return {
      id: text(members.id, `${at}.id`, ENDPOINT),
      vpc: optional(members.vpc, `${at}.vpc`, VPC),
      policy: document(members.policy, `${at}.policy`),
    };
  }

  function issuer(value: unknown, at: string): DeclaredIssuer {
    const members = object(value, at, ['url', 'keys', 'jwksUri']);
    if ((members.keys === undefined) === (members.jwksUri === undefined)) wrong(at, 'must have either keys or jwksUri');
    return {
      url: text(members.url, `${at}.url`, ISSUER),
      keys: list(members.keys, `${at}.keys`, (key, where) => {
        const jwk = object(key, where, Object.keys(key ?? {}));
        if (!isPublicKey(jwk)) wrong(where, 'must be a public RSA or EC key as a JSON Web Key');
        return jwk;
      }),
      jwksUri: optional(members.jwksUri, `${at}.jwksUri`, LOCAL),
    };
  }

  return {
    config(value: unknown): Config {
      const members = object(value, 'config', ['accounts', 'vpcEndpoints', 'organization', 'oidcIssuers', 's3']);
      const s3 = object(members.s3 ?? {}, 's3', ['defaults']);
      const { defaults = 'current' } = s3;
      if (defaults !== 'current' && defaults !== '2022') wrong('s3.defaults', "must be 'current' or '2022'");
      return {
        accounts: list(members.accounts, 'accounts', account),
        vpcEndpoints: list(members.vpcEndpoints, 'vpcEndpoints', endpoint),
        organization:
          members.organization === undefined
            ? undefined
            : readOrganization(members.organization, { wrong, object, list, text }),
        oidcIssuers: list(members.oidcIssuers, 'oidcIssuers', issuer),
        s3: { defaults: defaults === '2022' ? '2022' : 'current' },
      };
    },
  };
}

/** Private keys have no place in a configuration that only verifies. */
function isPublicKey(jwk: Members): boolean {
  try {
    return (
      !('d' in jwk) && ['rsa', 'ec'].includes(createPublicKey({ key: jwk, format: 'jwk' }).asymmetricKeyType ?? '')
    );
  } catch {
    return false;
  }
}

/** What names one thing must not name two. */
function requireUnique({ accounts, vpcEndpoints, oidcIssuers }: Config, flaws: string[]): void {
  const seen = new Set<string>();
  const note = (kind: string, name: string | undefined): void => {
    if (name === undefined) return;
    if (seen.has(`${kind} ${name}`)) flaws.push(`the ${kind} ${name} is declared twice`);
    seen.add(`${kind} ${name}`);
  };
  for (const { id } of vpcEndpoints) note('VPC endpoint', id);
  for (const { url } of oidcIssuers) note('OIDC issuer', url);
  for (const { id, canonicalId, email, accessKeys, users, kmsKeys, buckets } of accounts) {
    note('account', id);
    note('canonical id', canonicalId);
    note('e-mail address', email?.toLowerCase());
    for (const key of [...accessKeys, ...users.flatMap((user) => user.accessKeys)]) note('access key', key.id);
    for (const { name } of users) note(`user of ${id}`, name.toLowerCase());
    for (const key of kmsKeys) note(`KMS key of ${id}`, `${key.id} in ${key.region ?? 'the default region'}`);
    for (const { name } of buckets) note('bucket', name);
  }
}
