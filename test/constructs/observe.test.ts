import { BucketMonitor, type BucketMonitorProps, SecureBucket } from '@coffer/constructs';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import { findings } from './packs';

function build(props: Partial<BucketMonitorProps> = {}) {
  const app = new App();
  const stack = new Stack(app, 'S');
  const bucket = new SecureBucket(stack, 'Data');
  return { app, stack, bucket, monitor: new BucketMonitor(stack, 'Monitor', { bucket, ...props }) };
}

test('requests are measured, alarms tell a topic, when they begin and when they are over', () => {
  const { app, stack, monitor } = build({
    maxSize: Size.gibibytes(1),
    replications: [{ destinationBucketName: 'copies', ruleId: 'all' }],
  });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::S3::Bucket', { MetricsConfigurations: [{ Id: 'EntireBucket' }] });
  const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties);
  expect(alarms).toHaveLength(monitor.alarms.length);
  for (const alarm of alarms) {
    expect(alarm.AlarmActions).toHaveLength(1);
    expect(alarm.OKActions).toEqual(alarm.AlarmActions);
    expect(alarm.TreatMissingData).toBe('notBreaching');
  }
  const simple = alarms.filter(({ MetricName }) => MetricName);
  expect(simple.map(({ MetricName, Threshold }) => [MetricName, Threshold])).toEqual([
    ['5xxErrors', 0.01],
    ['4xxErrors', 0.1],
    ['FirstByteLatency', 1000],
    ['ReplicationLatency', 900],
    ['OperationsFailedReplication', 0],
  ]);
  const size = alarms.find(({ Metrics }) => Metrics);
  expect(size?.Threshold).toBe(1024 ** 3);
  expect(size?.Metrics.find((m: { Expression?: string }) => m.Expression).Expression).toMatch(/^FILL\(m0,0\)\+/);
  expect(size?.Metrics.length).toBeLessThanOrEqual(10);
  expect(findings(app)).toEqual([]);
});

test('the first message in a dead-letter queue is an alarm', () => {
  const { stack } = build();
  const queue = new sqs.Queue(stack, 'Q');
  new BucketMonitor(stack, 'Queues', { bucket: new SecureBucket(stack, 'More'), deadLetterQueues: [queue] });
  Template.fromStack(stack).hasResourceProperties('AWS::CloudWatch::Alarm', {
    MetricName: 'ApproximateNumberOfMessagesVisible',
    Threshold: 0,
    ComparisonOperator: 'GreaterThanThreshold',
  });
});

test('a given topic is told, no other is made; a metrics configuration that is there is used', () => {
  const stack = new Stack(new App(), 'S');
  const topic = new sns.Topic(stack, 'Mine');
  const bucket = new SecureBucket(stack, 'Data');
  bucket.addMetric({ id: 'mine' });
  new BucketMonitor(stack, 'Monitor', { bucket, topic, requestMetricsId: 'mine' });
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::SNS::Topic', 1);
  template.hasResourceProperties('AWS::S3::Bucket', { MetricsConfigurations: [{ Id: 'mine' }] });
});

test.each<[string, Partial<BucketMonitorProps>, string]>([
  [
    'an id with spaces',
    { requestMetricsId: 'all of it' },
    'requestMetricsId is "all of it"; allowed: letters, digits, ., _ and -, at most 64; fix: leave it out',
  ],
  [
    'no errors at all',
    { serverErrorPercent: 0 },
    'serverErrorPercent is 0; allowed: above 0 to 100; fix: write 1 for one in a hundred',
  ],
  [
    'more errors than requests',
    { clientErrorPercent: 101 },
    'clientErrorPercent is 101; allowed: above 0 to 100; fix: write 1 for one in a hundred',
  ],
  [
    'no latency',
    { maxFirstByteLatency: Duration.millis(0) },
    'maxFirstByteLatency is 0; allowed: at least 1 millisecond; fix: pass Duration.millis(n)',
  ],
  [
    'no lag',
    { replications: [{ destinationBucketName: 'b', ruleId: 'r', maxLag: Duration.seconds(0) }] },
    'replications[0].maxLag is 0; allowed: at least 1 second; fix: pass Duration.minutes(15)',
  ],
])('a monitor refuses %s', (_what, props, message) => {
  expect(() => build(props)).toThrow(`invalid props of S/Monitor:\n  ${message}`);
});
