/**
 * Organisations as step 5 needs them: where the accounts of a question stand, which control policies hold for them, and
 * what condition keys say about it. Who declares them is the organizations service's business.
 * Sources: AWS Organizations user guide, "Service control policies (SCPs)", "Resource control policies (RCPs)"; IAM user
 * guide, "AWS global condition context keys".
 */
import type { AttachedPolicy, Check, ResourceVerdict } from './authorize';
import type { Kernel } from './call';
import type { Principal } from './principal';

/** Where an account stands in an organisation. */
export interface Membership {
  /** `o-a1b2c3d4e5`. */
  readonly id: string;
  /** `o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/`, down to the unit that holds the account. */
  readonly path: string;
  /** Control policies mean nothing to the management account. */
  readonly management: boolean;
  /** Of the root, each unit on the path and the account, each with its level. */
  readonly serviceControl: readonly AttachedPolicy[];
  readonly resourceControl: readonly AttachedPolicy[];
}

/** Implemented by organizations. */
export interface OrganizationSource {
  /** @returns undefined for an account that is in no organisation */
  membership(kernel: Kernel, account: string): Promise<Membership | undefined>;
}

/** Where those stand whom a question is about. */
export interface Standing {
  readonly caller?: Membership;
  readonly owner?: Membership;
  /** Of the resource for which a service acts. */
  readonly source?: Membership;
}

const NOWHERE: Standing = {};
const NONE: readonly AttachedPolicy[] = [];

export async function standingOf(
  organizations: OrganizationSource | undefined,
  kernel: Kernel,
  { account, sourceAccount }: Principal,
  owner: string | undefined,
): Promise<Standing> {
  if (!organizations) return NOWHERE;
  const find = (id: string | undefined) => (id === undefined ? undefined : organizations.membership(kernel, id));
  const caller = await find(account);
  const owning = owner === account ? caller : await find(owner);
  const source = sourceAccount === undefined ? undefined : await find(sourceAccount);
  return caller || owning || source ? { caller, owner: owning, source } : NOWHERE;
}

/** Services whose resources RCPs hold for. Source: RCPs, "List of AWS services that support RCPs"; as of September 2026. */
export const resourceControlled: ReadonlySet<string> = new Set(
  `
  aoss appconfig appstream autoscaling autoscaling-plans budgets clouddirectory cloudfront cloudsearch
  cloudtrail-data codeartifact codebuild codecommit codepipeline cognito-identity cognito-idp comprehend
  comprehendmedical compute-optimizer cost-optimization-hub dax dsql dynamodb ecr ecr-public events firehose fis
  fms gamelift health inspector-scan kendra kinesisvideo kms logs memorydb networkmonitor notifications
  opensearch pca-connector-ad personalize polly pricing resource-groups rolesanywhere s3 secretsmanager
  servicediscovery signin sqs sts support swf textract timestream-influxdb transcribe transfer translate wafv2
  workspaces xray
`
    .trim()
    .split(/\s+/),
);

/**
 * The control policies that a question meets. Neither kind restricts service-linked roles; SCPs restrict principals of
 * member accounts, RCPs resources of member accounts, and no RCP holds for an AWS managed KMS key.
 */
export function controlPolicies(
  { caller, owner }: Standing,
  { session }: Principal,
  { action }: Check,
  verdict: ResourceVerdict | undefined,
): readonly AttachedPolicy[] {
  if (!caller && !owner) return NONE;
  if (session?.roleArn?.includes(':role/aws-service-role/')) return NONE;
  const service = caller && !caller.management ? caller.serviceControl : NONE;
  const controlled =
    owner !== undefined &&
    !owner.management &&
    !verdict?.uncontrolled &&
    resourceControlled.has(action.slice(0, action.indexOf(':')));
  const resource = controlled ? owner.resourceControl : NONE;
  return resource.length === 0 ? service : service.length === 0 ? resource : [...service, ...resource];
}

/** Whether an answer may name what an organisation keeps: to its own members only. */
export function isInside({ caller, owner }: Standing): boolean {
  return caller !== undefined && caller.id === owner?.id;
}
