import { collect, once } from '../../runtime/base/bytes';
import { type ArchiveError, openArchive, packArchive } from '../../runtime/engine/archive';

const limits = { unpackedBytes: 1000, entries: 10 };
const source = (bytes: Uint8Array) => ({
  sizeBytes: bytes.length,
  read: (start: number, end: number) => once(bytes.subarray(start, end)),
});

test('what is packed can be read', async () => {
  const archive = await openArchive(source(packArchive({ 'index.js': 'hello', 'lib/é.txt': 'ü' })), limits);
  expect(archive.entries.map((entry) => [entry.path, entry.mode, entry.sizeBytes])).toEqual([
    ['index.js', 0o644, 5],
    ['lib/é.txt', 0o644, 2],
  ]);
  expect((await collect(await archive.read(archive.entries[1]), 100)).toString()).toBe('ü');
});

/** Replaces the upper half of the first entry's external attributes in the directory. */
function withMode(zip: Buffer, mode: number): Buffer {
  const at = zip.indexOf('PK\x01\x02', 0, 'latin1');
  zip.writeUInt16LE(mode, at + 40);
  return zip;
}

test.each<[string, Buffer, ArchiveError['kind']]>([
  ['no archive', Buffer.from('hello'), 'malformed'],
  ['nothing', Buffer.alloc(0), 'malformed'],
  ['cut off', packArchive({ a: 'x'.repeat(50) }).subarray(0, 80), 'malformed'],
  ['parent path', packArchive({ '../evil': 'x' }), 'malformed'],
  ['inner parent path', packArchive({ 'a/../../evil': 'x' }), 'malformed'],
  ['absolute path', packArchive({ '/evil': 'x' }), 'malformed'],
  ['back slash', packArchive({ '..\\evil': 'x' }), 'malformed'],
  ['symbolic link', withMode(packArchive({ a: '/etc/passwd' }), 0o120777), 'unsafe'],
  ['too many bytes', packArchive({ a: 'x'.repeat(1001) }), 'tooLarge'],
  ['too many entries', packArchive(Object.fromEntries([...'abcdefghijk'].map((name) => [name, '']))), 'tooLarge'],
])('refuses: %s', async (_, bytes, kind) => {
  await expect(openArchive(source(bytes), limits)).rejects.toMatchObject({ kind });
});
