/**
 * Sees to it that no function outlives this process, however it ends: a shell that holds the list of process groups
 * and kills them when its input closes. Needed because idle functions are stopped and cannot notice for themselves.
 */
import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT = 'g=; while read -r line; do g=$line; done; [ -n "$g" ] && kill -KILL $g 2>/dev/null; :';

export class Watchdog {
  private shell: ChildProcess | undefined;
  private readonly groups = new Set<number>();

  watch(group: number): void {
    this.groups.add(group);
    this.tell();
  }

  forget(group: number): void {
    if (this.groups.delete(group)) this.tell();
  }

  stop(): void {
    this.shell?.stdin?.end();
    this.shell = undefined;
  }

  private tell(): void {
    this.shell ??= this.start();
    const line = [...this.groups].map((group) => `-${group}`).join(' ');
    this.shell.stdin?.write(`${line}\n`);
  }

  private start(): ChildProcess {
    const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true, env: {} });
    shell.on('error', () => undefined);
    shell.stdin?.on('error', () => undefined);
    shell.unref();
    (shell.stdin as unknown as { unref?(): void }).unref?.();
    return shell;
  }
}
