/** EventBridge's errors by name. Source: EventBridge API Reference; the words are those the service answers with. */
import { AwsError } from '../../base/errors';

export const validation = (message: string) => new AwsError('ValidationException', message);
/** What is taken on AWS and not here. */
export const unsupported = (what: string) => validation(`Coffer does not implement ${what} of EventBridge.`);
export const busNotFound = (name: string) =>
  new AwsError('ResourceNotFoundException', `Event bus ${name} does not exist.`);
export const ruleNotFound = (name: string, bus: string) =>
  new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus ${bus}.`);
export const busExists = (name: string) =>
  new AwsError('ResourceAlreadyExistsException', `Event bus ${name} already exists.`);
export const invalidPattern = (reason: string) =>
  new AwsError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
export const limitExceeded = (message: string) => new AwsError('LimitExceededException', message);
export const statementNotFound = (id: string) =>
  new AwsError('ResourceNotFoundException', `Statement with the provided id does not exist: ${id}.`);
export const noPolicy = () => new AwsError('ResourceNotFoundException', 'EventBus does not have a policy.');
