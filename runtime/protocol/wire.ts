/** How a service is spoken to, as data: each service's `service.ts` says it, this floor acts on it. */

export type ProtocolName = 'restXml' | 'restJson1' | 'awsJson1_0' | 'awsJson1_1' | 'awsQuery' | 'rpcv2Cbor';

/** How a service is spoken to. */
export interface Wire {
  /** Loads the vendor's client package, whose schema constants describe every operation. Called at first use. */
  readonly client: () => object;
  /** The protocols that its clients speak; the first is the native one. */
  readonly protocols: readonly ProtocolName[];
  /** Service names in a credential scope that lead here. */
  readonly signingNames: readonly string[];
  /** Of a REST service that signs with the name of another one: requests with this path and this header are its own. */
  readonly paths?: { readonly prefix: string; readonly header: string };
  /** What stands before the dot in `X-Amz-Target`. */
  readonly target?: string;
  /** `Version` of the Query protocol; also the API version in documents. */
  readonly version: string;
  readonly xmlNamespace?: string;
  /** What the client's schema leaves out: constraints, statuses, element order (`services/<name>/model.ts`). */
  readonly model?: ModelNotes;
}

/** Corrections to the vendor's schema; see `protocol/schema.ts` for how each is used. */
export interface ModelNotes {
  /** Success status by operation, where it differs from the http trait. */
  readonly statuses?: Readonly<Record<string, number>>;
  /** Output member beyond the schema that carries the success status, by operation. */
  readonly statusMembers?: Readonly<Record<string, string>>;
  /** Headers of answers that the schema does not have: by operation, the header that carries an output member. */
  readonly headers?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What S3 says of a header or parameter that cannot be read, by its name, where it is not the usual. */
  readonly words?: Readonly<Record<string, string>>;
  /** Root element of an output or input document, by structure name. */
  readonly rootNames?: Readonly<Record<string, string>>;
  /** Operations of which the request body may be absent or empty although the schema has a payload. */
  readonly optionalBody?: readonly string[];
  /** Most bytes of a request document by operation, where 1 MiB is not it. */
  readonly bodyLimits?: Readonly<Record<string, number>>;
  /** Content type of a payload that is no document, by operation (`GetBucketPolicy`: JSON). */
  readonly contentTypes?: Readonly<Record<string, string>>;
  /** Input member that the request's own address stands for when it is left out: a queue's URL in a Query request. */
  readonly addressMember?: string;
  /** How the service words a missing member, where it is not AWS's usual "validation error detected". */
  readonly missing?: (member: string) => { readonly code: string; readonly message: string };
  /** Members by `Structure$Member` whose numbers may have a fraction: the client's schema does not tell. */
  readonly fractions?: readonly string[];
  /** Extra constraints by `Structure$Member`. On a list, `min` and `max` bound its length, the rest each item. */
  readonly constraints?: Readonly<Record<string, Constraint>>;
}

export interface Constraint {
  readonly pattern?: RegExp;
  readonly min?: number;
  readonly max?: number;
  readonly values?: readonly string[];
}
