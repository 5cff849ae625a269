/**
 * What subscription filters let through, on its way to functions: a change per filter, stream and batch, delivered as
 * `logs.amazonaws.com` on behalf of the group. Source: CloudWatch Logs User Guide, "Log group-level subscription filters".
 */
import { gzipSync } from 'node:zlib';
import { partitionOf } from '../../base/arn';
import { isAwsError } from '../../base/errors';
import type { Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { servicePrincipal } from '../../kernel/principal';
import type { Consumer } from '../../kernel/service';
import type { Writer } from '../../store/port';
import { arnOfGroup } from './names';
import { compilePattern, type Pattern } from './pattern';
import { type FilterRow, filtersOf, type GroupRow, type Place, readFilter, readGroup } from './state';

const TOPIC = 'logs.subscription';

interface Event {
  readonly id: string;
  readonly timestamp: number;
  readonly message: string;
}

/** What is in the change log. */
interface Delivery extends Place {
  readonly group: string;
  readonly stream: string;
  readonly filter: string;
  readonly events: readonly Event[];
}

/** Patterns are few and batches many: each text is read once. */
const patterns = new Map<string, Pattern>();
const MOST_PATTERNS = 1000;

function patternOf(text: string): Pattern {
  const pattern = patterns.get(text) ?? compilePattern(text);
  if (patterns.size >= MOST_PATTERNS) patterns.clear();
  patterns.set(text, pattern);
  return pattern;
}

export async function announceBatch(
  tx: Writer,
  { account, region }: Place,
  group: GroupRow,
  stream: string,
  events: readonly Event[],
): Promise<void> {
  for (const filter of await filtersOf(tx, group.id)) {
    const pattern = patternOf(filter.pattern);
    const wanted = events.filter(({ message }) => pattern(message));
    if (wanted.length === 0) continue;
    const data: Delivery = { account, region, group: group.name, stream, filter: filter.name, events: wanted };
    tx.announce({ topic: TOPIC, key: `${group.id}/${filter.name}/${stream}`, data: { ...data } });
  }
}

/** As much of Lambda as is needed here. */
interface Functions {
  readonly lambda: {
    Invoke(input: { FunctionName: string; InvocationType: 'Event' | 'DryRun'; Payload?: Uint8Array }): Promise<unknown>;
  };
}

function peersOf(kernel: Kernel, { account, region }: Place, group: string): Peers & Functions {
  const source = `${arnOfGroup({ account, region, partition: partitionOf(region) }, group)}:*`;
  return kernel.peers(servicePrincipal('logs.amazonaws.com', source, account), { account, region }) as Peers &
    Functions;
}

/** Whether a function lets this group in. */
export async function isLetIn(kernel: Kernel, at: Place, group: string, functionArn: string): Promise<boolean> {
  try {
    await peersOf(kernel, at, group).lambda.Invoke({ FunctionName: functionArn, InvocationType: 'DryRun' });
    return true;
  } catch (error) {
    if (!isAwsError(error)) throw error;
    return false;
  }
}

/** Refusals that will not change by asking again soon. */
const FINAL = /AccessDenied|NotFound|InvalidParameter/;

async function deliver(kernel: Kernel, delivery: Delivery, filter: FilterRow): Promise<void> {
  const { account, group, stream, events } = delivery;
  const message = {
    messageType: 'DATA_MESSAGE',
    owner: account,
    logGroup: group,
    logStream: stream,
    subscriptionFilters: [filter.name],
    logEvents: events,
  };
  const data = gzipSync(JSON.stringify(message)).toString('base64');
  const Payload = Buffer.from(JSON.stringify({ awslogs: { data } }));
  const { lambda } = peersOf(kernel, delivery, group);
  await lambda.Invoke({ FunctionName: filter.destinationArn, InvocationType: 'Event', Payload });
}

export const consumers: readonly Consumer[] = [
  {
    name: TOPIC,
    topics: [TOPIC],
    async handle({ data }, kernel) {
      const delivery = data as unknown as Delivery;
      const group = await readGroup(kernel.store, delivery, delivery.group);
      const filter = group && (await readFilter(kernel.store, group.id, delivery.filter));
      if (!filter) return;
      try {
        await deliver(kernel, delivery, filter);
      } catch (error) {
        if (!isAwsError(error) || !FINAL.test(error.code)) throw error;
        kernel.report(`logs: ${delivery.group} not delivered to ${filter.destinationArn}: ${error.message}`);
      }
    },
  },
];
