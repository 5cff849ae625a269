/** Stack policies, as they were given. */
import { type Reader, table, type Writer } from '../../../store/port';
import type { StackKey } from '../state';

const policies = table<string>('cloudformation.policies');

export function readPolicyText(reader: Reader, { account, region, uuid }: StackKey): Promise<string | undefined> {
  return reader.get(policies, [account, region, uuid]);
}

export function putPolicyText(tx: Writer, { account, region, uuid }: StackKey, text: string): void {
  tx.put(policies, [account, region, uuid], text);
}

export function removePolicyText(tx: Writer, { account, region, uuid }: StackKey): void {
  tx.delete(policies, [account, region, uuid]);
}
