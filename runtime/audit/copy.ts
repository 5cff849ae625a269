/** A disposable copy of a runtime: the same state, accounts and time, in a directory of its own that ends with it. */
import { rm } from 'node:fs/promises';
import { type Listener, listen } from '../kernel/http';
import { beginLife, type Life } from '../life';

/** Runs `work` on a copy; whatever it does there is gone afterwards. */
export async function onCopy<T>(original: Life, work: (copy: Life) => Promise<T>): Promise<T> {
  const { store, defaultAccount, defaultRegion, config, clock } = original.kernel;
  const directory = await store.copy();
  let listener: Promise<Listener> | undefined;
  let copy: Life | undefined;
  let begun = () => {};
  const beginning = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const endpoint = async () => {
    await beginning;
    listener ??= listen((request) => copy!.answer(request), {
      port: 0,
      host: '127.0.0.1',
      now: () => clock.now(),
      report: () => {},
    });
    return (await listener).url;
  };
  try {
    copy = await beginLife({ directory, defaultAccount, defaultRegion, config, endpoint, report: () => {} });
    begun();
    return await work(copy);
  } finally {
    await copy?.stop();
    await (await listener)?.close();
    await copy?.close();
    await rm(directory, { recursive: true, force: true });
  }
}
