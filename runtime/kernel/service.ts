/**
 * What a service is: one value of this type, made by `services/<name>/service.ts`, is all that the kernel knows of it.
 * Adding a service is copying a folder and adding one line to `services.ts`.
 */
import type { Request, Response } from '../base/http';
import type { Wire } from '../protocol/wire';
import type { LoggedChange } from '../store/port';
import type { AttachedPolicy, Check, IdentitySource, PolicySource } from './authorize';
import type { Call, Kernel, Origin } from './call';
import type { OrganizationSource } from './organization';
import type { Input, OperationName, Output, Peers } from './peers';
import type { Principal } from './principal';
import type { RequestRecord } from './record';

export type Handler<I, O> = (call: Call, input: I) => Promise<O>;

/** Handlers by operation name, typed by client package `M`. What is missing answers `NotImplemented` by name. */
export type Handlers<M> = { readonly [Name in OperationName<M>]?: Handler<Input<M, Name>, Output<M, Name>> };

/** Per operation: what it asks of IAM before the handler runs. An empty list means: authentication is enough. */
export type Actions<M> = {
  readonly [Name in OperationName<M>]?: (
    input: Input<M, Name>,
    call: Call,
  ) => readonly Check[] | Promise<readonly Check[]>;
};

/** Follows the change log with a durable cursor: at least once, in order per key, nothing lost in a crash. */
export interface Consumer {
  /** Unique; the cursor's name. */
  readonly name: string;
  readonly topics: readonly string[];
  /** A throw is retried with growing pauses; other keys go on. */
  handle(change: LoggedChange, kernel: Kernel): Promise<void>;
}

/** Runs a timer that this service scheduled. `payload` is what was given to `timers.schedule`. */
export type TimerHandler = (payload: Readonly<Record<string, unknown>>, kernel: Kernel) => Promise<void>;

/** A request as meant, and how its answer looks to who sent it. */
export interface Rewritten {
  readonly request: Request;
  answer(response: Response): Response;
}

// biome-ignore lint/suspicious/noExplicitAny: as for handlers
type ActionRow = (input: any, call: Call) => readonly Check[] | Promise<readonly Check[]>;

export interface Edge {
  /** Takes a request before it is routed: CORS preflight, website hosts. Undefined: not for me. Must decide cheaply. */
  before?(request: Request, kernel: Kernel): Promise<Response> | undefined;
  /** Takes a request that stands for another: a browser's form. Undefined: not for me. Must decide cheaply. */
  rewrite?(request: Request, kernel: Kernel): Promise<Rewritten> | undefined;
  /** Whether `after` wants to see the answer to this request (it carries an `Origin` header, say). Must decide cheaply. */
  wants?(request: Request): boolean;
  /** Adds headers to the answer of a routed request of this service, errors included. */
  after?(request: Request, response: Response, kernel: Kernel): Promise<void>;
}

/** A request that has been answered, for a service that keeps a log of its own beside the request log. */
export interface Exchange {
  /** As in the request log, which leaves out calls between services; method and target of those mean nothing. */
  readonly record: RequestRecord;
  readonly request: Request;
  /** Absent when the request was not authenticated. */
  readonly principal?: Principal;
  /** As much of it as was read: all of it when the handler ran. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
  /** Absent for a call between services: nothing was written. */
  readonly response?: Response;
  /** Whether it took a grant beyond policies, an ACL say, to let it in. */
  readonly granted: boolean;
}

/** An invocation that somebody may do natively. */
export interface StandIn {
  readonly account: string;
  readonly region: string;
  readonly functionName: string;
  readonly roleArn: string;
  readonly payload: Uint8Array;
}

export interface Service {
  /** IAM prefix and name among peers: `s3`, `kms`, `lambda`. */
  readonly name: string;
  readonly wire: Wire;
  // biome-ignore lint/suspicious/noExplicitAny: the kernel handles all services alike; each is typed where it is made
  readonly handlers: Readonly<Record<string, Handler<any, any> | undefined>>;
  readonly actions: Readonly<Record<string, ActionRow | undefined>>;
  /** Requests without a signature get as far as policies (S3, SQS, SNS). Default: they are refused for want of one. */
  readonly answersUnsigned?: boolean;
  /**
   * Holds a document to what its headers promise of it (S3: Content-MD5 and checksums), before it is read.
   * @throws AwsError
   */
  checkDocument?(bytes: Uint8Array, call: Call): Promise<void>;
  /** Resource policies of this service's resources. */
  readonly policies?: PolicySource;
  /** Every policy that somebody wrote and this service keeps, for findings. */
  documents?(kernel: Kernel): AsyncIterable<AttachedPolicy>;
  /** Credentials and identity policies: iam and sts only. */
  readonly identities?: IdentitySource;
  /** Where accounts stand: organizations only. */
  readonly organizations?: OrganizationSource;
  readonly consumers?: readonly Consumer[];
  readonly timers?: Readonly<Record<string, TimerHandler>>;
  /** CloudFormation resource types. */
  readonly resources?: readonly ResourceType[];
  /** What a service answers outside its modelled operations, and what it adds to their answers. */
  readonly edge?: Edge;
  /**
   * Makes what accounts are taken to have, at its first use: CloudFormation has the resources of the CDK bootstrap.
   * Undefined: not mine. Must decide cheaply. @returns whether it is there now
   */
  supply?(arn: string, call: Call): Promise<boolean> | undefined;
  /**
   * Does natively what a function of somebody else's making does: CloudFormation knows CDK's own handlers. Undefined:
   * its code runs. Must decide cheaply. @returns its answer, to be sent as JSON
   */
  standIn?(invocation: StandIn, kernel: Kernel): Promise<unknown> | undefined;
  /** Sees every request to this service once it is answered, however it ended. Must be cheap and must not throw. */
  follow?(exchange: Exchange): void;
  /** Before the first request: fill what a fresh account has, resume what a crash interrupted. */
  start?(kernel: Kernel): Promise<void>;
  stop?(): Promise<void>;
  /** Whether anything is in flight that `settled()` must wait for beyond consumers and timers. */
  idle?(): Promise<void>;
}

// ---- CloudFormation resource types -------------------------------------------------------------------------------

/** What a resource provider may use. Its peers act as the stack's role or the caller, in the stack's account and region. */
export interface ResourceContext {
  readonly kernel: Kernel;
  readonly peers: Peers;
  /** The same in another Region, where a resource is made from one that lives there (`AWS::KMS::ReplicaKey`). */
  peersIn(region: string): Peers;
  readonly account: string;
  readonly region: string;
  readonly partition: string;
  readonly stackId: string;
  readonly stackName: string;
  readonly logicalId: string;
  readonly origin: Origin;
  /** Tags of the stack, to be merged under the resource's own. */
  readonly tags: Readonly<Record<string, string>>;
  /**
   * A generated physical name, `stack-logical-SUFFIX`, the same each time for this incarnation of the resource.
   * Source: CloudFormation user guide, "Name type".
   */
  generatedName(options?: { maxLength?: number; lowerCase?: boolean; separator?: string }): string;
  /**
   * Says early that the resource exists under this id although more steps of its creation follow: when one of them
   * fails, the rollback deletes it.
   */
  claim?(physicalId: string): void;
  /** As in the template, for the types that have one. */
  readonly creationPolicy?: unknown;
  /** Aborted when the operation is to end early: who waits for somebody outside gives up. */
  readonly signal?: AbortSignal;
}

export interface ResourceResult {
  /** What `Ref` answers, unless `ref` says otherwise, and what update and delete are given. */
  readonly physicalId: string;
  /** What `Fn::GetAtt` answers; nested attributes with dots in the name. */
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly ref?: string;
  /** The attributes are a secret: they are shown nowhere but in outputs. */
  readonly noEcho?: boolean;
}

export type Properties = Readonly<Record<string, unknown>>;

export interface ResourceType {
  /** `AWS::S3::Bucket`. */
  readonly type: string;
  /** Properties of which a change replaces the resource. */
  readonly createOnly: readonly string[];
  /** All properties that are honoured; any other is refused by name. */
  readonly properties: readonly string[];
  create(context: ResourceContext, properties: Properties): Promise<ResourceResult>;
  /** Absent: every change replaces. */
  update?(
    context: ResourceContext,
    physicalId: string,
    properties: Properties,
    previous: Properties,
    /** What `Fn::GetAtt` has answered so far. */
    attributes?: Properties,
  ): Promise<ResourceResult>;
  /** Deleting what is already gone succeeds. */
  delete(context: ResourceContext, physicalId: string, properties: Properties): Promise<void>;
  /**
   * The resource as it is: what can be read back of its properties, `undefined` for one that is not set. Undefined as a
   * whole: there is no such resource. Absent: nobody can tell whether the resource has drifted.
   */
  read?(context: ResourceContext, physicalId: string): Promise<Properties | undefined>;
}
