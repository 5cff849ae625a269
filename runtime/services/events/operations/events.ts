/** Events themselves. One is accepted once it is in the change log, an entry for each target. Source: "PutEvents". */
import type * as Events from '@aws-sdk/client-eventbridge';
import { isObject } from '../../../engine/template/parse';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import { announceEvent, type BusEvent, type Forwarded } from '../delivery';
import { busNotFound, validation } from '../errors';
import { busNamed } from '../names';
import { readBus } from '../state';
import { checkPattern } from './rules';

const MOST_ENTRIES = 10;
/** Source: EventBridge quotas, "PutEvents entry size". */
const MOST_BYTES = 1_048_576;

type Entry = Events.PutEventsRequestEntry;

interface Fault {
  readonly ErrorCode: string;
  readonly ErrorMessage: string;
}

function faultOf(call: Call, { Source, DetailType, Detail }: Entry): Fault | undefined {
  const missing = (name: string) => ({
    ErrorCode: 'InvalidArgument',
    ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
  });
  if (!Source) return missing('Source');
  if (!DetailType) return missing('DetailType');
  if (!Detail) return missing('Detail');
  // Names of AWS's own services are theirs.
  if (/^aws\./i.test(Source) && call.principal.kind !== 'service')
    return { ErrorCode: 'NotAuthorizedForSourceException', ErrorMessage: 'Not authorized for the source.' };
  try {
    if (isObject(JSON.parse(Detail))) return undefined;
  } catch {
    // Said below.
  }
  return { ErrorCode: 'MalformedDetail', ErrorMessage: 'Detail is malformed.' };
}

function eventOf(call: Call, account: string, entry: Entry, id: string): BusEvent {
  const time = entry.Time ?? new Date(call.now);
  return {
    version: '0',
    id,
    'detail-type': entry.DetailType!,
    source: entry.Source!,
    account,
    // To the second, as on AWS.
    time: `${time.toISOString().slice(0, 19)}Z`,
    region: call.region,
    resources: entry.Resources ?? [],
    detail: JSON.parse(entry.Detail!),
  };
}

const sizeOf = ({ Source = '', DetailType = '', Detail = '', Resources = [], Time }: Entry) =>
  (Time ? 14 : 0) + [Source, DetailType, Detail, ...Resources].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

export const eventHandlers: Handlers<typeof Events> = {
  async PutEvents(call, { Entries = [], EndpointId }) {
    if (EndpointId) throw validation('Coffer does not implement global endpoints of EventBridge.');
    if (Entries.length === 0 || Entries.length > MOST_ENTRIES)
      throw validation(
        `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${MOST_ENTRIES}`,
      );
    if (Entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MOST_BYTES)
      throw validation('Total size of the entries in the request is over the limit.');
    const prepared = Entries.map((entry) => ({ entry, id: call.kernel.random.uuid(), fault: faultOf(call, entry) }));
    const answers = await call.kernel.store.write(async (tx) => {
      const results: Events.PutEventsResultEntry[] = [];
      for (const { entry, id, fault } of prepared) {
        const { place, name } = busNamed(call, entry.EventBusName);
        const known = fault === undefined && (await readBus(tx, place, name));
        if (fault) results.push(fault);
        else if (known) {
          await announceEvent(tx, place, name, eventOf(call, callerOf(call), entry, id), call.now);
          results.push({ EventId: id });
        } else results.push({ EventId: id }); // A bus that is not there takes events and drops them.
      }
      return results;
    });
    return { FailedEntryCount: answers.filter(({ ErrorCode }) => ErrorCode !== undefined).length, Entries: answers };
  },

  async TestEventPattern(_, { EventPattern = '', Event = '' }) {
    const pattern = checkPattern(EventPattern);
    let event: unknown;
    try {
      event = JSON.parse(Event);
    } catch {
      throw validation('Parameter Event is not valid.');
    }
    const wanted = ['id', 'account', 'source', 'time', 'region', 'resources', 'detail-type'];
    if (!isObject(event) || wanted.some((name) => !Object.hasOwn(event as object, name)))
      throw validation('Parameter Event is not valid.');
    return { Result: pattern(event) };
  },
};

/** No operation of the API: how a rule's target is another bus, which `events:PutEvents` is asked for. */
export const forwarding = {
  async ForwardEvent(call: Call, { bus, event }: Forwarded): Promise<object> {
    const { place, name } = busNamed(call, bus);
    await call.kernel.store.write(async (tx) => {
      if (!(await readBus(tx, place, name))) throw busNotFound(name);
      await announceEvent(tx, place, name, event, call.now, true);
    });
    return {};
  },
};

/** Services tell of the account whose resource it is about. */
function callerOf({ principal, account }: Call): string {
  return principal.account ?? principal.sourceAccount ?? account;
}
