/** Who asks. Made by `authenticate.ts` (from credentials) or by the runtime itself (service principals). */
import { formatArn } from '../base/arn';

export interface Principal {
  readonly kind: 'anonymous' | 'root' | 'user' | 'session' | 'service';
  /** Account of the caller; absent for anonymous callers and services. */
  readonly account?: string;
  /** `arn:aws:iam::111122223333:root`, `...:user/x`, `arn:aws:sts::...:assumed-role/Role/session`, or the service name. */
  readonly arn: string;
  /** `aws:userid`: account id, `AIDA…`, or `AROA…:session`. */
  readonly userId: string;
  readonly accessKeyId?: string;
  /** For sessions: the role's ARN (with path), its session name, and what AssumeRole fixed. */
  readonly session?: Session;
  /** For services: `s3.amazonaws.com`. */
  readonly service?: string;
  /** For service principals that act on behalf of a resource: confused-deputy keys. */
  readonly sourceArn?: string;
  readonly sourceAccount?: string;
  /** Tags of the user or role, `aws:PrincipalTag/*`. */
  readonly tags?: Readonly<Record<string, string>>;
}

export interface Session {
  readonly roleArn?: string;
  /** For federated sessions: the ARN of the user whose permissions they share. */
  readonly userArn?: string;
  readonly name: string;
  /** JSON text of inline session policies. */
  readonly policies?: readonly string[];
  readonly policyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  readonly sourceIdentity?: string;
  /** The identity provider behind a federated session: `aws:FederatedProvider`. */
  readonly provider?: string;
  /** Condition keys that go with the session, in lower case: `accounts.google.com:sub`, `lambda:SourceFunctionArn`. */
  readonly claims?: Readonly<Record<string, string | readonly string[]>>;
  /** Virtual milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly mfa?: boolean;
}

export const anonymous: Principal = { kind: 'anonymous', arn: '*', userId: 'anonymous' };

export function root(account: string, partition = 'aws', accessKeyId?: string): Principal {
  const arn = formatArn({ partition, service: 'iam', region: '', account, resource: 'root' });
  return { kind: 'root', account, arn, userId: account, accessKeyId };
}

/** A service acting for a resource in `sourceAccount`: `servicePrincipal('s3.amazonaws.com', bucketArn, account)`. */
export function servicePrincipal(service: string, sourceArn?: string, sourceAccount?: string): Principal {
  return { kind: 'service', arn: service, userId: service, service, sourceArn, sourceAccount };
}
