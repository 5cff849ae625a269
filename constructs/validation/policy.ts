/**
 * Bucket policies that S3 refuses for their form: too large, or two statements of one name. Sources: S3 User Guide,
 * "Bucket policies" (20 KB); IAM User Guide, "IAM JSON policy elements: Sid".
 */
import type { Problem } from './problems';
import { Findings, list, members, text } from './reading';

export const MAX_POLICY_BYTES = 20_480;
/** Bytes that a reference becomes at least. What is refused is too large whatever they are. */
const REFERENCE = 16;
const PSEUDO: { readonly [name: string]: number } = { 'AWS::AccountId': 12, 'AWS::Partition': 3, 'AWS::Region': 9 };

/** Problems of a policy document in template form. `limit` in bytes. */
export function policyProblems(document: unknown, limit = MAX_POLICY_BYTES): Problem[] {
  const findings = new Findings('Coffer-PolicySize');
  const names = new Findings('Coffer-PolicySid');
  const bytes = size(document);
  if (bytes > limit)
    findings.wrong(
      'PolicyDocument',
      `at least ${bytes} bytes`,
      `at most ${limit}`,
      'join statements, or move grants to identities or access points',
    );
  const seen = new Map<string, number>();
  for (const [i, statement] of list(members(document).Statement).entries()) {
    const sid = text(members(statement).Sid);
    if (sid === undefined) continue;
    const first = seen.get(sid);
    if (first === undefined) seen.set(sid, i);
    else
      names.wrong(
        `PolicyDocument.Statement[${i}].Sid`,
        sid,
        `a Sid of its own; Statement[${first}] has it`,
        'rename one of the two, or leave the Sid out',
      );
  }
  return [...findings.problems, ...names.problems];
}

/** How many bytes, at least, a value takes as JSON once its references are known. */
function size(value: unknown): number {
  if (Array.isArray(value)) return value.reduce((sum: number, it) => sum + size(it) + 1, 2);
  if (typeof value !== 'object' || value === null) return Buffer.byteLength(JSON.stringify(value) ?? '');
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [name, inner] = entries[0];
    if (name === 'Fn::Join') {
      const [separator, parts] = list(inner);
      return list(parts).reduce((sum: number, it) => sum + size(it) - 2 + Buffer.byteLength(String(separator)), 2);
    }
    if (name === 'Ref' || name.startsWith('Fn::')) return 2 + (PSEUDO[String(inner)] ?? REFERENCE);
  }
  return entries.reduce((sum, [name, it]) => sum + Buffer.byteLength(JSON.stringify(name)) + 2 + size(it), 2);
}
