/**
 * A dashboard and alarms for a bucket: errors, latency, size, replication lag, dead letters. Every alarm tells a topic,
 * when it begins and when it is over.
 */
import { Duration, type Size, Stack } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type * as sns from 'aws-cdk-lib/aws-sns';
import type * as sqs from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { AlarmTopic } from '../compute/alarms';
import { Problems } from '../validation/problems';
import { BucketMetrics } from './metrics';

/** A replication to watch. */
export interface MonitoredReplication {
  /** Name of the bucket that holds the replicas. */
  readonly destinationBucketName: string;
  /** Id of the replication rule; it must have metrics enabled. */
  readonly ruleId: string;
  /**
   * How far replicas may lag behind. At least one second.
   * @default Duration.minutes(15), which Replication Time Control promises
   */
  readonly maxLag?: Duration;
}

/** Properties of `BucketMonitor`. */
export interface BucketMonitorProps {
  /** Bucket to watch. */
  readonly bucket: s3.Bucket;
  /**
   * Topic that alarms tell.
   * @default - the topic that the stack shares, `AlarmTopic.shared(stack)`
   */
  readonly topic?: sns.ITopic;
  /**
   * Request metrics configuration of the bucket; made unless the bucket has one of that id.
   * @default 'EntireBucket'
   */
  readonly requestMetricsId?: string;
  /**
   * Part of requests that may fail in S3 (5xx), in percent: above 0 to 100.
   * @default 1
   */
  readonly serverErrorPercent?: number;
  /**
   * Part of requests that may be refused (4xx), in percent: above 0 to 100. A rise is a broken client or someone trying.
   * @default 10
   */
  readonly clientErrorPercent?: number;
  /**
   * Longest time to first byte, at the 99th percentile. At least one millisecond.
   * @default Duration.seconds(1)
   */
  readonly maxFirstByteLatency?: Duration;
  /**
   * Size above which the bucket is unexpectedly large.
   * @default - no alarm
   */
  readonly maxSize?: Size;
  /**
   * Replications to watch.
   * @default - none
   */
  readonly replications?: MonitoredReplication[];
  /**
   * Queues whose first message is an alarm.
   * @default - none
   */
  readonly deadLetterQueues?: sqs.IQueue[];
}

/**
 * A dashboard and alarms for a bucket, with the request metrics that they need.
 *
 * @example
 * const monitor = new BucketMonitor(this, 'Monitor', { bucket, maxSize: Size.tebibytes(1) });
 * new CfnOutput(this, 'AlarmTopicArn', { value: monitor.topic.topicArn });
 */
export class BucketMonitor extends Construct {
  /** Topic that alarms tell. */
  public readonly topic: sns.ITopic;
  /** The dashboard. */
  public readonly dashboard: cloudwatch.Dashboard;
  /** Metrics of the bucket. */
  public readonly metrics: BucketMetrics;
  /** Every alarm. */
  public readonly alarms: cloudwatch.Alarm[] = [];

  constructor(scope: Construct, id: string, props: BucketMonitorProps) {
    super(scope, id);
    const requestMetricsId = props.requestMetricsId ?? 'EntireBucket';
    this.check(props, requestMetricsId);
    this.topic = props.topic ?? AlarmTopic.shared(this);
    this.metrics = new BucketMetrics(props.bucket, requestMetricsId);
    const resource = props.bucket.node.defaultChild as s3.CfnBucket;
    const configured = Stack.of(this).resolve(resource.metricsConfigurations) as { id: string }[] | undefined;
    if (!configured?.some(({ id }) => id === requestMetricsId)) props.bucket.addMetric({ id: requestMetricsId });

    this.requests(props);
    this.storage(props);
    const replications = props.replications ?? [];
    for (const [i, replication] of replications.entries()) this.replication(i, replication);
    for (const [i, queue] of (props.deadLetterQueues ?? []).entries())
      this.alarm(`DeadLetters${i}`, queue.metricApproximateNumberOfMessagesVisible({ statistic: 'Maximum' }), {
        threshold: 0,
        description: 'Messages that were given up lie in the dead-letter queue',
      });

    this.dashboard = new cloudwatch.Dashboard(this, 'Dashboard', {
      defaultInterval: Duration.days(7),
      widgets: [
        [
          graph('Requests', this.metrics.requests()),
          graph('Errors (part of requests)', this.metrics.clientErrorRate(), this.metrics.serverErrorRate()),
          graph('Time to first byte (ms, p99)', this.metrics.firstByteLatency()),
        ],
        [
          graph('Size (bytes)', this.metrics.sizeBytes()),
          graph('Objects', this.metrics.objects()),
          graph('Traffic (bytes)', this.metrics.bytesDownloaded(), this.metrics.bytesUploaded()),
        ],
        ...replications.map(({ destinationBucketName, ruleId }) => [
          graph('Replication lag (s)', this.metrics.replicationLatencySeconds(destinationBucketName, ruleId)),
          graph('Replication failures', this.metrics.replicationFailures(destinationBucketName, ruleId)),
          graph('Bytes to replicate', this.metrics.replicationBytesPending(destinationBucketName, ruleId)),
        ]),
        [new cloudwatch.AlarmStatusWidget({ title: 'Alarms', alarms: this.alarms, width: 24 })],
      ],
    });
  }

  private requests(props: BucketMonitorProps): void {
    this.alarm('ServerErrors', this.metrics.serverErrorRate(), {
      threshold: (props.serverErrorPercent ?? 1) / 100,
      evaluationPeriods: 3,
      description: 'S3 fails in more requests than is usual',
    });
    this.alarm('ClientErrors', this.metrics.clientErrorRate(), {
      threshold: (props.clientErrorPercent ?? 10) / 100,
      evaluationPeriods: 3,
      description: 'Many requests are refused: a broken client, a lost permission or someone trying',
    });
    this.alarm('Latency', this.metrics.firstByteLatency(), {
      threshold: (props.maxFirstByteLatency ?? Duration.seconds(1)).toMilliseconds(),
      evaluationPeriods: 3,
      description: 'S3 takes long to answer',
    });
  }

  private storage(props: BucketMonitorProps): void {
    if (props.maxSize === undefined) return;
    this.alarm('Size', this.metrics.sizeBytes(), {
      threshold: props.maxSize.toBytes(),
      description: 'The bucket is larger than expected',
    });
  }

  private replication(i: number, { destinationBucketName, ruleId, maxLag }: MonitoredReplication): void {
    this.alarm(`ReplicationLag${i}`, this.metrics.replicationLatencySeconds(destinationBucketName, ruleId), {
      threshold: (maxLag ?? Duration.minutes(15)).toSeconds(),
      evaluationPeriods: 3,
      description: 'Replicas lag behind',
    });
    this.alarm(`ReplicationFailures${i}`, this.metrics.replicationFailures(destinationBucketName, ruleId), {
      threshold: 0,
      description: 'Objects failed to replicate',
    });
  }

  private alarm(
    id: string,
    metric: cloudwatch.IMetric,
    options: { threshold: number; description: string; evaluationPeriods?: number },
  ): void {
    const alarm = new cloudwatch.Alarm(this, id, {
      metric,
      alarmDescription: options.description,
      threshold: options.threshold,
      evaluationPeriods: options.evaluationPeriods ?? 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    const action = new SnsAction(this.topic);
    alarm.addAlarmAction(action);
    alarm.addOkAction(action);
    this.alarms.push(alarm);
  }

  private check(props: BucketMonitorProps, requestMetricsId: string): void {
    const problems = new Problems(this);
    problems.check(
      /^[\w.-]{1,64}$/.test(requestMetricsId),
      'requestMetricsId',
      requestMetricsId,
      'letters, digits, ., _ and -, at most 64',
      'leave it out',
    );
    for (const [property, percent] of [
      ['serverErrorPercent', props.serverErrorPercent],
      ['clientErrorPercent', props.clientErrorPercent],
    ] as const)
      problems.check(
        percent === undefined || (percent > 0 && percent <= 100),
        property,
        percent,
        'above 0 to 100',
        'write 1 for one in a hundred',
      );
    const latency = props.maxFirstByteLatency?.toMilliseconds({ integral: false });
    problems.check(
      latency === undefined || latency >= 1,
      'maxFirstByteLatency',
      latency,
      'at least 1 millisecond',
      'pass Duration.millis(n)',
    );
    for (const [i, { maxLag }] of (props.replications ?? []).entries()) {
      const seconds = maxLag?.toSeconds({ integral: false });
      problems.check(
        seconds === undefined || seconds >= 1,
        `replications[${i}].maxLag`,
        seconds,
        'at least 1 second',
        'pass Duration.minutes(15)',
      );
    }
    problems.throwIfAny();
  }
}

function graph(title: string, ...left: cloudwatch.IMetric[]): cloudwatch.GraphWidget {
  return new cloudwatch.GraphWidget({ title, left, width: 8 });
}
