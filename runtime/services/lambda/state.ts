/**
 * The tables of Lambda. A function is one row of what all its versions share, plus one row per version; `$LATEST` is a
 * version like the others. Code is a blob; every version that uses it holds one reference.
 */
import type { Origin } from '../../kernel/call';
import { type BlobRef, type Key, type Reader, table, type Writer } from '../../store/port';

export interface Code {
  readonly blob: BlobRef;
  /** SHA-256 of the archive, base64: `CodeSha256`. */
  readonly sha256: string;
}

/** A layer version as a function uses it. */
export interface LayerUse {
  readonly arn: string;
  readonly sizeBytes: number;
}

/** What `UpdateFunctionConfiguration` changes and a published version freezes; spelt as AWS spells it. */
export interface Settings {
  readonly Runtime: string;
  readonly Handler: string;
  readonly Role: string;
  readonly Description: string;
  /** Seconds. */
  readonly Timeout: number;
  /** MiB. */
  readonly MemorySize: number;
  readonly Architectures: readonly string[];
  /** MiB of /tmp. */
  readonly EphemeralStorage: number;
  readonly Environment?: Readonly<Record<string, string>>;
  readonly Layers: readonly LayerUse[];
  readonly DeadLetterTarget?: string;
  readonly TracingMode: 'Active' | 'PassThrough';
  readonly Logging: Logging;
}

export interface Logging {
  readonly format: 'Text' | 'JSON';
  readonly group: string;
  /** With format JSON only. */
  readonly applicationLevel?: string;
  readonly systemLevel?: string;
}

export interface FunctionRow {
  readonly createdAt: number;
  /** Number of the newest version ever published; 0 before the first. */
  readonly lastVersion: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency?: number;
}

export const LATEST = '$LATEST';

export interface VersionRow {
  readonly version: string;
  readonly settings: Settings;
  readonly code: Code;
  /** Virtual milliseconds. */
  readonly modifiedAt: number;
  readonly revisionId: string;
}

export interface AliasRow {
  readonly version: string;
  readonly description: string;
  /** The other version of a weighted alias and its share of the calls, 0 to 1. */
  readonly weights?: Readonly<Record<string, number>>;
  readonly revisionId: string;
}

/** One statement of a resource policy, as JSON text, and the template resource that put it there. */
export interface StatementRow {
  readonly document: string;
  readonly origin?: Origin;
}

export interface PolicyRow {
  readonly revisionId: string;
  /** By statement id, in the order of their making. */
  readonly statements: Readonly<Record<string, StatementRow>>;
}

export interface EventConfigRow {
  readonly retries?: number;
  readonly ageSeconds?: number;
  readonly onSuccess?: string;
  readonly onFailure?: string;
  readonly modifiedAt: number;
}

export interface LayerVersionRow {
  readonly version: number;
  readonly description: string;
  readonly code: Code;
  readonly runtimes: readonly string[];
  readonly architectures: readonly string[];
  readonly license?: string;
  readonly createdAt: number;
  /** Gone for everyone but the functions that already use it. */
  readonly deleted?: boolean;
}

/** An accepted asynchronous invocation, until it succeeded or was given up. */
export interface EventRow {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  readonly qualifier?: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly payload: Uint8Array;
  readonly acceptedAt: number;
  /** Runs of the function that ended in an error. */
  readonly failures: number;
  /** Tries that were throttled or failed before the function ran. */
  readonly throttles: number;
  /** Virtual milliseconds of the next try, when a timer will make it. */
  readonly retryAt?: number;
}

/** A function URL. */
export interface UrlRow {
  readonly id: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** An alias. */
  readonly qualifier?: string;
  readonly authType: 'AWS_IAM' | 'NONE';
  readonly cors?: UrlCors;
  readonly created: number;
  readonly modified: number;
}

/** As the API spells it. */
export interface UrlCors {
  readonly AllowCredentials?: boolean;
  readonly AllowHeaders?: readonly string[];
  readonly AllowMethods?: readonly string[];
  readonly AllowOrigins?: readonly string[];
  readonly ExposeHeaders?: readonly string[];
  readonly MaxAge?: number;
}

/** A queue that feeds a function. */
export interface MappingRow {
  readonly uuid: string;
  readonly source: string;
  readonly function: { readonly account: string; readonly name: string; readonly qualifier?: string };
  readonly enabled: boolean;
  /** Most messages of one invocation. */
  readonly batchSize: number;
  /** How long messages may wait for others of their batch. */
  readonly windowSeconds: number;
  /** Invocations side by side. */
  readonly concurrency?: number;
  /** The function says which messages of a batch it failed on: `ReportBatchItemFailures`. */
  readonly reportsFailures: boolean;
  /** Patterns; messages that fit none are deleted unseen. */
  readonly filters?: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly modifiedAt: number;
}

/** `[account, region, name]` */
export const functions = table<FunctionRow>('lambda.functions');
/** `[account, region, name, version]` */
export const versions = table<VersionRow>('lambda.versions');
/** `[account, region, name, alias]` */
export const aliases = table<AliasRow>('lambda.aliases');
/** `[account, region, name, qualifier]`, '' for the unqualified function. */
export const policies = table<PolicyRow>('lambda.policies');
/** `[account, region, name, qualifier]` */
export const eventConfigs = table<EventConfigRow>('lambda.eventConfigs');
/** `[account, region, name, alias]`, '' for the unqualified function. */
export const urls = table<UrlRow>('lambda.urls');
/** `[id]`: the key of a URL. */
export const urlIds = table<Key>('lambda.urlIds');
/** Newest version number ever of a layer: `[account, region, layer]`. */
export const layerNames = table<{ readonly lastVersion: number }>('lambda.layers');
/** `[account, region, layer, version]` */
export const layers = table<LayerVersionRow>('lambda.layerVersions');
/** `[account, region, layer, version]` */
export const layerPolicies = table<PolicyRow>('lambda.layerPolicies');
/** `[account, region, uuid]` */
export const mappings = table<MappingRow>('lambda.mappings');
/** `[requestId]` */
export const events = table<EventRow>('lambda.events');

/** Published versions order by number, `$LATEST` after them. */
export function versionKey(functionKey: Key, version: string): Key {
  return [...functionKey, version === LATEST ? LATEST : Number(version)];
}

export async function getVersion(reader: Reader, functionKey: Key, version: string): Promise<VersionRow | undefined> {
  return reader.get(versions, versionKey(functionKey, version));
}

export function putVersion(tx: Writer, functionKey: Key, row: VersionRow): void {
  tx.put(versions, versionKey(functionKey, row.version), row);
}

/** Takes a function's URLs away: that of an alias, or all. */
export async function removeUrls(tx: Writer, functionKey: Key, alias?: string): Promise<void> {
  for (const { key, value } of await tx.page(urls, { within: functionKey })) {
    if (alias !== undefined && key[3] !== alias) continue;
    tx.delete(urls, key);
    tx.delete(urlIds, [value.id]);
  }
}
