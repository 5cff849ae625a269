/**
 * Answers on which AWS's pages are silent, and on which what others report of S3 and what the public suite expects
 * differ. Today's defaults follow the reports; the defaults of 2022, which suites of that kind are run with, follow the
 * suite. Which report: `docs/conformance.md`.
 */
import type { AwsError } from '../../base/errors';
import type { Kernel } from '../../kernel/call';
import { badChecksum, badChecksumHeader } from './digesterrors';
import { badRequest, invalidArgument, invalidRange, invalidRequest, invalidTag, malformedXml, s3Error } from './errors';
import { wrongCustomerKey } from './keyerrors';

interface Answers {
  /** A space, where `encoding-type=url` is asked for. */
  readonly space: '+' | '%20';
  /** A checksum in a header that cannot be one. */
  malformedChecksum(algorithm: string, header: string): AwsError;
  /** Another customer's key than the object's, on reads. */
  wrongCustomerKey(): AwsError;
  /** A default retention of no time. */
  emptyRetention(name: string, period: number): AwsError;
  /** Whether GetObjectAttributes tells of how many parts a composite checksum is. */
  readonly countsParts: boolean;
  /** Whether completing an upload with composite checksums takes the checksum of each part. */
  readonly needsPartChecksums: boolean;
  /** Whether the last one counts of a part that a completion names more than once. */
  readonly takesLastNamed: boolean;
  /** A part copied from a range that ends beyond its source. */
  rangeBeyondSource(name: string, range: string, sizeBytes: number): AwsError;
  /** Whether who completes an upload under a customer's key needs it again, though the upload chose no checksum. */
  readonly completesWithKey: boolean;
  /** Whether an expected owner that is no account at all is refused as such. */
  readonly knowsAccounts: boolean;
  /** Whether listings take a token that is empty for none. */
  readonly takesEmptyTokens: boolean;
  /** Whether listings tell StartAfter to who comes with a token. */
  readonly tellsStartAfter: boolean;
  /** Whether parts of an object that has one checksum for all of it are told, with checksums of their own. */
  readonly tellsParts: boolean;
  /** An upload that is completed without a document. */
  noParts(): AwsError;
  /** More tags than there may be. */
  tooManyTags(message: string): AwsError;
  /** Whether policies may allow actions of which none applies to any of the resources: it gives nobody anything. */
  readonly takesVainActions: boolean;
  /** Whether a bucket without a policy has a policy status. */
  readonly tellsStatusWithoutPolicy: boolean;
}

const PERIOD = 'Default retention period must be a positive integer value.';

const reported: Answers = {
  space: '+',
  malformedChecksum: (_, header) => badChecksumHeader(header),
  wrongCustomerKey,
  emptyRetention: (name, period) => invalidArgument(PERIOD, name, period),
  countsParts: false,
  needsPartChecksums: true,
  takesLastNamed: false,
  rangeBeyondSource: (name, range, sizeBytes) =>
    invalidArgument(`Range specified is not valid for source object of size: ${sizeBytes}`, name, range),
  completesWithKey: false,
  knowsAccounts: true,
  takesEmptyTokens: false,
  tellsStartAfter: false,
  tellsParts: false,
  noParts: () => invalidRequest('You must specify at least one part'),
  tooManyTags: badRequest,
  takesVainActions: false,
  tellsStatusWithoutPolicy: false,
};

const expected: Answers = {
  space: '%20',
  malformedChecksum: (algorithm) => badChecksum(algorithm),
  wrongCustomerKey: () => invalidRequest(wrongCustomerKey().message),
  emptyRetention: () => s3Error('InvalidRetentionPeriod', 400, PERIOD),
  countsParts: true,
  needsPartChecksums: false,
  takesLastNamed: true,
  rangeBeyondSource: (_, range, sizeBytes) => invalidRange(range, sizeBytes),
  completesWithKey: true,
  knowsAccounts: false,
  takesEmptyTokens: true,
  tellsStartAfter: true,
  tellsParts: true,
  noParts: () => malformedXml('CompleteMultipartUpload is missing'),
  tooManyTags: (message) => invalidTag(message),
  takesVainActions: true,
  tellsStatusWithoutPolicy: true,
};

export function disputed({ config }: Kernel): Answers {
  return config.s3.defaults === '2022' ? expected : reported;
}
