/**
 * What each kind of policy may hold beyond the grammar: principals, resources, Sid characters, versions. Asked when
 * somebody attaches a policy, in IAM's words; services with words of their own go by the problem's code.
 * Source: IAM user guide, "IAM JSON policy elements reference".
 */
import { compile } from './compile';
import { type Document, fail, PolicyError, type Problem, type Statement } from './document';

/** What one kind of policy allows beyond the grammar. */
export interface Dialect {
  readonly principal: 'required' | 'prohibited';
  readonly resource: 'required' | 'prohibited';
  /** Sids are letters and digits only. */
  readonly plainSids: boolean;
  /** The version must be written, and be 2012-10-17. */
  readonly currentVersion: boolean;
  /** The only service whose actions may be named. */
  readonly vendor?: string;
}

export const identityDialect: Dialect = {
  principal: 'prohibited',
  resource: 'required',
  plainSids: true,
  currentVersion: true,
};
export const resourceDialect: Dialect = {
  principal: 'required',
  resource: 'required',
  plainSids: false,
  currentVersion: false,
};
/** VPC endpoint policies. Source: AWS PrivateLink guide, "Control access to VPC endpoints using endpoint policies". */
export const endpointDialect: Dialect = { ...resourceDialect };
export const trustDialect: Dialect = {
  principal: 'required',
  resource: 'prohibited',
  plainSids: true,
  currentVersion: false,
  vendor: 'sts',
};

/** What is wrong with a policy that somebody wants to attach; undefined when nothing is. */
export function findProblem(text: string, dialect: Dialect): Problem | undefined {
  const compilation = compile(text);
  if ('problem' in compilation) return compilation.problem;
  try {
    checkDialect(compilation.document, dialect);
    return undefined;
  } catch (error) {
    if (error instanceof PolicyError) return error.problem;
    throw error;
  }
}

function checkDialect(document: Document, dialect: Dialect): void {
  if (dialect.currentVersion && document.version !== '2012-10-17') {
    const message = 'Policy document must be version 2012-10-17 or greater.';
    fail('invalidVersion', 'Version', { element: 'Version', message });
  }
  const sids = new Set<string>();
  for (const statement of document.statements) {
    checkSid(statement, sids, dialect);
    checkPrincipalUse(statement, dialect);
    checkResources(statement, dialect);
    for (const action of statement.actions.values) {
      if (!dialect.vendor || action.toLowerCase().startsWith(`${dialect.vendor}:`)) continue;
      const message = 'AssumeRole policy may only specify STS AssumeRole actions.';
      fail('invalidAction', `${statement.place}.Action`, { element: 'Action', value: action, message });
    }
  }
}

function checkSid({ sid, place }: Statement, seen: Set<string>, dialect: Dialect): void {
  if (!sid) return;
  const problem = { element: 'Sid', value: sid };
  if (dialect.plainSids && !/^[0-9A-Za-z]*$/.test(sid)) {
    const message =
      'Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*';
    fail('invalidSid', `${place}.Sid`, { ...problem, message });
  }
  if (seen.has(sid)) {
    const message = 'Statement IDs (SID) in a single policy must be unique.';
    fail('duplicateSid', `${place}.Sid`, { ...problem, message });
  }
  seen.add(sid);
}

function checkPrincipalUse({ principals, place }: Statement, dialect: Dialect): void {
  if (dialect.principal === 'prohibited') {
    if (!principals) return;
    const message = 'Policy document should not specify a principal.';
    fail('prohibitedElement', place, { element: 'Principal', message });
  }
  if (!principals) fail('missingElement', place, { element: 'Principal', message: 'Missing required field Principal' });
  if (principals.negated && dialect.resource === 'prohibited') {
    fail('prohibitedElement', place, { element: 'NotPrincipal', message: 'Has prohibited field NotPrincipal' });
  }
}

function checkResources({ resources, place }: Statement, dialect: Dialect): void {
  if (dialect.resource === 'prohibited') {
    if (!resources) return;
    fail('prohibitedElement', place, { element: 'Resource', message: 'Has prohibited field Resource' });
  }
  if (!resources || resources.values.length === 0) {
    fail('missingElement', place, { element: 'Resource', message: 'Policy statement must contain resources.' });
  }
  for (const value of resources.values) {
    const problem = { element: 'Resource', value };
    if (value === '*') continue;
    const vendor = /^arn:[^:]+:([^:]+):/.exec(value)?.[1];
    if (vendor === undefined) {
      const message = `Resource ${value} must be in ARN format or "*".`;
      fail('invalidResource', `${place}.Resource`, { ...problem, message });
    }
    if (/[*?]/.test(vendor)) {
      const message = 'Resource vendor must be fully qualified and cannot contain regexes.';
      fail('invalidResource', `${place}.Resource`, { ...problem, message });
    }
  }
}
