/** Tags on functions and event source mappings. Source: Lambda developer guide, "Using tags on Lambda functions". */
import { parseArn } from '../../base/arn';
import type { Key, Reader, Table } from '../../store/port';
import { invalidParameter } from './errors';
import { functionKey, parseFunctionArn } from './names';
import { functions, mappings } from './state';

export type Tags = Readonly<Record<string, string>>;

const MOST = 50;

export function checkTags(tags: Tags): Tags {
  if (Object.keys(tags).length > MOST) throw invalidParameter(`Number of tags exceeds the limit of ${MOST}.`);
  for (const [name, value] of Object.entries(tags)) {
    const fits = name.length >= 1 && name.length <= 128 && value.length <= 256;
    if (!fits || !/^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u.test(name + value) || /^aws:/i.test(name)) {
      throw invalidParameter(`The tag ${name} is not valid.`);
    }
  }
  return tags;
}

/** `aws:RequestTag/*` and `aws:TagKeys` of a request that carries these tags. */
export function requestTagKeys(tags: Tags): Record<string, string | readonly string[]> {
  const requested = Object.entries(tags).map(([name, value]) => [`aws:RequestTag/${name}`, value] as const);
  return { ...Object.fromEntries(requested), 'aws:TagKeys': Object.keys(tags) };
}

/** The row that carries the tags of a resource. */
export interface Tagged {
  readonly table: Table<{ readonly tags: Tags }>;
  readonly key: Key;
  readonly region: string;
}

/** @throws AwsError InvalidParameterValueException for what carries no tags */
export function taggedBy(arn: string | undefined): Tagged {
  const of = parseFunctionArn(arn ?? '');
  if (of?.qualifier) {
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify either a function name or an unqualified function ARN.',
    );
  }
  if (of) return { table: functions, key: functionKey(of), region: of.region };
  const { service, resource, account, region } = parseArn(arn ?? '') ?? {};
  const [kind, uuid] = resource?.split(':') ?? [];
  if (service !== 'lambda' || kind !== 'event-source-mapping' || !uuid || !account || !region) {
    throw invalidParameter(`The ARN ${arn} is not that of a function or an event source mapping.`);
  }
  return { table: mappings, key: [account, region, uuid], region };
}

export async function tagsOf(reader: Reader, { table, key }: Tagged): Promise<Tags | undefined> {
  return (await reader.get(table, key))?.tags;
}
