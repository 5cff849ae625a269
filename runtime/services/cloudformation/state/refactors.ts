/** Stack refactors: templates that reorganise stacks, kept with what they would move until they are carried out. */
import { type Reader, table, type Writer } from '../../../store/port';
import type { Place } from '../state';

export interface Location {
  readonly stackName: string;
  readonly logicalId: string;
}

export interface Move {
  readonly from: Location;
  readonly to: Location;
  readonly type: string;
  readonly physicalId: string;
  /** Found by comparing templates, not asked for. */
  readonly detected?: boolean;
}

export interface Refactor {
  readonly id: string;
  readonly description?: string;
  readonly createdAt: number;
  readonly status: 'CREATE_COMPLETE' | 'CREATE_FAILED';
  readonly reason?: string;
  readonly executionStatus: 'AVAILABLE' | 'UNAVAILABLE' | 'EXECUTE_COMPLETE' | 'EXECUTE_FAILED';
  readonly executionReason?: string;
  /** Whether stacks that are named and do not exist are made. */
  readonly creates: boolean;
  readonly stackIds: readonly string[];
  readonly definitions: readonly { readonly stackName: string; readonly template: string }[];
  readonly mappings: readonly { readonly from: Location; readonly to: Location }[];
  readonly moves: readonly Move[];
  /** Names of stacks that it makes. */
  readonly newStacks: readonly string[];
}

const refactors = table<Refactor>('cloudformation.refactors');

export function findRefactor(reader: Reader, at: Place, id: string): Promise<Refactor | undefined> {
  return reader.get(refactors, [at.account, at.region, id]);
}

export async function refactorsIn(reader: Reader, at: Place): Promise<Refactor[]> {
  const page = await reader.page(refactors, { within: [at.account, at.region], limit: 100_000 });
  return page.map(({ value }) => value);
}

export function putRefactor(tx: Writer, at: Place, refactor: Refactor): void {
  tx.put(refactors, [at.account, at.region, refactor.id], refactor);
}
