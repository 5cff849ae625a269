/** Versions: numbered, immutable copies of `$LATEST`. Source: Lambda developer guide, "Manage Lambda function versions". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { invalidParameter, revisionMismatch, unsupported } from '../errors';
import { type FunctionName, functionKey, functionName } from '../names';
import { getFunction } from '../resolution';
import { describe } from '../settings';
import { functions, getVersion, LATEST, putVersion, type VersionRow, versions } from '../state';

export const versionHandlers: Handlers<typeof Lambda> = {
  async PublishVersion(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    if (input.PublishTo) throw unsupported('PublishTo', 'only numbered versions and $LATEST exist');
    const row = await call.kernel.store.write((tx) => publish(tx, call, of, input));
    return describe({ ...of, qualifier: row.version }, row);
  },

  async ListVersionsByFunction(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    await getFunction(call.kernel.store, of);
    const within = functionKey(of);
    const latest = input.Marker ? [] : [await getVersion(call.kernel.store, within, LATEST)];
    const limit = Math.min(input.MaxItems ?? 50, 50);
    const range = { within, before: [...within, LATEST], limit: limit + 1 };
    const after = input.Marker ? { after: [...within, Number(input.Marker)] } : {};
    const rows = (await call.kernel.store.page(versions, { ...range, ...after })).map((entry) => entry.value);
    const shown = [...latest, ...rows.slice(0, limit)].filter((row) => row !== undefined);
    return {
      Versions: shown.map((row) => describe({ ...of, qualifier: row.version }, row)),
      NextMarker: rows.length > limit ? rows[limit - 1].version : undefined,
    };
  },
};

interface Conditions {
  readonly CodeSha256?: string;
  readonly Description?: string;
  readonly RevisionId?: string;
}

/** Freezes `$LATEST` under the next number; when nothing changed since the last version, answers that one. */
export async function publish(tx: Writer, call: Call, of: FunctionName, when: Conditions = {}): Promise<VersionRow> {
  const key = functionKey(of);
  const row = await getFunction(tx, of);
  const latest = (await getVersion(tx, key, LATEST))!;
  if (when.RevisionId !== undefined && when.RevisionId !== latest.revisionId)
    throw revisionMismatch('GetFunction/GetAlias');
  if (when.CodeSha256 !== undefined && when.CodeSha256 !== latest.code.sha256) {
    throw invalidParameter(
      `CodeSHA256 (${when.CodeSha256}) is different from current CodeSHA256 in $LATEST (${latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  }
  const last = row.lastVersion > 0 ? await getVersion(tx, key, String(row.lastVersion)) : undefined;
  if (last && sameBut(last, latest)) return last;
  const lastVersion = row.lastVersion + 1;
  const settings = { ...latest.settings, Description: when.Description ?? latest.settings.Description };
  const version = { ...latest, version: String(lastVersion), settings, revisionId: call.kernel.random.uuid() };
  tx.keep(latest.code.blob);
  putVersion(tx, key, version);
  tx.put(functions, key, { ...row, lastVersion });
  return version;
}

/** The description may differ: it belongs to the version. */
function sameBut(version: VersionRow, latest: VersionRow): boolean {
  const essence = ({ settings, code }: VersionRow) => JSON.stringify([{ ...settings, Description: '' }, code.sha256]);
  return essence(version) === essence(latest);
}
