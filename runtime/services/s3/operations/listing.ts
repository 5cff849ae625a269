/** ListObjects, ListObjectsV2, ListObjectVersions. Source: their pages of the S3 API reference. */
import type { Call } from '../../../kernel/call';
import { disputed } from '../disputed';
import { invalidArgument } from '../errors';
import type { In, Out } from '../model';
import { ownerMember } from '../owners';
import { type Encoder, encodeKeys, pageSize, wholeSecond } from '../pages';
import { restoreStatus } from '../restores';
import { allVersions, currentObjects, type Item, type Page, type Row, walk } from '../state/listing';
import { findVersion, orderOf } from '../state/objects';
import type { Bucket, StoredObject } from '../state/tables';
import { bucketOf } from '../target';

type Contents = NonNullable<Out<'ListObjectsV2'>['Contents']>;

const NOTHING: Page<never> = { items: [], truncated: false };

/** An output member beyond the client's model: the header that tells where the bucket is. */
interface Told {
  readonly bucketRegion: string;
}

export async function ListObjects(call: Call, input: In<'ListObjects'>): Promise<Out<'ListObjects'> & Told> {
  const bucket = await bucketOf(call, input);
  const { Prefix = '', Delimiter, Marker = '' } = input;
  const encode = encodeKeys(input.EncodingType, call);
  const max = pageSize(input.MaxKeys, 'max-keys');
  const page = await list(call, input, max, { after: Marker, marker: Marker });
  // Strangers are not told who owns what.
  const withOwner = call.principal.kind !== 'anonymous';
  const { Contents, CommonPrefixes, last } = entries(call, page, encode, withOwner, wantsRestores(input));
  return {
    bucketRegion: bucket.region,
    Name: bucket.name,
    // Keys are encoded, the prefix is told as it was given: clients do not decode it.
    Prefix,
    Marker: encode(Marker),
    MaxKeys: max,
    IsTruncated: page.truncated,
    ...(Delimiter ? { Delimiter: encode(Delimiter) } : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...(page.truncated && Delimiter && last ? { NextMarker: encode(last) } : {}),
    Contents,
    CommonPrefixes,
  };
}

export async function ListObjectsV2(call: Call, input: In<'ListObjectsV2'>): Promise<Out<'ListObjectsV2'> & Told> {
  const bucket = await bucketOf(call, input);
  const { Prefix = '', Delimiter, StartAfter, ContinuationToken } = input;
  const encode = encodeKeys(input.EncodingType, call);
  const max = pageSize(input.MaxKeys, 'max-keys');
  const { takesEmptyTokens, tellsStartAfter } = disputed(call.kernel);
  const token = takesEmptyTokens ? ContinuationToken || undefined : ContinuationToken;
  const start = token === undefined ? { after: StartAfter ?? '', marker: '' } : readToken(token);
  const page = await list(call, input, max, start);
  const { Contents, CommonPrefixes, last } = entries(
    call,
    page,
    encode,
    input.FetchOwner ?? false,
    wantsRestores(input),
  );
  return {
    bucketRegion: bucket.region,
    Name: bucket.name,
    Prefix: encode(Prefix),
    MaxKeys: max,
    KeyCount: Contents.length + CommonPrefixes.length,
    IsTruncated: page.truncated,
    ...(Delimiter ? { Delimiter: encode(Delimiter) } : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
    ...(StartAfter === undefined || (token !== undefined && !tellsStartAfter)
      ? {}
      : { StartAfter: encode(StartAfter) }),
    ...(page.truncated && last ? { NextContinuationToken: tokenOf(page.items[page.items.length - 1]) } : {}),
    Contents,
    CommonPrefixes,
  };
}

async function list(
  call: Call,
  input: In<'ListObjectsV2'> | In<'ListObjects'>,
  max: number,
  { after, marker }: { after: string; marker: string },
): Promise<Page<Row<StoredObject>>> {
  if (max === 0) return NOTHING;
  const bucket = await bucketOf(call, input);
  return walk(currentObjects(call.kernel.store, bucket), {
    prefix: input.Prefix,
    delimiter: input.Delimiter,
    after: after === '' ? undefined : { key: after },
    marker: marker || undefined,
    max,
  });
}

/** `x-amz-optional-object-attributes`. @throws AwsError InvalidArgument */
function wantsRestores({ OptionalObjectAttributes: asked }: { OptionalObjectAttributes?: readonly string[] }): boolean {
  const unknown = asked?.find((one) => one !== 'RestoreStatus');
  if (unknown !== undefined)
    throw invalidArgument('Invalid attribute name specified.', 'x-amz-optional-object-attributes', unknown);
  return asked !== undefined && asked.length > 0;
}

function entries(
  call: Call,
  page: Page<Row<StoredObject>>,
  encode: Encoder,
  withOwner: boolean,
  withRestores: boolean,
) {
  const Contents: Contents = [];
  const CommonPrefixes: { Prefix: string }[] = [];
  let last: string | undefined;
  for (const { row, group } of page.items) {
    last = row ? row.key : group;
    if (!row) {
      CommonPrefixes.push({ Prefix: encode(group) });
      continue;
    }
    const { value } = row;
    Contents.push({
      Key: encode(row.key),
      LastModified: wholeSecond(value.at),
      ETag: `"${value.etag}"`,
      ...(value.checksum ? { ChecksumAlgorithm: [value.checksum.algorithm], ChecksumType: value.checksum.type } : {}),
      Size: value.sizeBytes,
      StorageClass: (value.storageClass ?? 'STANDARD') as 'STANDARD',
      ...(withRestores ? restoreStatus(value, call.now) : {}),
      ...(withOwner ? { Owner: ownerMember(call.kernel, value.owner) } : {}),
    });
  }
  return { Contents, CommonPrefixes, last };
}

// A token says what the last entry of a page was: after a key one goes on behind it, after a common prefix beyond it.
function tokenOf({ row, group }: Item<Row<StoredObject>>): string {
  return Buffer.from(row ? `k${row.key}` : `p${group}`).toString('base64url');
}

function readToken(token: string): { after: string; marker: string } {
  const text = Buffer.from(token, 'base64url').toString('utf8');
  const rest = text.slice(1);
  if (rest !== '' && text.startsWith('k')) return { after: rest, marker: '' };
  if (rest !== '' && text.startsWith('p')) return { after: rest, marker: rest };
  throw invalidArgument('The continuation token provided is incorrect', 'continuation-token');
}

export async function ListObjectVersions(
  call: Call,
  input: In<'ListObjectVersions'>,
): Promise<Out<'ListObjectVersions'>> {
  const bucket = await bucketOf(call, input);
  const { Prefix = '', Delimiter, KeyMarker = '', VersionIdMarker = '' } = input;
  if (VersionIdMarker !== '' && KeyMarker === '')
    throw invalidArgument(
      'A version-id marker cannot be specified without a key marker.',
      'version-id-marker',
      VersionIdMarker,
    );
  const encode = encodeKeys(input.EncodingType, call);
  const max = pageSize(input.MaxKeys, 'max-keys');
  const withRestores = wantsRestores(input);
  const page =
    max === 0
      ? NOTHING
      : await walk(allVersions(call.kernel.store, bucket), {
          prefix: Prefix,
          delimiter: Delimiter,
          after: KeyMarker === '' ? undefined : await markedVersion(call, bucket, KeyMarker, VersionIdMarker),
          marker: KeyMarker || undefined,
          max,
        });
  const Versions: NonNullable<Out<'ListObjectVersions'>['Versions']> = [];
  const DeleteMarkers: NonNullable<Out<'ListObjectVersions'>['DeleteMarkers']> = [];
  const CommonPrefixes: { Prefix: string }[] = [];
  // A key's first row is its latest version, unless the page before ended within that key.
  let previous = KeyMarker;
  for (const { row, group } of page.items) {
    if (!row) {
      CommonPrefixes.push({ Prefix: encode(group) });
      continue;
    }
    const value = row.value;
    const common = {
      Key: encode(row.key),
      VersionId: value.versionId,
      IsLatest: row.key !== previous,
      LastModified: wholeSecond(value.at),
      Owner: ownerMember(call.kernel, value.owner),
    };
    previous = row.key;
    if (value.marker) DeleteMarkers.push(common);
    else
      Versions.push({
        ...common,
        ETag: `"${value.etag}"`,
        ...(value.checksum ? { ChecksumAlgorithm: [value.checksum.algorithm], ChecksumType: value.checksum.type } : {}),
        Size: value.sizeBytes,
        StorageClass: (value.storageClass ?? 'STANDARD') as 'STANDARD',
        ...(withRestores ? restoreStatus(value, call.now) : {}),
      });
  }
  const last = page.items[page.items.length - 1];
  return {
    Name: bucket.name,
    Prefix: encode(Prefix),
    KeyMarker: encode(KeyMarker),
    VersionIdMarker,
    MaxKeys: max,
    IsTruncated: page.truncated,
    ...(Delimiter ? { Delimiter: encode(Delimiter) } : {}),
    ...(input.EncodingType ? { EncodingType: input.EncodingType } : {}),
    ...(page.truncated && last
      ? {
          NextKeyMarker: encode(last.row ? last.row.key : last.group),
          ...(last.row ? { NextVersionIdMarker: last.row.value.versionId } : {}),
        }
      : {}),
    Versions,
    DeleteMarkers,
    CommonPrefixes,
  };
}

/** Where a page goes on: behind a version, or behind all versions of a key. */
async function markedVersion(call: Call, bucket: Bucket, key: string, versionId: string) {
  if (versionId === '') return { key, order: Number.NEGATIVE_INFINITY };
  const order =
    orderOf(versionId) ??
    (await findVersion(call.kernel.store, bucket, key, versionId))?.order ??
    // The page that named it may have been the last to see it.
    (versionId === 'null' ? Number.NEGATIVE_INFINITY : undefined);
  if (order === undefined) throw invalidArgument('Invalid version id specified', 'version-id-marker', versionId);
  return { key, order };
}
