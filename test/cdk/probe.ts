/**
 * The probe app: what people put around buckets with CDK, in five stacks of about 75 resources, over two Regions. Shared
 * by the end-to-end test of the CDK CLI and by the bench; written so that a second form of it changes something in
 * every way that a template can.
 */
import { App, CfnOutput, Duration, NestedStack, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as events from 'aws-cdk-lib/aws-events';
import * as targets from 'aws-cdk-lib/aws-events-targets';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as deployment from 'aws-cdk-lib/aws-s3-deployment';
import * as notifications from 'aws-cdk-lib/aws-s3-notifications';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';

export interface Wish {
  /** Where the assembly goes. */
  readonly outdir: string;
  /** In place of `inline`. */
  readonly code?: string;
  /** Seconds for which a received message is hidden. */
  readonly hiddenSeconds?: number;
  /** Name of the bucket for copies, which a change of replaces. */
  readonly copies?: string;
}

const PLACE = { region: 'us-east-1' };
const FAR = { region: 'us-west-2' };

const everything = { removalPolicy: RemovalPolicy.DESTROY, autoDeleteObjects: true, enforceSSL: true };

/** Keys and buckets with all that a bucket can be told. */
class Data extends Stack {
  readonly bucket: s3.Bucket;
  readonly key: kms.Key;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.key = new kms.Key(this, 'Key', {
      alias: 'probe/data',
      enableKeyRotation: true,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const accessLogs = new s3.Bucket(this, 'AccessLogs', {
      ...everything,
      lifecycleRules: [{ expiration: Duration.days(30) }],
    });
    const replica = new s3.Bucket(this, 'Replica', { ...everything, versioned: true });
    this.bucket = new s3.Bucket(this, 'Bucket', {
      ...everything,
      versioned: true,
      encryption: s3.BucketEncryption.KMS,
      encryptionKey: this.key,
      bucketKeyEnabled: true,
      serverAccessLogsBucket: accessLogs,
      serverAccessLogsPrefix: 'data/',
      eventBridgeEnabled: true,
      lifecycleRules: [
        { id: 'Parts', abortIncompleteMultipartUploadAfter: Duration.days(2) },
        {
          id: 'Old',
          prefix: 'archive/',
          objectSizeGreaterThan: 1024,
          transitions: [{ storageClass: s3.StorageClass.GLACIER, transitionAfter: Duration.days(90) }],
          noncurrentVersionExpiration: Duration.days(365),
        },
      ],
      cors: [{ allowedMethods: [s3.HttpMethods.GET], allowedOrigins: ['https://example.com'], maxAge: 300 }],
      metrics: [{ id: 'All' }],
      intelligentTieringConfigurations: [{ name: 'Cold', prefix: 'cold/', archiveAccessTierTime: Duration.days(90) }],
      inventories: [
        { destination: { bucket: accessLogs, prefix: 'inventory' }, frequency: s3.InventoryFrequency.WEEKLY },
      ],
      replicationRules: [{ destination: replica, priority: 1, deleteMarkerReplication: true }],
    });
    const reader = new iam.Role(this, 'Reader', { assumedBy: new iam.AccountRootPrincipal() });
    this.bucket.grantRead(reader);
    this.key.grantDecrypt(reader);
    new CfnOutput(this, 'BucketName', { value: this.bucket.bucketName, exportName: 'probe-bucket' });
  }
}

interface WorkProps extends StackProps {
  readonly code: string;
  readonly hiddenSeconds: number;
}

/** What happens when objects come: functions, queues, topics, rules, alarms. */
class Work extends Stack {
  constructor(scope: Construct, id: string, { code, hiddenSeconds, ...props }: WorkProps) {
    super(scope, id, props);
    const inbox = new s3.Bucket(this, 'Inbox', { ...everything });
    const dead = new sqs.Queue(this, 'Dead', { enforceSSL: true });
    const queue = new sqs.Queue(this, 'Queue', {
      enforceSSL: true,
      visibilityTimeout: Duration.seconds(hiddenSeconds),
      deadLetterQueue: { queue: dead, maxReceiveCount: 3 },
    });
    const topic = new sns.Topic(this, 'Topic', { enforceSSL: true });
    const handler = new lambda.Function(this, 'Handler', {
      runtime: lambda.Runtime.NODEJS_22_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline(code),
      environment: { QUEUE: queue.queueUrl },
      logGroup: new logs.LogGroup(this, 'HandlerLog', {
        retention: logs.RetentionDays.ONE_WEEK,
        removalPolicy: RemovalPolicy.DESTROY,
      }),
    });
    queue.grantSendMessages(handler);
    inbox.grantRead(handler);
    inbox.addEventNotification(s3.EventType.OBJECT_CREATED, new notifications.LambdaDestination(handler), {
      prefix: 'in/',
    });
    inbox.addEventNotification(s3.EventType.OBJECT_REMOVED, new notifications.SqsDestination(queue));
    inbox.addEventNotification(s3.EventType.OBJECT_RESTORE_COMPLETED, new notifications.SnsDestination(topic));
    new events.Rule(this, 'Nightly', {
      schedule: events.Schedule.cron({ hour: '3', minute: '0' }),
      targets: [new targets.LambdaFunction(handler), new targets.SqsQueue(queue)],
    });
    new cloudwatch.Alarm(this, 'Waiting', {
      metric: dead.metricApproximateNumberOfMessagesVisible(),
      threshold: 1,
      evaluationPeriods: 1,
    });
    new ssm.StringParameter(this, 'Where', { parameterName: '/probe/inbox', stringValue: inbox.bucketName });
    new CfnOutput(this, 'InboxName', { value: inbox.bucketName });
    new CfnOutput(this, 'QueueUrl', { value: queue.queueUrl });
    new CfnOutput(this, 'HandlerName', { value: handler.functionName });
  }
}

/** A site behind a distribution. */
class Site extends Stack {
  readonly bucket: s3.Bucket;

  constructor(scope: Construct, id: string, props: StackProps) {
    super(scope, id, props);
    this.bucket = new s3.Bucket(this, 'Pages', { ...everything });
    const rewrite = new cloudfront.Function(this, 'Rewrite', {
      code: cloudfront.FunctionCode.fromInline('function handler(event) { return event.request; }'),
      runtime: cloudfront.FunctionRuntime.JS_2_0,
    });
    const distribution = new cloudfront.Distribution(this, 'Distribution', {
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: origins.S3BucketOrigin.withOriginAccessControl(this.bucket),
        viewerProtocolPolicy: cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: new cloudfront.CachePolicy(this, 'Cache', { defaultTtl: Duration.hours(1) }),
        responseHeadersPolicy: new cloudfront.ResponseHeadersPolicy(this, 'Headers', {
          securityHeadersBehavior: { contentTypeOptions: { override: true } },
        }),
        functionAssociations: [{ function: rewrite, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
      },
    });
    new deployment.BucketDeployment(this, 'Content', {
      sources: [deployment.Source.data('index.html', `<a href="https://${this.bucket.bucketDomainName}">probe</a>`)],
      destinationBucket: this.bucket,
      distribution,
    });
    new CfnOutput(this, 'PagesName', { value: this.bucket.bucketName });
    new CfnOutput(this, 'Domain', { value: distribution.distributionDomainName });
  }
}

/** A stack within a stack. */
class Inner extends NestedStack {
  constructor(scope: Construct, id: string, source: s3.IBucket) {
    super(scope, id);
    new ssm.StringParameter(this, 'Source', { parameterName: '/probe/source', stringValue: source.bucketName });
    const sink = new sqs.Queue(this, 'Sink', { enforceSSL: true });
    new CfnOutput(this, 'SinkArn', { value: sink.queueArn });
  }
}

/** What uses the other stacks: imports, a nested stack, a bucket's name in another Region. */
class Use extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { data: Data }) {
    super(scope, id, props);
    const { bucket, key } = props.data;
    const writer = new iam.Role(this, 'Writer', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
    bucket.grantWrite(writer, 'out/*');
    key.grantEncrypt(writer);
    new Inner(this, 'Inner', bucket);
    new s3.CfnAccessPoint(this, 'Access', { bucket: bucket.bucketName, name: 'probe-access' });
    for (const name of ['a', 'b'])
      new ssm.StringParameter(this, `Setting${name}`, {
        parameterName: `/probe/${name}`,
        stringValue: bucket.bucketArn,
      });
  }
}

/** The same company, another Region. */
class Far extends Stack {
  constructor(scope: Construct, id: string, props: StackProps & { site: Site; copies?: string }) {
    super(scope, id, props);
    const copies = new s3.Bucket(this, 'Copies', { ...everything, versioned: true, bucketName: props.copies });
    new ssm.StringParameter(this, 'Origin', {
      parameterName: '/probe/origin',
      stringValue: props.site.bucket.bucketArn,
    });
    new CfnOutput(this, 'CopiesName', { value: copies.bucketName });
  }
}

/** What the CLI asks of every app, and what `cdk init` writes into new ones. */
const CONTEXT = {
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
  '@aws-cdk/core:defaultCrossStackReferences': 'weak',
};

/** Synthesises the probe app. @returns the directory of its assembly */
export function synthesiseProbe({
  outdir,
  code = 'exports.handler = async () => 1;',
  hiddenSeconds = 60,
  copies,
}: Wish): string {
  const app = new App({ outdir, context: CONTEXT });
  const data = new Data(app, 'ProbeData', { env: PLACE });
  new Work(app, 'ProbeWork', { env: PLACE, code, hiddenSeconds });
  const site = new Site(app, 'ProbeSite', { env: PLACE, crossRegionReferences: true });
  new Use(app, 'ProbeUse', { env: PLACE, data });
  new Far(app, 'ProbeFar', { env: FAR, site, copies, crossRegionReferences: true });
  return app.synth().directory;
}
