/**
 * What each operation asks of IAM. Source: Service Authorization Reference, "Actions, resources, and condition keys for
 * AWS Systems Manager".
 */
import type * as Ssm from '@aws-sdk/client-ssm';
import type { Check } from '../../kernel/authorize';
import type { Call } from '../../kernel/call';
import type { Actions } from '../../kernel/service';
import { arnOf, arnOfSelected, selectedBy } from './names';
import { readParameter } from './state';
import { asRecord } from './tags';

type More = Pick<Check, 'keys' | 'requestTags'>;

async function onParameter(call: Call, text: string, more: More = {}): Promise<Check> {
  let resourceTags: Check['resourceTags'];
  for (const name of selectedBy(call, text).names)
    resourceTags ??= (await readParameter(call.kernel.store, call, name))?.tags;
  const keys: Check['keys'] = { ...more.keys, ...ownTagKeys(resourceTags) };
  return { action: `ssm:${call.operation}`, resource: arnOfSelected(call, text), resourceTags, ...more, keys };
}

/** Systems Manager's own spelling of `aws:ResourceTag/*`. */
const ownTagKeys = (tags: Check['resourceTags'] = {}) =>
  Object.fromEntries(Object.entries(tags).map(([key, value]) => [`ssm:resourceTag/${key}`, value]));

const one = async (input: { Name?: string }, call: Call) => [await onParameter(call, input.Name!)];
const each = (input: { Names?: string[] }, call: Call) =>
  Promise.all(input.Names!.map((name) => onParameter(call, name)));
const tagged = async (input: { ResourceId?: string }, call: Call) => [await onParameter(call, input.ResourceId!)];

export const actions: Actions<typeof Ssm> = {
  AddTagsToResource: async (input, call) => [
    await onParameter(call, input.ResourceId!, { requestTags: asRecord(input.Tags) }),
  ],
  DeleteParameter: one,
  DeleteParameters: each,
  DescribeParameters: (_, call) => [{ action: 'ssm:DescribeParameters', resource: arnOf(call, '*') }],
  GetParameter: one,
  GetParameterHistory: one,
  GetParameters: each,
  GetParametersByPath: (input, call) => [
    {
      action: 'ssm:GetParametersByPath',
      resource: arnOf(call, input.Path!.length > 1 ? input.Path!.replace(/\/$/, '') : input.Path!),
      keys: { 'ssm:Recursive': String(input.Recursive ?? false) },
    },
  ],
  LabelParameterVersion: one,
  ListTagsForResource: tagged,
  PutParameter: async (input, call) => {
    const requestTags = asRecord(input.Tags);
    const keys = { 'ssm:Overwrite': String(input.Overwrite ?? false) };
    const check = await onParameter(call, input.Name!, { keys, requestTags });
    return input.Tags?.length ? [check, { ...check, action: 'ssm:AddTagsToResource', keys: undefined }] : [check];
  },
  RemoveTagsFromResource: async (input, call) => [
    await onParameter(call, input.ResourceId!, { keys: { 'aws:TagKeys': input.TagKeys } }),
  ],
  UnlabelParameterVersion: one,
};
