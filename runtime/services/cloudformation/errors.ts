/** Errors of CloudFormation: its codes, statuses and words. Source: CloudFormation API Reference, "Common errors". */
import { AwsError } from '../../base/errors';

export function validationError(message: string): AwsError {
  return new AwsError('ValidationError', message);
}

/** Each operation has its own way to say it. */
export const missingStack = {
  describe: (name: string) => validationError(`Stack with id ${name} does not exist`),
  change: (name: string) => validationError(`Stack [${name}] does not exist`),
  resource: (name: string) => validationError(`Stack '${name}' does not exist`),
};

export function missingResource(logicalId: string, stack: string): AwsError {
  return validationError(`Resource ${logicalId} does not exist for stack ${stack}`);
}

export function stackAlreadyExists(name: string): AwsError {
  return new AwsError('AlreadyExistsException', `Stack [${name}] already exists`);
}

export function changeSetAlreadyExists(name: string, stackId: string): AwsError {
  return new AwsError(
    'AlreadyExistsException',
    `ChangeSet ${name} cannot be created due to a mismatch with existing attribute Name of ${stackId}`,
  );
}

export function missingChangeSet(name: string): AwsError {
  return new AwsError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, { status: 404 });
}

export function changeSetNotExecutable(id: string, status: string): AwsError {
  return new AwsError(
    'InvalidChangeSetStatus',
    `ChangeSet [${id}] cannot be executed in its current execution status of [${status}]`,
  );
}

/** What makes a change set fail that is otherwise well asked for: it is kept, with the reason. */
export class ChangeSetFailure extends Error {
  override readonly name = 'ChangeSetFailure';
}

export function notFound(type: string, identifier: string): string {
  return `Resource of type '${type}' with identifier '${identifier}' was not found.`;
}

export function wrongState(stackId: string, status: string, verb = 'updated'): AwsError {
  return validationError(`Stack:${stackId} is in ${status} state and can not be ${verb}.`);
}

export function noUpdates(): AwsError {
  return validationError('No updates are to be performed.');
}

export function terminationProtected(name: string): AwsError {
  return validationError(`Stack [${name}] cannot be deleted while TerminationProtection is enabled`);
}

export function insufficientCapabilities(needed: readonly string[]): AwsError {
  return new AwsError('InsufficientCapabilitiesException', `Requires capabilities : [${needed.join(', ')}]`);
}

/** Nested change sets live and end with the one that they were made for. */
export function notTheRoot(id: string, verb: string): AwsError {
  return validationError(`ChangeSet [${id}] is nested and cannot be ${verb}; its root change set can`);
}

export function missingExport(name: string): AwsError {
  return validationError(`No export named ${name} found`);
}

export function unusedExport(name: string): AwsError {
  return validationError(`Export '${name}' is not imported by any stack.`);
}

export function notSupported(what: string): AwsError {
  return validationError(`${what} is not supported by this runtime`);
}

export function tokenInUse(token: string): AwsError {
  return new AwsError('TokenAlreadyExistsException', `Token already exists: ${token}`);
}
