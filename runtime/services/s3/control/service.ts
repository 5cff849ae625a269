/**
 * Amazon S3 Control: what an account manages of its S3 beside the buckets' own API. A service of its own on the wire, with
 * the state of S3; requests are told apart by path and by the account that they name.
 */
import type { Operations } from '../../../kernel/peers';
import type { Actions, Handlers, Service } from '../../../kernel/service';
import { ListTagsForResource, TagResource, UntagResource } from './tagging';

export type S3Control = typeof import('@aws-sdk/client-s3-control');

declare module '../../../kernel/peers' {
  interface Peers {
    readonly s3control: Operations<S3Control>;
  }
}

const handlers: Handlers<S3Control> = { ListTagsForResource, TagResource, UntagResource };

/** The resource's ARN says what is asked of whom, so the handlers ask. */
const actions: Actions<S3Control> = {
  ListTagsForResource: () => [],
  TagResource: () => [],
  UntagResource: () => [],
};

export function s3control(): Service {
  return {
    name: 's3control',
    wire: {
      client: () => require('@aws-sdk/client-s3-control'),
      protocols: ['restXml'],
      signingNames: ['s3'],
      paths: { prefix: '/v20180820/', header: 'x-amz-account-id' },
      version: '2018-08-20',
      xmlNamespace: 'http://awss3control.amazonaws.com/doc/2018-08-20/',
    },
    handlers,
    actions,
  };
}
