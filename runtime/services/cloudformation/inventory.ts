/** What stacks have made, resource by resource, for tools that want to call things by the name of their construct. */
import type { Kernel } from '../../kernel/call';
import { allStacks, resourcesOf } from './state';

export interface Placed {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  readonly logicalId: string;
  readonly type: string;
  readonly physicalId: string;
  /** Of types that have an attribute of this name. */
  readonly arn?: string;
  /** `AppData/Uploads`, without the `/Resource` that CDK appends; of other templates `stack/logicalId`. */
  readonly construct: string;
}

/** Everything that exists in stacks that are not deleted. */
export async function inventoryOf({ store }: Kernel): Promise<Placed[]> {
  const found: Placed[] = [];
  for (const stack of await allStacks(store)) {
    if (stack.status === 'DELETE_COMPLETE') continue;
    for (const { logicalId, type, constructPath, now } of await resourcesOf(store, stack)) {
      if (!now) continue;
      const { account, region, name: stackName } = stack;
      const construct = constructPath?.replace(/\/(Resource|Default)$/, '') ?? `${stackName}/${logicalId}`;
      const arn = typeof now.attributes.Arn === 'string' ? now.attributes.Arn : undefined;
      found.push({ stackName, account, region, logicalId, type, physicalId: now.physicalId, arn, construct });
    }
  }
  return found;
}
