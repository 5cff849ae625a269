import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  publicEncrypt,
  randomBytes,
  verify,
} from 'node:crypto';
import type { KeySpec, SigningAlgorithmSpec } from '@aws-sdk/client-kms';
import type { Peers } from '../../runtime/kernel/peers';
import { codeOf, type Rig, startRig } from './rig';

let rig: Rig;
let kms: Peers['kms'];
beforeAll(async () => {
  rig = await startRig();
  kms = rig.admin().kms;
});
afterAll(() => rig.stop());

const message = Buffer.from('what is signed');
const keyObject = (der: Uint8Array) => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });

describe('signatures', () => {
  const rsa: SigningAlgorithmSpec[] = [
    'RSASSA_PKCS1_V1_5_SHA_256',
    'RSASSA_PKCS1_V1_5_SHA_384',
    'RSASSA_PKCS1_V1_5_SHA_512',
    'RSASSA_PSS_SHA_256',
    'RSASSA_PSS_SHA_384',
    'RSASSA_PSS_SHA_512',
  ];
  const specs: [KeySpec, SigningAlgorithmSpec[]][] = [
    ['RSA_2048', rsa],
    ['ECC_NIST_P256', ['ECDSA_SHA_256']],
    ['ECC_NIST_P384', ['ECDSA_SHA_384']],
    ['ECC_NIST_P521', ['ECDSA_SHA_512']],
    ['ECC_SECG_P256K1', ['ECDSA_SHA_256']],
  ];

  test.each(specs)('%s: of messages and of digests, checked by KMS and by OpenSSL', async (KeySpec, algorithms) => {
    const { KeyId, SigningAlgorithms } = (await kms.CreateKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' })).KeyMetadata!;
    expect(SigningAlgorithms).toEqual(algorithms);
    const key = keyObject((await kms.GetPublicKey({ KeyId })).PublicKey!);
    for (const SigningAlgorithm of algorithms) {
      const hash = `sha${SigningAlgorithm.slice(-3)}`;
      const digest = createHash(hash).update(message).digest();
      const openssl = SigningAlgorithm.includes('PSS')
        ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
        : key;
      const asRaw = { KeyId, SigningAlgorithm, Message: message };
      const asDigest = { KeyId, SigningAlgorithm, Message: digest, MessageType: 'DIGEST' } as const;
      for (const signed of [asRaw, asDigest]) {
        const { Signature } = await kms.Sign(signed);
        expect(verify(hash, message, openssl, Signature!)).toBe(true);
        for (const checked of [asRaw, asDigest])
          expect((await kms.Verify({ ...checked, Signature })).SignatureValid).toBe(true);
        const bad = Buffer.from(Signature!);
        bad[bad.length - 1] ^= 1;
        for (const checked of [asRaw, asDigest])
          expect(await codeOf(kms.Verify({ ...checked, Signature: bad }))).toBe('KMSInvalidSignatureException');
      }
      expect(await codeOf(kms.Sign({ ...asDigest, Message: digest.subarray(1) }))).toBe('ValidationException');
    }
    expect(await codeOf(kms.Encrypt({ KeyId, Plaintext: message }))).toBe('InvalidKeyUsageException');
  });

  test('Edwards keys sign messages', async () => {
    const { KeyId } = (await kms.CreateKey({ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' })).KeyMetadata!;
    const signed = { KeyId, SigningAlgorithm: 'ED25519_SHA_512', Message: message } as const;
    const { Signature } = await kms.Sign(signed);
    expect((await kms.Verify({ ...signed, Signature })).SignatureValid).toBe(true);
    expect(verify(null, message, keyObject((await kms.GetPublicKey({ KeyId })).PublicKey!), Signature!)).toBe(true);
  });

  test('algorithms of other keys are refused', async () => {
    const { KeyId } = (await kms.CreateKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })).KeyMetadata!;
    expect(await codeOf(kms.Sign({ KeyId, SigningAlgorithm: 'ECDSA_SHA_384', Message: message }))).toBe(
      'InvalidKeyUsageException',
    );
  });
});

describe('other keys', () => {
  test('RSA encryption needs the key and the algorithm to decrypt', async () => {
    const { KeyId } = (await kms.CreateKey({ KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })).KeyMetadata!;
    for (const EncryptionAlgorithm of ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256'] as const) {
      const sealed = await kms.Encrypt({ KeyId, EncryptionAlgorithm, Plaintext: message });
      expect(sealed.CiphertextBlob).toHaveLength(256);
      const { CiphertextBlob } = sealed;
      const opened = await kms.Decrypt({ KeyId, EncryptionAlgorithm, CiphertextBlob });
      expect(Buffer.from(opened.Plaintext!)).toEqual(message);
      expect(await codeOf(kms.Decrypt({ EncryptionAlgorithm, CiphertextBlob }))).not.toBe('no error');
    }
    const tooLong = { KeyId, EncryptionAlgorithm: 'RSAES_OAEP_SHA_256', Plaintext: Buffer.alloc(191) } as const;
    expect(await codeOf(kms.Encrypt(tooLong))).toBe('ValidationException');
  });

  test('message authentication codes', async () => {
    const { KeyId } = (await kms.CreateKey({ KeySpec: 'HMAC_384', KeyUsage: 'GENERATE_VERIFY_MAC' })).KeyMetadata!;
    const asked = { KeyId, MacAlgorithm: 'HMAC_SHA_384', Message: message } as const;
    const { Mac } = await kms.GenerateMac(asked);
    expect(Mac).toHaveLength(48);
    expect((await kms.VerifyMac({ ...asked, Mac })).MacValid).toBe(true);
    expect(await codeOf(kms.VerifyMac({ ...asked, Mac, Message: Buffer.from('x') }))).toBe('KMSInvalidMacException');
  });

  test('key agreement gives both sides one secret', async () => {
    const { KeyId } = (await kms.CreateKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'KEY_AGREEMENT' })).KeyMetadata!;
    const mine = await kms.GenerateDataKeyPair({
      KeyId: (await kms.CreateKey({})).KeyMetadata!.KeyId,
      KeyPairSpec: 'ECC_NIST_P256',
    });
    const privateKey = createPrivateKey({ key: Buffer.from(mine.PrivateKeyPlaintext!), format: 'der', type: 'pkcs8' });
    const publicKey = keyObject((await kms.GetPublicKey({ KeyId })).PublicKey!);
    const { SharedSecret } = await kms.DeriveSharedSecret({
      KeyId,
      KeyAgreementAlgorithm: 'ECDH',
      PublicKey: mine.PublicKey,
    });
    expect(Buffer.from(SharedSecret!)).toEqual(diffieHellman({ privateKey, publicKey }));
    const wrapped = await kms.Decrypt({ CiphertextBlob: mine.PrivateKeyCiphertextBlob });
    expect(wrapped.Plaintext).toEqual(mine.PrivateKeyPlaintext);
  });

  test.each(['SM2', 'ML_DSA_44', 'ML_KEM_768'] as const)('%s is refused by name', async (KeySpec) => {
    await expect(kms.CreateKey({ KeySpec, KeyUsage: 'SIGN_VERIFY' })).rejects.toMatchObject({
      name: 'UnsupportedOperationException',
      message: `KeySpec ${KeySpec} is not supported.`,
    });
  });

  test('a dry run says whether it would work', async () => {
    const { KeyId } = (await kms.CreateKey({})).KeyMetadata!;
    expect(await codeOf(kms.Encrypt({ KeyId, Plaintext: message, DryRun: true }))).toBe('DryRunOperationException');
  });
});

describe('imported material', () => {
  test.each(['RSAES_OAEP_SHA_256', 'RSA_AES_KEY_WRAP_SHA_256'] as const)('%s', async (WrappingAlgorithm) => {
    const { KeyId, KeyState } = (await kms.CreateKey({ Origin: 'EXTERNAL' })).KeyMetadata!;
    expect(KeyState).toBe('PendingImport');
    expect(await codeOf(kms.Encrypt({ KeyId, Plaintext: message }))).toBe('KMSInvalidStateException');
    const material = randomBytes(32);
    const bring = async (bytes: Buffer, expiresInDays?: number) => {
      const given = await kms.GetParametersForImport({ KeyId, WrappingAlgorithm, WrappingKeySpec: 'RSA_2048' });
      const key = { key: keyObject(given.PublicKey!), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
      let EncryptedKeyMaterial: Buffer;
      if (WrappingAlgorithm === 'RSAES_OAEP_SHA_256') EncryptedKeyMaterial = publicEncrypt(key, bytes);
      else {
        const aes = randomBytes(32);
        const cipher = createCipheriv('id-aes256-wrap-pad', aes, Buffer.from('a65959a6', 'hex'));
        EncryptedKeyMaterial = Buffer.concat([publicEncrypt(key, aes), cipher.update(bytes), cipher.final()]);
      }
      return kms.ImportKeyMaterial({
        KeyId,
        ImportToken: given.ImportToken,
        EncryptedKeyMaterial,
        ...(expiresInDays === undefined
          ? { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
          : { ValidTo: new Date(rig.kernel.clock.now() + expiresInDays * 86_400_000) }),
      });
    };
    await bring(material, 10);
    const { CiphertextBlob } = await kms.Encrypt({ KeyId, Plaintext: message });
    await rig.advance({ days: 11 });
    expect(await codeOf(kms.Decrypt({ CiphertextBlob }))).toBe('KMSInvalidStateException');
    expect(await codeOf(bring(randomBytes(32)))).toBe('IncorrectKeyMaterialException');
    await bring(material);
    expect(Buffer.from((await kms.Decrypt({ CiphertextBlob })).Plaintext!)).toEqual(message);
    await kms.DeleteImportedKeyMaterial({ KeyId });
    expect((await kms.DescribeKey({ KeyId })).KeyMetadata!.KeyState).toBe('PendingImport');
  });
});
