/**
 * What this floor itself refuses, by AWS's names and in AWS's words, which differ by protocol. Sources: Amazon S3 API
 * Reference, "List of error codes"; "Common errors" of the IAM, AWS KMS and AWS CloudFormation API references.
 */
import { AwsError } from '../base/errors';
import type { ProtocolName } from './wire';

/** How a request document is refused. */
export interface Words {
  /** It cannot be read as what the schema says. `place`: where in the document. */
  malformed(what: string, place: string): AwsError;
  /** It can be read, but is incomplete or out of bounds. Each violation is a sentence without its end. */
  invalid(violations: readonly string[]): AwsError;
}

const at = (place: string) => (place ? ` (at ${place})` : '');

function validation(code: string, violations: readonly string[]): AwsError {
  const count = `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected`;
  return new AwsError(code, `${count}: ${violations.join('; ')}`);
}

export const jsonWords: Words = {
  malformed: (what, place) => new AwsError('SerializationException', `${what}${at(place)}`),
  invalid: (violations) => validation('ValidationException', violations),
};

export const queryWords: Words = {
  malformed: (what, place) => new AwsError('MalformedInput', `${what}${at(place)}`),
  invalid: (violations) => validation('ValidationError', violations),
};

export function malformedXml(what: string): AwsError {
  const words = 'The XML you provided was not well-formed or did not validate against our published schema';
  return new AwsError('MalformedXML', `${words}: ${what}`);
}

export function missingRequestBody(): AwsError {
  return new AwsError('MissingRequestBodyError', 'Request Body is empty');
}

export function invalidArgument(message: string, name: string, value: string): AwsError {
  return new AwsError('InvalidArgument', message, { fields: { ArgumentName: name, ArgumentValue: value } });
}

export function missingHeader(name: string): AwsError {
  return new AwsError('MissingSecurityHeader', 'Your request was missing a required header', {
    fields: { MissingHeaderName: name },
  });
}

export function invalidUri(target: string): AwsError {
  return new AwsError('InvalidURI', "Couldn't parse the specified URI.", { fields: { URI: target } });
}

export function malformedQueryString(what: string): AwsError {
  return new AwsError('MalformedQueryString', `The query string contains a syntax error: ${what}`, { status: 404 });
}

/** S3 has the resource, but not this method on it. `allowed`: the methods that it has. */
export function methodNotAllowed(method: string, resourceType: string, allowed: readonly string[]): AwsError {
  return new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
    status: 405,
    fields: { Method: method, ResourceType: resourceType },
    headers: allowed.length > 0 ? { allow: allowed.join(', ') } : {},
  });
}

/** The service has no operation of this name. */
export function unknownOperation(protocol: ProtocolName, asked: string, version = ''): AwsError {
  if (protocol === 'awsQuery') {
    return new AwsError(
      'InvalidAction',
      `Could not find operation ${asked} for version ${version || 'NO_VERSION_SPECIFIED'}`,
    );
  }
  const rest = protocol === 'restJson1' || protocol === 'restXml' || protocol === 'rpcv2Cbor';
  return new AwsError('UnknownOperationException', `The operation ${asked} is not known`, { status: rest ? 404 : 400 });
}

export function missingAction(): AwsError {
  return new AwsError('MissingAction', 'The request is missing an action or a required parameter');
}

/** No service of this runtime answers to this. */
/** Not a 5xx: clients would try again. */
/** What to do without a service, by its signing name. */
const WITHOUT: Readonly<Record<string, string>> = {
  ecr: 'container images are neither built nor run here: give the function a zip package (lambda.Code.fromAsset), or leave the stack out',
  ec2: 'what a lookup of the CDK would find belongs in cdk.context.json',
  elasticloadbalancing: 'what a lookup of the CDK would find belongs in cdk.context.json',
  route53: 'what a lookup of the CDK would find belongs in cdk.context.json',
};

export function unknownService(asked: string): AwsError {
  const instead = Object.hasOwn(WITHOUT, asked) ? `: ${WITHOUT[asked]}` : '';
  return new AwsError(
    'NotImplemented',
    `The service that was asked for (${asked}) is not part of this runtime${instead}`,
  );
}

export function notUtf8(): AwsError {
  return new AwsError('InvalidRequest', 'The request body is not valid UTF-8');
}
