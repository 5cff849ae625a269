/** Deployment progress: one line a resource; on a terminal the last line shows what is under way. */
import type { ProgressEvent } from '@coffer/runtime';

export class Progress {
  private live = false;

  constructor(private readonly out: NodeJS.WriteStream) {}

  show({ stackName, logicalId, type, status, reason, constructPath, durationMs }: ProgressEvent): void {
    const line = `  ${status.padEnd(16)} ${type.padEnd(28)} ${constructPath ?? (logicalId === stackName ? stackName : `${stackName}/${logicalId}`)}  ${durationMs.toFixed(0)} ms${reason ? `: ${reason}` : ''}`;
    if (this.out.isTTY && status.endsWith('_IN_PROGRESS')) {
      this.out.write(`\r\x1b[2K${line.slice(0, (this.out.columns ?? 80) - 1)}`);
      this.live = true;
      return;
    }
    this.end();
    this.out.write(`${line}\n`);
  }

  /** Leaves the cursor on a line of its own. */
  end(): void {
    if (this.live) this.out.write('\r\x1b[2K');
    this.live = false;
  }
}
