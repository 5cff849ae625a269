/** Names and ARNs of log groups and streams. Source: CloudWatch Logs User Guide, "CloudWatch Logs resources and operations". */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import type { Reader } from '../../store/port';
import { constraint, groupNotFound, invalidParameter, streamNotFound } from './errors';
import { type GroupRow, readGroup, readStream, type StreamRow } from './state';

type Place = Pick<Call, 'partition' | 'region' | 'account'>;

const arnIn = ({ partition, region, account }: Place, resource: string) =>
  formatArn({ partition, service: 'logs', region, account, resource });

/** As tagging, encryption and `logGroupIdentifier` want it. */
export const arnOfGroup = (place: Place, name: string) => arnIn(place, `log-group:${name}`);
export const arnOfStream = (place: Place, group: string, name: string) =>
  arnIn(place, `log-group:${group}:log-stream:${name}`);
/** As IAM is asked about a group: policies name it with `:*` at its end. */
export const arnForGroup = (place: Place, name: string) => arnOfStream(place, name, '');

/** @throws InvalidParameterException */
export function checkGroupName(name: string): void {
  if (name.length < 1 || name.length > 512) throw constraint('logGroupName', name, 'have length between 1 and 512');
  if (!/^[.\-_/#A-Za-z0-9]+$/.test(name))
    throw constraint('logGroupName', name, 'satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+');
  if (name.startsWith('aws/')) throw invalidParameter("Log groups starting with 'aws/' are reserved for AWS.");
}

/** @throws InvalidParameterException */
export function checkStreamName(name: string): void {
  if (name.length < 1 || name.length > 512) throw constraint('logStreamName', name, 'have length between 1 and 512');
  if (/[:*]/.test(name)) throw constraint('logStreamName', name, 'satisfy regular expression pattern: [^:*]*');
}

interface Identified {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
}

/** The name in a request that says it by name or by ARN. @throws InvalidParameterException, ResourceNotFoundException */
export function groupNameIn(place: Place, input: Identified): string {
  const { logGroupName: name, logGroupIdentifier: identifier } = input;
  if ((name === undefined) === (identifier === undefined))
    throw invalidParameter('You must include either logGroupIdentifier or logGroupName, but not both.');
  return name ?? groupNameOf(place, identifier!);
}

/** @throws ResourceNotFoundException for ARNs of other accounts and Regions */
export function groupNameOf(place: Place, identifier: string): string {
  const arn = parseArn(identifier);
  if (!arn) return identifier;
  const [kind, name] = arn.resource.split(':');
  const here = arn.service === 'logs' && arn.region === place.region && arn.account === place.account;
  if (!here || kind !== 'log-group' || !name) throw groupNotFound();
  return name;
}

/** @throws ResourceNotFoundException */
export async function needGroup(from: Reader, place: Place, name: string): Promise<GroupRow> {
  const group = await readGroup(from, place, name);
  if (!group) throw groupNotFound();
  return group;
}

/** @throws ResourceNotFoundException */
export async function needStream(from: Reader, group: GroupRow, name: string): Promise<StreamRow> {
  const stream = await readStream(from, group.id, name);
  if (!stream) throw streamNotFound();
  return stream;
}
