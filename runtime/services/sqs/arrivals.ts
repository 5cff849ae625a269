/** Receivers that wait for a message: a doorbell for each queue. What it wakes looks for itself; nothing is lost. */

/** One receiver's place at the door. Taken before it looks, so that no message comes in between unheard. */
export interface Bell {
  /** Resolves when it rings (or has rung since it was taken), or after `ms` real milliseconds. */
  wait(ms: number): Promise<void>;
  leave(): void;
}

export interface Arrivals {
  bell(queue: string): Bell;
  ring(queue: string): void;
  /** Lets everyone go, now and from now on. */
  close(): void;
  readonly closed: boolean;
}

export function createArrivals(): Arrivals {
  const bells = new Map<string, Set<() => void>>();
  let closed = false;

  function bell(queue: string): Bell {
    let rung = closed;
    let answer: (() => void) | undefined;
    const ring = () => {
      rung = true;
      answer?.();
    };
    const places = bells.get(queue) ?? new Set();
    bells.set(queue, places.add(ring));
    return {
      wait: (ms) =>
        new Promise((resolve) => {
          if (rung) return resolve();
          const timer = setTimeout(resolve, ms);
          answer = () => {
            clearTimeout(timer);
            resolve();
          };
        }),
      leave() {
        places.delete(ring);
        if (places.size === 0 && bells.get(queue) === places) bells.delete(queue);
      },
    };
  }

  const ring = (queue: string) => {
    for (const answer of [...(bells.get(queue) ?? [])]) answer();
  };
  return {
    bell,
    ring,
    close() {
      closed = true;
      for (const queue of [...bells.keys()]) ring(queue);
    },
    get closed() {
      return closed;
    },
  };
}
