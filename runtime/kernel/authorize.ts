/**
 * Step 5: may this principal do this? Gathers the policies that apply (identity policies from the identity source,
 * resource policies from the service that owns the resource), asks `engine/policy`, and turns a refusal into AWS's
 * error with the explanation as its detail.
 */
import { parseArn } from '../base/arn';
import { decide, type Question } from '../engine/policy/decide';
import { type Explanation, explain } from '../engine/policy/explain';
import type { Call, Kernel, Origin } from './call';
import { contextOf } from './conditions';
import { controlPolicies, type OrganizationSource, type Standing, standingOf } from './organization';
import type { Principal } from './principal';
import { type Asking, Recent } from './recent';
import { refusal } from './refusal';

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
  /** Tags that the request brings: `aws:RequestTag/*`, `aws:TagKeys`. */
  readonly requestTags?: Readonly<Record<string, string>>;
  /** Who asks, where it is not who signed the request: a web identity that wants a role. */
  readonly asker?: Principal;
  /** Whether the resource's own policy has no say. */
  readonly beyondPolicy?: boolean;
  /** What must be allowed as well: a request through an access point is asked of the bucket behind it, too. */
  readonly behind?: Check;
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
  /** Of a managed policy and of an organisation's: AWS names it to whoever is denied by it. */
  readonly arn?: string;
  /** What it is attached to: `role Reader`. Absent: the name says it. */
  readonly attachedTo?: string;
  readonly document: string;
  readonly origin?: Origin;
  /** Where in an organisation a control policy is attached: every level has to allow. */
  readonly level?: string;
}

/** What the owner of a resource says about a check. */
export interface ResourceVerdict {
  readonly policies: readonly AttachedPolicy[];
  /** Account that owns the resource, when the owner service knows better than the check. */
  readonly owner?: string;
  /** Canonical user id of the caller's account, where the service's policies name accounts by it (S3). */
  readonly callerCanonicalId?: string;
  /**
   * How identity policies of the owner's own account count. `sufficient`: they are enough (S3, SQS, Lambda).
   * `delegated`: only when the resource policy lets the account in (KMS keys, role trust).
   */
  readonly sameAccount?: 'sufficient' | 'delegated';
  /** An allow beyond policies: an ACL or a KMS grant. `reason` for the explanation. */
  readonly grant?: { readonly allowed: boolean; readonly reason: string };
  /** A refusal beyond policies: Block Public Access ignoring a public policy or ACL. */
  readonly block?: { readonly reason: string };
  /** Tags of the resource, for checks that do not know them: of a role that is passed. */
  readonly resourceTags?: Readonly<Record<string, string>>;
  /** Resource control policies do not hold for it: an AWS managed key. */
  readonly uncontrolled?: boolean;
}

/** Made by a service for the resources it owns. */
export interface PolicySource {
  /** @returns undefined when the resource is not known here: then only identity policies count */
  verdict(kernel: Kernel, check: Check, principal: Principal): Promise<ResourceVerdict | undefined>;
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

/** A code that somebody shows of an MFA device. */
export interface MfaClaim {
  /** Whose device it has to be: a user or an account's root user, with credentials of their own. */
  readonly principal: Principal;
  readonly serialNumber: string;
  readonly code: string;
}

/**
 * `unknown`: it is no device of that principal. `wrong`: it is not the device's code now, or was used before. A code
 * that is accepted is used up.
 */
export type MfaOutcome = 'accepted' | 'unknown' | 'wrong';

/** Credentials that have signed a request, and what for. */
export interface CredentialUse {
  readonly principal: Principal;
  readonly service: string;
  readonly region: string;
}

/** Who is who: implemented by iam (users, roles, policies) with sts (sessions). */
export interface IdentitySource {
  /** @param sessionToken as sent; temporary credentials may be carried in it */
  credentials?(kernel: Kernel, accessKeyId: string, sessionToken?: string): Promise<Credentials | undefined>;
  /** Identity policies, boundaries and session policies of a user or session. */
  policies?(kernel: Kernel, principal: Principal): Promise<readonly AttachedPolicy[]>;
  /**
   * Whether a user or role is there, by its ARN. Undefined: nobody can tell, for it is neither, or of an account whose
   * people are not all known here.
   */
  exists?(kernel: Kernel, arn: string, call: Call): Promise<boolean | undefined>;
  /** Is told of credentials that were proven. Must be cheap and must not throw. */
  used?(kernel: Kernel, use: CredentialUse): void;
  /** Holds a code to an MFA device. */
  mfa?(kernel: Kernel, claim: MfaClaim): Promise<MfaOutcome>;
}

/** The policy of the VPC endpoint that a request came through. Source: AWS PrivateLink guide, "endpoint policies". */
function endpointPolicies({ request, kernel }: Asking): readonly AttachedPolicy[] {
  if (request.vpcEndpoint === undefined) return NO_POLICIES;
  const endpoint = kernel.config.vpcEndpoints.find(({ id }) => id === request.vpcEndpoint);
  if (endpoint?.policy === undefined) return NO_POLICIES;
  return [{ kind: 'endpoint', name: `policy of VPC endpoint ${endpoint.id}`, document: endpoint.policy }];
}

const NO_POLICIES: readonly AttachedPolicy[] = [];

/** Most requests meet policies of one kind only: no list is made for them. */
function together(...lists: readonly (readonly AttachedPolicy[])[]): readonly AttachedPolicy[] {
  const full = lists.filter(({ length }) => length > 0);
  return full.length > 1 ? full.flat() : (full[0] ?? NO_POLICIES);
}

export type Authorize = (call: Call, check: Check) => Promise<void>;

const withBehind = (check: Check): Check | readonly Check[] => (check.behind ? [check, check.behind] : check);

const withTags = (check: Check, resourceTags: Check['resourceTags']): Check => ({
  ...check,
  resourceTags: check.resourceTags ?? resourceTags,
});

const byGrant = new WeakSet<Call>();

/** Whether a call was let in by a grant beyond policies: an ACL or a KMS grant. */
export function wasGranted(call: Call): boolean {
  return byGrant.has(call);
}

export interface Authorizer {
  /** @throws AwsError AccessDenied (or the service's name for it) at the first check that is refused */
  (call: Call, checks: readonly Check[]): Promise<void>;
  /** Whether a check would be allowed, and why. */
  explain(call: Asking, check: Check): Promise<Explanation>;
  /** The questions that checks are, each with every policy that has a say in it. */
  questions(call: Asking, checks: readonly Check[]): Promise<readonly Question[]>;
  /**
   * What a request was allowed, if it is one of the newest, as the policies stand now. With it what services asked of
   * one another on its behalf.
   */
  recent(requestId: string): Promise<readonly Explanation[]>;
}

export interface AuthorizerParts {
  readonly identities: readonly IdentitySource[];
  /** By service name, which is also the service in the ARNs of its resources. */
  readonly sources: ReadonlyMap<string, PolicySource>;
  readonly organizations?: OrganizationSource;
  readonly kernel: Kernel;
}

export function createAuthorizer({ identities, sources, organizations, kernel }: AuthorizerParts): Authorizer {
  async function callerPolicies(principal: Principal): Promise<readonly AttachedPolicy[]> {
    if (principal.kind !== 'user' && principal.kind !== 'session') return [];
    const found = await Promise.all(identities.map((source) => source.policies?.(kernel, principal)));
    return found.flatMap((policies) => policies ?? []);
  }

  async function questionOf(
    call: Asking,
    check: Check,
    mine: readonly AttachedPolicy[],
  ): Promise<Question & { readonly standing: Standing }> {
    const principal = check.asker ?? call.principal;
    const asking: Asking = check.asker ? { ...call, principal } : call;
    const arn = parseArn(check.resource);
    const source = sources.get(arn?.service ?? check.action.slice(0, check.action.indexOf(':')));
    const verdict = await source?.verdict(kernel, check, principal);
    const owner = check.owner ?? verdict?.owner ?? (arn?.account || call.account);
    const standing = await standingOf(organizations, kernel, principal, owner);
    return {
      standing,
      action: check.action,
      resource: check.resource,
      caller: verdict?.callerCanonicalId ? { ...principal, canonicalId: verdict.callerCanonicalId } : principal,
      lookup: contextOf(asking, verdict?.resourceTags ? withTags(check, verdict.resourceTags) : check, owner, standing),
      owner,
      policies: together(
        controlPolicies(standing, principal, check, verdict),
        verdict?.policies ?? NO_POLICIES,
        check.asker ? NO_POLICIES : mine,
        endpointPolicies(call),
      ),
      sameAccount: verdict?.sameAccount,
      grant: verdict?.grant,
      block: verdict?.block,
    };
  }

  const recent = new Recent();

  async function authorize(call: Call, checks: readonly Check[]): Promise<void> {
    if (checks.length === 0) return;
    const mine = await callerPolicies(call.principal);
    for (const check of checks.flatMap(withBehind)) {
      const question = await questionOf(call, check, mine);
      const decision = decide(question);
      if (decision.effect === 'allow') {
        if (decision.by === 'grant') byGrant.add(call);
        continue;
      }
      throw refusal(call, check, question, decision, explain(question, decision));
    }
    recent.add(call, checks);
  }

  async function questions(call: Asking, checks: readonly Check[]): Promise<readonly Question[]> {
    const mine = await callerPolicies(call.principal);
    return Promise.all(checks.map((check) => questionOf(call, check, mine)));
  }

  async function explained(call: Asking, check: Check): Promise<Explanation> {
    const [asked] = await questions(call, [check]);
    return explain(asked, decide(asked));
  }

  return Object.assign(authorize, {
    explain: explained,
    questions,
    recent: (requestId: string) =>
      Promise.all(
        recent
          .of(requestId)
          .flatMap(({ asking, checks }) => checks.flatMap(withBehind).map((check) => explained(asking, check))),
      ),
  });
}
