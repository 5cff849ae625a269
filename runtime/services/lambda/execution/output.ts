/**
 * What a function prints, cut into log events. Plain output is an event per line. Our Node bootstrap, like Lambda's own
 * runtimes, writes framed events to a descriptor of its own, so that one `console.log` of many lines is one event.
 */
import { StringDecoder } from 'node:string_decoder';

export interface Cutter {
  push(chunk: Buffer): void;
  /** Ends an unfinished line. */
  end(): void;
}

const LONGEST_LINE = 262_144;

export function cutLines(emit: (message: string) => void): Cutter {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const push = (chunk: Buffer) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop()!;
    for (const line of lines) emit(`${line}\n`);
    if (rest.length > LONGEST_LINE) end();
  };
  const end = () => {
    if (rest) emit(rest);
    rest = '';
  };
  return { push, end };
}

/** A frame: 0xa55a0003, length, microseconds since the epoch (8 bytes), text; all big-endian. */
export const FRAME = { type: 0xa55a0003, headerBytes: 16 } as const;

export function cutFrames(emit: (message: string) => void): Cutter {
  let rest: Buffer = Buffer.alloc(0);
  return {
    push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= FRAME.headerBytes) {
        const end = FRAME.headerBytes + rest.readUInt32BE(4);
        if (rest.readUInt32BE(0) !== FRAME.type) {
          emit(rest.toString());
          rest = Buffer.alloc(0);
          return;
        }
        if (rest.length < end) return;
        emit(rest.toString('utf8', FRAME.headerBytes, end));
        rest = rest.subarray(end);
      }
    },
    end() {},
  };
}
