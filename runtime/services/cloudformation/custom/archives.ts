/**
 * Sources of a bucket deployment, unpacked: files by path, later sources over earlier ones, markers replaced. Source:
 * aws-cdk-lib, "aws-s3-deployment", `Source.data` and `Source.jsonData`.
 */
import { basename } from 'node:path';
import { collect, once } from '../../../base/bytes';
import { ArchiveError, openArchive } from '../../../engine/archive';
import type { Peers } from '../../../kernel/peers';
import { validationError } from '../errors';

/** Most bytes of all files together: they are held in memory. */
const MOST_BYTES = 1 << 30;
const MOST_FILES = 100_000;

export interface Source {
  readonly bucket: string;
  readonly key: string;
  readonly markers: Readonly<Record<string, unknown>>;
  readonly config: MarkersConfig;
}

export interface MarkersConfig {
  readonly jsonEscape?: string;
  readonly markerEncodings?: Readonly<Record<string, string>>;
}

/** @throws AwsError what S3 answers, or that an archive is none */
export async function filesOf(
  peers: Peers,
  sources: readonly Source[],
  extract: boolean,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for (const { bucket: Bucket, key: Key, markers, config } of sources) {
    const { Body } = await peers.s3.GetObject({ Bucket, Key });
    const bytes = Body instanceof Uint8Array ? Buffer.from(Body) : await collect(Body ?? once(Buffer.of()), MOST_BYTES);
    if (!extract) {
      files.set(basename(Key), bytes);
      continue;
    }
    const replace = replacer(markers, config);
    for await (const [path, content] of unpacked(bytes, Key)) files.set(path, replace(content));
  }
  return files;
}

async function* unpacked(bytes: Buffer, key: string): AsyncGenerator<[string, Buffer]> {
  try {
    const read = (start: number, end: number) => once(bytes.subarray(start, end));
    const archive = await openArchive(
      { sizeBytes: bytes.length, read },
      { unpackedBytes: MOST_BYTES, entries: MOST_FILES },
    );
    for (const entry of archive.entries)
      if (!entry.directory) yield [entry.path, await collect(await archive.read(entry), MOST_BYTES)];
  } catch (error) {
    if (error instanceof ArchiveError)
      throw validationError(`${key} is no archive that can be unpacked: ${error.message}`);
    throw error;
  }
}

/** Markers are replaced in every file of their source, whatever it holds. */
function replacer(markers: Source['markers'], config: MarkersConfig): (content: Buffer) => Buffer {
  const tokens = Object.entries(markers).map(([name, value]) => [bytesOf(name), bytesOf(encoded(name, value, config))]);
  if (tokens.length === 0) return (content) => content;
  return (content) =>
    Buffer.from(
      tokens.reduce((text, [token, value]) => text.replaceAll(token, () => value), content.toString('latin1')),
      'latin1',
    );
}

/** UTF-8, a byte a character. */
const bytesOf = (text: string) => Buffer.from(text).toString('latin1');

/** JSON in ASCII, as Python writes it. */
const json = (value: unknown) =>
  JSON.stringify(value).replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

const PLAIN_YAML = /^[A-Za-z][A-Za-z0-9._-]*$/;
const YAML_WORDS = new Set(['y', 'n', 'yes', 'no', 'true', 'false', 'on', 'off', 'null']);

function encoded(name: string, value: unknown, { jsonEscape = 'false', markerEncodings = {} }: MarkersConfig): string {
  const encoding = markerEncodings[name] ?? (jsonEscape.toLowerCase() === 'true' ? 'UNQUOTED_JSON_VALUE' : 'LITERAL');
  const text = () => {
    if (typeof value === 'string') return value;
    throw validationError(`Expected a string for ${encoding} encoding for marker ${name}`);
  };
  switch (encoding) {
    case 'LITERAL':
      return text();
    case 'UNQUOTED_JSON_VALUE':
      return typeof value === 'string' ? json(value).slice(1, -1) : json(value);
    case 'JSON_VALUE':
      return json(value);
    case 'YAML_STRING':
      return PLAIN_YAML.test(text()) && !YAML_WORDS.has(text().toLowerCase()) ? text() : json(value);
    default:
      throw validationError(`Unknown marker encoding: ${encoding}`);
  }
}
