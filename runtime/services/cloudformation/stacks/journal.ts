/**
 * The running operation's view of its stack: rows as they are now, and the events that led there, written in batches.
 * One commit carries whatever came together while the last one was under way. Times of events of one stack strictly
 * increase, whatever the clock says: clients sort by them.
 */
import type { Kernel } from '../../../kernel/call';
import { announce } from '../notices';
import {
  putEvent,
  putResource,
  putStack,
  type Resource,
  removeResource,
  type Stack,
  type StackEvent,
  type Writer,
} from '../state';

export interface Journal {
  /** As of now, committed or not. */
  stack(): Stack;
  resource(logicalId: string): Resource | undefined;
  resources(): Resource[];
  changeStack(change: Partial<Stack>): void;
  /** Changes the status of the stack and says so in an event. */
  stackStatus(status: string, reason?: string): void;
  /** Puts a row without an event. */
  put(resource: Resource): void;
  /** Puts a row whose status changed, with its event. `physicalId`: when it is not that of the row's `now`. */
  record(resource: Resource, physicalId?: string): void;
  remove(logicalId: string): void;
  /** Resolves when all that was said so far is durable. */
  flush(): Promise<void>;
  /** Writes all that was said so far as part of somebody else's commit. */
  writeTo(tx: Writer): void;
  /** Commits all that was said so far together with `work`; when `work` throws, neither happens. */
  commit(work: (tx: Writer) => Promise<void>): Promise<void>;
}

interface Batch {
  readonly stack: Stack;
  readonly stackChanged: boolean;
  readonly ids: readonly string[];
  readonly events: readonly { readonly sequence: number; readonly event: StackEvent }[];
}

/** @param listener sees every event at once, committed or not */
export function openJournal(
  kernel: Kernel,
  opened: Stack,
  rows: readonly Resource[],
  listener?: (event: StackEvent) => void,
): Journal {
  let stack = opened;
  const resources = new Map(rows.map((row) => [row.logicalId, row]));
  let stackChanged = false;
  const dirty = new Set<string>();
  let events: { sequence: number; event: StackEvent }[] = [];
  let last: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;

  function enqueue(work: () => Promise<void>): Promise<void> {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  }

  function say(event: Pick<StackEvent, 'logicalId' | 'physicalId' | 'type' | 'status' | 'reason'>): void {
    const at = Math.max(kernel.clock.now(), stack.lastEventAt + 1);
    const sequence = stack.events + 1;
    const { id = '', token } = stack.operation ?? {};
    const full = { ...event, id: kernel.random.uuid(), at, operationId: id, token };
    events.push({ sequence, event: full });
    stack = { ...stack, lastEventAt: at, events: sequence };
    stackChanged = true;
    listener?.(full);
  }

  function put(resource: Resource): void {
    resources.set(resource.logicalId, { ...resource, at: kernel.clock.now() });
    dirty.add(resource.logicalId);
  }

  function putBatch(tx: Writer, batch: Batch): void {
    if (batch.stackChanged) putStack(tx, batch.stack);
    for (const id of batch.ids) {
      const row = resources.get(id);
      if (row) putResource(tx, batch.stack, row);
      else removeResource(tx, batch.stack, id);
    }
    for (const { sequence, event } of batch.events) {
      putEvent(tx, batch.stack, sequence, event);
      announce(tx, batch.stack, event);
    }
  }

  async function write(work?: (tx: Writer) => Promise<void>): Promise<void> {
    const batch: Batch = { stack, stackChanged, ids: [...dirty], events };
    if (!stackChanged && dirty.size === 0 && events.length === 0 && !work) return;
    stackChanged = false;
    dirty.clear();
    events = [];
    try {
      await kernel.store.write(async (tx) => {
        await work?.(tx);
        putBatch(tx, batch);
      });
    } catch (error) {
      stackChanged ||= batch.stackChanged;
      for (const id of batch.ids) dirty.add(id);
      events = [...batch.events, ...events];
      throw error;
    }
  }

  return {
    stack: () => stack,
    resource: (logicalId) => resources.get(logicalId),
    resources: () => [...resources.values()],
    changeStack(change) {
      stack = { ...stack, ...change };
      stackChanged = true;
    },
    stackStatus(status, reason) {
      stack = { ...stack, status, reason };
      const { name, id } = stack;
      say({ logicalId: name, physicalId: id, type: 'AWS::CloudFormation::Stack', status, reason });
    },
    put,
    record(resource, physicalId = resource.now?.physicalId ?? '') {
      put(resource);
      const { logicalId, type, status, reason } = resource;
      say({ logicalId, physicalId, type, status, reason });
    },
    remove(logicalId) {
      resources.delete(logicalId);
      dirty.add(logicalId);
    },
    flush() {
      next ??= enqueue(() => {
        next = undefined;
        return write();
      });
      return next;
    },
    writeTo: (tx) => putBatch(tx, { stack, stackChanged, ids: [...dirty], events }),
    commit: (work) => enqueue(() => write(work)),
  };
}
