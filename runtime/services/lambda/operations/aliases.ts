/** Aliases: names for versions, perhaps for two of them by weight. Source: Lambda developer guide, "Lambda function aliases". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { conflict, functionNotFound, invalidParameter, invalidValue, notFound, revisionMismatch } from '../errors';
import { type FunctionName, functionArn, functionKey, functionName, qualifiedArn } from '../names';
import { getFunction } from '../resolution';
import { type AliasRow, aliases, eventConfigs, getVersion, LATEST, policies, removeUrls } from '../state';

export const aliasHandlers: Handlers<typeof Lambda> = {
  async CreateAlias(call, input) {
    const of = aliasName(functionName(call, input.FunctionName), input.Name);
    const row = await call.kernel.store.write(async (tx) => {
      await getFunction(tx, { ...of, qualifier: undefined });
      const version = await checkVersion(tx, of, input.FunctionVersion);
      if (await tx.get(aliases, aliasKey(of))) throw conflict(`Alias already exists: ${qualifiedArn(of)}`);
      const row: AliasRow = {
        version,
        description: input.Description ?? '',
        weights: await checkWeights(tx, of, version, input.RoutingConfig),
        revisionId: call.kernel.random.uuid(),
      };
      tx.put(aliases, aliasKey(of), row);
      return row;
    });
    return describe(of, row);
  },

  async GetAlias(call, input) {
    const of = aliasName(functionName(call, input.FunctionName), input.Name);
    return describe(of, await getAlias(call.kernel.store, of));
  },

  async UpdateAlias(call, input) {
    const of = aliasName(functionName(call, input.FunctionName), input.Name);
    const row = await call.kernel.store.write(async (tx) => {
      const before = await getAlias(tx, of);
      if (input.RevisionId !== undefined && input.RevisionId !== before.revisionId) {
        throw revisionMismatch('GetFunction/GetAlias');
      }
      const version = input.FunctionVersion ? await checkVersion(tx, of, input.FunctionVersion) : before.version;
      const row: AliasRow = {
        version,
        description: input.Description ?? before.description,
        weights: input.RoutingConfig ? await checkWeights(tx, of, version, input.RoutingConfig) : before.weights,
        revisionId: call.kernel.random.uuid(),
      };
      tx.put(aliases, aliasKey(of), row);
      return row;
    });
    return describe(of, row);
  },

  /** Deleting what is already gone succeeds. */
  async DeleteAlias(call, input) {
    const of = aliasName(functionName(call, input.FunctionName), input.Name);
    await call.kernel.store.write(async (tx) => {
      await getFunction(tx, { ...of, qualifier: undefined });
      tx.delete(aliases, aliasKey(of));
      tx.delete(policies, aliasKey(of));
      tx.delete(eventConfigs, aliasKey(of));
      await removeUrls(tx, functionKey(of), of.qualifier);
    });
    return {};
  },

  async ListAliases(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    await getFunction(call.kernel.store, of);
    const limit = Math.min(input.MaxItems ?? 50, 50);
    const within = functionKey(of);
    const found: Lambda.AliasConfiguration[] = [];
    const after = input.Marker ? { after: [...within, input.Marker] } : {};
    for await (const { key, value } of call.kernel.store.scan(aliases, { within, ...after })) {
      if (input.FunctionVersion && !versionsOf(value).includes(input.FunctionVersion)) continue;
      if (found.length === limit) return { Aliases: found, NextMarker: found[limit - 1].Name };
      found.push(describe({ ...of, qualifier: String(key[3]) }, value));
    }
    return { Aliases: found };
  },
};

type AliasName = FunctionName & { readonly qualifier: string };

function aliasName(of: FunctionName, name: string | undefined): AliasName {
  if (!name || !/^(?!^[0-9]+$)[a-zA-Z0-9-_]{1,128}$/.test(name)) {
    const pattern = '(?!^[0-9]+$)([a-zA-Z0-9-_]+)';
    throw invalidValue('name', name, `Member must satisfy regular expression pattern: ${pattern}`);
  }
  return { ...of, qualifier: name };
}

function aliasKey(of: AliasName) {
  return [...functionKey(of), of.qualifier];
}

async function getAlias(reader: Reader, of: AliasName): Promise<AliasRow> {
  const row = await reader.get(aliases, aliasKey(of));
  if (!row) throw notFound(`Cannot find alias arn: ${qualifiedArn(of)}`);
  return row;
}

async function checkVersion(reader: Reader, of: AliasName, version: string | undefined): Promise<string> {
  if (!version || !/^(\$LATEST|[0-9]+)$/.test(version)) {
    throw invalidValue(
      'functionVersion',
      version,
      'Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)',
    );
  }
  if (!(await getVersion(reader, functionKey(of), version))) {
    throw functionNotFound(`${functionArn(of)}:${version}`);
  }
  return version;
}

async function checkWeights(
  reader: Reader,
  of: AliasName,
  version: string,
  routing: Lambda.AliasRoutingConfiguration | undefined,
): Promise<AliasRow['weights']> {
  const weights = Object.entries(routing?.AdditionalVersionWeights ?? {});
  if (weights.length === 0) return undefined;
  if (weights.length > 1)
    throw invalidParameter('Number of items in AdditionalVersionWeights cannot be greater than 1');
  const [[other, weight]] = weights;
  if (weight < 0 || weight > 1) {
    throw invalidValue('routingConfig.additionalVersionWeights', weight, 'Member must have value between 0.0 and 1.0');
  }
  if (version === LATEST || other === LATEST)
    throw invalidParameter('$LATEST is not supported for an alias pointing to more than 1 version');
  if (other === version)
    throw invalidParameter(
      `Invalid function version ${other}. Function version ${other} is already included in routing configuration.`,
    );
  await checkVersion(reader, of, other);
  return { [other]: weight };
}

function versionsOf(row: AliasRow): string[] {
  return [row.version, ...Object.keys(row.weights ?? {})];
}

function describe(of: AliasName, row: AliasRow): Lambda.AliasConfiguration {
  return {
    AliasArn: qualifiedArn(of),
    Name: of.qualifier,
    FunctionVersion: row.version,
    Description: row.description,
    RoutingConfig: row.weights ? { AdditionalVersionWeights: { ...row.weights } } : undefined,
    RevisionId: row.revisionId,
  };
}
