/** Where a stack is: certificates, web ACLs and logs of CloudFront are made in us-east-1 only. */
import { Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** The Region of a stack if it is known at synthesis and not us-east-1. */
export function elsewhere(scope: IConstruct): string | undefined {
  const { region } = Stack.of(scope);
  return Token.isUnresolved(region) || region === 'us-east-1' ? undefined : region;
}
