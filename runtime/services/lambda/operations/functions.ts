/** Functions: made, shown, changed and deleted. `State` and `LastUpdateStatus` are final at once. */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Output } from '../../../kernel/peers';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { takePackage } from '../code';
import type { Downloads } from '../downloads';
import { conflict, functionNotFound, invalidParameter, invalidValue, revisionMismatch, unsupported } from '../errors';
import type { Fleet } from '../execution/fleet';
import { type FunctionName, functionArn, functionKey, functionName, placeOf, qualifiedArn } from '../names';
import { getFunction, resolve } from '../resolution';
import { assumeRole } from '../role';
import { checkArchitectures, describe, readSettings, type SettingsInput } from '../settings';
import {
  aliases,
  type Code,
  eventConfigs,
  functions,
  getVersion,
  LATEST,
  policies,
  putVersion,
  removeUrls,
  type Settings,
  type VersionRow,
  versions,
} from '../state';
import { checkTags, requestTagKeys } from '../tags';
import { eraseUnused, usedLayers } from './layers';
import { publish } from './versions';

type Configuration = Output<typeof Lambda, 'CreateFunction'>;

const PAGE = 50;

export function functionHandlers(fleet: Fleet, downloads: Downloads): Handlers<typeof Lambda> {
  return {
    async CreateFunction(call, input): Promise<Configuration> {
      const of = functionName(call, input.FunctionName);
      if (of.qualifier) throw invalidParameter('A qualifier is not allowed in the name of a new function.');
      const tags = checkTags(input.Tags ?? {});
      await call.authorize({
        action: 'lambda:CreateFunction',
        resource: functionArn(of),
        keys: { ...requestTagKeys(tags), 'lambda:Layer': input.Layers },
      });
      const settings = readSettings(of.name, input as SettingsInput, undefined, await usedLayers(call, input.Layers));
      await mayPassRole(call, of, settings.Role);
      if (await call.kernel.store.get(functions, functionKey(of))) throw alreadyExists(of);
      await assumeRole(call.kernel, of, settings.Role);
      const code = await takePackage(call, input.Code ?? {});
      return call.kernel.store.write(async (tx) => {
        if (await tx.get(functions, functionKey(of))) throw alreadyExists(of);
        const latest = versionRow(call, settings, code);
        tx.keep(code.blob);
        tx.put(functions, functionKey(of), { createdAt: call.now, lastVersion: 0, tags });
        putVersion(tx, functionKey(of), latest);
        return input.Publish ? describePublished(of, await publish(tx, call, of)) : describe(of, latest);
      });
    },

    async GetFunction(call, input) {
      const of = functionName(call, input.FunctionName, input.Qualifier);
      const { row, version } = await resolve(call.kernel.store, of);
      return {
        Configuration: describe(of, version),
        Code: { RepositoryType: 'S3', Location: await downloads.link(call.kernel, version.code) },
        Tags: Object.keys(row.tags).length > 0 ? { ...row.tags } : undefined,
        Concurrency:
          row.reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: row.reservedConcurrency },
      };
    },

    async GetFunctionConfiguration(call, input) {
      const of = functionName(call, input.FunctionName, input.Qualifier);
      return describe(of, (await resolve(call.kernel.store, of)).version);
    },

    /** No function has one: what would set it is refused. */
    async GetFunctionCodeSigningConfig(call, input) {
      const of = functionName(call, input.FunctionName);
      await getFunction(call.kernel.store, of);
      return { CodeSigningConfigArn: undefined, FunctionName: of.name };
    },

    /** Functions run in what is installed here, as it is updated. */
    async GetRuntimeManagementConfig(call, input) {
      const of = functionName(call, input.FunctionName, input.Qualifier);
      await resolve(call.kernel.store, of);
      return { UpdateRuntimeOn: 'Auto', FunctionArn: qualifiedArn(of) };
    },

    async ListFunctions(call, input) {
      if (input.MasterRegion && input.MasterRegion !== 'ALL')
        throw unsupported('MasterRegion', 'functions are not replicated');
      const all = input.FunctionVersion === 'ALL';
      const limit = Math.min(input.MaxItems ?? PAGE, PAGE);
      const place = [call.account, call.region];
      const found: Lambda.FunctionConfiguration[] = [];
      const after = input.Marker ? { after: [...place, ...readMarker(input.Marker)] } : {};
      for await (const { key, value } of call.kernel.store.scan(versions, { within: place, ...after })) {
        if (!all && value.version !== LATEST) continue;
        if (found.length === limit) return { Functions: found, NextMarker: writeMarker(found[limit - 1]) };
        const of = { ...placeOf(call), name: String(key[2]), qualifier: all ? value.version : undefined };
        found.push(describe(of, value));
      }
      return { Functions: found };
    },

    async UpdateFunctionCode(call, input) {
      const of = unqualified(call, input.FunctionName);
      const key = functionKey(of);
      const architectures = checkArchitectures(input.Architectures);
      if (input.PublishTo) throw unsupported('PublishTo', 'only numbered versions and $LATEST exist');
      checkRevision(await latestOf(call, of), input.RevisionId);
      const code = await takePackage(call, input);
      const [before, after, shown] = await call.kernel.store.write(async (tx) => {
        const latest = await getVersion(tx, key, LATEST);
        if (!latest) throw functionNotFound(functionArn(of));
        checkRevision(latest, input.RevisionId);
        const settings = architectures ? { ...latest.settings, Architectures: architectures } : latest.settings;
        const row = versionRow(call, settings, code);
        if (input.DryRun) return [latest, latest, describe(of, row)] as const;
        tx.keep(code.blob);
        tx.drop(latest.code.blob);
        putVersion(tx, key, row);
        const shown = input.Publish ? describePublished(of, await publish(tx, call, of)) : describe(of, row);
        return [latest, row, shown] as const;
      });
      if (before !== after) fleet.retire(of, before.revisionId);
      return shown;
    },

    async UpdateFunctionConfiguration(call, input) {
      const of = unqualified(call, input.FunctionName);
      const { row: fn, version: latest } = await resolve(call.kernel.store, of);
      const keys = { 'lambda:Layer': input.Layers };
      const resource = functionArn(of);
      await call.authorize({ action: 'lambda:UpdateFunctionConfiguration', resource, keys, resourceTags: fn.tags });
      checkRevision(latest, input.RevisionId);
      const layers = input.Layers ? await usedLayers(call, input.Layers) : latest.settings.Layers;
      const change = input as SettingsInput;
      const settings = readSettings(of.name, change, latest.settings, layers);
      if (settings.Role !== latest.settings.Role) {
        await mayPassRole(call, of, settings.Role);
        await assumeRole(call.kernel, of, settings.Role);
      }
      const row = await call.kernel.store.write(async (tx) => {
        const current = await getVersion(tx, functionKey(of), LATEST);
        if (!current) throw functionNotFound(functionArn(of));
        checkRevision(current, input.RevisionId);
        const row = versionRow(call, readSettings(of.name, change, current.settings, layers), current.code);
        putVersion(tx, functionKey(of), row);
        if (input.Layers) await eraseUnused(tx, arnsOf(current));
        return row;
      });
      fleet.retire(of, latest.revisionId);
      return describe(of, row);
    },

    async DeleteFunction(call, input) {
      const of = functionName(call, input.FunctionName, input.Qualifier);
      if (of.qualifier === LATEST) {
        throw invalidParameter('$LATEST version cannot be deleted without deleting the function.');
      }
      const retired = await call.kernel.store.write((tx) => remove(tx, of));
      fleet.retire(of, retired);
      return { StatusCode: 204 };
    },
  };
}

/** @returns the revision that is gone, or undefined when the whole function is */
async function remove(tx: Writer, of: FunctionName): Promise<string | undefined> {
  const key = functionKey(of);
  await getFunction(tx, { ...of, qualifier: undefined });
  if (of.qualifier) {
    if (!/^\d+$/.test(of.qualifier)) {
      throw invalidValue(
        'qualifier',
        of.qualifier,
        'Member must satisfy regular expression pattern: (\\$LATEST|[0-9]+)',
      );
    }
    const version = await getVersion(tx, key, of.qualifier);
    if (!version) throw functionNotFound(qualifiedArn(of));
    for await (const { key: path, value } of tx.scan(aliases, { within: key })) {
      if (value.version !== of.qualifier && !value.weights?.[of.qualifier]) continue;
      throw conflict(
        `Version ${of.qualifier} is currently referenced by aliases. Please remove them first: ${path[3]}`,
      );
    }
    tx.drop(version.code.blob);
    tx.delete(versions, [...key, Number(of.qualifier)]);
    tx.delete(policies, [...key, of.qualifier]);
    tx.delete(eventConfigs, [...key, of.qualifier]);
    await eraseUnused(tx, arnsOf(version));
    return version.revisionId;
  }
  const used = new Set<string>();
  for await (const { key: path, value } of tx.scan(versions, { within: key })) {
    for (const arn of arnsOf(value)) used.add(arn);
    tx.drop(value.code.blob);
    tx.delete(versions, path);
  }
  await eraseUnused(tx, used);
  for (const table of [aliases, policies, eventConfigs]) {
    for await (const { key: path } of tx.scan<unknown>(table, { within: key })) tx.delete<unknown>(table, path);
  }
  await removeUrls(tx, key);
  tx.delete(functions, key);
  return undefined;
}

function arnsOf({ settings: { Layers } }: VersionRow): string[] {
  return Layers.map(({ arn }) => arn);
}

function versionRow(call: Call, settings: Settings, code: Code): VersionRow {
  return { version: LATEST, settings, code, modifiedAt: call.now, revisionId: call.kernel.random.uuid() };
}

function describePublished(of: FunctionName, row: VersionRow): Configuration {
  return describe({ ...of, qualifier: row.version }, row);
}

function unqualified(call: Call, name: string | undefined): FunctionName {
  const of = functionName(call, name);
  if (of.qualifier && of.qualifier !== LATEST) {
    throw invalidParameter(
      'This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.',
    );
  }
  return { ...of, qualifier: undefined };
}

async function latestOf(call: Call, of: FunctionName): Promise<VersionRow> {
  return (await resolve(call.kernel.store, of)).version;
}

function checkRevision(row: VersionRow, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== row.revisionId) {
    throw revisionMismatch('GetFunction/GetAlias');
  }
}

function alreadyExists(of: FunctionName) {
  return conflict(`Function already exist: ${of.name}`);
}

/** Source: IAM user guide, "Granting a user permissions to pass a role to an AWS service". */
async function mayPassRole(call: Call, of: FunctionName, role: string): Promise<void> {
  const keys = { 'iam:PassedToService': 'lambda.amazonaws.com', 'iam:AssociatedResourceArn': functionArn(of) };
  await call.authorize({ action: 'iam:PassRole', resource: role, keys });
}

function writeMarker(last: Lambda.FunctionConfiguration): string {
  return Buffer.from(JSON.stringify([last.FunctionName, last.Version])).toString('base64url');
}

function readMarker(marker: string): (string | number)[] {
  try {
    const [name, version] = JSON.parse(Buffer.from(marker, 'base64url').toString());
    return [String(name), version === LATEST ? LATEST : Number(version)];
  } catch {
    throw invalidParameter('Invalid marker.');
  }
}
