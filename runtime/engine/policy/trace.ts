/** An explanation as a person reads it: who asked, what decided, and every statement with the one element that counted. */
import type { Considered, ConsideredPolicy, Explanation } from './explain';
import { kindNames } from './kinds';

export function traced(explanation: Explanation): string {
  const { action, resource, effect, reason, course } = explanation;
  const verdict = { allow: 'ALLOWED', explicitDeny: 'DENIED', implicitDeny: 'NOT ALLOWED' }[effect];
  const width = Math.max(...course.map(({ step }) => step.length));
  return [
    `${verdict}  ${action} on ${resource}`,
    '',
    `  ${reason}`,
    '',
    ...askedBy(explanation).map(([name, value]) => `  ${name.padEnd(10)} ${value}`),
    '',
    '  Evaluation',
    ...course.map(({ step, outcome, says, decided }, i) => {
      const more = says ? `: ${says}` : '';
      return `    ${i + 1}. ${step.padEnd(width)}  ${outcome}${more}${decided ? '   ← decides' : ''}`;
    }),
    '',
    '  Policies',
    ...policies(explanation),
  ].join('\n');
}

function askedBy({ principal, caller }: Explanation): [string, string][] {
  const { kind, session, sourceArn } = caller;
  const rows: [string, string][] = [['principal', kind === 'anonymous' ? 'anonymous: no signature' : principal]];
  if (sourceArn) rows.push(['acting for', sourceArn]);
  if (!session) return rows;
  const { roleArn, name, expiresAt, mfa, sourceIdentity, provider } = session;
  const traits = [
    `"${name}"${roleArn ? ` of role ${roleArn}` : ''}`,
    ...(expiresAt === undefined ? [] : [`until ${new Date(expiresAt).toISOString()}`]),
    mfa ? 'with MFA' : 'without MFA',
    ...(sourceIdentity ? [`source identity ${sourceIdentity}`] : []),
    ...(provider ? [`federated by ${provider}`] : []),
  ];
  rows.push(['session', traits.join(', ')]);
  return rows;
}

function policies({ policies: asked, considered, decidedBy }: Explanation): string[] {
  if (asked.length === 0) return ['    none applies'];
  let from = 0;
  return asked.flatMap((policy) => {
    const statements = considered.slice(from, from + policy.statements);
    from += policy.statements;
    const rows = statements.map((one) => `      ${statementRow(one, one === decidedBy)}`);
    if (policy.unreadable) rows.push(`      cannot be read: ${policy.unreadable}`);
    else if (rows.length === 0) rows.push('      has no statements');
    return [`    ${headOf(policy)}`, ...rows];
  });
}

function headOf({ kind, name, level, origin }: ConsideredPolicy): string {
  const from = origin && `made by ${origin.constructPath ?? `${origin.logicalId} in stack ${origin.stackName}`}`;
  const about = [kindNames[kind], ...(level ? [`at ${level}`] : []), ...(from ? [from] : [])];
  return `${name} (${about.join('; ')})`;
}

function statementRow({ statement, sid, effect, mismatch, conditions }: Considered, decides: boolean): string {
  const name = `${statement + 1} ${effect}${sid ? ` "${sid}"` : ''}`;
  if (mismatch) return `· ${name}: not matched by ${mismatch.element}: ${mismatch.why}`;
  const held = conditions ? `, for ${conditions.join('; ')}` : '';
  return `${effect === 'Allow' ? '✓' : '✗'} ${name}: matched${held}${decides ? '   ← decides' : ''}`;
}
