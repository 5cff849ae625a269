/**
 * Policies of event buses. Services put their own events on the default bus of the account that they are about, which
 * takes no policy. Source: EventBridge user guide, "Permissions for event buses", "Events from AWS services".
 */
import type { AttachedPolicy, PolicySource } from '../../kernel/authorize';
import type { Kernel } from '../../kernel/call';
import { readArn } from './names';
import { type BusRow, DEFAULT_BUS, readBus, scanAllBuses } from './state';

export const busPolicies: PolicySource = {
  async verdict({ store }, check, principal) {
    const found = readArn(check.resource);
    const bus = found && found.rule === undefined && (await readBus(store, found.place, found.bus));
    if (!bus) return undefined;
    const { account } = found.place;
    const own =
      principal.kind === 'service' && bus.name === DEFAULT_BUS && principal.sourceAccount === account
        ? { grant: { allowed: check.action === 'events:PutEvents', reason: 'services report to the default bus' } }
        : {};
    return {
      owner: account,
      sameAccount: 'sufficient',
      policies: policiesOf(bus),
      ...own,
    };
  },
};

function policiesOf({ name, statements }: BusRow): AttachedPolicy[] {
  return Object.entries(statements).map(([sid, { document, origin }]) => ({
    kind: 'resource',
    name: `statement "${sid}" in the policy of event bus ${name}`,
    document: JSON.stringify({ Version: '2012-10-17', Statement: [JSON.parse(document)] }),
    origin,
  }));
}

/** Policies of all event buses. */
export async function* documents({ store }: Kernel): AsyncIterable<AttachedPolicy> {
  for await (const { value } of scanAllBuses(store)) yield* policiesOf(value);
}
