/** Layers: shared content, published in numbered versions. Source: Lambda developer guide, "Managing dependencies with layers". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { takePackage } from '../code';
import type { Downloads } from '../downloads';
import { invalidParameter, invalidValue, notFound } from '../errors';
import { type LayerName, layerArn, layerKey, layerName, parseLayerArn, placeOf } from '../names';
import { checkRuntime } from '../runtimes';
import { checkLayerCount } from '../settings';
import { type LayerUse, type LayerVersionRow, layerNames, layerPolicies, layers, versions } from '../state';

export function layerHandlers(downloads: Downloads): Handlers<typeof Lambda> {
  const content = async (call: Call, { code }: LayerVersionRow): Promise<Lambda.LayerVersionContentOutput> => ({
    Location: await downloads.link(call.kernel, code),
    CodeSha256: code.sha256,
    CodeSize: code.blob.sizeBytes,
  });
  return {
    async PublishLayerVersion(call, input) {
      const of = { ...layerName(call, input.LayerName), version: undefined };
      for (const runtime of input.CompatibleRuntimes ?? []) checkRuntime(runtime);
      if ((input.Description?.length ?? 0) > 256) {
        throw invalidValue('description', input.Description, 'Member must have length less than or equal to 256');
      }
      const code = await takePackage(call, input.Content ?? {});
      const row = await call.kernel.store.write(async (tx) => {
        const version = ((await tx.get(layerNames, layerKey(of)))?.lastVersion ?? 0) + 1;
        const row: LayerVersionRow = {
          version,
          description: input.Description ?? '',
          code,
          runtimes: input.CompatibleRuntimes ?? [],
          architectures: input.CompatibleArchitectures ?? [],
          license: input.LicenseInfo,
          createdAt: call.now,
        };
        tx.keep(code.blob);
        tx.put(layerNames, layerKey(of), { lastVersion: version });
        tx.put(layers, layerKey({ ...of, version }), row);
        return row;
      });
      return { ...describe(of, row), Content: await content(call, row) };
    },

    async GetLayerVersion(call, input) {
      const of = versionOf(call, input.LayerName, input.VersionNumber);
      const row = await getLayer(call, of);
      return { ...describe(of, row), Content: await content(call, row) };
    },

    async GetLayerVersionByArn(call, input) {
      const of = parseLayerArn(input.Arn ?? '');
      if (of?.version === undefined) throw invalidParameter(`The ARN ${input.Arn} is not that of a layer version.`);
      const row = await getLayer(call, of);
      return { ...describe(of, row), Content: await content(call, row) };
    },

    async ListLayers(call, input) {
      const place = [call.account, call.region];
      const newest = new Map<string, LayerVersionRow>();
      for await (const { key, value } of call.kernel.store.scan(layers, { within: place })) {
        if (isCompatible(value, input)) newest.set(String(key[2]), value);
      }
      const all = [...newest].map(([layer, row]) => {
        const of = { ...placeOf(call), layer };
        return {
          LayerName: layer,
          LayerArn: layerArn({ ...of, version: undefined }),
          LatestMatchingVersion: listed(of, row),
        };
      });
      const { page, marker } = paged(all, input);
      return { Layers: page, NextMarker: marker };
    },

    async ListLayerVersions(call, input) {
      const of = { ...layerName(call, input.LayerName), version: undefined };
      const rows = await call.kernel.store.page(layers, { within: layerKey(of), reverse: true });
      const all = rows.map((entry) => entry.value).filter((row) => isCompatible(row, input));
      const { page, marker } = paged(all, input);
      return { LayerVersions: page.map((row) => listed(of, row)), NextMarker: marker };
    },

    /** Deleting what is already gone succeeds. Functions that use the version keep its content. */
    async DeleteLayerVersion(call, input) {
      const of = versionOf(call, input.LayerName, input.VersionNumber);
      await call.kernel.store.write(async (tx) => {
        const row = await tx.get(layers, layerKey(of));
        if (!row || row.deleted) return;
        tx.put(layers, layerKey(of), { ...row, deleted: true });
        tx.delete(layerPolicies, layerKey(of));
        await eraseUnused(tx, [layerArn(of)]);
      });
      return {};
    },
  };
}

/**
 * Forgets deleted layer versions, with their content, that no function uses any more: those that use one go on with it.
 * @param arns of versions that may have lost their last user
 */
export async function eraseUnused(tx: Writer, arns: Iterable<string>): Promise<void> {
  const doomed = new Map<string, LayerVersionRow>();
  for (const arn of arns) {
    const of = parseLayerArn(arn);
    const row = of && (await tx.get(layers, layerKey(of)));
    if (row?.deleted) doomed.set(arn, row);
  }
  if (doomed.size === 0) return;
  for await (const { value } of tx.scan(versions)) for (const { arn } of value.settings.Layers) doomed.delete(arn);
  for (const [arn, { code }] of doomed) {
    tx.drop(code.blob);
    tx.delete(layers, layerKey(parseLayerArn(arn)!));
  }
}

/** Checks that the caller may use each layer, and that it exists. */
export async function usedLayers(call: Call, arns: readonly string[] | undefined): Promise<LayerUse[]> {
  checkLayerCount(arns ?? []);
  const used: LayerUse[] = [];
  for (const arn of arns ?? []) {
    const of = parseLayerArn(arn);
    if (of?.version === undefined) throw invalidParameter(`Layer version ${arn} does not exist.`);
    await call.authorize({ action: 'lambda:GetLayerVersion', resource: arn });
    const row = await call.kernel.store.get(layers, layerKey(of));
    if (!row || row.deleted || of.region !== call.region)
      throw invalidParameter(`Layer version ${arn} does not exist.`);
    used.push({ arn, sizeBytes: row.code.blob.sizeBytes });
  }
  return used;
}

export function versionOf(call: Call, name: string | undefined, version: number | undefined): LayerName {
  return { ...layerName(call, name), version: version ?? 0 };
}

export async function getLayer(call: Call, of: LayerName): Promise<LayerVersionRow> {
  const row = await call.kernel.store.get(layers, layerKey(of));
  if (!row || row.deleted) throw notFound('The resource you requested does not exist.');
  return row;
}

function describe(of: LayerName, row: LayerVersionRow) {
  return { ...listed(of, row), LayerArn: layerArn({ ...of, version: undefined }) };
}

function listed(of: LayerName, row: LayerVersionRow): Lambda.LayerVersionsListItem {
  return {
    LayerVersionArn: layerArn({ ...of, version: row.version }),
    Version: row.version,
    Description: row.description,
    CreatedDate: new Date(row.createdAt).toISOString().replace('Z', '+0000'),
    CompatibleRuntimes: row.runtimes as Lambda.Runtime[],
    CompatibleArchitectures: row.architectures as Lambda.Architecture[],
    LicenseInfo: row.license,
  };
}

function isCompatible(
  row: LayerVersionRow,
  want: { readonly CompatibleRuntime?: string; readonly CompatibleArchitecture?: string },
): boolean {
  return (
    !row.deleted &&
    (want.CompatibleRuntime === undefined || row.runtimes.includes(want.CompatibleRuntime)) &&
    (want.CompatibleArchitecture === undefined || row.architectures.includes(want.CompatibleArchitecture))
  );
}

function paged<T>(all: readonly T[], input: { readonly Marker?: string; readonly MaxItems?: number }) {
  const start = Number(input.Marker ?? 0);
  if (!Number.isInteger(start) || start < 0) throw invalidParameter('Invalid marker.');
  const end = start + Math.min(input.MaxItems ?? 50, 50);
  return { page: all.slice(start, end), marker: end < all.length ? String(end) : undefined };
}
