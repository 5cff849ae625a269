/** Names and ids that CloudFormation makes. Source: CloudFormation user guide, "Name type". */
import { formatArn, parseArn } from '../../base/arn';
import type { Place } from './state';

export const SUFFIX_LENGTH = 12;

const PATTERN = /^[A-Za-z][A-Za-z0-9-]{0,127}$/;

export function isStackName(name: string): boolean {
  return PATTERN.test(name);
}

export function isChangeSetName(name: string): boolean {
  return PATTERN.test(name);
}

export function stackArn(at: Place & { partition: string }, name: string, uuid: string): string {
  const { account, region, partition } = at;
  return formatArn({ partition, service: 'cloudformation', region, account, resource: `stack/${name}/${uuid}` });
}

export function changeSetArn(at: Place & { partition: string }, name: string, uuid: string): string {
  const { account, region, partition } = at;
  return formatArn({ partition, service: 'cloudformation', region, account, resource: `changeSet/${name}/${uuid}` });
}

/** Where an ARN points, else the place of the caller. */
export function placeOf(nameOrArn: string, caller: Place): Place {
  const arn = parseArn(nameOrArn);
  return arn ? { account: arn.account, region: arn.region } : caller;
}

/**
 * `stack-logicalId-SUFFIX`, shortened in its first two parts where the resource's names must be short; the same each
 * time for one incarnation.
 */
export function generatedName(
  stackName: string,
  logicalId: string,
  suffix: string,
  options: { maxLength?: number; lowerCase?: boolean; separator?: string } = {},
): string {
  const { maxLength = 255, lowerCase = false, separator = '-' } = options;
  const room = Math.max(maxLength - suffix.length - 2 * separator.length, 2);
  const half = Math.floor(room / 2);
  const stackLength = Math.min(stackName.length, Math.max(half, room - logicalId.length));
  const parts = [stackName.slice(0, stackLength), logicalId.slice(0, room - stackLength), suffix];
  const name = parts.join(separator);
  return lowerCase ? name.toLowerCase() : name;
}
