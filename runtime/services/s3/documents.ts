/**
 * Request documents against what their headers promise of them. Bodies of objects are held to the same while they
 * stream in: see `checksums.ts`. Source: S3 API reference, "DeleteObjects", request headers.
 */
import { digest } from '../../base/digests';
import type { Call } from '../../kernel/call';
import { base64, checkContentMd5, checksumNames, headerOf, isChecksum } from './checksums';
import { badChecksum, badMd5, manyChecksums } from './digesterrors';
import { disputed } from './disputed';
import { invalidRequest } from './errors';

/** Operations that S3 refuses without any digest of their document. */
const NEED_DIGEST = ['DeleteObjects'];
/** Here a checksum is of the object that is made, not of the document. */
const OF_THE_OBJECT = ['CompleteMultipartUpload'];

const checksumHeaders = checksumNames.map((algorithm) => ({ algorithm, name: headerOf(algorithm) }));

/** @throws AwsError InvalidDigest, BadDigest, InvalidRequest */
export async function checkDocument(
  bytes: Uint8Array,
  { request: { headers }, operation, kernel }: Call,
): Promise<void> {
  const md5 = headers['content-md5'];
  checkContentMd5(md5);
  if (md5 !== undefined) {
    const one = digest('MD5');
    one.update(bytes);
    const computed = base64(await one.finish());
    if (computed !== md5) throw badMd5(Buffer.from(md5, 'base64').toString('hex'), computed);
  }
  if (OF_THE_OBJECT.includes(operation)) return;
  const given = checksumHeaders.filter(({ name }) => headers[name] !== undefined);
  if (given.length > 1) throw manyChecksums();
  if (given.length === 0 && md5 === undefined && NEED_DIGEST.includes(operation))
    throw invalidRequest('Missing required header for this request: Content-MD5 OR x-amz-checksum-*');
  for (const { algorithm, name } of given) {
    if (!isChecksum(algorithm, headers[name]!)) throw disputed(kernel).malformedChecksum(algorithm, name);
    const one = digest(algorithm);
    one.update(bytes);
    if (base64(await one.finish()) !== headers[name]) throw badChecksum(algorithm);
  }
}
