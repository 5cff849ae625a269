/** The pollers of this runtime: one for each enabled event source mapping, of all accounts and Regions. */
import type { Kernel } from '../../../kernel/call';
import type { Fleet } from '../execution/fleet';
import { type MappingRow, mappings } from '../state';
import { Poller } from './poller';

export class Pollers {
  private readonly running = new Map<string, Poller>();

  constructor(private readonly fleet: Fleet) {}

  async start(kernel: Kernel): Promise<void> {
    for await (const { key, value } of kernel.store.scan(mappings)) this.follow(kernel, String(key[1]), value);
  }

  /** Polls as the mapping now says. */
  follow(kernel: Kernel, region: string, row: MappingRow): void {
    this.leave(row.uuid);
    if (row.enabled) this.running.set(row.uuid, new Poller(kernel, this.fleet, region, row));
  }

  leave(uuid: string): void {
    this.running.get(uuid)?.stop();
    this.running.delete(uuid);
  }

  /** Resolves when no queue has anything to give. */
  async idle(): Promise<void> {
    await Promise.all([...this.running.values()].map((poller) => poller.drain()));
  }

  stop(): void {
    for (const uuid of [...this.running.keys()]) this.leave(uuid);
  }
}
