/** Clients that make the runtime wait: who neither sends nor reads for too long is given up. */

/** How long a client may pause while it sends a body or reads an answer. AWS closes such connections after about 20 s. */
export const STALL_SECONDS = 30;

/** Everyone who waits for a client, looked at once a second: cheaper than a timer for each wait. */
export class Stalls {
  private readonly waits = new Map<object, { since: number; giveUp: () => void }>();
  private seconds = 0;
  private readonly tick: NodeJS.Timeout;

  constructor(patienceSeconds: number) {
    this.tick = setInterval(() => {
      this.seconds++;
      for (const [key, wait] of this.waits) {
        if (this.seconds - wait.since <= patienceSeconds) continue;
        this.waits.delete(key);
        wait.giveUp();
      }
    }, 1000).unref();
  }

  watch(key: object, giveUp: () => void): void {
    this.waits.set(key, { since: this.seconds, giveUp });
  }

  forget(key: object): void {
    this.waits.delete(key);
  }

  stop(): void {
    clearInterval(this.tick);
  }
}
