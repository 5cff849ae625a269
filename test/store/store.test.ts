import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { openStore } from '../../runtime/store/open';
import { type Entry, type Key, type Range, type Store, table, type Writer } from '../../runtime/store/port';

const things = table<unknown>('test.things');
const others = table<unknown>('test.others');

let directory: string;
let store: Store;
beforeEach(async () => {
  directory = mkdtempSync(join(os.tmpdir(), 'coffer-test-'));
  store = await openStore({ directory, durable: false });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

async function reopen(): Promise<void> {
  await store.close();
  store = await openStore({ directory, durable: false });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

// ---- against a model --------------------------------------------------------------------------------------------

type Model = Map<string, { key: Key; value: unknown }>;

function compare(a: Key, b: Key): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const [x, y] = [a[i], b[i]];
    if (typeof x !== typeof y) return typeof x === 'number' ? -1 : 1;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

function expected(model: Model, range: Range): Entry<unknown>[] {
  const { within = [], prefix, from, after, before, past, reverse, limit } = range;
  const direction = reverse ? -1 : 1;
  const begins = (key: Key, start: Key) => compare(key.slice(0, start.length), start) === 0;
  const beyondPrefix = (key: Key, of: Key) => {
    const last = of.length - 1;
    const inside = begins(key, of.slice(0, last)) && String(key[last] ?? '').startsWith(String(of[last]));
    return !(inside && typeof key[last] === 'string') && compare(key, of) * direction > 0;
  };
  return [...model.values()]
    .filter(({ key }) => begins(key, within))
    .filter(
      ({ key }) =>
        prefix === undefined || (typeof key[within.length] === 'string' && `${key[within.length]}`.startsWith(prefix)),
    )
    .filter(({ key }) => !from || compare(key, from) * direction >= 0)
    .filter(({ key }) => !after || compare(key, after) * direction > 0)
    .filter(({ key }) => !before || compare(key, before) * direction < 0)
    .filter(({ key }) => !past || beyondPrefix(key, past))
    .sort((a, b) => compare(a.key, b.key) * direction)
    .slice(0, limit);
}

const part = fc.oneof(fc.constantFrom('a', 'ab', 'b', 'a/', 'a/b', ''), fc.integer({ min: -2, max: 3 }));
const key = fc.array(part, { minLength: 1, maxLength: 3 }) as fc.Arbitrary<Key>;
const value = fc.oneof(fc.string(), fc.integer(), fc.constant({ nested: [1, 'x', null, { deep: true }] }));
const range: fc.Arbitrary<Range> = fc.record(
  {
    within: fc.oneof(fc.constant([]), fc.tuple(part)),
    prefix: fc.constantFrom('a', 'a/', ''),
    from: key,
    after: key,
    before: key,
    past: fc.tuple(fc.constantFrom('a', 'b'), fc.constantFrom('a', 'a/')),
    reverse: fc.boolean(),
    limit: fc.integer({ min: 0, max: 6 }),
  },
  { requiredKeys: [] },
);
type Step = { put: Key; value: unknown } | { delete: Key } | { page: Range } | { scan: Range } | { get: Key };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ put: key, value }) },
  { weight: 2, arbitrary: fc.record({ delete: key }) },
  fc.record({ page: range }),
  fc.record({ scan: range }),
  fc.record({ get: key }),
);
const transaction = fc.record({ steps: fc.array(step, { maxLength: 8 }), fails: fc.boolean() });
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ together: fc.array(transaction, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: fc.constant('reopen' as const) },
  { weight: 4, arbitrary: fc.record({ look: range }) },
);

test('random transactions do what a map does, also together, failing and reopened', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 12 }), async (commands) => {
      let model: Model = new Map();
      let announced = 0;
      const head = store.changes.head();
      await store.write(async (tx) => {
        for await (const entry of tx.scan(things)) tx.delete(things, entry.key);
      });
      for (const one of commands) {
        if (one === 'reopen') await reopen();
        else if ('look' in one) {
          expect(await store.page(things, one.look)).toEqual(expected(model, one.look));
          expect(await all(store.scan(things, one.look))).toEqual(expected(model, one.look));
        } else {
          const outcomes = one.together.map(({ steps, fails }) =>
            store.write(async (tx) => {
              const mine: Model = new Map(model);
              for (const action of steps) {
                if ('put' in action) {
                  tx.put(things, action.put, action.value);
                  mine.set(JSON.stringify(action.put), { key: action.put, value: action.value });
                } else if ('delete' in action) {
                  tx.delete(things, action.delete);
                  mine.delete(JSON.stringify(action.delete));
                } else if ('get' in action)
                  expect(await tx.get(things, action.get)).toEqual(mine.get(JSON.stringify(action.get))?.value);
                else if ('page' in action)
                  expect(await tx.page(things, action.page)).toEqual(expected(mine, action.page));
                else expect(await all(tx.scan(things, action.scan))).toEqual(expected(mine, action.scan));
              }
              tx.announce({ topic: 't', key: 'k', data: {} });
              if (fails) throw new Error('on purpose');
              model = mine;
              announced++;
            }),
          );
          for (const [i, outcome] of (await Promise.allSettled(outcomes)).entries()) {
            if (outcome.status === 'rejected') expect(outcome.reason).toEqual(new Error('on purpose'));
            expect(outcome.status).toBe(one.together[i].fails ? 'rejected' : 'fulfilled');
          }
        }
      }
      expect(await store.page(things)).toEqual(expected(model, {}));
      expect(store.changes.head()).toBe(head + announced);
    }),
    { numRuns: 120, seed: 7 },
  );
});

// ---- transactions -----------------------------------------------------------------------------------------------

test('concurrent increments are serializable', async () => {
  const increment = () =>
    store.write(async (tx) => {
      const n = ((await tx.get(things, ['n'])) as number | undefined) ?? 0;
      tx.put(things, ['n'], n + 1);
      return n;
    });
  const seen = await Promise.all(Array.from({ length: 600 }, increment));
  expect([...seen].sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, i) => i));
  expect(await store.get(things, ['n'])).toBe(600);
});

test('a value is what it was when it was put, and a reader gets its own', async () => {
  const original = { list: [1], bytes: new Uint8Array([1, 2]) };
  await store.write(async (tx) => {
    tx.put(things, ['v'], original);
    original.list.push(2);
    const mine = (await tx.get(things, ['v'])) as typeof original;
    expect(mine.list).toEqual([1]);
    mine.list.push(3);
    expect(((await tx.get(things, ['v'])) as typeof original).list).toEqual([1]);
  });
  const read = (await store.get(things, ['v'])) as typeof original;
  expect(read.list).toEqual([1]);
  expect([...read.bytes]).toEqual([1, 2]);
});

test('a scan sees what its own transaction writes ahead of it', async () => {
  await store.write(async (tx) => {
    for (let i = 0; i < 100; i++) tx.put(things, [i], i);
    const met: number[] = [];
    for await (const { key } of tx.scan(things)) {
      const n = key[0] as number;
      met.push(n);
      tx.delete(things, [n + 1]);
      if (n === 98) tx.put(things, [200], 200);
    }
    expect(met).toEqual([...Array.from({ length: 50 }, (_, i) => 2 * i), 200]);
  });
});

test('a scan outside meets each row that stays exactly once while others come and go', async () => {
  const put = (from: number, to: number) =>
    store.write(async (tx) => {
      for (let i = from; i < to; i++) tx.put(things, [i], 'x'.repeat(50));
    });
  await put(0, 3000);
  const met: number[] = [];
  for await (const { key } of store.scan(things, { before: [3000] })) {
    const n = key[0] as number;
    met.push(n);
    if (n % 500 === 0)
      await store.write(async (tx) => {
        tx.put(things, [n + 0.5], 'new');
        tx.put(things, [n - 0.5], 'behind');
      });
  }
  const whole = met.filter(Number.isInteger);
  expect(whole).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  expect(new Set(met).size).toBe(met.length);
});

test('defects of a caller are refused by name and roll back', async () => {
  const named = (name: string) => expect.objectContaining({ name });
  let escaped: Writer | undefined;
  await store.write(async (tx) => {
    escaped = tx;
  });
  expect(() => escaped?.put(things, ['x'], 1)).toThrow(named('TransactionEnded'));
  const failing = (work: (tx: Writer) => Promise<void>) => expect(store.write(work)).rejects;
  await failing(async (tx) => tx.put(things, ['x'], undefined)).toEqual(named('ValueInvalid'));
  await failing(async (tx) => tx.put(things, ['x'.repeat(3000)], 1)).toEqual(named('KeyTooLong'));
  await failing(async (tx) => tx.put(things, ['x'], Buffer.alloc(17 * 1024 * 1024))).toEqual(named('ValueTooLarge'));
  await failing(async (tx) => {
    tx.put(things, ['half'], 1);
    tx.keep({ id: 'A'.repeat(26), sizeBytes: 1 });
  }).toEqual(named('BlobGone'));
  expect(await store.page(things)).toEqual([]);
  // A work that throws before it returns a promise is a failure like any other.
  await expect(
    store.write(() => {
      throw new Error('at once');
    }),
  ).rejects.toThrow('at once');
});

test('a closed store refuses writes and finishes those under way', async () => {
  const other = await openStore();
  const writes = Array.from({ length: 10 }, (_, i) => other.write(async (tx) => tx.put(things, [i], i)));
  const closing = other.close();
  await Promise.all(writes);
  await closing;
  await other.close();
  await expect(other.write(async () => {})).rejects.toEqual(expect.objectContaining({ name: 'StoreClosed' }));
});

test('large and many values grow the file under open scans', async () => {
  const half = store.scan(things)[Symbol.asyncIterator]();
  const value = Buffer.alloc(1024 * 1024, 7);
  for (let i = 0; i < 40; i++) {
    await store.write(async (tx) => tx.put(things, [i], value));
    if (i === 10 || i === 20) await half.next();
  }
  await half.return?.(undefined);
  expect(((await store.get(things, [39])) as Buffer).equals(value)).toBe(true);
  expect((await store.page(things, { limit: 100 })).length).toBe(40);
});

// ---- changes ----------------------------------------------------------------------------------------------------

test('changes are numbered in commit order, only of transactions that commit, and told of once', async () => {
  const told: number[] = [];
  const unsubscribe = store.changes.subscribe(() => told.push(store.changes.head()));
  const announce = (key: string, fails = false) =>
    store.write(async (tx) => {
      tx.announce({ topic: 'a.thing', key, data: { key } });
      tx.put(others, [key], 1);
      if (fails) throw new Error('no');
    });
  await Promise.allSettled([announce('1'), announce('x', true), announce('2'), announce('3')]);
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  expect(told).toEqual([3]);
  unsubscribe();
  await announce('4');
  expect(await store.changes.after(1, 2)).toEqual([
    { sequence: 2, topic: 'a.thing', key: '2', data: { key: '2' } },
    { sequence: 3, topic: 'a.thing', key: '3', data: { key: '3' } },
  ]);
  await reopen();
  expect(store.changes.head()).toBe(4);
});

test('a trimmed log goes on counting', async () => {
  for (let n = 0; n < 3; n++)
    await store.write(async (tx) => {
      for (let i = 0; i < 700; i++) tx.announce({ topic: 't', key: `${i}`, data: {} });
    });
  await store.changes.trim(1500);
  expect((await store.changes.after(0, 1))[0].sequence).toBe(1501);
  await store.changes.trim(1e9);
  expect(await store.changes.after(0, 10)).toEqual([]);
  await reopen();
  expect(store.changes.head()).toBe(2100);
  await store.write(async (tx) => tx.announce({ topic: 't', key: 'k', data: {} }));
  expect((await store.changes.after(2100, 10)).map(({ sequence }) => sequence)).toEqual([2101]);
});

// ---- ephemeral --------------------------------------------------------------------------------------------------

test('an ephemeral store leaves nothing behind, and many live side by side', async () => {
  const elsewhere = jest.spyOn(os, 'tmpdir').mockReturnValue(directory);
  const before = readdirSync(directory);
  const stores = await Promise.all(Array.from({ length: 20 }, () => openStore()));
  elsewhere.mockRestore();
  await Promise.all(stores.map((each, i) => each.write(async (tx) => tx.put(things, ['i'], i))));
  expect(await Promise.all(stores.map((each) => each.get(things, ['i'])))).toEqual(stores.map((_, i) => i));
  expect(stores[0].durable).toBe(false);
  expect(readdirSync(directory).length).toBe(before.length + 20);
  await Promise.all(stores.map((each) => each.close()));
  expect(readdirSync(directory)).toEqual(before);
});
