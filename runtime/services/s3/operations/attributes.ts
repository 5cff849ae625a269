/** GetObjectAttributes. Source: S3 API reference, "GetObjectAttributes". */
import type { Call } from '../../../kernel/call';
import { checksumMembers } from '../checksums';
import { readingKeyOf } from '../customerkeys';
import { disputed } from '../disputed';
import { checkCustomerKey } from '../encryption';
import { invalidArgument, missingHeader } from '../errors';
import type { In, Out } from '../model';
import { pageSize } from '../pages';
import type { Checksum, StoredObject } from '../state/tables';
import { findManifest, findPart } from '../state/uploads';
import { bucketOf, objectOf } from '../target';
import { versionMember } from '../writing';

const ATTRIBUTES = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'];

export async function GetObjectAttributes(
  call: Call,
  input: In<'GetObjectAttributes'>,
): Promise<Out<'GetObjectAttributes'>> {
  const asked = input.ObjectAttributes ?? [];
  if (asked.length === 0) throw missingHeader('x-amz-object-attributes');
  for (const name of asked)
    if (!ATTRIBUTES.includes(name))
      throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', name);
  const customer = readingKeyOf(input);
  const bucket = await bucketOf(call, input);
  const object = await objectOf(call, input);
  checkCustomerKey(call, object.seal, customer);
  const wants = (name: string) => asked.some((one) => one === name);
  return {
    LastModified: new Date(object.at),
    ...versionMember(bucket, object),
    ...(wants('ETag') ? { ETag: object.etag } : {}),
    ...(wants('Checksum') && object.checksum ? { Checksum: toldOf(call, object.checksum) } : {}),
    ...(wants('ObjectParts') && object.manifest ? { ObjectParts: await partsOfObject(call, object, input) } : {}),
    ...(wants('StorageClass') ? { StorageClass: (object.storageClass ?? 'STANDARD') as 'STANDARD' } : {}),
    ...(wants('ObjectSize') ? { ObjectSize: object.sizeBytes } : {}),
  };
}

/** Here, and only here, a composite checksum is told without the number of its parts. */
function toldOf({ kernel }: Call, checksum: Checksum) {
  const { value } = checksum;
  return checksumMembers({ ...checksum, value: disputed(kernel).countsParts ? value : value.replace(/-\d+$/, '') });
}

type ObjectParts = NonNullable<Out<'GetObjectAttributes'>['ObjectParts']>;

async function partsOfObject(
  call: Call,
  { manifest: uploadId, checksum }: StoredObject,
  input: In<'GetObjectAttributes'>,
): Promise<ObjectParts | undefined> {
  const { store } = call.kernel;
  const manifest = await findManifest(store, uploadId!);
  if (!manifest) return undefined;
  const TotalPartsCount = manifest.numbers.length;
  // "If an additional checksum isn't applied to the object", and so for each part of it, parts are counted and not told.
  if (checksum?.type !== 'COMPOSITE' && !disputed(call.kernel).tellsParts) return { TotalPartsCount };
  const MaxParts = pageSize(input.MaxParts, 'max-parts');
  const after = Number(input.PartNumberMarker ?? 0);
  const later = manifest.numbers.map((_, i) => i).filter((i) => manifest.numbers[i] > after);
  const shown = later.slice(0, MaxParts);
  const Parts: NonNullable<ObjectParts['Parts']> = [];
  for (const i of shown) {
    const part = await findPart(store, uploadId!, manifest.numbers[i]);
    Parts.push({
      PartNumber: manifest.numbers[i],
      Size: manifest.sizes[i],
      ...(part && checksum ? { [`Checksum${checksum.algorithm}`]: part.checksum } : {}),
    });
  }
  const last = shown.length > 0 ? manifest.numbers[shown[shown.length - 1]] : 0;
  return {
    TotalPartsCount,
    PartNumberMarker: String(after),
    NextPartNumberMarker: String(last),
    MaxParts,
    IsTruncated: later.length > shown.length,
    Parts,
  };
}
