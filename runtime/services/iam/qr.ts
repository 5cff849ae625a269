/** A QR code as a PNG image: one bit per pixel, black on white, with the quiet zone that readers want around it. */
import { deflateSync } from 'node:zlib';
import { digest } from '../../base/digests';

const PIXELS_PER_MODULE = 5;
/** Modules of white on every side. Source: ISO/IEC 18004, "quiet zone". */
const QUIET_MODULES = 4;
const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

export async function qrPng(text: string): Promise<Uint8Array> {
  const { default: qrcode } = await import('qrcode-generator');
  // 0: the smallest version that holds the text. M: 15 % of it may be unreadable.
  const code = qrcode(0, 'M');
  code.addData(text, 'Byte');
  code.make();
  const modules = code.getModuleCount();
  const side = (modules + 2 * QUIET_MODULES) * PIXELS_PER_MODULE;
  const isDark = (x: number, y: number): boolean => {
    const column = Math.floor(x / PIXELS_PER_MODULE) - QUIET_MODULES;
    const row = Math.floor(y / PIXELS_PER_MODULE) - QUIET_MODULES;
    return row >= 0 && row < modules && column >= 0 && column < modules && code.isDark(row, column);
  };
  return png(side, isDark);
}

/** Source: W3C, "Portable Network Graphics (PNG) Specification". */
async function png(side: number, isDark: (x: number, y: number) => boolean): Promise<Uint8Array> {
  // Width, height, one bit of grey; deflate, the one filter method, no interlace.
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header[8] = 1;
  // Each row: the filter "none", then its pixels, of which a set bit is white.
  const stride = 1 + Math.ceil(side / 8);
  const rows = Buffer.alloc(stride * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) if (!isDark(x, y)) rows[y * stride + 1 + (x >> 3)] |= 0x80 >> (x & 7);
  }
  return Buffer.concat([
    SIGNATURE,
    await chunk('IHDR', header),
    await chunk('IDAT', deflateSync(rows)),
    await chunk('IEND', Buffer.alloc(0)),
  ]);
}

async function chunk(type: string, data: Uint8Array): Promise<Uint8Array> {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const crc = digest('CRC32');
  crc.update(content);
  return Buffer.concat([length, content, await crc.finish()]);
}
