/**
 * How functions and layers are named in requests: bare names, partial and whole ARNs, with and without a qualifier.
 * Source: Lambda API reference, the `FunctionName` parameter of every operation, and "Lambda function ARNs".
 */
import { formatArn, parseArn } from '../../base/arn';
import type { Key } from '../../store/port';
import { invalidParameter, invalidValue, notFound } from './errors';

const NAME_PATTERN =
  '(arn:(aws[a-zA-Z-]*)?:lambda:)?([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?';
const NAME =
  /^(?:arn:(?<partition>aws[a-zA-Z-]*):lambda:)?(?:(?<region>[a-z]{2,}(?:-[a-z]+)+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_]+)(?::(?<qualifier>\$LATEST|[a-zA-Z0-9-_]+))?$/;
const QUALIFIER_PATTERN = '(|[a-zA-Z0-9$_-]+)';
const LONGEST_ARN = 170;
const LONGEST_NAME = 64;

/** Where an operation looks for unqualified names. */
export interface Place {
  readonly account: string;
  readonly region: string;
  readonly partition: string;
}

export interface FunctionName extends Place {
  readonly name: string;
  /** Version or alias, when the request names one. */
  readonly qualifier?: string;
}

/** @param qualifier the operation's own `Qualifier` member, which must agree with one inside the name */
export function functionName(place: Place, text: string | undefined, qualifier?: string): FunctionName {
  const given = text ?? '';
  if (given.length > LONGEST_ARN) {
    throw invalidValue('functionName', given, `Member must have length less than or equal to ${LONGEST_ARN}`);
  }
  const parts = NAME.exec(given)?.groups;
  if (!parts)
    throw invalidValue('functionName', given, `Member must satisfy regular expression pattern: ${NAME_PATTERN}`);
  if (parts.name.length > LONGEST_NAME) {
    throw invalidValue('functionName', given, `Member must have length less than or equal to ${LONGEST_NAME}`);
  }
  if (qualifier && !/^[a-zA-Z0-9$_-]{1,128}$/.test(qualifier)) {
    throw invalidValue('qualifier', qualifier, `Member must satisfy regular expression pattern: ${QUALIFIER_PATTERN}`);
  }
  if (qualifier && parts.qualifier && parts.qualifier !== qualifier) {
    throw invalidParameter('The derived qualifier from the function name does not match the specified qualifier.');
  }
  if (parts.region && parts.region !== place.region) {
    throw notFound(`Functions from '${parts.region}' are not reachable in this region ('${place.region}')`);
  }
  return {
    partition: place.partition,
    region: place.region,
    account: parts.account ?? place.account,
    name: parts.name,
    qualifier: qualifier || parts.qualifier,
  };
}

export function functionKey(of: Pick<FunctionName, 'account' | 'region' | 'name'>): Key {
  return [of.account, of.region, of.name];
}

/** The ARN without qualifier. */
export function functionArn(of: Omit<FunctionName, 'qualifier'>): string {
  return formatArn({ ...of, service: 'lambda', resource: `function:${of.name}` });
}

/** The ARN as named: with the qualifier when there is one. */
export function qualifiedArn(of: FunctionName): string {
  return of.qualifier ? `${functionArn(of)}:${of.qualifier}` : functionArn(of);
}

/** A function's ARN taken apart, for callers that hold an ARN from elsewhere. Undefined: not a function's ARN. */
export function parseFunctionArn(text: string): FunctionName | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'lambda') return undefined;
  const [kind, name, qualifier, ...more] = arn.resource.split(':');
  if (kind !== 'function' || !name || more.length > 0) return undefined;
  return { partition: arn.partition, region: arn.region, account: arn.account, name, qualifier };
}

export interface LayerName extends Place {
  readonly layer: string;
  readonly version?: number;
}

const LAYER = /^[a-zA-Z0-9-_]{1,140}$/;
const LAYER_PATTERN = '(arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+';

/** A layer named by its name, its ARN or the ARN of one version. */
export function layerName(place: Place, text: string | undefined): LayerName {
  const given = text ?? '';
  if (LAYER.test(given)) return { ...placeOf(place), layer: given };
  const named = parseLayerArn(given);
  if (!named)
    throw invalidValue('layerName', given, `Member must satisfy regular expression pattern: ${LAYER_PATTERN}`);
  return named;
}

export function parseLayerArn(text: string): LayerName | undefined {
  const arn = parseArn(text);
  if (arn?.service !== 'lambda') return undefined;
  const [kind, layer, version, ...more] = arn.resource.split(':');
  if (kind !== 'layer' || !layer || !LAYER.test(layer) || more.length > 0) return undefined;
  if (version !== undefined && !/^[1-9]\d*$/.test(version)) return undefined;
  const place = { partition: arn.partition, region: arn.region, account: arn.account };
  return { ...place, layer, version: version === undefined ? undefined : Number(version) };
}

export function layerArn(of: LayerName): string {
  const resource = of.version === undefined ? `layer:${of.layer}` : `layer:${of.layer}:${of.version}`;
  return formatArn({ ...of, service: 'lambda', resource });
}

export function layerKey(of: LayerName): Key {
  const key = [of.account, of.region, of.layer];
  return of.version === undefined ? key : [...key, of.version];
}

export function placeOf({ account, region, partition }: Place): Place {
  return { account, region, partition };
}
