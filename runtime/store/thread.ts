/**
 * A thread that digests, seals and writes long bodies: the other side of `threads.ts`. Whatever it is told of a body it
 * does in order; after a failure the body is dead, and the caller knows. It opens and closes no file.
 */
import { writevSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parentPort } from 'node:worker_threads';
import { type Digest, type DigestName, digest } from '../base/digests';
import { FRAME_BYTES, type FrameCipher, frameCipher } from './frames';
import type { Begin, Order, Report, Slab } from './threads';

// Ciphers cannot write into a given buffer. What they return is garbage outside the heap at once, of which V8 lets a quiet
// thread gather some 40 MiB; it has no other way to ask for a collection.
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as (options: { type: 'minor' }) => void;
/** Slabs between two collections: 4 MiB. */
const SLABS_BETWEEN = 16;
let slabs = 0;

interface Body {
  readonly fd: number;
  readonly cipher?: FrameCipher;
  readonly digests: readonly [DigestName, Digest][];
  frames: number;
}

const bodies = new Map<number, Body>();

function begin({ body, fd, seal, digests }: Begin): void {
  bodies.set(body, {
    fd,
    cipher: seal && frameCipher(seal.key, seal.id),
    digests: digests.map((name) => [name, digest(name)]),
    frames: 0,
  });
}

function take(body: Body, { kind, slab, length }: Slab): void {
  const content = new Uint8Array(slab, 0, length);
  if (++slabs % SLABS_BETWEEN === 0) collectGarbage({ type: 'minor' });
  for (const [, one] of body.digests) one.update(content);
  writeAll(body.fd, body.cipher ? seal(body, body.cipher, content, kind === 'end') : [content]);
}

function seal(body: Body, cipher: FrameCipher, content: Uint8Array, isEnd: boolean): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  do {
    const to = from + FRAME_BYTES;
    parts.push(...cipher.seal(body.frames++, isEnd && to >= content.length, content.subarray(from, to)));
    from = to;
  } while (from < content.length);
  return parts;
}

/** `writev` may write less than it was given. */
function writeAll(fd: number, parts: Uint8Array[]): void {
  for (let left = parts.filter(({ length }) => length > 0); left.length > 0; ) {
    let written = writevSync(fd, left);
    while (left.length > 0 && written >= left[0].length) written -= left.shift()!.length;
    if (written > 0) left = [left[0].subarray(written), ...left.slice(1)];
  }
}

async function finish({ digests }: Body): Promise<Record<string, Uint8Array>> {
  const values: Record<string, Uint8Array> = {};
  for (const [name, one] of digests) values[name] = Uint8Array.from(await one.finish());
  return values;
}

function report(message: Report, slab?: ArrayBuffer): void {
  parentPort!.postMessage(message, slab ? [slab] : []);
}

parentPort!.on('message', async (order: Order) => {
  const { body: id } = order;
  try {
    if (order.kind === 'begin') begin(order);
    else if (order.kind === 'drop') {
      bodies.delete(id);
      report({ kind: 'dropped', body: id });
    } else {
      const body = bodies.get(id);
      if (!body) return;
      take(body, order);
      if (order.kind === 'write') report({ kind: 'slab', body: id, slab: order.slab }, order.slab);
      else {
        bodies.delete(id);
        report({ kind: 'ended', body: id, digests: await finish(body), slab: order.slab }, order.slab);
      }
    }
  } catch (error) {
    bodies.delete(id);
    const { message, code } = error as NodeJS.ErrnoException;
    report({ kind: 'failed', body: id, message, code });
  }
});
