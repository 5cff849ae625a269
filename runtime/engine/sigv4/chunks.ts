/**
 * `aws-chunked` bodies: frames off, content out, every chunk's signature and every trailer checked on the way. What is
 * wrong is thrown where it is met, at the latest at the end, so that a reader that commits only after the end commits
 * nothing false. Sources: Amazon S3 API reference, "Transferring Payload in Multiple Chunks (Chunked Upload)" and
 * "Including Trailing Headers (Chunked Upload)". Which checksum a trailer must match is for S3 to say, not for here.
 */
import { createHash } from 'node:crypto';
import type { Bytes } from '../../base/bytes';
import { AwsError } from '../../base/errors';
import { chunkStringToSign, type Seed, sameSignature, sha256, sign, trailerStringToSign } from './signature';

export interface Framing {
  /** Of signed chunks; absent for unsigned ones. */
  readonly seed?: Seed;
  /** Names announced by `x-amz-trailer`, lower-case; absent when the form has no trailer part. */
  readonly trailers?: readonly string[];
  /** `x-amz-decoded-content-length`, in bytes. */
  readonly lengthBytes: number;
}

/** Longest chunk head or trailer line. AWS's own are below 200 bytes. */
const LONGEST_LINE_BYTES = 1024;
/** All but the last chunk must be at least this long. */
const SMALLEST_CHUNK_BYTES = 8192;

/**
 * The content of a framed body. `trailers` is filled when the stream has ended.
 * @throws AwsError IncompleteBody, InvalidChunkSizeError, SignatureDoesNotMatch, MalformedTrailer while it is read
 */
export async function* unframe(source: Bytes, framing: Framing, trailers: Record<string, string>): Bytes {
  const { seed, lengthBytes } = framing;
  const input = new Cursor(source);
  let signature = seed?.signature ?? '';
  let length = 0;
  let shortChunk: { index: number; sizeBytes: number } | undefined;
  for (let index = 1; ; index++) {
    input.chunk = index;
    const head = readHead(await input.line(), seed !== undefined, index);
    if (shortChunk && head.sizeBytes > 0) throw invalidChunkSize(shortChunk.index, shortChunk.sizeBytes);
    if (head.sizeBytes < SMALLEST_CHUNK_BYTES) shortChunk = { index, sizeBytes: head.sizeBytes };
    length += head.sizeBytes;
    if (length > lengthBytes) throw incompleteBody(`chunk ${index} goes beyond the ${lengthBytes} bytes declared`);
    const hash = seed && createHash('sha256');
    for (let left = head.sizeBytes; left > 0; ) {
      const part = await input.some(left);
      hash?.update(part);
      left -= part.length;
      yield part;
    }
    if (seed && hash) {
      const text = chunkStringToSign(seed, signature, hash.digest('hex'));
      signature = sign(seed.key, text);
      if (!sameSignature(signature, head.signature)) throw chunkSignatureDoesNotMatch(text, head.signature, index);
    }
    if (head.sizeBytes === 0) break;
    if ((await input.line()) !== '') throw incompleteBody(`chunk ${index} is longer than its ${head.sizeBytes} bytes`);
  }
  if (length !== lengthBytes) throw incompleteBody(`the chunks hold ${length} of the ${lengthBytes} bytes declared`);
  if (framing.trailers) await readTrailers(input, framing.trailers, trailers, seed, signature);
  else if ((await input.line()) !== '') throw incompleteBody(BEYOND_END);
  await input.end();
}

async function readTrailers(
  input: Cursor,
  announced: readonly string[],
  trailers: Record<string, string>,
  seed: Seed | undefined,
  signature: string,
): Promise<void> {
  let signed = '';
  let given: string | undefined;
  for (let line = await input.line(); line !== ''; line = await input.line()) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    if (colon <= 0) throw malformedTrailer(`${JSON.stringify(line)} is no header`);
    if (given !== undefined) throw malformedTrailer(`${name} follows x-amz-trailer-signature`);
    if (name in trailers) throw malformedTrailer(`${name} occurs more than once`);
    if (seed && name === 'x-amz-trailer-signature') {
      given = value;
      continue;
    }
    if (!announced.includes(name)) throw malformedTrailer(`x-amz-trailer does not announce ${name}`);
    trailers[name] = value;
    signed += `${name}:${value}\n`;
  }
  const missing = announced.find((name) => !(name in trailers));
  if (missing !== undefined) throw malformedTrailer(`${missing} was announced and is not there`);
  if (!seed) return;
  if (given === undefined) throw malformedTrailer('x-amz-trailer-signature is not there');
  const text = trailerStringToSign(seed, signature, sha256(signed));
  if (!sameSignature(sign(seed.key, text), given)) throw chunkSignatureDoesNotMatch(text, given, 'trailer');
}

const HEAD = /^([0-9a-fA-F]{1,13})$/;
const SIGNED_HEAD = /^([0-9a-fA-F]{1,13});chunk-signature=([0-9a-f]{64})$/;

function readHead(line: string, signed: boolean, index: number): { sizeBytes: number; signature: string } {
  const match = (signed ? SIGNED_HEAD : HEAD).exec(line);
  if (!match) throw incompleteBody(`chunk ${index} begins with ${JSON.stringify(line.slice(0, 100))}`);
  return { sizeBytes: Number.parseInt(match[1], 16), signature: match[2] ?? '' };
}

/** Reads lines and counted bytes off a stream of chunks; content is handed on without a copy. */
class Cursor {
  private readonly source: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);
  /** Where the reader is: which chunk, from 1. */
  chunk = 1;

  constructor(source: Bytes) {
    this.source = source[Symbol.asyncIterator]();
  }

  /** The next line, without its CR LF. */
  async line(): Promise<string> {
    let from = 0;
    for (;;) {
      const end = this.rest.indexOf('\r\n', from, 'latin1');
      if (end > LONGEST_LINE_BYTES) throw this.endless();
      if (end >= 0) {
        const line = this.rest.toString('latin1', 0, end);
        this.rest = this.rest.subarray(end + 2);
        return line;
      }
      if (this.rest.length > LONGEST_LINE_BYTES) throw this.endless();
      from = Math.max(0, this.rest.length - 1);
      const more = await this.next();
      if (more === undefined) throw this.cut();
      this.rest = this.rest.length === 0 ? more : Buffer.concat([this.rest, more]);
    }
  }

  /** At least one byte, at most `limit`. */
  async some(limit: number): Promise<Buffer> {
    while (this.rest.length === 0) {
      const more = await this.next();
      if (more === undefined) throw this.cut();
      this.rest = more;
    }
    const part = this.rest.subarray(0, limit);
    this.rest = this.rest.subarray(part.length);
    return part;
  }

  /** Nothing may follow. */
  async end(): Promise<void> {
    for (let more: Buffer | undefined = this.rest; more !== undefined; more = await this.next()) {
      if (more.length > 0) throw incompleteBody(BEYOND_END);
    }
  }

  private cut(): AwsError {
    return incompleteBody(`the body ends within chunk ${this.chunk}`);
  }

  private endless(): AwsError {
    return incompleteBody(`a line of chunk ${this.chunk} is longer than ${LONGEST_LINE_BYTES} bytes`);
  }

  private async next(): Promise<Buffer | undefined> {
    const { done, value } = await this.source.next();
    if (done) return undefined;
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}

const BEYOND_END = 'something follows the last chunk';

/** @param place which chunk is wrong, and how: AWS's own words do not say */
function incompleteBody(place: string): AwsError {
  return new AwsError(
    'IncompleteBody',
    `You did not provide the number of bytes specified by the Content-Length HTTP header: ${place}`,
  );
}

function invalidChunkSize(index: number, sizeBytes: number): AwsError {
  return new AwsError('InvalidChunkSizeError', 'Only the last chunk is allowed to have a size less than 8192 bytes', {
    status: 403,
    fields: { Chunk: index, BadChunkSize: sizeBytes },
  });
}

function malformedTrailer(place: string): AwsError {
  return new AwsError(
    'MalformedTrailerError',
    `The request contained trailing data that was not well-formed or did not conform to our published schema: ${place}`,
  );
}

function chunkSignatureDoesNotMatch(text: string, given: string, chunk: number | 'trailer'): AwsError {
  return new AwsError(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    { status: 403, fields: { StringToSign: text, SignatureProvided: given, Chunk: chunk } },
  );
}
