import type { Peers } from '../../runtime/kernel/peers';
import { kms as service } from '../../runtime/services/kms/service';
import { account, codeOf, type Rig, region, startRig } from './rig';

let rig: Rig;
let kms: Peers['kms'];
beforeAll(async () => {
  rig = await startRig([service()]);
  kms = rig.as().kms;
});
afterAll(() => rig.stop());

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes!).toString();
const secret = Buffer.from('attack at dawn');

describe('symmetric keys', () => {
  test('encrypt and decrypt under every spelling of the key', async () => {
    const { KeyMetadata } = await kms.CreateKey({ Description: 'uploads' });
    const { KeyId, Arn } = KeyMetadata!;
    await kms.CreateAlias({ AliasName: 'alias/uploads', TargetKeyId: KeyId });
    const aliasArn = `arn:aws:kms:${region}:${account}:alias/uploads`;
    for (const name of [KeyId!, Arn!, 'alias/uploads', aliasArn]) {
      const sealed = await kms.Encrypt({ KeyId: name, Plaintext: secret, EncryptionContext: { a: '1', b: '2' } });
      expect(sealed.KeyId).toBe(Arn);
      const opened = await kms.Decrypt({
        CiphertextBlob: sealed.CiphertextBlob,
        EncryptionContext: { b: '2', a: '1' },
      });
      expect(text(opened.Plaintext)).toBe('attack at dawn');
      expect(opened.KeyId).toBe(Arn);
    }
  });

  test('the encryption context, the key and every byte are bound', async () => {
    const a = (await kms.CreateKey({})).KeyMetadata!.KeyId!;
    const b = (await kms.CreateKey({})).KeyMetadata!.KeyId!;
    const { CiphertextBlob } = await kms.Encrypt({ KeyId: a, Plaintext: secret, EncryptionContext: { a: '1' } });
    const blob = Buffer.from(CiphertextBlob!);
    expect(await codeOf(kms.Decrypt({ CiphertextBlob: blob }))).toBe('InvalidCiphertextException');
    expect(await codeOf(kms.Decrypt({ CiphertextBlob: blob, EncryptionContext: { a: '1' }, KeyId: b }))).toBe(
      'IncorrectKeyException',
    );
    expect(await codeOf(kms.Decrypt({ CiphertextBlob: Buffer.from('nonsense') }))).toBe('InvalidCiphertextException');
    for (const at of [0, blob.length - 1, 40, 55]) {
      const changed = Buffer.from(blob);
      changed[at] ^= 1;
      expect(await codeOf(kms.Decrypt({ CiphertextBlob: changed, EncryptionContext: { a: '1' } }))).toBe(
        'InvalidCiphertextException',
      );
    }
    const stranger = Buffer.from(blob);
    stranger[10] ^= 1;
    expect(await codeOf(kms.Decrypt({ CiphertextBlob: stranger, EncryptionContext: { a: '1' } }))).toBe(
      'AccessDeniedException',
    );
  });
});
