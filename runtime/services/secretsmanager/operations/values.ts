/** Values of secrets: versions, and the labels that tell which is current. Source: Secrets Manager user guide, "Secret versions". */
import type * as Secrets from '@aws-sdk/client-secrets-manager';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { invalidParameter, invalidRequest, valueNotFound, versionExists } from '../errors';
import { needSecret, secretArn } from '../names';
import {
  readVersion,
  removeVersion,
  type SecretRow,
  type VersionRow,
  versionsOf,
  writeSecret,
  writeVersion,
} from '../state';
import { open, seal, type Value } from '../vault';

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const MOST_BYTES = 65_536;
/** Versions without a label are kept up to so many. Source: quotas, "Versions per secret". */
const MOST_VERSIONS = 100;

/** @throws InvalidParameterException */
export function readValue(given: { SecretString?: string; SecretBinary?: Uint8Array }): Value | undefined {
  const { SecretString: text, SecretBinary: bytes } = given;
  if (text !== undefined && bytes !== undefined)
    throw invalidParameter('You can specify either a binary or a string secret value, not both.');
  if (text === undefined && bytes === undefined) return undefined;
  const value: Value = bytes ? { kind: 'bytes', bytes } : { kind: 'text', bytes: Buffer.from(text ?? '') };
  if (value.bytes.length > MOST_BYTES) throw invalidParameter('The secret value is longer than 65536 bytes.');
  return value;
}

/**
 * A version, sealed now and written by what this answers.
 * @throws ResourceExistsException when the id is taken by another value
 */
export async function addVersion(call: Call, secret: SecretRow, id: string, value: Value) {
  const existing = await readVersion(call.kernel.store, secret, id);
  if (existing && !(await open(call, secret, existing)).equals(value.bytes)) throw versionExists(id);
  const row = existing ?? (await seal(call, secret, id, value));
  return async (tx: Writer, { accessed: _, ...to }: SecretRow, labels: readonly string[]): Promise<void> => {
    writeVersion(tx, to, row);
    const stages = labels.reduce((before, label) => moved(before, label, id), to.stages);
    writeSecret(tx, { ...to, stages, changed: call.now });
    await trim(tx, to, stages);
  };
}

/** A label moves to a version; the current one before stays reachable as the previous. */
function moved(stages: SecretRow['stages'], label: string, id: string | undefined): SecretRow['stages'] {
  const { [label]: before, ...rest } = stages;
  const kept = label === CURRENT && before !== undefined && before !== id ? { ...rest, [PREVIOUS]: before } : rest;
  return id === undefined ? kept : { ...kept, [label]: id };
}

async function trim(tx: Writer, secret: SecretRow, stages: SecretRow['stages']): Promise<void> {
  const labelled = new Set(Object.values(stages));
  const free = (await versionsOf(tx, secret)).filter(({ id }) => !labelled.has(id));
  free.sort((a, b) => b.created - a.created);
  for (const { id } of free.slice(MOST_VERSIONS)) removeVersion(tx, secret, id);
}

/** @throws ResourceNotFoundException */
async function versionOf(call: Call, secret: SecretRow, id?: string, label?: string): Promise<VersionRow> {
  const staged = secret.stages[label ?? CURRENT];
  if (id !== undefined && label !== undefined && staged !== id)
    throw invalidRequest('You provided a VersionStage that is not associated to the provided VersionId.');
  const wanted = id ?? staged;
  const row = wanted === undefined ? undefined : await readVersion(call.kernel.store, secret, wanted);
  if (!row) throw valueNotFound(id === undefined ? `staging label: ${label ?? CURRENT}` : `VersionId: ${id}`);
  return row;
}

const labelsOf = ({ stages }: SecretRow, id: string) =>
  Object.entries(stages)
    .filter(([, version]) => version === id)
    .map(([label]) => label);

export const valueHandlers: Handlers<typeof Secrets> = {
  async GetSecretValue(call, input) {
    const secret = await needSecret(call, input.SecretId);
    const row = await versionOf(call, secret, input.VersionId, input.VersionStage);
    const bytes = await open(call, secret, row);
    return {
      ARN: secretArn(secret),
      Name: secret.name,
      VersionId: row.id,
      VersionStages: labelsOf(secret, row.id),
      CreatedDate: new Date(row.created),
      ...(row.kind === 'text' ? { SecretString: bytes.toString() } : { SecretBinary: bytes }),
    };
  },

  async PutSecretValue(call, input) {
    if (input.RotationToken) throw invalidParameter('Coffer does not implement rotation of Secrets Manager.');
    const secret = await needSecret(call, input.SecretId);
    const value = readValue(input);
    if (!value) throw invalidParameter('You must provide either SecretString or SecretBinary.');
    const id = input.ClientRequestToken ?? call.kernel.random.uuid();
    const labels = input.VersionStages ?? [CURRENT];
    const version = await addVersion(call, secret, id, value);
    await call.kernel.store.write(async (tx) => version(tx, await needSecret(call, input.SecretId, tx), labels));
    return { ARN: secretArn(secret), Name: secret.name, VersionId: id, VersionStages: [...labels] };
  },

  async ListSecretVersionIds(call, input) {
    const secret = await needSecret(call, input.SecretId);
    const rows = await versionsOf(call.kernel.store, secret);
    const Versions = rows
      .map(({ id, created, keyId }) => ({
        VersionId: id,
        VersionStages: labelsOf(secret, id),
        CreatedDate: new Date(created),
        KmsKeyIds: [keyId],
      }))
      .filter(({ VersionStages }) => input.IncludeDeprecated || VersionStages.length > 0);
    return { ARN: secretArn(secret), Name: secret.name, Versions };
  },

  async UpdateSecretVersionStage(call, input) {
    const { VersionStage: label = '', RemoveFromVersionId: from, MoveToVersionId: to } = input;
    return call.kernel.store.write(async (tx) => {
      const secret = await needSecret(call, input.SecretId, tx);
      const holder = secret.stages[label];
      if (to !== undefined && !(await readVersion(tx, secret, to))) throw valueNotFound(`VersionId: ${to}`);
      if (holder !== undefined && holder !== to && holder !== from)
        throw invalidParameter(
          `The parameter RemoveFromVersionId can't be empty. Staging label ${label} is currently attached to version ${holder}, so you must explicitly reference that version in RemoveFromVersionId.`,
        );
      if (from !== undefined && holder !== from)
        throw invalidParameter(`Staging label ${label} is not attached to version ${from}.`);
      if (to === undefined && label === CURRENT)
        throw invalidParameter(
          `You can only move staging label ${CURRENT} to a different secret version. It can't be completely removed.`,
        );
      writeSecret(tx, { ...secret, stages: moved(secret.stages, label, to), changed: call.now });
      return { ARN: secretArn(secret), Name: secret.name };
    });
  },
};
