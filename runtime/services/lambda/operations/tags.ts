/** Tags of functions and event source mappings. Source: Lambda API reference, "TagResource". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { functionNotFound, notFound } from '../errors';
import { checkTags, requestTagKeys, type Tagged, type Tags, taggedBy, tagsOf } from '../tags';

export const tagHandlers: Handlers<typeof Lambda> = {
  async TagResource(call, input) {
    const tagged = here(call, input.Resource);
    const added = checkTags(input.Tags ?? {});
    const resourceTags = await tagsOf(call.kernel.store, tagged);
    const keys = requestTagKeys(added);
    await call.authorize({ action: 'lambda:TagResource', resource: input.Resource!, keys, resourceTags });
    await call.kernel.store.write((tx) =>
      change(tx, tagged, input.Resource, (before) => checkTags({ ...before, ...added })),
    );
    return {};
  },

  async UntagResource(call, input) {
    const gone = new Set(input.TagKeys);
    const without = (tags: Tags) => Object.fromEntries(Object.entries(tags).filter(([name]) => !gone.has(name)));
    await call.kernel.store.write((tx) => change(tx, here(call, input.Resource), input.Resource, without));
    return {};
  },

  async ListTags(call, input) {
    const tags = await tagsOf(call.kernel.store, here(call, input.Resource));
    if (!tags) throw functionNotFound(input.Resource!);
    return { Tags: { ...tags } };
  },
};

function here(call: Call, arn: string | undefined): Tagged {
  const tagged = taggedBy(arn);
  if (tagged.region !== call.region) {
    throw notFound(`Functions from '${tagged.region}' are not reachable in this region ('${call.region}')`);
  }
  return tagged;
}

async function change(tx: Writer, { table, key }: Tagged, arn: string | undefined, how: (tags: Tags) => Tags) {
  const row = await tx.get(table, key);
  if (!row) throw functionNotFound(arn!);
  tx.put(table, key, { ...row, tags: how(row.tags) });
}
