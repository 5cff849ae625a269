/**
 * CDK's own custom resources, done here instead of by their handlers: same effect, no interpreter. They are known by
 * type and by the construct that makes their handler; anything else under these types runs as it is written. All act
 * as the handler's role, as the handler would.
 */

import type { Peers } from '../../../kernel/peers';
import { type Principal, servicePrincipal } from '../../../kernel/principal';
import type { Properties, ResourceContext, ResourceType } from '../../../kernel/service';
import { assumed, peersOf } from '../actor';
import type { Run } from '../stacks/run';
import { bucketDeployment } from './deployment';
import { emptyBucket, isMarkedForEmptying } from './emptying';
import { mergedNotifications, notificationsOf } from './notifications';

interface Native {
  /** Beginning of the handler's logical id, as aws-cdk-lib names it. */
  readonly handler: string;
  /** It is about resources that are inert here, so it has nothing to do. */
  readonly inert?: true;
  behaviour(acting: ActingPeers): ResourceType;
}

type ActingPeers = (context: ResourceContext) => Promise<Peers>;

const natives: Readonly<Record<string, Native>> = {
  'Custom::CDKBucketDeployment': {
    handler: 'CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C',
    behaviour: bucketDeployment,
  },
  'Custom::ECRAutoDeleteImages': {
    handler: 'CustomECRAutoDeleteImagesCustomResourceProviderHandler',
    inert: true,
    behaviour: () => nothing('Custom::ECRAutoDeleteImages'),
  },
  'Custom::S3AutoDeleteObjects': {
    handler: 'CustomS3AutoDeleteObjectsCustomResourceProviderHandler',
    behaviour: autoDelete,
  },
  'Custom::S3BucketNotifications': {
    handler: 'BucketNotificationsHandler050a0587b7544547bf325f094a3db834',
    behaviour: notifications,
  },
  'Custom::VpcRestrictDefaultSG': {
    handler: 'CustomVpcRestrictDefaultSGCustomResourceProviderHandler',
    inert: true,
    behaviour: () => nothing('Custom::VpcRestrictDefaultSG'),
  },
};

function nothing(type: string): ResourceType {
  return {
    type,
    createOnly: [],
    properties: [],
    create: async (context) => ({ physicalId: context.generatedName() }),
    update: async (_, physicalId) => ({ physicalId }),
    delete: async () => {},
  };
}

export function nativeCustomType(
  run: Run,
  type: string,
  { ServiceToken }: Properties,
): { readonly behaviour: ResourceType; readonly inert: boolean } | undefined {
  if (!Object.hasOwn(natives, type)) return undefined;
  const native = natives[type];
  const handler = run.journal
    .resources()
    .find(({ logicalId, now }) => logicalId.startsWith(native.handler) && now?.attributes.Arn === ServiceToken);
  if (!handler) return undefined;
  const role = handler.now?.properties.Role;
  const peers = async (context: ResourceContext) => {
    const { kernel } = run.deployer;
    const principal: Principal =
      typeof role === 'string'
        ? await assumed(kernel, servicePrincipal('lambda.amazonaws.com'), context, role, handler.now!.physicalId)
        : run.actor;
    return peersOf(kernel, principal, context, context.origin);
  };
  return { behaviour: native.behaviour(peers), inert: native.inert ?? false };
}

function notifications(acting: ActingPeers): ResourceType {
  const put = async (context: ResourceContext, properties: Properties, previous: unknown, remove = false) => {
    const Bucket = String(properties.BucketName);
    const { s3 } = await acting(context);
    const wanted = remove ? {} : notificationsOf(properties.NotificationConfiguration);
    const managed = String(properties.Managed ?? 'true').toLowerCase() === 'true';
    const NotificationConfiguration = managed
      ? wanted
      : mergedNotifications(
          await s3.GetBucketNotificationConfiguration({ Bucket }),
          wanted,
          notificationsOf(previous),
          context.stackId,
        );
    const SkipDestinationValidation = String(properties.SkipDestinationValidation ?? 'false').toLowerCase() === 'true';
    await s3.PutBucketNotificationConfiguration({ Bucket, NotificationConfiguration, SkipDestinationValidation });
  };
  return {
    type: 'Custom::S3BucketNotifications',
    createOnly: [],
    properties: [],
    async create(context, properties) {
      await put(context, properties, {});
      return { physicalId: context.logicalId };
    },
    async update(context, physicalId, properties, previous) {
      await put(context, properties, previous.NotificationConfiguration);
      return { physicalId };
    },
    async delete(context, _, properties) {
      await put(context, properties, {}, true);
    },
  };
}

function autoDelete(acting: ActingPeers): ResourceType {
  return {
    type: 'Custom::S3AutoDeleteObjects',
    createOnly: [],
    properties: [],
    create: async (_, { BucketName }) => ({ physicalId: String(BucketName) }),
    update: async (_, __, { BucketName }) => ({ physicalId: String(BucketName) }),
    async delete(context, bucket) {
      const peers = await acting(context);
      if (await isMarkedForEmptying(peers, bucket)) await emptyBucket(peers, bucket);
    },
  };
}
