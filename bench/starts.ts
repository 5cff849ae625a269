/** Starting: the CLI to its first answer and at rest, and `startCoffer()` in a warm process. */
import { setTimeout as pause } from 'node:timers/promises';
import { startCoffer } from '@coffer/runtime';
import { mebibytes, median, type Row } from './rows';
import { resident, startServer } from './servers';

export async function starts(): Promise<Row[]> {
  const cold: number[] = [];
  let idle = 0;
  for (let n = 0; n < 5; n++) {
    const server = await startServer();
    cold.push(server.startMs);
    if (n === 4) {
      await pause(2000);
      idle = (await resident(server.pid)).now;
    }
    await server.stop();
  }
  const warm: number[] = [];
  for (let n = 0; n < 11; n++) {
    const from = performance.now();
    const coffer = await startCoffer();
    if (n > 0) warm.push(performance.now() - from);
    await coffer.close();
  }
  return [
    { name: 'coffer start to first answer, median of 5', value: `${median(cold).toFixed(0)} ms`, target: '< 400 ms' },
    { name: 'coffer start, idle', value: mebibytes(idle), target: '< 120 MB (114 MiB)' },
    { name: 'startCoffer(), warm, median of 10', value: `${median(warm).toFixed(1)} ms`, target: '< 100 ms' },
  ];
}
