/** Requests and responses as values: the same for a socket, for a client inside jest and for a test's table. */
import type { Bytes } from './bytes';
import type { AwsError } from './errors';

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
  /** The browser's form that this request was made of: it is signed by a policy of its own instead of as a request. */
  readonly form?: SignedForm;
  /** The visitor's request to a website that this one was made of. Visitors are told what is not there. */
  readonly visit?: Request;
  readonly remoteAddress: string;
  /** True when the caller is to be seen as using TLS: always for loopback, unless marked otherwise. */
  readonly secure: boolean;
  /** `1.2`, `1.3`. */
  readonly tlsVersion?: string;
  /** Id of the VPC endpoint that the request came through. */
  readonly vpcEndpoint?: string;
  readonly vpc?: string;
}

export interface SignedForm {
  /** Absent: nobody signed it. */
  readonly claim?: FormClaim;
  /** Holds the form to what was signed, once the signature has proved true. @throws AwsError */
  check(now: number): void;
}

export interface FormClaim {
  readonly version: 2 | 4;
  readonly accessKeyId: string;
  /** Version 4: the scope behind the access key id. */
  readonly scope?: { readonly date: string; readonly region: string; readonly service: string };
  readonly signature: string;
  readonly sessionToken?: string;
  /** What is signed: the policy in Base64, as it stands in the form. */
  readonly policy: string;
}

export interface Response {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Record<string, string>;
  /** A stream when its length is in `headers['content-length']` or unknown; otherwise bytes. Absent: no body. */
  readonly body?: Uint8Array | Bytes;
  /** The error that this answer tells, for who tells it in another form: a website's page. */
  readonly failure?: AwsError;
}
