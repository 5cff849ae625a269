/** Tags of keys, which policies may ask for (`aws:ResourceTag`). */
import type * as Kms from '@aws-sdk/client-kms';
import type { Handlers } from '../../../kernel/service';
import { findKey, mustStay, ownKey } from '../keys';
import { pageAfter, pageLimit, readMarker } from '../paging';
import { listTags, readTags } from '../tags';
import { changeKey } from './keys';

export const tagHandlers = {
  async TagResource(call, input) {
    await changeKey(call, input.KeyId!, (key) => {
      mustStay(key);
      return { ...key, tags: readTags(input.Tags, key.tags) };
    });
    return {};
  },

  async UntagResource(call, input) {
    await changeKey(call, input.KeyId!, (key) => {
      mustStay(key);
      const left = Object.entries(key.tags).filter(([name]) => !input.TagKeys!.includes(name));
      return { ...key, tags: Object.fromEntries(left) };
    });
    return {};
  },

  async ListResourceTags(call, input) {
    const limit = pageLimit(input.Limit, 50, 50);
    const key = await findKey(call, input.KeyId!, ownKey);
    const page = pageAfter(listTags(key.tags), limit, readMarker(input.Marker), (tag) => tag.TagKey!);
    return { Tags: page.items, Truncated: page.truncated, NextMarker: page.marker };
  },
} satisfies Handlers<typeof Kms>;
