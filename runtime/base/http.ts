/** Requests and responses as values: the same for a socket, for a client inside jest and for a test's table. */
import type { Bytes } from './bytes';

/** An HTTP request as a value. Header names are lower-case; repeated headers are joined with `, ` as HTTP allows. */
export interface Request {
  readonly method: string;
  /** The request target exactly as received: path and query, still percent-encoded. */
  readonly target: string;
  /** The part of `target` before `?`, still percent-encoded. */
  readonly path: string;
  /** Query pairs in order, percent-decoded (`+` is a plus, not a space, as S3 and SigV4 read it). `value` is '' for `?acl`. */
  readonly query: readonly (readonly [name: string, value: string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** Headers that came more than once, joined by a bare comma as signatures want them. */
  readonly repeated?: Readonly<Record<string, string>>;
  /** Content-Length as declared, when declared. */
  readonly contentLength?: number;
  readonly body: Bytes;
  readonly remoteAddress: string;
  /** True when the caller is to be seen as using TLS: always for loopback, unless marked otherwise. */
  readonly secure: boolean;
}

export interface Response {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  /** A stream when its length is in `headers['content-length']` or unknown; otherwise bytes. Absent: no body. */
  readonly body?: Uint8Array | Bytes;
}
