/** Tagging roots, units, accounts and policies. */
import type * as Organizations from '@aws-sdk/client-organizations';
import type { Handlers } from '../../../kernel/service';
import type { Reader } from '../../../store/port';
import { change, managed } from '../entities';
import { targetNotFound } from '../errors';
import { pageOf } from '../paging';
import { type OrganizationRow, readPolicy } from '../state';
import { listTags, readTags } from '../tags';
import { isThere, without } from '../tree';

/** @throws TargetNotFoundException */
async function mustExist(from: Reader, row: OrganizationRow, id: string): Promise<void> {
  if (!isThere(row, id) && !(await readPolicy(from, row.id, id))) throw targetNotFound();
}

export const tagHandlers = {
  async TagResource(call, { ResourceId: id = '', Tags }) {
    await change(call, async (row, tx) => {
      await mustExist(tx, row, id);
      return { ...row, tags: { ...row.tags, [id]: readTags(Tags, row.tags[id]) } };
    });
    return {};
  },

  async UntagResource(call, { ResourceId: id = '', TagKeys = [] }) {
    await change(call, async (row, tx) => {
      await mustExist(tx, row, id);
      return { ...row, tags: { ...row.tags, [id]: without(row.tags[id] ?? {}, ...TagKeys) } };
    });
    return {};
  },

  async ListTagsForResource(call, input) {
    const { store } = call.kernel;
    const row = await managed(store, call);
    await mustExist(store, row, input.ResourceId!);
    const { items, NextToken } = pageOf(listTags(row.tags[input.ResourceId!]), input);
    return { Tags: items, NextToken };
  },
} satisfies Handlers<typeof Organizations>;
