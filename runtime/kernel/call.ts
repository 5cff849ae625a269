/**
 * The call: everything a handler may know and use, besides its typed input. One value for a request from a socket,
 * from a client inside jest, and from another service.
 */
import type { Bytes } from '../base/bytes';
import type { Clock } from '../base/clock';
import type { Request, Response } from '../base/http';
import type { Random } from '../base/random';
import type { Store } from '../store/port';
import type { Check, MfaClaim, MfaOutcome } from './authorize';
import type { Config } from './config';
import type { Membership } from './organization';
import type { Peers } from './peers';
import type { Principal } from './principal';
import type { History } from './record';
import type { StandIn } from './service';
import type { Timers } from './timers';

/** Where in which deployed template something came from: kept beside policies so that an explanation can name it. */
export interface Origin {
  readonly stackName: string;
  readonly logicalId: string;
  /** `aws:cdk:path` metadata, e.g. `AppData/Uploads/Policy/Resource`. */
  readonly constructPath?: string;
}

/** What the runtime lends to services; the same for all calls. */
export interface Kernel {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: Timers;
  /** The default account: plain credentials are its administrator. */
  readonly defaultAccount: string;
  readonly defaultRegion: string;
  /** What was declared at the start. */
  readonly config: Config;
  /** A URL at which this runtime answers HTTP on loopback, e.g. for Lambda processes. Opens a listener when there is none. */
  endpoint(): Promise<string>;
  /** Calls services as `principal`: typed by the vendor's client, authorised like any request, no socket between. */
  peers(principal: Principal, scope: Scope): Peers;
  /** Answers a request as if it had come from outside, for an edge that stands before a service. Does not reject. */
  answer(request: Request): Promise<Response>;
  /**
   * Who sent a request that an edge answers without routing it: its signature held to this service's. Nobody in
   * particular, when it has none. @throws AwsError what is wrong with the signature
   */
  identify(request: Request, signingNames: readonly string[], bodyLimitBytes: number): Promise<Identified>;
  /** What does the work of a function natively, if something does: see `Service.standIn`. */
  standIn(invocation: StandIn): Promise<unknown> | undefined;
  /**
   * Asked by a service before it says that something does not exist: accounts are taken to have things that nobody has
   * made (see `Service.supply`). @returns whether it is there now
   */
  supply(arn: string, call: Call): Promise<boolean>;
  /**
   * The first user or role that these policies name as a principal and that is not there, in the call's own account: AWS
   * refuses resource policies that name nobody.
   */
  absentPrincipal(document: string, call: Call): Promise<string | undefined>;
  /** Where an account stands in an organisation; undefined when it is in none. */
  membership(account: string): Promise<Membership | undefined>;
  /** Holds a one-time code to an MFA device; one that is accepted is used up. */
  mfa(claim: MfaClaim): Promise<MfaOutcome>;
  /** A directory of this runtime for files that need not survive it (unpacked Lambda code). */
  scratch(): Promise<string>;
  /** The newest requests, calls between services and refusals, oldest first. */
  history(): History;
  /** Counts work in flight, so that `settled()` knows. Call the returned function when it is done. */
  busy(): () => void;
  /** One line for the operator (`coffer start` prints it; tests collect it). */
  report(line: string): void;
}

/** A request with a known sender; its body is held to the signature while it is read. */
export interface Identified {
  readonly principal: Principal;
  readonly body: Body;
}

/** Where a call acts. */
export interface Scope {
  /** Account whose resources unqualified names mean: the caller's. */
  readonly account: string;
  readonly region: string;
  readonly partition?: string;
  readonly origin?: Origin;
  /** Services that this call came through, outermost first: `aws:CalledVia`, `kms:ViaService`. */
  readonly via?: readonly string[];
  /** Id of the request from outside that this is part of. */
  readonly onBehalfOf?: string;
}

export interface Call {
  readonly kernel: Kernel;
  readonly requestId: string;
  /** Of a call between services: id of the request from outside that it is part of. */
  readonly onBehalfOf?: string;
  /** Virtual time at acceptance, milliseconds. */
  readonly now: number;
  readonly service: string;
  readonly operation: string;
  readonly principal: Principal;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly origin?: Origin;
  readonly via: readonly string[];
  /** The HTTP request behind this call; for peer calls a synthetic one without headers. */
  readonly request: Request;
  /** Body of a streaming operation, already unframed (aws-chunked) and hash-checked while it is read. */
  readonly body?: Body;
  /** Services, called as this call's principal with this service appended to `via`. */
  readonly peers: Peers;
  /** What was looked up for this call, by name: what a service need not, or must not, look up twice. */
  readonly known: Map<string, unknown>;
  /** Asks for one more permission than the action table did. @throws AwsError AccessDenied with the explanation */
  authorize(check: Check): Promise<void>;
}

export interface Body {
  readonly stream: Bytes;
  /** Decoded length in bytes when the client declared one. */
  readonly length?: number;
  /** Trailing headers; complete only after `stream` has ended. Lower-case names. */
  readonly trailers: Readonly<Record<string, string>>;
  /**
   * The same bytes before their SHA-256 is held against the signed one. For a reader that takes this digest itself, in
   * a better place, and confirms it before it commits anything; to be read instead of `stream`.
   */
  readonly signed?: { readonly stream: Bytes; confirm(sha256: Uint8Array): void };
}
