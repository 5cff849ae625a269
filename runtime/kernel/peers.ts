/**
 * Services as seen by other services: `call.peers.kms.GenerateDataKey(input)`. Each service adds its own entry by
 * declaration merging, in its `service.ts`:
 *
 *     declare module '../../kernel/peers' { interface Peers { kms: Operations<typeof import('@aws-sdk/client-kms')> } }
 *
 * The types come from the vendor's client; at run time a peer is a proxy that goes through the same authorisation and
 * the same handler as a request, without socket, signature or bytes. How it is made: `pipeline.ts`.
 */
import type { Bytes } from '../base/bytes';
import type { Body } from './call';

// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Peers {}

/** A command class of a vendor's client package. */
interface CommandShape<I, O> {
  readonly input: I;
  // biome-ignore lint/suspicious/noExplicitAny: the vendor's middleware types are of no interest here
  resolveMiddleware(...args: any[]): (...args: any[]) => Promise<{ output: O }>;
}
type NamesOf<M> = { [K in keyof M]: K extends `${infer Name}Command` ? Name : never }[keyof M] & string;
// biome-ignore lint/suspicious/noExplicitAny: any constructor
type Constructor<C> = new (...args: any[]) => C;
type InstanceOf<M, Name extends string> = `${Name}Command` extends keyof M
  ? M[`${Name}Command`] extends Constructor<infer C>
    ? C
    : never
  : never;

/** What a service hands out where the vendor's client promises its own stream or blob types. */
// biome-ignore lint/suspicious/noExplicitAny: structural match on the vendor's stream mixins
type Served<T> = NonNullable<T> extends { transformToString(...args: any[]): any } ? Uint8Array | Bytes | undefined : T;

/** Input of operation `Name` in client package `M`. A streaming body is not in it: it is `call.body`. */
export type Input<M, Name extends string> = InstanceOf<M, Name> extends CommandShape<infer I, unknown> ? I : never;

/** Output of operation `Name` in client package `M`, as a handler makes it. */
export type Output<M, Name extends string> =
  InstanceOf<M, Name> extends CommandShape<infer _I, infer O>
    ? { [K in keyof Omit<O, '$metadata'>]: Served<Omit<O, '$metadata'>[K]> }
    : never;

/** All operations of a vendor's client package, as functions from input to output. */
export type Operations<M> = {
  readonly [Name in NamesOf<M>]: (input: Input<M, Name>, body?: Body) => Promise<Output<M, Name>>;
};

export type OperationName<M> = NamesOf<M>;
