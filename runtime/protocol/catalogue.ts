/**
 * The services of this runtime by the names they are asked for, each with its client's schema, read when first needed.
 */
import { type Client, readClient } from './schema';
import type { ProtocolName, Wire } from './wire';

export interface Entry {
  readonly name: string;
  readonly wire: Wire;
  /** S3 differs in much: buckets in host names, `<Error>` documents of its own, other request id headers. */
  readonly s3: boolean;
  readonly client: Client;
  /** The first of these protocols that the service speaks. */
  speaks(...protocols: readonly ProtocolName[]): ProtocolName | undefined;
}

export interface Catalogue {
  readonly entries: readonly Entry[];
  named(name: string): Entry | undefined;
  /** By the service name of a credential scope. More than one service can sign with the same name. */
  signing(name: string): readonly Entry[];
  /** By what stands before the dot in `X-Amz-Target`; also the service's name in the paths of Smithy RPC. */
  targeted(prefix: string): Entry | undefined;
}

export function createCatalogue(services: readonly { readonly name: string; readonly wire: Wire }[]): Catalogue {
  const entries = services.map(entryOf);
  const named = new Map(entries.map((entry) => [entry.name, entry]));
  const targeted = new Map(entries.map((entry) => [entry.wire.target, entry]));
  const signing = new Map<string, Entry[]>();
  for (const entry of entries) {
    for (const name of entry.wire.signingNames) signing.set(name, [...(signing.get(name) ?? []), entry]);
  }
  return {
    entries,
    named: (name) => named.get(name),
    signing: (name) => signing.get(name) ?? [],
    targeted: (prefix) => targeted.get(prefix),
  };
}

function entryOf({ name, wire }: { readonly name: string; readonly wire: Wire }): Entry {
  let client: Client | undefined;
  return {
    name,
    wire,
    s3: wire.protocols.includes('restXml') && wire.signingNames.includes('s3') && !wire.paths,
    get client() {
      client ??= readClient(wire);
      return client;
    },
    speaks: (...protocols) => protocols.find((protocol) => wire.protocols.includes(protocol)),
  };
}
