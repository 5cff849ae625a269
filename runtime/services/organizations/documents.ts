/**
 * Control policies as Organizations takes them. SCPs have the language of IAM's identity policies; RCPs deny only, to
 * everyone, and name actions of services that they hold for. Sources: AWS Organizations user guide, "SCP syntax", "RCP
 * syntax", "Quotas for AWS Organizations".
 */
import { compile } from '../../engine/policy/compile';
import { findProblem, identityDialect, resourceDialect } from '../../engine/policy/dialect';
import type { Statement } from '../../engine/policy/document';
import { resourceControlled } from '../../kernel/organization';
import { malformedPolicy, tooLong } from './errors';
import type { PolicyRow, PolicyType } from './state';

/** Characters, white space included. */
const LONGEST = 5_120;

/** The policies that AWS attaches to everything for which their type is enabled. */
export const awsManaged: Readonly<Record<PolicyType, PolicyRow>> = {
  SERVICE_CONTROL_POLICY: {
    id: 'p-FullAWSAccess',
    type: 'SERVICE_CONTROL_POLICY',
    name: 'FullAWSAccess',
    description: 'Allows access to every operation',
    document: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    }),
  },
  RESOURCE_CONTROL_POLICY: {
    id: 'p-RCPFullAWSAccess',
    type: 'RESOURCE_CONTROL_POLICY',
    name: 'RCPFullAWSAccess',
    description: 'Allows access to every resource',
    document: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
    }),
  },
};

/** What is wrong with a control policy, with its place; undefined when nothing is. */
export function problemIn(document: string, type: PolicyType): string | undefined {
  const dialect = type === 'SERVICE_CONTROL_POLICY' ? identityDialect : { ...resourceDialect, currentVersion: true };
  const problem = findProblem(document, dialect);
  if (problem) return `${problem.message} ${problem.place}`;
  const compilation = compile(document);
  if ('problem' in compilation || type === 'SERVICE_CONTROL_POLICY') return undefined;
  for (const statement of compilation.document.statements) {
    const flaw = flawIn(statement);
    if (flaw) return `${flaw} ${statement.place}`;
  }
  return undefined;
}

function flawIn({ effect, principals, actions }: Statement): string | undefined {
  if (effect !== 'Deny') return 'Effect must be Deny.';
  const everyone = principals?.entries.length === 1 && principals.entries[0].value === '*' && !principals.negated;
  if (!everyone) return 'Principal must be "*".';
  if (actions.negated) return 'NotAction is not supported.';
  const foreign = actions.values.find((action) => !resourceControlled.has(action.split(':')[0].toLowerCase()));
  return foreign === undefined
    ? undefined
    : `Action ${foreign} is of no service that resource control policies support.`;
}

/** @throws MalformedPolicyDocumentException, ConstraintViolationException */
export function checkDocument(document: string, type: PolicyType): string {
  if (document.length > LONGEST) throw tooLong();
  const problem = problemIn(document, type);
  if (problem) throw malformedPolicy(problem);
  return document;
}
