/**
 * Amazon S3 Control: what an account manages of its S3 beside the buckets' own API. A service of its own on the wire, with
 * the state of S3; requests are told apart by path and by the account that they name.
 */
import type { Operations } from '../../../kernel/peers';
import type { Actions, Handlers, Service } from '../../../kernel/service';
import { accountCheck } from '../actions/keys';
import { DeletePublicAccessBlock, GetPublicAccessBlock, PutPublicAccessBlock } from './access';
import * as points from './accesspoints';
import { ListTagsForResource, TagResource, UntagResource } from './tagging';

export type S3Control = typeof import('@aws-sdk/client-s3-control');

declare module '../../../kernel/peers' {
  interface Peers {
    readonly s3control: Operations<S3Control>;
  }
}

const { onAccessPoint, accessPointCheck: _, changePoint: __, ...accessPoints } = points;

const handlers: Handlers<S3Control> = {
  ...accessPoints,
  DeletePublicAccessBlock,
  GetPublicAccessBlock,
  ListTagsForResource,
  PutPublicAccessBlock,
  TagResource,
  UntagResource,
};

/** The resource's ARN says what is asked of whom, so the handlers ask. */
const actions: Actions<S3Control> = {
  // Its document brings tags, so the handler asks once it has read it.
  CreateAccessPoint: () => [],
  DeleteAccessPoint: onAccessPoint('s3:DeleteAccessPoint'),
  DeleteAccessPointPolicy: onAccessPoint('s3:DeleteAccessPointPolicy'),
  GetAccessPoint: onAccessPoint('s3:GetAccessPoint'),
  GetAccessPointPolicy: onAccessPoint('s3:GetAccessPointPolicy'),
  GetAccessPointPolicyStatus: onAccessPoint('s3:GetAccessPointPolicyStatus'),
  PutAccessPointPolicy: onAccessPoint('s3:PutAccessPointPolicy'),
  ListAccessPoints: (_, call) => [accountCheck(call, 's3:ListAccessPoints')],
  DeletePublicAccessBlock: (_, call) => [accountCheck(call, 's3:PutAccountPublicAccessBlock')],
  GetPublicAccessBlock: (_, call) => [accountCheck(call, 's3:GetAccountPublicAccessBlock')],
  PutPublicAccessBlock: (_, call) => [accountCheck(call, 's3:PutAccountPublicAccessBlock')],
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
      // S3 API reference: these answer so although the client expects 200.
      model: {
        statuses: {
          PutPublicAccessBlock: 201,
          DeletePublicAccessBlock: 204,
          DeleteAccessPoint: 204,
          DeleteAccessPointPolicy: 204,
        },
      },
    },
    handlers,
    actions,
  };
}
