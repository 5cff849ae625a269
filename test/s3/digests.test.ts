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
    // Of the xxHash specification's own tools: xxhsum -H1, -H3 and -H2.
    ['XXHASH64', '123456789', '8cb841db40e6ae83'],
    ['XXHASH3', '123456789', '72dcb18b67a17dff'],
    ['XXHASH128', '123456789', '33119477ede5dcd5e9716427681d5860'],
    ['XXHASH64', '', 'ef46db3751d8e999'],
    ['XXHASH3', '', '2d06800538d394c2'],
    ['XXHASH128', '', '99aa06d3014798d86001c324468d497f'],
    ['SHA256', 'abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ] as const)('%s of "%s"', async (name, text, expected) => {
    expect(await of(name, text)).toBe(expected);
  });

  it('run side by side, in pieces, and again', async () => {
    const names = ['XXHASH64', 'XXHASH3', 'XXHASH128'] as const;
    const whole = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 31) & 255));
    for (let round = 0; round < 2; round++) {
      const values = await Promise.all(
        names.flatMap((name) =>
          [1, 4096, 70_000].map(async (size) => {
            const one = digest(name);
            const reused = Buffer.alloc(size);
            for (let from = 0; from < whole.length; from += size) {
              const chunk = reused.subarray(0, whole.copy(reused, 0, from));
              one.update(chunk);
              if (size > 1) await null;
            }
            return `${name} ${Buffer.from(await one.finish()).toString('hex')}`;
          }),
        ),
      );
      expect(new Set(values).size).toBe(names.length);
    }
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
