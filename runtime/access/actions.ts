/**
 * Which actions are asked of which kind of resource: all that AWS has for it, with the condition keys that a request for
 * each may carry. Source: Service Authorization Reference, through `kernel/vocabulary.ts`.
 */
import { type ActionFacts, isKeyAmong } from '../engine/policy/vocabulary';
import { vocabulary } from '../kernel/vocabulary';

export type Kind = 'bucket' | 'object' | 'key' | 'queue' | 'topic' | 'bus' | 'function' | 'role';

/** Services whose actions are asked, and the form of the ARNs that they apply to. */
const kinds: Readonly<Record<Kind, { readonly services: readonly string[]; readonly form: RegExp }>> = {
  bucket: { services: ['s3'], form: /:s3:::\$\{BucketName\}$/ },
  object: { services: ['s3'], form: /:s3:::\$\{BucketName\}\/\$\{ObjectName\}$/ },
  key: { services: ['kms'], form: /:key\/\$\{KeyId\}$/ },
  queue: { services: ['sqs'], form: /:\$\{QueueName\}$/ },
  topic: { services: ['sns'], form: /:\$\{TopicName\}$/ },
  bus: { services: ['events'], form: /:event-bus\/\$\{EventBusName\}$/ },
  function: { services: ['lambda'], form: /:function:\$\{FunctionName\}$/ },
  role: { services: ['sts', 'iam'], form: /:role\/\$\{RoleNameWithPath\}$/ },
};

/** An action, and whether a request for it may carry a condition key (in lower case). */
export interface Action {
  /** `s3:GetObject`. */
  readonly name: string;
  carries(key: string): boolean;
}

const known = new Map<Kind, Promise<readonly Action[]>>();

/** In order of their names. */
export function actionsOf(kind: Kind): Promise<readonly Action[]> {
  const actions = known.get(kind) ?? read(kind);
  known.set(kind, actions);
  return actions;
}

async function read(kind: Kind): Promise<readonly Action[]> {
  const { services, form } = kinds[kind];
  const found: Action[] = [];
  for (const service of services) {
    const facts = await vocabulary.service(service);
    const actions = [...(facts?.actions.values() ?? [])].filter(({ resources }) => resources.some((r) => form.test(r)));
    const general = generalKeys(actions);
    for (const { name, keys } of actions)
      found.push({ name: `${service}:${name}`, carries: remembered([...keys, ...general]) });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Keys of most actions count as everybody's: those that do without (permissions without an operation of their own, such
 * as s3:InitiateReplication) would tear apart what is said of all.
 */
function generalKeys(actions: readonly ActionFacts[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const key of actions.flatMap(({ keys }) => keys)) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > actions.length / 2).map(([key]) => key);
}

/** Tags that a request brings are a matter of the action, like the keys of services; what else is global, all carry. */
const OF_ACTIONS = /^(?!aws:)|^aws:(requesttag\/|tagkeys$)/;

function remembered(keys: readonly string[]): Action['carries'] {
  const answers = new Map<string, boolean>();
  return (key) => {
    let answer = answers.get(key);
    if (answer === undefined) {
      answer = !OF_ACTIONS.test(key) || isKeyAmong(key, keys);
      answers.set(key, answer);
    }
    return answer;
  };
}
