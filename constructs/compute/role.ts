/**
 * The role of a function: what CDK's `grant*` methods and ours give to it goes to one managed policy, never inline, where
 * reviews do not look. The function waits for the role alone: its policies may name what names the function.
 */

import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { Dependable } from 'constructs';

export class ExecutionRole extends iam.Role {
  /** While the function is made, CDK grants what its service policy has already. */
  public making = true;
  private policy: iam.ManagedPolicy | undefined;

  constructor(
    private readonly place: Construct,
    private readonly functionId: string,
    private readonly purpose: string,
  ) {
    super(place, `${functionId}Role`, {
      description: `Execution role: ${purpose}`.slice(0, 1000),
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    // The function's reference is enough; waiting for what is below the role would be a cycle.
    Dependable.implement(this, { dependencyRoots: [] });
  }

  /** The policy of what the function may do. */
  public get access(): iam.ManagedPolicy {
    this.policy ??= new iam.ManagedPolicy(this.place, `${this.functionId}Access`, {
      description: `What a function may do: ${this.purpose}`.slice(0, 1000),
      roles: [this],
    });
    return this.policy;
  }

  public override addToPrincipalPolicy(statement: iam.PolicyStatement): iam.AddToPrincipalPolicyResult {
    if (this.making) return { statementAdded: true, policyDependable: this };
    this.access.addStatements(statement);
    return { statementAdded: true, policyDependable: this.access };
  }
}
