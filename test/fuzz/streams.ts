// biome-ignore-all lint/suspicious/noTemplateCurlyInString: browsers are given such keys
/** Readers of streams: how the bytes are cut must not matter, and what was signed must not change. */
import fc from 'fast-check';
import { collect } from '../../runtime/base/bytes';
import { FlawedForm, openForm } from '../../runtime/engine/multipart';
import { unframe } from '../../runtime/engine/sigv4/chunks';
import {
  chunkStringToSign,
  type Seed,
  sha256,
  sign,
  signingKey,
  trailerStringToSign,
} from '../../runtime/engine/sigv4/signature';
import { chunkSizes, inChunks, nearly } from './mutations';
import { refusal, type Target } from './target';

const LIMIT = 2 ** 24;
const scope = '20261120/us-east-1/s3/aws4_request';
const seed: Seed = {
  key: signingKey('secret', { date: '20261120', region: 'us-east-1', service: 's3' }),
  timestamp: '20261120T000000Z',
  scope,
  signature: 'a'.repeat(64),
};
const CONTENT = Buffer.alloc(20_000, 'content of a body, ');
const TRAILER = 'x-amz-checksum-crc32';

/** @param sizes of the chunks; what is left of the content goes into the last */
function framed(signed: boolean, trailing: boolean, sizes: readonly number[]): Buffer {
  const parts: Buffer[] = [];
  let previous = seed.signature;
  let offset = 0;
  for (const size of [...sizes, CONTENT.length - sizes.reduce((sum, each) => sum + each, 0), 0]) {
    const chunk = CONTENT.subarray(offset, offset + size);
    offset += size;
    previous = sign(seed.key, chunkStringToSign(seed, previous, sha256(chunk)));
    parts.push(Buffer.from(`${size.toString(16)}${signed ? `;chunk-signature=${previous}` : ''}\r\n`));
    if (size > 0 || !trailing) parts.push(chunk, Buffer.from('\r\n'));
  }
  if (trailing) {
    const line = `${TRAILER}:AAAAAA==\n`;
    parts.push(Buffer.from(line.replace('\n', '\r\n')));
    const signature = sign(seed.key, trailerStringToSign(seed, previous, sha256(line)));
    parts.push(Buffer.from(`${signed ? `x-amz-trailer-signature:${signature}\r\n` : ''}\r\n`));
  }
  return Buffer.concat(parts);
}

const forms = [
  { signed: true, trailing: false },
  { signed: true, trailing: true },
  { signed: false, trailing: true },
];

const read = async (bytes: Uint8Array, cut: readonly number[], { signed, trailing }: (typeof forms)[number]) => {
  const framing = {
    seed: signed ? seed : undefined,
    trailers: trailing ? [TRAILER] : undefined,
    lengthBytes: CONTENT.length,
  };
  return collect(unframe(inChunks(bytes, cut), framing, {}), LIMIT);
};

const BOUNDARY = 'Abc--123';
const FORM = Buffer.from(
  [
    '',
    'Content-Disposition: form-data; name="key"',
    '',
    'a/${filename}',
    `--${BOUNDARY}`,
    'content-disposition: form-data; name="x-amz-meta-a\\"b"; filename=""',
    'Content-Type: text/plain',
    '',
    'two\r\nlines --Abc',
    `--${BOUNDARY}`,
    'Content-Disposition: form-data; name="file"; filename="ü.txt"',
    '',
    'the file\r\n--Abc--12\r\n--Abc--1',
    `--${BOUNDARY}--`,
    '',
  ]
    .join('\r\n')
    .replace(/^\r\n/, `--${BOUNDARY}\r\n`),
);

async function formOf(bytes: Uint8Array, cut: readonly number[]): Promise<string> {
  try {
    const form = await openForm(inChunks(bytes, cut), BOUNDARY, (name) => name === 'file', 20_000);
    const file = await collect(form.file.stream, LIMIT);
    return JSON.stringify([form.fields, form.file.name, file.toString('latin1')]);
  } catch (error) {
    if (error instanceof FlawedForm) return error.flaw;
    throw error;
  }
}

const smallCuts = fc.array(fc.nat(40), { maxLength: 60 });

export const streams: readonly Target[] = [
  {
    name: 'chunks-cut',
    property: fc.asyncProperty(
      fc.constantFrom(...forms),
      chunkSizes,
      fc.constantFrom([], [8192], [9000, 8192]),
      async (form, cut, sizes) => {
        const content = await read(framed(form.signed, form.trailing, sizes), cut, form);
        if (!content.equals(CONTENT)) throw new Error('the content changed');
      },
    ),
  },
  {
    name: 'chunks-changed',
    property: fc.asyncProperty(
      fc
        .constantFrom(...forms)
        .chain((form) =>
          fc.tuple(
            fc.constant(form),
            nearly(framed(form.signed, form.trailing, [8192]), framed(form.signed, form.trailing, [])),
          ),
        ),
      chunkSizes,
      async ([form, bytes], cut) => {
        try {
          const content = await read(bytes, cut, form);
          if (content.length !== CONTENT.length) throw new Error('another length than declared');
          if (form.signed && !content.equals(CONTENT)) throw new Error('what was not signed got through');
        } catch (error) {
          refusal(error);
        }
      },
    ),
  },
  {
    name: 'form-cut',
    property: fc.asyncProperty(nearly(FORM), smallCuts, async (bytes, cut) => {
      const [whole, pieces] = [await formOf(bytes, []), await formOf(bytes, cut)];
      if (whole !== pieces) throw new Error(`whole: ${whole}; in pieces: ${pieces}`);
    }),
  },
];
