/**
 * What STS keeps: one key. Sessions are kept by those who hold them, sealed in their session tokens, so that nothing
 * has to be swept and every token still tells that it has expired.
 */
import { type Reader, table, type Writer } from '../../store/port';

const sealingKeys = table<Uint8Array>('sts.keys');

export const readSealingKey = (from: Reader) => from.get(sealingKeys, ['token']);
export const writeSealingKey = (tx: Writer, key: Uint8Array) => tx.put(sealingKeys, ['token'], key);
