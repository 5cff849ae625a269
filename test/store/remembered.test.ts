import type { Engine } from '../../runtime/store/lmdb';
import { openStore } from '../../runtime/store/open';
import { type Store, table } from '../../runtime/store/port';
import { rememberRows } from '../../runtime/store/remembered';

const rows = table<{ readonly n: number }>('test.rows', { hot: true });

/** An engine whose commits show when `land` is called and end when `end` is. */
function slowEngine() {
  const rows = new Map<string, unknown>([['a', { n: 1 }]]);
  let reads = 0;
  let land = () => {};
  let end = () => {};
  const engine: Engine = {
    get(key) {
      reads++;
      return rows.get(key);
    },
    walk: () => [],
    commit: (entries) =>
      new Promise((resolve) => {
        land = () => {
          for (const [key, value] of entries) rows.set(key, value);
        };
        end = resolve;
      }),
    copyTo: async () => {},
    close: async () => {},
  };
  return { engine: rememberRows(engine), reads: () => reads, land: () => land(), end: () => end() };
}

describe('rows of hot tables', () => {
  test('are read once between commits, absent ones too', () => {
    const { engine, reads } = slowEngine();
    for (let i = 0; i < 3; i++) expect([engine.get('a', true), engine.get('b', true)]).toEqual([{ n: 1 }, undefined]);
    expect(reads()).toBe(2);
  });

  test('are read anew for as long as a commit that writes them is under way', async () => {
    const { engine, land, end } = slowEngine();
    engine.get('a', true);
    const committed = engine.commit(new Map([['a', Buffer.from('new')]]));
    expect(engine.get('a', true)).toEqual({ n: 1 });
    land();
    expect(engine.get('a', true)).toEqual(Buffer.from('new'));
    end();
    await committed;
    expect(engine.get('a', true)).toEqual(Buffer.from('new'));
  });

  describe('in a store', () => {
    let store: Store;
    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(() => store.close());

    test('show every write that has been acknowledged', async () => {
      for (let n = 1; n <= 50; n++) {
        const written = store.write(async (tx) => tx.put(rows, ['a'], { n }));
        await store.get(rows, ['a']);
        await written;
        expect(await store.get(rows, ['a'])).toEqual({ n });
      }
      await store.write(async (tx) => tx.delete(rows, ['a']));
      expect(await store.get(rows, ['a'])).toBeUndefined();
    });

    test('cannot be changed by who reads them', async () => {
      await store.write(async (tx) => tx.put(rows, ['a'], { n: 1 }));
      const row = (await store.get(rows, ['a'])) as { n: number };
      expect(() => row.n++).toThrow(TypeError);
    });
  });
});
