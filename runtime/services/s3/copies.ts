/** The source of a copy as its header names it. Source: S3 API reference, "CopyObject", x-amz-copy-source. */
import { invalidArgument } from './errors';

export interface CopySource {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

const HEADER = 'x-amz-copy-source';

/** `bucket/key?versionId=...`, percent-encoded, with or without a slash in front. @throws AwsError InvalidArgument */
export function copySourceOf(header: string): CopySource {
  const [path, query, ...more] = header.split('?');
  // A key may hold a question mark only encoded; what follows one is the version.
  const version = query === undefined ? undefined : /^versionId=([^&]+)$/.exec(query)?.[1];
  if (more.length > 0 || (query !== undefined && version === undefined))
    throw badSource('Unsupported copy source parameter.');
  // A plus is a space here, as in forms; clients that mean a plus say %2B.
  const decoded = decode(path.replaceAll('+', ' ')).replace(/^\//, '');
  // `arn:…:accesspoint/NAME/object/KEY`
  const point = /^(arn:[^/]*:accesspoint\/[^/]+)\/object\/(.+)$/s.exec(decoded);
  if (point)
    return { bucket: point[1], key: point[2], ...(version === undefined ? {} : { versionId: decode(version) }) };
  const slash = decoded.indexOf('/');
  if (slash <= 0 || slash === decoded.length - 1) throw badSource('Invalid copy source object key');
  return {
    bucket: decoded.slice(0, slash),
    key: decoded.slice(slash + 1),
    ...(version === undefined ? {} : { versionId: decode(version) }),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badSource('Invalid copy source encoding.');
  }
}

const badSource = (message: string) => invalidArgument(message, HEADER, HEADER);
