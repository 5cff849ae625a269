/**
 * A refused check as the error a client sees: each service has its own code and status, most share AWS's words.
 * Source: IAM user guide, "Troubleshoot access denied error messages"; S3 user guide, "Troubleshoot access denied
 * (403 Forbidden) errors in Amazon S3"; AWS Security Blog, "Enhanced access denied error messages with policy ARNs";
 * the "Common Errors" page of each service.
 */
import { AwsError } from '../base/errors';
import type { Decision } from '../engine/policy/decide';
import type { Explanation } from '../engine/policy/explain';
import { kindNames } from '../engine/policy/kinds';
import type { Check } from './authorize';
import type { Call } from './call';
import { isInside, type Standing } from './organization';

interface Form {
  readonly code: string;
  readonly status: number;
}

const QUERY: Form = { code: 'AccessDenied', status: 403 };
const JSON_RPC: Form = { code: 'AccessDeniedException', status: 400 };
const REST_JSON: Form = { code: 'AccessDeniedException', status: 403 };

/** By asked service; those not listed answer as the Query and XML services do. */
const forms: Readonly<Record<string, Form>> = {
  kms: JSON_RPC,
  logs: JSON_RPC,
  ssm: JSON_RPC,
  events: JSON_RPC,
  secretsmanager: JSON_RPC,
  states: JSON_RPC,
  dynamodb: JSON_RPC,
  organizations: JSON_RPC,
  lambda: REST_JSON,
  sns: { code: 'AuthorizationError', status: 403 },
};

/** Whose resource it is, and where both sides stand. */
interface Sides {
  readonly owner?: string;
  readonly standing: Standing;
}

export function refusal(call: Call, check: Check, sides: Sides, decision: Decision, detail: Explanation): AwsError {
  const { code, status } = forms[call.service] ?? QUERY;
  const message = call.service === 's3' ? s3Words(call, check, sides, decision) : words(call, check, sides, decision);
  return new AwsError(code, message, { status, detail });
}

/** Whether a caller asks for what is of its own account or organisation. */
function isHome({ principal: { account } }: Call, { owner, standing }: Sides): boolean {
  return account !== undefined && (account === owner || isInside(standing));
}

/** S3 explains itself to callers of the owning account and its organisation only, and quotes the resource. */
function s3Words(call: Call, check: Check, sides: Sides, decision: Decision): string {
  if (!isHome(call, sides) || decision.by === 'block') return 'Access Denied';
  return words(
    call,
    check,
    sides,
    decision,
    /^(\*|arn:aws[\w-]*:s3:::\*)$/.test(check.resource) ? '' : ` on resource: "${check.resource}"`,
  );
}

function words(
  call: Call,
  check: Check,
  sides: Sides,
  decision: Decision,
  where = ` on resource: ${check.resource}`,
): string {
  // STS does not tell a web identity who it is, nor why.
  if (check.asker) return `Not authorized to perform ${check.action}`;
  const { principal } = call;
  const who = principal.kind === 'anonymous' ? 'anonymous' : principal.arn;
  return `User: ${who} is not authorized to perform: ${spelt(check.action)}${where}${because(call, check, sides, decision)}`;
}

/** SQS answers its actions in lower case, SNS its prefix in upper case, whatever policies call them. */
function spelt(action: string): string {
  return action.startsWith('sqs:') ? action.toLowerCase() : action.replace(/^sns:/, 'SNS:');
}

function because(call: Call, check: Check, sides: Sides, decision: Decision): string {
  if (decision.by === 'missing') {
    return ` because no ${kindNames[decision.missing]} allows the ${spelt(check.action)} action`;
  }
  if (decision.effect !== 'explicitDeny') return '';
  const { kind, arn } = decision.by === 'unreadable' ? decision.policy : decision.by.policy;
  // "The ARN of the denying policy is only provided in same-account and same-organization scenarios."
  const named = arn !== undefined && (kind === 'serviceControl' || isHome(call, sides)) ? `: ${arn}` : '';
  return ` with an explicit deny in ${kind === 'identity' ? 'an' : 'a'} ${kindNames[kind]}${named}`;
}
