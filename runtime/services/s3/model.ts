/** What the client's schema leaves out of S3's wire, and the types of its handlers. */
import type { Input, Output } from '../../kernel/peers';
import type { ModelNotes } from '../../protocol/wire';

export type S3 = typeof import('@aws-sdk/client-s3');
export type In<Name extends string> = Input<S3, Name>;
export type Out<Name extends string> = Output<S3, Name>;

export const model: ModelNotes = {
  // S3 API reference: these answer without content although the client expects 200.
  statuses: { PutBucketPolicy: 204 },
  // What all other writes tell, this one tells too.
  headers: {
    CompleteMultipartUpload: {
      SSECustomerAlgorithm: 'x-amz-server-side-encryption-customer-algorithm',
      SSECustomerKeyMD5: 'x-amz-server-side-encryption-customer-key-md5',
    },
  },
};
