/**
 * Policy documents as IAM takes them: readable, within their quotas, and naming only principals that are there.
 * Sources: IAM user guide, "IAM and AWS STS quotas"; IAM API reference, MalformedPolicyDocument.
 */
import { parseArn } from '../../base/arn';
import { compile } from '../../engine/policy/compile';
import { type Dialect, findProblem, identityDialect, trustDialect } from '../../engine/policy/dialect';
import type { Call } from '../../kernel/call';
import { inlineTooLong, malformed, quota } from './errors';
import { arnOf, lastSegment } from './names';
import { type Holder, type Kind, type PolicyText, readHolder } from './state';

/** Characters, "IAM does not count white space when calculating the size of a policy". */
const MANAGED_LIMIT = 6_144;
const TRUST_LIMIT = 2_048;
/** All inline policies of an entity together. */
const INLINE_LIMITS: Readonly<Record<Kind, number>> = { user: 2_048, role: 10_240, group: 5_120 };

/** @throws MalformedPolicyDocument, LimitExceeded */
export function checkManaged(document: string): void {
  check(document, identityDialect);
  if (sizeOf(document) > MANAGED_LIMIT) throw quota('PolicySize', MANAGED_LIMIT);
}

/** @throws MalformedPolicyDocument, LimitExceeded */
export function checkInline(kind: Kind, holder: Holder, name: string, document: string): void {
  check(document, identityDialect);
  const others = Object.entries(holder.inline).filter(([other]) => other !== name);
  const size = others.reduce((sum, [, { document: other }]) => sum + sizeOf(other), sizeOf(document));
  if (size > INLINE_LIMITS[kind]) throw inlineTooLong(INLINE_LIMITS[kind], kind, holder.name);
}

/** @throws MalformedPolicyDocument, LimitExceeded */
export async function checkTrust(call: Call, document: string): Promise<void> {
  check(document, trustDialect);
  if (sizeOf(document) > TRUST_LIMIT) throw quota('ACLSizePerRole', TRUST_LIMIT);
  const compilation = compile(document);
  if ('problem' in compilation) return;
  for (const { principals } of compilation.document.statements) {
    for (const { type, value } of principals?.entries ?? []) {
      if (type === 'AWS' && !(await isThere(call, value))) {
        throw malformed(`Invalid principal in policy: "AWS":"${value}"`);
      }
    }
  }
}

export function policyText(call: Call, document: string): PolicyText {
  return { document, origin: call.origin };
}

/** Documents leave IAM "URL-encoded compliant with RFC 3986". */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function check(document: string, dialect: Dialect): void {
  const problem = findProblem(document, dialect);
  if (problem) throw malformed(`${problem.message} (${problem.place})`);
}

function sizeOf(document: string): number {
  return document.replace(/\s/g, '').length;
}

/** Users and roles of the own account have to exist; whoever lives in other accounts is not known here. */
async function isThere(call: Call, principal: string): Promise<boolean> {
  const arn = parseArn(principal);
  if (arn?.service !== 'iam' || arn.account !== call.account) return true;
  const kind = arn.resource.startsWith('user/') ? 'user' : arn.resource.startsWith('role/') ? 'role' : undefined;
  if (!kind) return true;
  const holder = await readHolder(call.kernel.store, kind, call.account, lastSegment(arn));
  return holder !== undefined && arnOf(call, kind, holder) === principal;
}
