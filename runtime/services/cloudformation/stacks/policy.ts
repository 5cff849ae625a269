/**
 * Stack policies: which updates a stack's resources may undergo. Once there is one, what no statement allows is denied.
 * Source: CloudFormation user guide, "Prevent updates to stack resources".
 */
import { wildcard } from '../../../engine/pattern';
import { isObject } from '../../../engine/template/parse';
import { validationError } from '../errors';

/** Source: CloudFormation API Reference, "SetStackPolicy". */
const LIMIT_BYTES = 16_384;

export type PolicyAction = 'Update:Modify' | 'Update:Replace' | 'Update:Delete';

/** @returns why the update is denied, undefined when it is allowed */
export type StackPolicy = (action: PolicyAction, logicalId: string, type: string) => string | undefined;

interface Statement {
  readonly allows: boolean;
  readonly matches: StackPolicyMatch;
}

type StackPolicyMatch = (action: string, resource: string, type: string) => boolean;

/** @throws AwsError ValidationError */
export function readStackPolicy(text: string): StackPolicy {
  if (Buffer.byteLength(text) > LIMIT_BYTES) throw bad(`it is longer than ${LIMIT_BYTES} bytes`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw bad('it is not valid JSON');
  }
  if (!isObject(document) || document.Statement === undefined) throw bad('it has no Statement');
  const statements = [document.Statement].flat().map(statement);
  return (action, logicalId, type) => {
    const resource = `LogicalResourceId/${logicalId}`;
    const applying = statements.map(({ matches, allows }, at) => ({
      at,
      allows,
      applies: matches(action, resource, type),
    }));
    const denial = applying.find(({ applies, allows }) => applies && !allows);
    if (denial) {
      return `Action denied by stack policy: Statement [#${denial.at + 1}] does not allow [${action}] for resource [${resource}]`;
    }
    if (applying.some(({ applies }) => applies)) return undefined;
    return `Action denied by stack policy: no statement allows [${action}] for resource [${resource}]`;
  };
}

const MEMBERS = new Set(['Sid', 'Effect', 'Principal', 'Action', 'NotAction', 'Resource', 'NotResource', 'Condition']);

function statement(value: unknown): Statement {
  if (!isObject(value)) throw bad('every statement must be an object');
  const strange = Object.keys(value).find((name) => !MEMBERS.has(name));
  if (strange) throw bad(`unknown element ${strange}`);
  if (value.Effect !== 'Allow' && value.Effect !== 'Deny') throw bad('Effect must be Allow or Deny');
  if (value.Principal !== '*') throw bad('Principal must be *');
  const action = either(value, 'Action', /^(Update:(Modify|Replace|Delete|\*)|\*)$/);
  const resource = either(value, 'Resource', /^(LogicalResourceId\/.+|\*)$/);
  const condition = conditionIn(value.Condition);
  return {
    allows: value.Effect === 'Allow',
    matches: (asked, on, type) => action(asked) && resource(on) && condition(type),
  };
}

/** `Action` or `NotAction`, `Resource` or `NotResource`. */
function either(value: Record<string, unknown>, name: string, pattern: RegExp): (text: string) => boolean {
  const negated = value[name] === undefined;
  const given = value[negated ? `Not${name}` : name];
  if (given === undefined) throw bad(`every statement needs ${name} or Not${name}`);
  const patterns = [given].flat();
  const wrong = patterns.find((item) => typeof item !== 'string' || !pattern.test(item));
  if (wrong !== undefined) throw bad(`${JSON.stringify(wrong)} is no ${name}`);
  const matchers = patterns.map((item) => wildcard(item as string));
  return (text) => matchers.some((matches) => matches(text)) !== negated;
}

function conditionIn(value: unknown): (type: string) => boolean {
  if (value === undefined) return () => true;
  if (!isObject(value)) throw bad('Condition must be an object');
  const tests = Object.entries(value).map(([operator, keys]) => {
    if (!['StringEquals', 'StringLike'].includes(operator)) throw bad(`unknown condition operator ${operator}`);
    if (!isObject(keys) || Object.keys(keys).join() !== 'ResourceType') {
      throw bad('conditions can only be on ResourceType');
    }
    const values = [keys.ResourceType].flat().map(String);
    const matchers = values.map((item) =>
      operator === 'StringLike' ? wildcard(item) : (type: string) => type === item,
    );
    return (type: string) => matchers.some((matches) => matches(type));
  });
  return (type) => tests.every((holds) => holds(type));
}

function bad(why: string): Error {
  return validationError(`Error validating stack policy: ${why}`);
}
