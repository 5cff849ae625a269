/** What is read of a compressed object. Source: S3 API reference, "InputSerialization", CompressionType. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isAwsError } from '../../base/errors';
import { bunzip } from './decoder';
import { selectError } from './errors';
import type { Compression } from './formats';

/** @throws AwsError InvalidCompressionFormat, TruncatedInput */
export function decompressed(stream: AsyncIterable<Uint8Array>, compression: Compression): AsyncIterable<Uint8Array> {
  if (compression === 'GZIP') return gunzip(stream);
  return compression === 'BZIP2' ? bunzip(stream) : stream;
}

async function* gunzip(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(stream, { objectMode: false });
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  source.pipe(gunzip);
  try {
    yield* gunzip;
  } catch (error) {
    if (isAwsError(error)) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'Z_DATA_ERROR' && message === 'incorrect header check') throw selectError('InvalidCompressionFormat');
    if (code?.startsWith('Z_')) throw selectError('TruncatedInput');
    throw error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}
