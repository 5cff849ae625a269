/** `AWS::IAM::OIDCProvider`. Source: CloudFormation template reference. */
import { text, texts } from '../../../kernel/properties';
import type { ResourceType } from '../../../kernel/service';
import { difference, gone, settleTags, tagList } from './holders';

export const oidcProvider: ResourceType = {
  type: 'AWS::IAM::OIDCProvider',
  createOnly: ['Url'],
  properties: ['ClientIdList', 'Tags', 'ThumbprintList', 'Url'],
  async create(context, properties) {
    const { OpenIDConnectProviderArn: physicalId = '' } = await context.peers.iam.CreateOpenIDConnectProvider({
      Url: text(properties, 'Url'),
      ClientIDList: texts(properties, 'ClientIdList'),
      ThumbprintList: texts(properties, 'ThumbprintList'),
      Tags: tagList(context, properties),
    });
    return { physicalId, attributes: { Arn: physicalId } };
  },
  async update(context, physicalId, properties, previous) {
    const { iam } = context.peers;
    const OpenIDConnectProviderArn = physicalId;
    const { added, removed } = difference(texts(properties, 'ClientIdList'), texts(previous, 'ClientIdList'));
    for (const ClientID of added) await iam.AddClientIDToOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID });
    for (const ClientID of removed)
      await iam.RemoveClientIDFromOpenIDConnectProvider({ OpenIDConnectProviderArn, ClientID });
    const ThumbprintList = texts(properties, 'ThumbprintList') ?? [];
    await iam.UpdateOpenIDConnectProviderThumbprint({ OpenIDConnectProviderArn, ThumbprintList });
    await settleTags(context, properties, {
      list: () => iam.ListOpenIDConnectProviderTags({ OpenIDConnectProviderArn }),
      tag: (Tags) => iam.TagOpenIDConnectProvider({ OpenIDConnectProviderArn, Tags }),
      untag: (TagKeys) => iam.UntagOpenIDConnectProvider({ OpenIDConnectProviderArn, TagKeys }),
    });
    return { physicalId, attributes: { Arn: physicalId } };
  },
  async delete(context, OpenIDConnectProviderArn) {
    await gone(context.peers.iam.DeleteOpenIDConnectProvider({ OpenIDConnectProviderArn }));
  },
};
