/** A vendor's client without a socket, through the whole pipeline. */
import { CreateKeyCommand, DescribeKeyCommand, EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.close());

test('signed by the SDK, answered by a handler', async () => {
  const kms = coffer.client(KMSClient, { region: 'eu-west-1' });
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'mine' }));
  expect(KeyMetadata!.Arn).toMatch(/^arn:aws:kms:eu-west-1:000000000000:key\//);
  const { KeyMetadata: seen } = await kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId }));
  expect(seen).toEqual(KeyMetadata);
});

test('a named error arrives as the SDK knows it', async () => {
  const kms = coffer.client(KMSClient);
  const absent = new EncryptCommand({ KeyId: 'alias/absent', Plaintext: Buffer.from('x') });
  await expect(kms.send(absent)).rejects.toMatchObject({ name: 'NotFoundException' });
});
