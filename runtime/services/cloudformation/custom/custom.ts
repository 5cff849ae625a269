/**
 * Custom resources: the function behind `ServiceToken` is invoked as Lambda would be by CloudFormation, and answers
 * with a PUT to a URL of this runtime. Topics as service tokens get the request as a message. Source: CloudFormation user guide, "Custom
 * resource reference".
 */
import { parseArn } from '../../../base/arn';
import { isAwsError } from '../../../base/errors';
import { isObject } from '../../../engine/template/parse';
import type { Peers } from '../../../kernel/peers';
import type { Properties, ResourceContext, ResourceResult, ResourceType } from '../../../kernel/service';
import { peersOf } from '../actor';
import type { CustomAnswer } from '../deployer';
import { validationError } from '../errors';
import type { Run } from '../stacks/run';
import { responseUrl } from './responses';

const DEFAULT_TIMEOUT_SECONDS = 3600;
export const CREATION_CANCELLED = 'Resource creation cancelled';
const NOT_MODIFIABLE = 'Modifying service token is not allowed.';

export function isCustom(type: string): boolean {
  return type.startsWith('Custom::') || type === 'AWS::CloudFormation::CustomResource';
}

interface CustomRequest {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly PhysicalResourceId?: string;
  readonly OldResourceProperties?: unknown;
}

export function customType(run: Run, type: string): ResourceType {
  const send = (context: ResourceContext, properties: Properties, request: CustomRequest) =>
    ask(run, type, context, properties, request);
  return {
    type,
    createOnly: [],
    properties: [],
    create: (context, properties) => send(context, properties, { RequestType: 'Create' }),
    update(context, physicalId, properties, previous) {
      if (properties.ServiceToken !== previous.ServiceToken) throw validationError(NOT_MODIFIABLE);
      const old = stringified(withoutOwn(previous));
      return send(context, properties, {
        RequestType: 'Update',
        PhysicalResourceId: physicalId,
        OldResourceProperties: old,
      });
    },
    async delete(context, physicalId, properties) {
      await send(context, properties, { RequestType: 'Delete', PhysicalResourceId: physicalId });
    },
  };
}

/** Properties as handlers see them: every scalar is a string. */
export function stringified(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stringified);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, stringified(item)]));
  return String(value);
}

/** `ServiceTimeout` is for CloudFormation, not for the handler. */
function withoutOwn({ ServiceTimeout: _, ...properties }: Properties): Properties {
  return properties;
}

async function ask(
  run: Run,
  type: string,
  context: ResourceContext,
  properties: Properties,
  request: CustomRequest,
): Promise<ResourceResult> {
  const { deployer, deadline = Number.POSITIVE_INFINITY, actor, signal } = run;
  const { kernel } = deployer;
  const token = String(properties.ServiceToken ?? '');
  const arn = parseArn(token);
  if (arn?.service !== 'lambda' && arn?.service !== 'sns') {
    throw validationError(`Invalid service token: ${token || '(none)'}`);
  }
  const seconds = Number(properties.ServiceTimeout ?? DEFAULT_TIMEOUT_SECONDS);
  if (!Number.isInteger(seconds) || seconds < 1 || seconds > DEFAULT_TIMEOUT_SECONDS) {
    throw validationError(
      `Invalid ServiceTimeout: ${properties.ServiceTimeout}. It must be between 1 and 3600 seconds`,
    );
  }
  const expiresAt = Math.min(kernel.clock.now() + seconds * 1000, deadline);
  const { url, answer, close } = await responseUrl(deployer, expiresAt);
  const event = {
    ...request,
    ServiceToken: token,
    ResponseURL: url,
    StackId: context.stackId,
    RequestId: kernel.random.uuid(),
    LogicalResourceId: context.logicalId,
    ResourceType: type,
    ResourceProperties: stringified(withoutOwn(properties)),
  };
  let back = () => {};
  const done = new AbortController();
  try {
    const peers = peersOf(kernel, actor, { account: context.account, region: arn.region }, context.origin);
    const ask = arn.service === 'sns' ? published(peers, token) : peers.lambda.Invoke;
    const broken = invoke(ask, token, event, () => {
      back = deployer.running.get(context.stackId)?.away() ?? back;
    });
    const said = await Promise.race([
      answer,
      broken,
      ...(signal ? [cancelled(signal, done.signal, context, request)] : []),
    ]);
    return read(context, said, request, event.RequestId);
  } finally {
    done.abort();
    back();
    await close();
  }
}

type Invoke = (input: {
  FunctionName: string;
  Payload: Uint8Array;
}) => Promise<{ FunctionError?: string; Payload?: unknown }>;

/** As much of SNS as is needed here. */
interface Topics {
  readonly sns: { Publish(input: { TopicArn: string; Subject: string; Message: string }): Promise<unknown> };
}

const published =
  (peers: Peers, TopicArn: string): Invoke =>
  async ({ Payload }) => {
    const Subject = 'AWS CloudFormation custom resource request';
    await (peers as Peers & Topics).sns.Publish({ TopicArn, Subject, Message: Buffer.from(Payload).toString() });
    return {};
  };

/**
 * Resolves only when the handler broke off, with what it said: the answer can then no longer come. A handler that ends
 * well may leave the answer to somebody else (CDK's provider framework does).
 */
async function invoke(call: Invoke, FunctionName: string, event: object, ended: () => void): Promise<CustomAnswer> {
  try {
    const { FunctionError, Payload } = await call({ FunctionName, Payload: Buffer.from(JSON.stringify(event)) });
    if (!FunctionError) {
      ended();
      return new Promise(() => {});
    }
    const said = Payload instanceof Uint8Array ? Buffer.from(Payload).toString() : '';
    return { failure: `the handler ended with ${FunctionError}: ${said.slice(0, 1000)}` };
  } catch (error) {
    if (!isAwsError(error)) throw error;
    return { failure: `the handler could not be invoked: ${error.message}` };
  }
}

/** Rejects when the operation is to end early, unless the resource is `done` by then. What a handler may have made by then is deleted in the rollback. */
async function cancelled(
  signal: AbortSignal,
  done: AbortSignal,
  context: ResourceContext,
  { RequestType }: CustomRequest,
): Promise<never> {
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true, signal: done }));
  if (RequestType === 'Create') context.claim?.(context.generatedName());
  throw validationError(RequestType === 'Create' ? CREATION_CANCELLED : 'Resource update cancelled');
}

function read(
  context: ResourceContext,
  answer: CustomAnswer,
  { RequestType, PhysicalResourceId }: CustomRequest,
  requestId: string,
): ResourceResult {
  if ('failure' in answer) {
    throw validationError(`CloudFormation did not receive a response from your Custom Resource: ${answer.failure}`);
  }
  const response = parse(answer.body);
  if (response?.Status !== 'SUCCESS') {
    // A creation that its handler calls failed may have made something: the rollback asks for its deletion.
    if (RequestType === 'Create' && response)
      context.claim?.(String(response.PhysicalResourceId || context.generatedName()));
    const said = response ? String(response.Reason ?? 'no reason') : 'the response is no JSON object';
    throw validationError(
      `Received response status [FAILED] from custom resource. Message returned: ${said} (RequestId: ${requestId})`,
    );
  }
  const physicalId = response.PhysicalResourceId ?? PhysicalResourceId;
  if (typeof physicalId !== 'string' || physicalId === '') {
    throw validationError('Invalid PhysicalResourceId: the custom resource did not answer with one');
  }
  const noEcho = String(response.NoEcho ?? false).toLowerCase() === 'true';
  return { physicalId, attributes: isObject(response.Data) ? response.Data : {}, noEcho };
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
