/**
 * The newest questions that were answered with yes, so that somebody can still ask why. What is kept of each is the call,
 * which lets go of its body once it is answered (`invoke.ts`); the answer is worked out anew when it is wanted.
 */
import type { Check } from './authorize';
import type { Call } from './call';

/** As much of a call as an authorisation depends on. */
export type Asking = Pick<
  Call,
  'kernel' | 'requestId' | 'onBehalfOf' | 'now' | 'service' | 'principal' | 'account' | 'region' | 'via' | 'request'
>;

/**
 * How many authorisations are kept; the oldest go first. More would outlive the young generation of the heap under load:
 * 500 of them made every request a tenth dearer.
 */
export const keptAuthorisations = 128;

interface Kept {
  readonly asking: Asking;
  readonly checks: readonly Check[];
}

export class Recent {
  private readonly ring: (Kept | undefined)[] = new Array(keptAuthorisations).fill(undefined);
  private next = 0;

  add(call: Call, checks: readonly Check[]): void {
    this.ring[this.next] = { asking: call, checks };
    this.next = (this.next + 1) % keptAuthorisations;
  }

  /** In the order in which they were asked. */
  of(requestId: string): readonly Kept[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)].filter(
      (kept) => kept?.asking.requestId === requestId || kept?.asking.onBehalfOf === requestId,
    ) as Kept[];
  }
}
