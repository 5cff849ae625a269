/**
 * A replica of a multi-Region KMS key in the Region of its stack: same key material and id, own ARN and own policy.
 * S3 uses it like any key of its Region; what clients encrypted under the one, they decrypt under the other.
 * Source: KMS Developer Guide, "Multi-Region keys in AWS KMS", "Creating multi-Region replica keys".
 */
import { Arn, ArnFormat, Duration, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { Problems } from '../validation/problems';

/** Properties of a ReplicaKey. */
export interface ReplicaKeyProps {
  /** The multi-Region primary key, in another Region. */
  readonly primaryKey: kms.IKey;
  /**
   * What the key is for.
   * @default - says of which key it is a replica
   */
  readonly description?: string;
  /**
   * Days between scheduling deletion and deletion: 7 to 30.
   * @default Duration.days(30)
   */
  readonly pendingWindow?: Duration;
  /**
   * What becomes of the key when it leaves the stack.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/**
 * A replica of a multi-Region key.
 *
 * @example
 * const primary = new kms.Key(otherRegionStack, 'Key', { multiRegion: true, enableKeyRotation: true });
 * const replica = new ReplicaKey(this, 'Key', { primaryKey: primary });
 * new SecureBucket(this, 'Data', { encryption: Encryption.customerKey(replica.key) });
 */
export class ReplicaKey extends Construct {
  /** The replica, for everything that takes a key. Its policy is changed through `addToResourcePolicy` here. */
  public readonly key: kms.IKey;
  /** ARN of the replica. */
  public readonly keyArn: string;
  private readonly policy: iam.PolicyDocument;

  constructor(scope: Construct, id: string, props: ReplicaKeyProps) {
    super(scope, id);
    const window = (props.pendingWindow ?? Duration.days(30)).toDays({ integral: false });
    const region = regionOf(props.primaryKey);
    const own = Stack.of(this).region;
    const problems = new Problems(this);
    problems.check(
      Number.isInteger(window) && window >= 7 && window <= 30,
      'pendingWindow',
      window,
      'whole days from 7 to 30',
      'leave it out for 30',
    );
    problems.check(
      region === undefined || Token.isUnresolved(own) || region !== own,
      'primaryKey',
      region,
      `a multi-Region key of another Region than ${own}`,
      'make the primary key in a stack of another Region',
    );
    problems.throwIfAny();
    this.policy = new iam.PolicyDocument({
      statements: [
        // As CDK gives every key: who may use it is said in IAM.
        new iam.PolicyStatement({
          actions: ['kms:*'],
          resources: ['*'],
          principals: [new iam.AccountRootPrincipal()],
        }),
      ],
    });
    const resource = new kms.CfnReplicaKey(this, 'Resource', {
      primaryKeyArn: props.primaryKey.keyArn,
      description: props.description ?? `Replica of a multi-Region key for ${this.node.path}`,
      keyPolicy: this.policy,
      pendingWindowInDays: window,
    });
    resource.applyRemovalPolicy(props.removalPolicy ?? RemovalPolicy.RETAIN);
    this.keyArn = resource.attrArn;
    this.key = kms.Key.fromKeyArn(this, 'Key', resource.attrArn);
  }

  /** Adds to the policy of the replica; that of the primary is another. */
  public addToResourcePolicy(statement: iam.PolicyStatement): void {
    this.policy.addStatements(statement);
  }
}

/** The Region of a key, where it is known. */
function regionOf(key: kms.IKey): string | undefined {
  const region = Token.isUnresolved(key.keyArn)
    ? key.env.region
    : Arn.split(key.keyArn, ArnFormat.SLASH_RESOURCE_NAME).region;
  return region === undefined || Token.isUnresolved(region) ? undefined : region;
}
