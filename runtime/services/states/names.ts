/** Names, ARNs and errors of state machines and executions. Source: Step Functions API Reference. */
import { formatArn, parseArn } from '../../base/arn';
import { AwsError } from '../../base/errors';
import type { ExecutionName, MachineName, Place } from './state';

type At = Place & { readonly partition: string };

export const machineArn = (at: At, name: string) =>
  formatArn({ ...at, service: 'states', resource: `stateMachine:${name}` });
export const executionArn = (at: At, machine: string, name: string) =>
  formatArn({ ...at, service: 'states', resource: `execution:${machine}:${name}` });

const fault = (code: string, message: string) => new AwsError(code, message);
export const invalidArn = (arn: string) => fault('InvalidArn', `Invalid Arn: '${arn}'`);
export const noMachine = (arn: string) => fault('StateMachineDoesNotExist', `State Machine Does Not Exist: '${arn}'`);
export const noExecution = (arn: string) => fault('ExecutionDoesNotExist', `Execution Does Not Exist: '${arn}'`);
export const machineExists = (arn: string) =>
  fault('StateMachineAlreadyExists', `State Machine Already Exists: '${arn}'`);
export const executionExists = (arn: string) => fault('ExecutionAlreadyExists', `Execution Already Exists: '${arn}'`);
export const invalidName = (name: string) => fault('InvalidName', `Invalid Name: '${name}'`);
export const invalidDefinition = (why: string) =>
  fault('InvalidDefinition', `Invalid State Machine Definition: '${why}'`);
export const invalidInput = (why: string) =>
  fault('InvalidExecutionInput', `Invalid State Machine Execution Input: '${why}'`);
export const validation = (message: string) => fault('ValidationException', message);
export const unsupported = (what: string) => validation(`Coffer does not implement ${what} of Step Functions.`);

/** Source: "CreateStateMachine", name. */
export function checkName(name: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (!name || name.length > 80 || /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(name))
    throw invalidName(name);
}

export function machineOfArn(text: string | undefined): MachineName {
  const arn = parseArn(text ?? '');
  const [kind, name, qualifier] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'states' || kind !== 'stateMachine' || !name) throw invalidArn(text ?? '');
  if (qualifier !== undefined) throw unsupported('versions and aliases of state machines');
  return { account: arn.account, region: arn.region, name };
}

export function executionOfArn(text: string | undefined): ExecutionName {
  const arn = parseArn(text ?? '');
  const [kind, machine, name] = arn?.resource.split(':') ?? [];
  if (arn?.service !== 'states' || kind !== 'execution' || !machine || !name) throw invalidArn(text ?? '');
  return { account: arn.account, region: arn.region, machine, name };
}
