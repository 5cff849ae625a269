/** The key policy: read and replaced whole. Every key has exactly one, named `default`. */
import type * as Kms from '@aws-sdk/client-kms';
import type { Handlers } from '../../../kernel/service';
import { notFound } from '../errors';
import { arnOf, findKey, ownKey } from '../keys';
import { checkPolicy } from '../policies';
import { readPolicy, writePolicy } from '../state';

function checkName(name: string | undefined): void {
  if (name !== undefined && name !== 'default') throw notFound(`No such policy exists: ${name}`);
}

export const policyHandlers = {
  async GetKeyPolicy(call, input) {
    checkName(input.PolicyName);
    const policy = await readPolicy(call.kernel.store, await findKey(call, input.KeyId!, ownKey));
    return { Policy: policy?.document, PolicyName: 'default' };
  },

  async PutKeyPolicy(call, input) {
    checkName(input.PolicyName);
    const key = await findKey(call, input.KeyId!, ownKey);
    const document = input.Policy!;
    await checkPolicy(call, arnOf(key), document, input.BypassPolicyLockoutSafetyCheck);
    await call.kernel.store.write(async (tx) => writePolicy(tx, key, { document, origin: call.origin }));
    return {};
  },

  async ListKeyPolicies(call, input) {
    await findKey(call, input.KeyId!, ownKey);
    return { PolicyNames: ['default'], Truncated: false };
  },
} satisfies Handlers<typeof Kms>;
