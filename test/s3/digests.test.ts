import { type CrcName, combineCrcs, type DigestName, digest } from '../../runtime/base/digests';

async function of(name: DigestName, text: string | Uint8Array): Promise<string> {
  const one = digest(name);
  one.update(Buffer.from(text));
  return Buffer.from(await one.finish()).toString('hex');
}

describe('digests', () => {
  // The check values of the CRC catalogue, and the empty and "abc" vectors of the RFCs.
  it.each([
    ['CRC32', '123456789', 'cbf43926'],
    ['CRC32C', '123456789', 'e3069283'],
    ['CRC64NVME', '123456789', 'ae8b14860a799888'],
    ['MD5', '', 'd41d8cd98f00b204e9800998ecf8427e'],
    ['SHA1', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['SHA256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ] as const)('%s of "%s"', async (name, text, expected) => {
    expect(await of(name, text)).toBe(expected);
  });

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as CrcName[])(
    '%s of two pieces joins to that of the whole',
    async (name) => {
      const whole = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31 + (i >> 5)) & 255));
      for (const cut of [0, 1, 7, 2048, 4999, 5000]) {
        const [a, b] = [whole.subarray(0, cut), whole.subarray(cut)];
        const joined = combineCrcs(
          name,
          Buffer.from(await of(name, a), 'hex'),
          Buffer.from(await of(name, b), 'hex'),
          b.length,
        );
        expect(Buffer.from(joined).toString('hex')).toBe(await of(name, whole));
      }
    },
  );
});
