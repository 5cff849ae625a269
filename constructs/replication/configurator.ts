/**
 * The function behind what no resource of CloudFormation does: replication back to a bucket that replicates (each would
 * have to be there before the other), and jobs of S3 Batch Operations. One per stack, and only where it is needed.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { Concurrency, SecureFunction } from '../compute/function';
import { bundled } from '../compute/handlers';

/** The function that a stack's replications share; made at first use. */
export function configurator(scope: Construct): SecureFunction {
  const stack = Stack.of(scope);
  const existing = stack.node.tryFindChild('ReplicationConfigurator');
  if (existing instanceof SecureFunction) return existing;
  return new SecureFunction(stack, 'ReplicationConfigurator', {
    description: 'Sets replication and begins batch jobs when the stack is deployed',
    code: bundled('replicate'),
    timeout: Duration.minutes(2),
    concurrency: Concurrency.shared('It is called by CloudFormation alone, once per resource and deployment.'),
  });
}
