/**
 * Time, by the door. Virtual time is real time plus an offset that only moves forward. Nothing else in the runtime
 * may ask the machine for the time. Timers and consumers that follow the clock live in `kernel/timers.ts`.
 */

/** One forward move of the clock. */
export interface Move {
  /** Virtual time before the move, in milliseconds since the epoch. */
  readonly from: number;
  /** Milliseconds skipped. */
  readonly byMs: number;
}

export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

export function milliseconds(duration: Duration): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds: ms = 0 } = duration;
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms;
}

export class Clock {
  private offsetMs: number;
  private readonly record: Move[];

  /** @param moves moves of an earlier life of this clock, as kept by the store */
  constructor(moves: readonly Move[] = []) {
    this.record = [...moves];
    this.offsetMs = moves.reduce((sum, move) => sum + move.byMs, 0);
  }

  /** Virtual time, milliseconds since the epoch. */
  now(): number {
    return Date.now() + this.offsetMs;
  }

  /** How far virtual time is ahead of real time, in milliseconds. A client's unmoved clock is behind by this much. */
  offset(): number {
    return this.offsetMs;
  }

  moves(): readonly Move[] {
    return this.record;
  }

  /**
   * Virtual time at which an unmoved clock showed `realMs`: what a client's time stamp means here. Moves after that
   * moment do not count, so that what was signed before a move is old after it.
   */
  virtualAt(realMs: number): number {
    let offset = this.offsetMs;
    for (let i = this.record.length - 1; i >= 0; i--) {
      const { from, byMs } = this.record[i];
      if (from - (offset - byMs) <= realMs) break;
      offset -= byMs;
    }
    return realMs + offset;
  }

  /**
   * Moves virtual time forward. Only `kernel/timers.ts` calls this: moving the clock must also run what falls due.
   * @throws RangeError on a negative or non-finite span
   */
  skip(byMs: number): Move {
    if (!Number.isFinite(byMs) || byMs < 0) throw new RangeError(`the clock only moves forward, not by ${byMs} ms`);
    const move = { from: this.now(), byMs };
    this.offsetMs += byMs;
    this.record.push(move);
    return move;
  }
}
