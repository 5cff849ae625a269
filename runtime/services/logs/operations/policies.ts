/** Resource policies of an account, and tags of its groups. */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import { findProblem, resourceDialect } from '../../../engine/policy/dialect';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidParameter, limitExceeded, policyNotFound, unsupported } from '../errors';
import { groupNameOf, needGroup } from '../names';
import { pageLimit, pageOf, readToken } from '../paging';
import {
  type GroupRow,
  listPolicies,
  type PolicyRow,
  readPolicy,
  removePolicy,
  writeGroup,
  writePolicy,
} from '../state';
import { readTags, withoutTags } from '../tags';

/** Source: CloudWatch Logs API Reference, "PutResourcePolicy". */
const policiesPerRegion = 10;
const policyCharacters = 5120;

const answerOf = (row: PolicyRow): Logs.ResourcePolicy => ({
  policyName: row.name,
  policyDocument: row.document,
  lastUpdatedTime: row.updated,
  policyScope: 'ACCOUNT',
});

async function changeTags(call: Call, name: string, change: (tags: GroupRow['tags']) => GroupRow['tags']) {
  await call.kernel.store.write(async (tx) => {
    const group = await needGroup(tx, call, name);
    writeGroup(tx, call, { ...group, tags: change(group.tags) });
  });
  return {};
}

const tagsOf = async (call: Call, name: string) => ({
  tags: { ...(await needGroup(call.kernel.store, call, name)).tags },
});

export const policyHandlers = {
  async PutResourcePolicy(call, input) {
    if (input.resourceArn !== undefined) throw unsupported('resource policies of one log group');
    const { policyName: name, policyDocument: document } = input;
    if (!name) throw constraint('policyName', name ?? null, 'not be null');
    if (!document || document.length > policyCharacters)
      throw constraint('policyDocument', document ?? null, `have length between 1 and ${policyCharacters}`);
    const problem = findProblem(document, resourceDialect);
    if (problem) throw invalidParameter(`${problem.message} (${problem.place})`);
    const row: PolicyRow = { name, document, updated: call.now, origin: call.origin };
    await call.kernel.store.write(async (tx) => {
      const kept = await listPolicies(tx, call);
      if (kept.length >= policiesPerRegion && !kept.some((one) => one.name === name))
        throw limitExceeded('Resource limit exceeded.');
      writePolicy(tx, call, row);
    });
    return { resourcePolicy: answerOf(row) };
  },

  async DescribeResourcePolicies(call, input) {
    if (input.resourceArn !== undefined || input.policyScope === 'RESOURCE')
      throw unsupported('resource policies of one log group');
    const limit = pageLimit(input.limit, 1000, 50);
    const after = readToken(input.nextToken) ?? '';
    const rows = (await listPolicies(call.kernel.store, call)).filter(({ name }) => name > after);
    const { page, nextToken } = pageOf(rows, limit, ({ name }) => name);
    return { resourcePolicies: page.map(answerOf), nextToken };
  },

  async DeleteResourcePolicy(call, input) {
    if (input.resourceArn !== undefined) throw unsupported('resource policies of one log group');
    const { policyName: name } = input;
    if (!name) throw constraint('policyName', name ?? null, 'not be null');
    await call.kernel.store.write(async (tx) => {
      if (!(await readPolicy(tx, call, name))) throw policyNotFound(name);
      removePolicy(tx, call, name);
    });
    return {};
  },

  TagResource: (call, input) =>
    changeTags(call, groupNameOf(call, input.resourceArn!), (tags) => readTags(input.tags, tags)),
  UntagResource: (call, input) =>
    changeTags(call, groupNameOf(call, input.resourceArn!), (tags) => withoutTags(tags, input.tagKeys!)),
  ListTagsForResource: (call, input) => tagsOf(call, groupNameOf(call, input.resourceArn!)),
  TagLogGroup: (call, input) => changeTags(call, input.logGroupName!, (tags) => readTags(input.tags, tags)),
  UntagLogGroup: (call, input) => changeTags(call, input.logGroupName!, (tags) => withoutTags(tags, input.tags!)),
  ListTagsLogGroup: (call, input) => tagsOf(call, input.logGroupName!),
} satisfies Handlers<typeof Logs>;
