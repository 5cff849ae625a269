/** From a name to what it stands for: the function, the alias it names if any, and the version that runs. */
import type { Random } from '../../base/random';
import type { Reader } from '../../store/port';
import { functionNotFound } from './errors';
import type { Target } from './execution/fleet';
import { type FunctionName, functionKey, layerKey, parseLayerArn, qualifiedArn } from './names';
import {
  type AliasRow,
  aliases,
  type FunctionRow,
  functions,
  getVersion,
  LATEST,
  layers,
  type VersionRow,
} from './state';

export interface Resolved {
  readonly row: FunctionRow;
  readonly version: VersionRow;
  readonly alias?: AliasRow;
}

/** @throws AwsError ResourceNotFoundException */
export async function getFunction(reader: Reader, of: FunctionName): Promise<FunctionRow> {
  const row = await reader.get(functions, functionKey(of));
  if (!row) throw functionNotFound(qualifiedArn(of));
  return row;
}

/**
 * @param random decides between the two versions of a weighted alias; without it the alias means its first
 * @throws AwsError ResourceNotFoundException
 */
export async function resolve(reader: Reader, of: FunctionName, random?: Random): Promise<Resolved> {
  const key = functionKey(of);
  const row = await getFunction(reader, of);
  const qualifier = of.qualifier ?? LATEST;
  const numbered = qualifier === LATEST || /^\d+$/.test(qualifier);
  const alias = numbered ? undefined : await reader.get(aliases, [...key, qualifier]);
  const number = numbered ? qualifier : alias && chooseVersion(alias, random);
  const version = number === undefined ? undefined : await getVersion(reader, key, number);
  if (!version) throw functionNotFound(qualifiedArn(of));
  return { row, version, alias };
}

function chooseVersion(alias: AliasRow, random: Random | undefined): string {
  const drawn = random && alias.weights ? random.bytes(4).readUInt32BE() / 2 ** 32 : 1;
  const [other] = Object.entries(alias.weights ?? {});
  return other && drawn < other[1] ? other[0] : alias.version;
}

/** All that an invocation needs to know. @throws AwsError ResourceNotFoundException */
export async function targetOf(reader: Reader, of: FunctionName, random: Random): Promise<Target> {
  const { row, version } = await resolve(reader, of, random);
  const uses = version.settings.Layers.map((layer) => reader.get(layers, layerKey(parseLayerArn(layer.arn)!)));
  const code = (await Promise.all(uses)).flatMap((layer) => (layer ? [layer.code] : []));
  return { of, version, layers: code, reservedConcurrency: row.reservedConcurrency };
}
