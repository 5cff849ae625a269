/** Stack policies, and other things said of a stack without an operation on it. */
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { missingStack, validationError } from '../errors';
import { fetchTemplate } from '../source';
import { readStackPolicy } from '../stacks/policy';
import { findStack, putStack } from '../state';
import { putPolicyText, readPolicyText } from '../state/policies';
import { stackNamed } from './views';

type Client = typeof import('@aws-sdk/client-cloudformation');

export const policyHandlers: Handlers<Client> = {
  async SetStackPolicy(call, { StackName, StackPolicyBody, StackPolicyURL }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    const text = await policyText(call, 'StackPolicy', StackPolicyBody, StackPolicyURL);
    if (text === undefined) throw validationError('Either StackPolicyBody or StackPolicyURL must be specified.');
    readStackPolicy(text);
    await call.kernel.store.write(async (tx) => putPolicyText(tx, stack, text));
    return {};
  },

  async GetStackPolicy(call, { StackName }) {
    const stack = await stackNamed(call, StackName, missingStack.change);
    return { StackPolicyBody: await readPolicyText(call.kernel.store, stack) };
  },

  async UpdateTerminationProtection(call, input) {
    const { EnableTerminationProtection: terminationProtection = false } = input;
    const stack = await stackNamed(call, input.StackName, missingStack.change);
    if (stack.parentId !== undefined) {
      throw validationError(
        `Termination protection cannot be changed on nested stack ${stack.name}; change it on the root stack`,
      );
    }
    await call.kernel.store.write(async (tx) => {
      const current = (await findStack(tx, stack.account, stack.region, stack.id)) ?? stack;
      putStack(tx, { ...current, terminationProtection });
    });
    return { StackId: stack.id };
  },

  /** Source: CloudFormation user guide, "Understand CloudFormation quotas". */
  async DescribeAccountLimits() {
    const limits = { StackLimit: 2000, StackOutputsLimit: 200, ConcurrentResourcesLimit: 2500 };
    return { AccountLimits: Object.entries(limits).map(([Name, Value]) => ({ Name, Value })) };
  },
};

/** @returns undefined when neither is given. @throws AwsError when both are */
export async function policyText(
  call: Call,
  name: string,
  body: string | undefined,
  url: string | undefined,
): Promise<string | undefined> {
  if (body && url) throw validationError(`You cannot specify both ${name}Body and ${name}URL`);
  return url ? fetchTemplate(call, url) : body || undefined;
}
