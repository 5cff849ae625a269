/**
 * The key for what a stack tells of itself: logs of its functions, alarms, messages on the way. One per stack, made at
 * first use, so that those who run the stack need not be let near the keys of its data.
 */
import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';

/**
 * A key for logs, alarms and messages.
 *
 * @example
 * const group = new logs.LogGroup(this, 'Log', {
 *   encryptionKey: OperationsKey.shared(this), retention: logs.RetentionDays.ONE_MONTH,
 * });
 */
export class OperationsKey extends kms.Key {
  /** The key that the constructs of a stack share. */
  public static shared(scope: Construct): OperationsKey {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild('OperationsKey');
    return existing instanceof OperationsKey ? existing : new OperationsKey(stack, 'OperationsKey');
  }

  constructor(scope: Construct, id: string) {
    super(scope, id, {
      description: `Encrypts logs, alarms and messages of ${Stack.of(scope).stackName}`,
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const { partition, region, account, urlSuffix } = Stack.of(this);
    // Source: CloudWatch Logs user guide, "Encrypt log data in CloudWatch Logs using AWS KMS".
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'LogGroups',
        principals: [new iam.ServicePrincipal(`logs.${region}.${urlSuffix}`)],
        actions: ['kms:Encrypt*', 'kms:Decrypt*', 'kms:ReEncrypt*', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: {
          ArnLike: {
            'kms:EncryptionContext:aws:logs:arn': `arn:${partition}:logs:${region}:${account}:log-group:*`,
          },
        },
      }),
    );
  }

  /** Keeps the key when it leaves the stack, if something under it is kept: logs that nobody can read are no logs. */
  public keepFor(fate: RemovalPolicy): void {
    if (fate === RemovalPolicy.RETAIN) this.applyRemovalPolicy(RemovalPolicy.RETAIN);
  }

  /** Lets a service of AWS use the key for messages that it sends in the name of this account. */
  public allowMessagesFrom(service: string): void {
    const sid = `Messages${service.split('.')[0]}`;
    if (this.senders.has(sid)) return;
    this.senders.add(sid);
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid,
        principals: [new iam.ServicePrincipal(service)],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
  }

  private readonly senders = new Set<string>();
}
