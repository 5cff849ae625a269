/**
 * The newest questions that were answered with yes, so that somebody can still ask why. What is kept of each is what the
 * request itself holds in memory anyway, without its body; the answer is worked out anew when it is wanted.
 */
import type { Check } from './authorize';
import type { Call } from './call';
import { noBody } from './incoming';

/** As much of a call as an authorisation depends on. */
export type Asking = Pick<
  Call,
  'kernel' | 'requestId' | 'onBehalfOf' | 'now' | 'service' | 'principal' | 'account' | 'region' | 'via' | 'request'
>;

/** How many authorisations are kept; the oldest go first. More would outlive the young generation of the heap. */
export const keptAuthorisations = 500;

interface Kept {
  readonly asking: Asking;
  readonly checks: readonly Check[];
}

export class Recent {
  private readonly ring: (Kept | undefined)[] = new Array(keptAuthorisations).fill(undefined);
  private next = 0;

  add(call: Call, checks: readonly Check[]): void {
    const { kernel, requestId, onBehalfOf, now, service, principal, account, region, via } = call;
    // A body holds its socket.
    const request = call.request?.body === noBody ? call.request : { ...call.request, body: noBody };
    const asking = { kernel, requestId, onBehalfOf, now, service, principal, account, region, via, request };
    this.ring[this.next] = { asking, checks };
    this.next = (this.next + 1) % keptAuthorisations;
  }

  /** In the order in which they were asked. */
  of(requestId: string): readonly Kept[] {
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)].filter(
      (kept) => kept?.asking.requestId === requestId || kept?.asking.onBehalfOf === requestId,
    ) as Kept[];
  }
}
