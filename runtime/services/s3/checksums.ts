/**
 * What a client says its bytes add up to, and whether they do. Source: S3 user guide, "Checking object integrity for
 * data uploads".
 */
import { type DigestName, digestLength } from '../../base/digests';
import type { Body, Call } from '../../kernel/call';
import {
  badChecksum,
  badChecksumHeader,
  badChecksumTrailer,
  badMd5,
  checksumAlgorithmUnsupported,
  invalidDigest,
  manyChecksums,
  unsupportedTrailer,
} from './digesterrors';
import { disputed } from './disputed';
import { invalidRequest } from './errors';
import type { Checksum, ChecksumName } from './state/tables';

/** In the order in which S3 lists them. */
export const checksumNames: readonly ChecksumName[] = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'MD5',
  'SHA1',
  'SHA256',
  'SHA512',
  'XXHASH128',
  'XXHASH3',
  'XXHASH64',
];

/** The algorithm that S3 adds when the client brings none. */
export const DEFAULT_CHECKSUM: ChecksumName = 'CRC64NVME';

type ChecksumInput = { readonly [K in `Checksum${ChecksumName}`]?: string } & {
  readonly ChecksumAlgorithm?: string;
  readonly ContentMD5?: string;
};

/** A promise about the bytes to come; the value is in a header, or in a trailer after them. */
export interface Claim {
  readonly algorithm: ChecksumName;
  readonly value?: string;
}

export function headerOf(algorithm: string): string {
  return `x-amz-checksum-${algorithm.toLowerCase()}`;
}

/** @throws AwsError InvalidRequest when the headers contradict each other */
export function claimOf(call: Call, input: ChecksumInput): Claim | undefined {
  const given = givenChecksums(input).filter(({ algorithm }) => !isInQuery(call, headerOf(algorithm)));
  const trailer = trailerAlgorithm(call);
  if (given.length + (trailer ? 1 : 0) > 1) throw manyChecksums();
  for (const { algorithm, value } of given)
    if (!isChecksum(algorithm, value)) throw disputed(call.kernel).malformedChecksum(algorithm, headerOf(algorithm));
  const claim = given[0] ?? (trailer ? { algorithm: trailer } : undefined);
  const announced = input.ChecksumAlgorithm?.toUpperCase();
  if (announced !== undefined) {
    if (!claim && call.request.headers['x-amz-sdk-checksum-algorithm'] !== undefined)
      throw invalidRequest(
        'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
      );
    if (claim && claim.algorithm !== announced) throw badChecksumHeader('x-amz-sdk-checksum-algorithm');
  }
  return claim;
}

/**
 * "Presigned URLs don't support data-integrity checksum algorithms": in a URL they are signed and say nothing. SDKs put
 * the checksum of no bytes there. Source: S3 user guide, "Download and upload objects with presigned URLs".
 */
function isInQuery({ request }: Call, header: string): boolean {
  return request.headers[header] === undefined && request.query.some(([name]) => name.toLowerCase() === header);
}

const checksumInputs = checksumNames.map((algorithm) => ({ algorithm, member: `Checksum${algorithm}` as const }));

/** Checksums named in headers or in a part of a document, whatever their form. */
export function givenChecksums(input: ChecksumInput): { algorithm: ChecksumName; value: string }[] {
  return checksumInputs.flatMap(({ algorithm, member }) => {
    const value = input[member];
    return value === undefined ? [] : [{ algorithm, value }];
  });
}

/**
 * Whether a text can be a checksum of this algorithm. S3 refuses one that cannot as a bad header, not as a bad digest:
 * its pages do not say so, tests of AWS's own SDKs do ("Value for x-amz-checksum-sha256 header is invalid.").
 */
export function isChecksum(algorithm: ChecksumName, value: string): boolean {
  const bytes = Buffer.from(value, 'base64');
  return bytes.length === digestLength[algorithm] && bytes.toString('base64') === value;
}

/** @throws AwsError InvalidRequest */
export function algorithmNamed(text: string): ChecksumName {
  const found = checksumNames.find((name) => name === text.toUpperCase());
  if (!found) throw checksumAlgorithmUnsupported(checksumNames);
  return found;
}

function trailerAlgorithm(call: Call): ChecksumName | undefined {
  const trailer = call.request.headers['x-amz-trailer'];
  if (trailer === undefined) return undefined;
  const name = trailer.trim().toLowerCase();
  const algorithm = checksumNames.find((candidate) => headerOf(candidate) === name);
  if (!algorithm) throw unsupportedTrailer();
  return algorithm;
}

/** The digests to take of a body so that `verify` can answer. */
export function digestsFor(claim: Claim | undefined): DigestName[] {
  return [...new Set<DigestName>(['MD5', claim?.algorithm ?? DEFAULT_CHECKSUM])];
}

/**
 * Holds a body's digests against what was promised.
 * @param algorithm of the checksum to return when nothing was promised
 * @param shown an expected MD5 as the refusal tells it
 * @throws AwsError BadDigest
 */
export function verify(
  digests: Readonly<Partial<Record<DigestName, Uint8Array>>>,
  {
    claim,
    contentMd5,
    body,
    algorithm = claim?.algorithm ?? DEFAULT_CHECKSUM,
  }: { claim?: Claim; contentMd5?: string; body?: Body; algorithm?: ChecksumName },
  shown = (md5: string) => Buffer.from(md5, 'base64').toString('hex'),
): Checksum {
  const md5 = base64(digests.MD5);
  if (contentMd5 !== undefined && contentMd5 !== md5) throw badMd5(shown(contentMd5), md5);
  const value = base64(digests[algorithm]);
  const promised = claim && (claim.value ?? trailerValue(body, claim.algorithm));
  if (promised !== undefined && promised !== value) throw badChecksum(algorithm);
  return { algorithm, value, type: 'FULL_OBJECT' };
}

function trailerValue(body: Body | undefined, algorithm: ChecksumName): string {
  const value = body?.trailers[headerOf(algorithm)];
  if (value === undefined) throw invalidRequest(`The trailer ${headerOf(algorithm)} was announced and did not come.`);
  if (!isChecksum(algorithm, value)) throw badChecksumTrailer(headerOf(algorithm));
  return value;
}

/** @throws AwsError InvalidDigest when a Content-MD5 cannot be one */
export function checkContentMd5(value: string | undefined): void {
  if (value === undefined) return;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length !== digestLength.MD5 || bytes.toString('base64') !== value) throw invalidDigest(value);
}

export function base64(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('base64');
}

/** The output members that tell a checksum. */
export function checksumMembers(checksum: Checksum | undefined): Record<string, string> {
  return checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value, ChecksumType: checksum.type } : {};
}
