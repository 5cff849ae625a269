import type { Peers } from '../../runtime/kernel/peers';
import { account, codeOf, type Rig, region, startRig } from './rig';

let rig: Rig;
let kms: Peers['kms'];
beforeAll(async () => {
  rig = await startRig();
  kms = rig.admin().kms;
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

describe('the life of a key', () => {
  const newKey = async () => (await kms.CreateKey({})).KeyMetadata!.KeyId!;
  const use = (KeyId: string) => codeOf(kms.GenerateDataKey({ KeyId, KeySpec: 'AES_256' }));

  test('disabled keys do nothing, enabled again they do', async () => {
    const KeyId = await newKey();
    await kms.DisableKey({ KeyId });
    expect(await use(KeyId)).toBe('DisabledException');
    expect((await kms.DescribeKey({ KeyId })).KeyMetadata).toMatchObject({ Enabled: false, KeyState: 'Disabled' });
    await kms.EnableKey({ KeyId });
    expect(await use(KeyId)).toBe('no error');
  });

  test('deletion waits, can be called off, and takes the ciphertexts along', async () => {
    const KeyId = await newKey();
    await kms.CreateAlias({ AliasName: 'alias/doomed', TargetKeyId: KeyId });
    const { CiphertextBlob } = await kms.Encrypt({ KeyId, Plaintext: secret });
    expect(await codeOf(kms.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 6 }))).toBe('ValidationException');
    expect(await kms.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 })).toMatchObject({
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 7,
    });
    expect(await use(KeyId)).toBe('KMSInvalidStateException');
    expect(await codeOf(kms.ScheduleKeyDeletion({ KeyId }))).toBe('KMSInvalidStateException');
    await rig.advance({ days: 6 });
    await kms.CancelKeyDeletion({ KeyId });
    expect(await use(KeyId)).toBe('DisabledException');
    await rig.advance({ days: 2 });
    await kms.EnableKey({ KeyId });
    expect(text((await kms.Decrypt({ CiphertextBlob })).Plaintext)).toBe('attack at dawn');

    await kms.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    await rig.advance({ days: 7 });
    expect(await codeOf(kms.DescribeKey({ KeyId }))).toBe('NotFoundException');
    expect(await codeOf(kms.DescribeKey({ KeyId: 'alias/doomed' }))).toBe('NotFoundException');
    expect(await codeOf(kms.Decrypt({ CiphertextBlob }))).toBe('AccessDeniedException');
  });

  test('rotation gives new material by the clock and on demand, and keeps the old', async () => {
    const KeyId = await newKey();
    const before = await kms.Encrypt({ KeyId, Plaintext: secret });
    await kms.EnableKeyRotation({ KeyId, RotationPeriodInDays: 90 });
    await rig.advance({ days: 200 });
    await kms.RotateKeyOnDemand({ KeyId });
    const { Rotations } = await kms.ListKeyRotations({ KeyId });
    expect(Rotations!.map((one) => [one.RotationType, one.KeyMaterialState])).toEqual([
      ['AUTOMATIC', 'NON_CURRENT'],
      ['AUTOMATIC', 'NON_CURRENT'],
      ['ON_DEMAND', 'CURRENT'],
    ]);
    const days = (Rotations![1].RotationDate!.getTime() - Rotations![0].RotationDate!.getTime()) / 86_400_000;
    expect(days).toBe(90);
    const after = await kms.Encrypt({ KeyId, Plaintext: secret });
    for (const { CiphertextBlob } of [before, after])
      expect(text((await kms.Decrypt({ CiphertextBlob })).Plaintext)).toBe('attack at dawn');
    expect((await kms.ListKeyRotations({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' })).Rotations).toHaveLength(4);
  });

  test('a disabled key misses its rotation until it is enabled', async () => {
    const KeyId = await newKey();
    await kms.EnableKeyRotation({ KeyId });
    await kms.DisableKey({ KeyId });
    await rig.advance({ days: 400 });
    expect((await kms.ListKeyRotations({ KeyId })).Rotations).toHaveLength(0);
    await kms.EnableKey({ KeyId });
    await rig.advance({ seconds: 1 });
    expect((await kms.ListKeyRotations({ KeyId })).Rotations).toHaveLength(1);
  });
});

describe('names', () => {
  test.each([
    ['not-a-key', 'NotFoundException'],
    ['00000000-0000-0000-0000-000000000000', 'NotFoundException'],
    ['alias/none', 'NotFoundException'],
    [`arn:aws:kms:us-west-2:${account}:key/00000000-0000-0000-0000-000000000000`, 'NotFoundException'],
    [`arn:aws:kms:${region}:${account}:alias/none`, 'NotFoundException'],
    ['arn:aws:s3:::bucket', 'NotFoundException'],
  ])('%s is no key', async (KeyId, code) => {
    expect(await codeOf(kms.DescribeKey({ KeyId }))).toBe(code);
  });

  test('aliases move between keys of one kind, and administration asks for ids', async () => {
    const [a, b, signing] = await Promise.all([
      kms.CreateKey({}),
      kms.CreateKey({}),
      kms.CreateKey({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }),
    ]);
    const id = (made: typeof a) => made.KeyMetadata!.KeyId!;
    await kms.CreateAlias({ AliasName: 'alias/moving', TargetKeyId: id(a) });
    expect(await codeOf(kms.CreateAlias({ AliasName: 'alias/moving', TargetKeyId: id(b) }))).toBe(
      'AlreadyExistsException',
    );
    await kms.UpdateAlias({ AliasName: 'alias/moving', TargetKeyId: id(b) });
    expect((await kms.DescribeKey({ KeyId: 'alias/moving' })).KeyMetadata!.KeyId).toBe(id(b));
    expect((await kms.ListAliases({ KeyId: id(a) })).Aliases).toEqual([]);
    expect(await codeOf(kms.UpdateAlias({ AliasName: 'alias/moving', TargetKeyId: id(signing) }))).toBe(
      'UnsupportedOperationException',
    );
    expect(await codeOf(kms.DisableKey({ KeyId: 'alias/moving' }))).toBe('NotFoundException');
    await kms.DeleteAlias({ AliasName: 'alias/moving' });
    expect(await codeOf(kms.DeleteAlias({ AliasName: 'alias/moving' }))).toBe('NotFoundException');
    expect(await codeOf(kms.CreateAlias({ AliasName: 'alias/bad name', TargetKeyId: id(a) }))).toBe(
      'ValidationException',
    );
  });

  test('lists come in pages', async () => {
    const all = new Set<string>();
    let Marker: string | undefined;
    do {
      const page = await kms.ListKeys({ Limit: 2, Marker });
      for (const key of page.Keys!) all.add(key.KeyId!);
      Marker = page.NextMarker;
    } while (Marker);
    expect(all.size).toBe((await kms.ListKeys({})).Keys!.length);
    expect(await codeOf(kms.ListKeys({ Marker: 'x' }))).toBe('InvalidMarkerException');
  });
});

describe('multi-Region keys', () => {
  test('a replica opens what the primary sealed, and the primary outlives it', async () => {
    const { KeyId, Arn } = (await kms.CreateKey({ MultiRegion: true })).KeyMetadata!;
    expect(KeyId).toMatch(/^mrk-[0-9a-f]{32}$/);
    const there = rig.admin('us-west-2').kms;
    const { ReplicaKeyMetadata } = await kms.ReplicateKey({ KeyId, ReplicaRegion: 'us-west-2' });
    expect(ReplicaKeyMetadata!.MultiRegionConfiguration).toMatchObject({
      MultiRegionKeyType: 'REPLICA',
      PrimaryKey: { Arn, Region: region },
    });
    await kms.RotateKeyOnDemand({ KeyId });
    const { CiphertextBlob } = await kms.Encrypt({ KeyId, Plaintext: secret });
    expect(text((await there.Decrypt({ CiphertextBlob })).Plaintext)).toBe('attack at dawn');
    expect(await codeOf(kms.ReplicateKey({ KeyId, ReplicaRegion: 'us-west-2' }))).toBe('AlreadyExistsException');

    expect((await kms.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 })).KeyState).toBe('PendingReplicaDeletion');
    await there.ScheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 });
    await rig.advance({ days: 7 });
    expect(await codeOf(there.DescribeKey({ KeyId }))).toBe('NotFoundException');
    expect((await kms.DescribeKey({ KeyId })).KeyMetadata!.KeyState).toBe('PendingDeletion');
    await rig.advance({ days: 7 });
    expect(await codeOf(kms.DescribeKey({ KeyId }))).toBe('NotFoundException');
  });
});
