/**
 * Deployment packages: taken from the request or from S3 as the caller, checked, digested and kept as blobs; and
 * unpacked once per content into the scratch directory. Source: Lambda developer guide, "Lambda quotas", and API
 * reference, "FunctionCode".
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Bytes, once } from '../../base/bytes';
import { isAwsError } from '../../base/errors';
import { type Archive, ArchiveError, openArchive } from '../../engine/archive';
import type { Call, Kernel } from '../../kernel/call';
import type { BlobRef } from '../../store/port';
import {
  codeNotReadable,
  emptyArchive,
  invalidParameter,
  notUnzippable,
  requestTooLarge,
  unsafeArchive,
  unsupported,
  unzippedTooLarge,
} from './errors';
import { CODE_LIMITS } from './settings';
import type { Code } from './state';

/** Where a package comes from; the members that functions and layers share. */
export interface PackageInput {
  readonly ZipFile?: Uint8Array | string;
  readonly S3Bucket?: string;
  readonly S3Key?: string;
  readonly S3ObjectVersion?: string;
  readonly ImageUri?: string;
  readonly SourceKMSKeyArn?: string;
  readonly S3ObjectStorageMode?: string;
}

/** Reads, checks and writes a package. The blob belongs to nobody until a commit keeps it. */
export async function takePackage(call: Call, input: PackageInput): Promise<Code> {
  if (input.ImageUri) throw unsupported('ImageUri', 'container images are not run');
  if (input.SourceKMSKeyArn) throw unsupported('SourceKMSKeyArn', 'packages are not encrypted with customer keys');
  if (input.S3ObjectStorageMode && input.S3ObjectStorageMode !== 'COPY') {
    throw unsupported(`S3ObjectStorageMode ${input.S3ObjectStorageMode}`, 'packages are copied');
  }
  const code = await keep(call.kernel, await open(call, input));
  await checkArchive(call.kernel, code.blob);
  return code;
}

async function open(call: Call, input: PackageInput): Promise<Bytes> {
  const fromS3 = input.S3Bucket !== undefined || input.S3Key !== undefined;
  if (input.ZipFile !== undefined && fromS3) {
    throw invalidParameter('Please do not provide other FunctionCode parameters when providing a ZipFile.');
  }
  if (input.ZipFile !== undefined) {
    const bytes = typeof input.ZipFile === 'string' ? Buffer.from(input.ZipFile, 'base64') : input.ZipFile;
    if (bytes.length === 0) throw emptyArchive();
    if (bytes.length > CODE_LIMITS.zippedBytes) throw requestTooLarge(CODE_LIMITS.zippedBytes, call.operation);
    return once(bytes);
  }
  if (!input.S3Bucket || !input.S3Key) {
    throw invalidParameter('Please provide a source for function code.');
  }
  const { S3Bucket: Bucket, S3Key: Key, S3ObjectVersion: VersionId } = input;
  try {
    const { Body } = await call.peers.s3.GetObject({ Bucket, Key, VersionId });
    return Body === undefined ? once(Buffer.alloc(0)) : Body instanceof Uint8Array ? once(Body) : Body;
  } catch (error) {
    if (isAwsError(error)) throw codeNotReadable(error.code, error.message, Bucket, Key);
    throw error;
  }
}

async function keep(kernel: Kernel, bytes: Bytes): Promise<Code> {
  const hash = createHash('sha256');
  const writer = await kernel.store.blobs.create();
  let sizeBytes = 0;
  try {
    for await (const chunk of bytes) {
      sizeBytes += chunk.length;
      if (sizeBytes > CODE_LIMITS.unpackedBytes) throw unzippedTooLarge(CODE_LIMITS.unpackedBytes);
      hash.update(chunk);
      await writer.write(chunk);
    }
    if (sizeBytes === 0) throw emptyArchive();
  } catch (error) {
    await writer.discard();
    throw error;
  }
  return { blob: await writer.finish(), sha256: hash.digest('base64') };
}

async function checkArchive(kernel: Kernel, blob: BlobRef): Promise<void> {
  const archive = await archiveOf(kernel, blob).catch((error: unknown) => {
    if (!(error instanceof ArchiveError)) throw error;
    if (error.kind === 'malformed') throw notUnzippable();
    throw error.kind === 'unsafe' ? unsafeArchive(error.message) : unzippedTooLarge(CODE_LIMITS.unpackedBytes);
  });
  if (archive.entries.length === 0) throw emptyArchive();
}

function archiveOf(kernel: Kernel, blob: BlobRef): Promise<Archive> {
  const read = (start: number, end: number) => kernel.store.blobs.read(blob, { range: { start, end: end - 1 } });
  return openArchive({ sizeBytes: blob.sizeBytes, read }, CODE_LIMITS);
}

/** Writes the files of a package under `directory`, over what is there. Files are read-only, as on Lambda. */
export async function unpack(kernel: Kernel, code: Code, directory: string): Promise<void> {
  const archive = await archiveOf(kernel, code.blob);
  await mkdir(directory, { recursive: true });
  for (const entry of archive.entries) {
    const path = join(directory, entry.path);
    if (entry.directory) {
      await mkdir(path, { recursive: true });
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    await rm(path, { force: true });
    await pipeline(await archive.read(entry), createWriteStream(path, { mode: entry.mode & 0o555 }));
  }
}
