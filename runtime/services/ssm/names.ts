/**
 * Names of parameters: which are allowed, how they stand in an ARN, and the selectors behind a colon.
 * Source: Systems Manager API Reference, "PutParameter", naming constraints; User Guide, "Working with parameter versions".
 */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import { reservedName, tooDeep, validation } from './errors';

type Place = Pick<Call, 'partition' | 'region' | 'account'>;

/** A parameter's ARN has one slash after `parameter`, whether or not the name begins with one. */
export const arnOf = ({ partition, region, account }: Place, name: string): string =>
  formatArn({ partition, service: 'ssm', region, account, resource: `parameter/${name.replace(/^\//, '')}` });

/** Source: "PutParameter": 1,011 characters, of which the ARN before the name takes its part. */
const nameLimit = 1011;

/** @throws ValidationException, AccessDeniedException, HierarchyLevelLimitExceededException */
export function checkName(place: Place, name: string): void {
  const bare = name.toLowerCase().replace(/^\/+/, '');
  if (/^(aws|ssm)/.test(bare)) {
    const isPath = name.split('/').length > 2;
    if (isPath && /^\/aws/i.test(name)) throw reservedName(name);
    throw validation(
      isPath
        ? 'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_'
        : 'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive).',
    );
  }
  if (!/^[a-zA-Z0-9_./-]+$/.test(name) || name.includes('//') || name.endsWith('/'))
    throw validation(
      'Invalid parameter name. Please use correct syntax for referencing a version/label  <name>:<version/label>',
    );
  if (name.includes('/') && !name.startsWith('/')) throw validation('Parameter name must be a fully qualified name.');
  if (name.split('/').length - 1 > 15) throw tooDeep(name);
  if (arnOf(place, name).length > nameLimit) throw validation(`Parameter name is longer than ${nameLimit} characters.`);
}

export interface Selected {
  /** Names under which the parameter may be kept: an ARN does not tell whether a name began with a slash. */
  readonly names: readonly string[];
  /** Version or label, without its colon. */
  readonly selector?: string;
}

/** What GetParameter and its kin accept: `name`, `name:3`, `name:label`, or the same with an ARN. */
export function selectedBy(place: Place, text: string): Selected {
  const trimmed = text.trim();
  const arn = parseArn(trimmed);
  const [resource, selector, more] = (arn?.resource ?? trimmed).split(':');
  if (more !== undefined)
    throw validation('Invalid parameter name. Please use correct syntax for referencing a version/label');
  if (!arn) return { names: [resource], selector };
  const here = arn.service === 'ssm' && arn.region === place.region && arn.account === place.account;
  if (!here || !resource.startsWith('parameter/')) return { names: [], selector };
  const bare = resource.slice('parameter/'.length);
  return { names: bare.includes('/') ? [`/${bare}`] : [bare, `/${bare}`], selector };
}

/** The ARN of what a request names, for authorisation. */
export function arnOfSelected(place: Place, text: string): string {
  const arn = parseArn(text.trim());
  if (!arn) return arnOf(place, selectedBy(place, text).names[0]);
  return formatArn({ ...arn, resource: arn.resource.split(':')[0] });
}
