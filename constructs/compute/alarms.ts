/**
 * Where alarms go: an encrypted topic that a stack shares, unless the caller has actions of its own. An alarm that tells
 * nobody is not made.
 */
import { Stack } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as sns from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { acknowledge } from '../validation/acknowledge';
import { OperationsKey } from './key';

/**
 * An encrypted topic that alarms are published to.
 *
 * @example
 * const topic = AlarmTopic.shared(this);
 * topic.addSubscription(new subscriptions.EmailSubscription('oncall@example.com'));
 */
export class AlarmTopic extends sns.Topic {
  /** The topic that the constructs of a stack share; made at first use. Subscribe to it to hear of alarms. */
  public static shared(scope: Construct): AlarmTopic {
    const stack = Stack.of(scope);
    const existing = stack.node.tryFindChild('Alarms');
    return existing instanceof AlarmTopic ? existing : new AlarmTopic(stack, 'Alarms');
  }

  constructor(scope: Construct, id: string) {
    const key = OperationsKey.shared(scope);
    super(scope, id, { displayName: `Alarms of ${Stack.of(scope).stackName}`, masterKey: key, enforceSSL: true });
    key.allowMessagesFrom('cloudwatch.amazonaws.com');
    this.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'Alarms',
        principals: [new iam.ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [this.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    acknowledge(
      this,
      'SNSRedrivePolicy',
      'Subscribers are people, by mail or message, for whom a dead-letter queue is no help; the alarm itself stays visible in CloudWatch.',
    );
  }
}

/** Gives an alarm its actions: those given, else the topic of the stack. */
export function act(alarm: cloudwatch.Alarm, actions?: cloudwatch.IAlarmAction[]): cloudwatch.Alarm {
  alarm.addAlarmAction(...(actions?.length ? actions : [new SnsAction(AlarmTopic.shared(alarm))]));
  return alarm;
}
