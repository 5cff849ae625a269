/**
 * Policies of event buses. Services put their own events on the default bus of the account that they are about, which
 * takes no policy. Source: EventBridge user guide, "Permissions for event buses", "Events from AWS services".
 */
import type { PolicySource } from '../../kernel/authorize';
import { readArn } from './names';
import { DEFAULT_BUS, readBus } from './state';

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
      policies: Object.entries(bus.statements).map(([sid, { document, origin }]) => ({
        kind: 'resource',
        name: `statement "${sid}" in the policy of event bus ${bus.name}`,
        document: JSON.stringify({ Version: '2012-10-17', Statement: [JSON.parse(document)] }),
        origin,
      })),
      ...own,
    };
  },
};
