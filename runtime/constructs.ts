/**
 * CDK constructs as the runtime sees them: by shape, for aws-cdk-lib is the user's and is never loaded from here. A
 * construct leads to its stack and logical id, and so to the deployed resource.
 */
import type { Kernel } from './kernel/call';
import { root } from './kernel/principal';

/** Any construct: an L2 such as `iam.Role`, or its CloudFormation resource. */
export interface ConstructLike {
  readonly node: { readonly path: string; readonly defaultChild?: unknown };
}

/** A `CfnElement`. */
interface CfnLike {
  readonly logicalId: string;
  readonly stack: StackLike;
}

/** A `Stack`. Names may be tokens that only it resolves. */
export interface StackLike extends ConstructLike {
  readonly stackName: string;
  readonly account: string;
  readonly region: string;
  resolve(token: unknown): unknown;
}

export interface Place {
  readonly stackName: string;
  readonly logicalId: string;
  readonly account: string;
  readonly region: string;
}

export function isConstruct(value: unknown): value is ConstructLike {
  return typeof value === 'object' && value !== null && 'node' in value;
}

/**
 * Where a construct's resource is deployed. Environment-agnostic stacks are where `otherwise` says.
 * @throws Error for a construct that is not one resource of a template
 */
export function placeOf(construct: ConstructLike, otherwise: { account: string; region: string }): Place {
  const element = (construct.node.defaultChild ?? construct) as Partial<CfnLike>;
  const { stack, logicalId } = element;
  if (stack === undefined || logicalId === undefined) {
    throw new Error(`${construct.node.path} is not one resource of a stack`);
  }
  const { account, region } = environmentOf(stack, otherwise);
  return { stackName: stack.stackName, logicalId: String(stack.resolve(logicalId)), account, region };
}

export function environmentOf(stack: StackLike, otherwise: { account: string; region: string }) {
  return {
    account: /^\d{12}$/.test(stack.account) ? stack.account : otherwise.account,
    region: /^[a-z0-9-]+$/.test(stack.region) ? stack.region : otherwise.region,
  };
}

/** The physical id of a construct's deployed resource. @throws AwsError when it is not deployed */
export async function physicalIdOf(construct: ConstructLike, kernel: Kernel): Promise<string> {
  const otherwise = { account: kernel.defaultAccount, region: kernel.defaultRegion };
  const { stackName, logicalId, account, region } = placeOf(construct, otherwise);
  const { cloudformation } = kernel.peers(root(account), { account, region });
  const { StackResourceDetail: found } = await cloudformation.DescribeStackResource({
    StackName: stackName,
    LogicalResourceId: logicalId,
  });
  return found!.PhysicalResourceId!;
}
