/**
 * Bodies of queues with a KMS key: sealed under data keys that SQS asks for as the sender and opens as the receiver, and
 * uses again for the reuse period, separately for each principal. Source: Amazon SQS Developer Guide, "Key management".
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { AwsError } from '../../base/errors';
import type { Call } from '../../kernel/call';
import { numberOf } from './attributes';
import { kmsRefused } from './errors';
import { arnOf } from './names';
import type { BodyRow, QueueRow } from './state';

const nonceBytes = 12;
const tagBytes = 16;
/** Most data keys that are remembered. */
const keysKept = 10_000;

interface DataKey {
  readonly plain: Uint8Array;
  readonly sealed: Uint8Array;
}

export interface Vault {
  /** @throws KmsAccessDenied and its kin */
  seal(call: Call, queue: QueueRow, body: string): Promise<Pick<BodyRow, 'body' | 'sealed'>>;
  /** @throws KmsAccessDenied and its kin */
  open(call: Call, queue: QueueRow, row: BodyRow): Promise<string>;
}

export function createVault(): Vault {
  const kept = new Map<string, { readonly key: Promise<DataKey>; readonly until: number }>();

  /** One key per name and reuse period; what fails is not kept. */
  function reuse(call: Call, queue: QueueRow, name: string, make: () => Promise<DataKey>): Promise<DataKey> {
    const id = `${call.principal.arn} ${name}`;
    const known = kept.get(id);
    if (known && known.until > call.now) return known.key;
    const key = make().catch((error) => {
      kept.delete(id);
      throw error instanceof AwsError ? kmsRefused(error) : error;
    });
    if (kept.size >= keysKept) kept.clear();
    kept.set(id, { key, until: call.now + numberOf(queue, 'KmsDataKeyReusePeriodSeconds') * 1000 });
    return key;
  }

  const contextOf = (arn: string) => ({ 'aws:sqs:arn': arn });

  return {
    async seal(call, queue, body) {
      const KeyId = queue.attributes.KmsMasterKeyId;
      if (KeyId === undefined) return { body };
      const arn = arnOf(queue);
      const { plain, sealed } = await reuse(call, queue, `${queue.id} ${KeyId}`, async () => {
        const { kms } = call.peers;
        const made = await kms.GenerateDataKey({ KeyId, KeySpec: 'AES_256', EncryptionContext: contextOf(arn) });
        // A sender must be allowed to decrypt, too: SQS verifies the key before it uses it.
        await kms.Decrypt({ CiphertextBlob: made.CiphertextBlob, EncryptionContext: contextOf(arn) });
        return { plain: made.Plaintext!, sealed: made.CiphertextBlob! };
      });
      const nonce = call.kernel.random.bytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', plain, nonce);
      const parts = [nonce, cipher.update(body, 'utf8'), cipher.final(), cipher.getAuthTag()];
      return { body: Buffer.concat(parts), sealed: { key: sealed, arn } };
    },

    async open(call, queue, { body, sealed }) {
      if (typeof body === 'string' || !sealed) return String(body);
      const blob = Buffer.from(sealed.key);
      const { plain } = await reuse(call, queue, blob.toString('base64'), async () => {
        const opened = await call.peers.kms.Decrypt({ CiphertextBlob: blob, EncryptionContext: contextOf(sealed.arn) });
        return { plain: opened.Plaintext!, sealed: blob };
      });
      const end = body.length - tagBytes;
      const decipher = createDecipheriv('aes-256-gcm', plain, body.subarray(0, nonceBytes)).setAuthTag(
        body.subarray(end),
      );
      return decipher.update(body.subarray(nonceBytes, end), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}
