/** Tags of functions and event source mappings. Source: Lambda API reference, "TagResource". */
import type * as Lambda from '@aws-sdk/client-lambda';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Writer } from '../../../store/port';
import { invalidParameter, notFound } from '../errors';
import { functionKey, parseFunctionArn } from '../names';
import { getFunction } from '../resolution';
import { functions } from '../state';
import { checkTags, requestTagKeys, type Tags } from '../tags';

export const tagHandlers: Handlers<typeof Lambda> = {
  async TagResource(call, input) {
    const of = taggable(call, input.Resource);
    const added = checkTags(input.Tags ?? {});
    const { tags } = await getFunction(call.kernel.store, of);
    const keys = requestTagKeys(added);
    await call.authorize({ action: 'lambda:TagResource', resource: input.Resource!, keys, resourceTags: tags });
    await call.kernel.store.write((tx) => change(tx, of, (before) => checkTags({ ...before, ...added })));
    return {};
  },

  async UntagResource(call, input) {
    const of = taggable(call, input.Resource);
    const gone = new Set(input.TagKeys);
    const without = (tags: Tags) => Object.fromEntries(Object.entries(tags).filter(([name]) => !gone.has(name)));
    await call.kernel.store.write((tx) => change(tx, of, without));
    return {};
  },

  async ListTags(call, input) {
    return { Tags: { ...(await getFunction(call.kernel.store, taggable(call, input.Resource))).tags } };
  },
};

type Taggable = NonNullable<ReturnType<typeof parseFunctionArn>>;

function taggable(call: Call, arn: string | undefined): Taggable {
  const of = parseFunctionArn(arn ?? '');
  if (!of) throw invalidParameter(`The ARN ${arn} is not that of a function.`);
  if (of.qualifier)
    throw invalidParameter(
      'Tags on function aliases and versions are not supported. Please specify either a function name or an unqualified function ARN.',
    );
  if (of.region !== call.region)
    throw notFound(`Functions from '${of.region}' are not reachable in this region ('${call.region}')`);
  return of;
}

async function change(tx: Writer, of: Taggable, how: (tags: Tags) => Tags): Promise<void> {
  const row = await getFunction(tx, of);
  tx.put(functions, functionKey(of), { ...row, tags: how(row.tags) });
}
