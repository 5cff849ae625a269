/**
 * Who makes a resource: the service that has its type, the handler of a custom resource, or nobody (inert). Also what
 * a provider gets to work with.
 */
import { partitionOf } from '../../../base/arn';
import { AwsError, isAwsError } from '../../../base/errors';
import type { ResourceContext, ResourceType } from '../../../kernel/service';
import { peersOf } from '../actor';
import { customType, isCustom } from '../custom/custom';
import { nativeCustomType } from '../custom/native';
import { validationError } from '../errors';
import { inertType } from '../inert/type';
import { generatedName } from '../names';
import { registeredType } from '../registry';
import type { Incarnation, Resource } from '../state';
import type { Run } from './run';

export interface Provider {
  readonly behaviour: ResourceType;
  /** Properties are its own business: custom and inert types. */
  readonly open: boolean;
  readonly inert: boolean;
}

export function providerOf(run: Run, type: string, properties: Readonly<Record<string, unknown>>): Provider {
  const behaviour = run.deployer.type(type);
  if (behaviour) return { behaviour, open: false, inert: false };
  if (isCustom(type)) {
    const native = nativeCustomType(run, type, properties);
    return { open: true, inert: false, ...(native ?? { behaviour: customType(run, type) }) };
  }
  return { behaviour: inertType(type), open: true, inert: true };
}

/**
 * @throws AwsError for properties that AWS does not know, in its words; for those that the type here does not honour;
 * and in strict mode for inert types
 */
export function checkProperties(
  { behaviour, open, inert }: Provider,
  logicalId: string,
  properties: object,
  strict = false,
): void {
  if (inert && strict) throw validationError(`Resource type ${behaviour.type} is not supported by this runtime`);
  const faults = isCustom(behaviour.type) ? [] : (registeredType(behaviour.type)?.faultsOf(properties) ?? []);
  if (faults.length > 0) throw invalidProperties(logicalId, faults.join('\n'));
  if (open) return;
  const strange = Object.keys(properties).filter((name) => !behaviour.properties.includes(name));
  if (strange.length > 0) throw validationError(`Encountered unsupported property ${strange.join(', ')}`);
}

/** Whether a change of a property makes a new resource. */
export function recreation({ type, update, createOnly }: ResourceType, property: string) {
  if (!update || createOnly.includes(property)) return 'Always';
  return registeredType(type)?.conditional.includes(property) ? 'Conditionally' : 'Never';
}

function invalidProperties(logicalId: string, what: string): AwsError {
  return validationError(`Properties validation failed for resource ${logicalId} with message:\n${what}`);
}

/** Handler error codes. Source: CloudFormation CLI user guide, "Handler error codes". */
function handlerErrorCode(code: string, status: number): string {
  if (/AccessDenied|Unauthorized|Forbidden/i.test(code)) return 'AccessDenied';
  if (/AlreadyExists|AlreadyOwnedByYou|ResourceConflict/i.test(code)) return 'AlreadyExists';
  if (/NotFound|NoSuch|NonExistent/i.test(code)) return 'NotFound';
  if (/Throttl|TooManyRequests|SlowDown/i.test(code)) return 'Throttling';
  if (/LimitExceeded$/i.test(code)) return 'ServiceLimitExceeded';
  if (status >= 500) return 'ServiceInternalError';
  return status === 400 ? 'InvalidRequest' : 'GeneralServiceException';
}

/** What `kernel/properties.ts` says of values that it cannot read. */
const UNREADABLE = 'Properties validation failed: ';

/** Runs a step of a provider; what a service refuses there is told as CloudFormation tells it. */
export async function handled<T>({ behaviour, open }: Provider, logicalId: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    // CloudFormation's own types speak for themselves.
    if (open || !isAwsError(error) || behaviour.type.startsWith('AWS::CloudFormation::')) throw error;
    const { message, code, status } = error;
    if (message.startsWith(UNREADABLE)) {
      throw invalidProperties(logicalId, message.slice(UNREADABLE.length));
    }
    const words = `${message} (Service: ${behaviour.type.split('::')[1]}, Status Code: ${status}, Error Code: ${code})`;
    throw new AwsError(
      code,
      `Resource handler returned message: "${words}" (HandlerErrorCode: ${handlerErrorCode(code, status)})`,
      { status, detail: error.detail },
    );
  }
}

/** @param incarnation the one to be made, changed or deleted: names are generated for it */
export function contextFor(
  run: Run,
  row: Pick<Resource, 'logicalId' | 'constructPath'>,
  { suffix }: Pick<Incarnation, 'suffix'>,
  claim?: (physicalId: string) => void,
): ResourceContext {
  const { deployer, journal, actor } = run;
  const { account, region, id, name, tags } = journal.stack();
  const origin = { stackName: name, logicalId: row.logicalId, constructPath: row.constructPath };
  return {
    kernel: deployer.kernel,
    peers: peersOf(deployer.kernel, actor, { account, region }, origin),
    peersIn: (other) => peersOf(deployer.kernel, actor, { account, region: other }, origin),
    account,
    region,
    partition: partitionOf(region),
    stackId: id,
    stackName: name,
    logicalId: row.logicalId,
    origin,
    tags,
    generatedName: (options) => generatedName(name, row.logicalId, suffix, options),
    claim,
    signal: run.signal,
  };
}
