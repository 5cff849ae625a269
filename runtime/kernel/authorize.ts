/**
 * Step 5: may this principal do this? Gathers the policies that apply (identity policies from the identity source,
 * resource policies from the service that owns the resource), asks `engine/policy`, and turns a refusal into AWS's
 * error with the explanation as its detail.
 */
import type { Call, Origin } from './call';
import type { Principal } from './principal';

/** One question: an action on a resource. */
export interface Check {
  /** `s3:GetObject`. */
  readonly action: string;
  /** ARN, or `*` for actions without a resource. */
  readonly resource: string;
  /** Service-specific condition keys, `s3:prefix` and so on; global `aws:*` keys are filled by the kernel. */
  readonly keys?: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Account that owns the resource. Default: the one in the ARN, else the call's. */
  readonly owner?: string;
  /** Tags of the resource: `aws:ResourceTag/*`. */
  readonly resourceTags?: Readonly<Record<string, string>>;
}

/** A policy as kept by its owner: JSON text and where it came from. Compiled once per text, by `engine/policy`. */
export interface AttachedPolicy {
  readonly kind:
    | 'identity'
    | 'resource'
    | 'boundary'
    | 'session'
    | 'trust'
    | 'serviceControl'
    | 'resourceControl'
    | 'endpoint';
  /** How a person finds it: `inline policy "Uploads" of role Uploader`, `bucket policy of my-bucket`. */
  readonly name: string;
  readonly document: string;
  readonly origin?: Origin;
}

/** What the owner of a resource says about a check. */
export interface ResourceVerdict {
  readonly policies: readonly AttachedPolicy[];
  /** Account that owns the resource, when the owner service knows better than the check. */
  readonly owner?: string;
  /**
   * How identity policies of the owner's own account count. `sufficient`: they are enough (S3, SQS, Lambda).
   * `delegated`: only when the resource policy lets the account in (KMS keys, role trust).
   */
  readonly sameAccount?: 'sufficient' | 'delegated';
  /** An allow beyond policies: an ACL or a KMS grant. `reason` for the explanation. */
  readonly grant?: { readonly allowed: boolean; readonly reason: string };
  /** A refusal beyond policies: Block Public Access ignoring a public policy or ACL. */
  readonly block?: { readonly reason: string };
}

/** Made by a service for the resources it owns. */
export interface PolicySource {
  /** @returns undefined when the resource is not known here: then only identity policies count */
  verdict(kernel: import('./call').Kernel, check: Check, principal: Principal): Promise<ResourceVerdict | undefined>;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** For temporary credentials: the exact session token. */
  readonly sessionToken?: string;
  readonly principal: Principal;
  /** Virtual milliseconds. */
  readonly expiresAt?: number;
  readonly active: boolean;
}

/** Who is who: implemented by iam (users, roles, policies) with sts (sessions). */
export interface IdentitySource {
  /** @param sessionToken as sent; temporary credentials may be carried in it */
  credentials?(
    kernel: import('./call').Kernel,
    accessKeyId: string,
    sessionToken?: string,
  ): Promise<Credentials | undefined>;
  /** Identity policies, boundaries and session policies of a user or session. */
  policies?(kernel: import('./call').Kernel, principal: Principal): Promise<readonly AttachedPolicy[]>;
}

export type Authorize = (call: Call, check: Check) => Promise<void>;
