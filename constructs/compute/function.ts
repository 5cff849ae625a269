/**
 * `SecureFunction` is a `lambda.Function` with what every function should have: a role of exact actions on managed
 * policies, an encrypted log group with retention, dead letters, bounded concurrency, tracing, a timeout and memory that
 * were chosen. What it needs to start is attached before it is made; what it may do to buckets is attached after, so
 * that a bucket may call a function that may read that bucket without a cycle in the template.
 */
import { Duration, Token } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { Removal } from '../bucket/removal';
import { acknowledge, acknowledgeWildcard } from '../validation/acknowledge';
import { Problems } from '../validation/problems';
import { act } from './alarms';
import { OperationsKey } from './key';
import { ExecutionRole } from './role';

/** How many calls of a function may run at once. */
export class Concurrency {
  /**
   * Sets `calls` aside for the function and holds it to them. The account must keep 100 unreserved ones.
   * @param calls at least 1
   */
  public static reserved(calls: number): Concurrency {
    return new Concurrency(calls, '');
  }

  /** The function shares what the account has. @param reason recorded for reviewers */
  public static shared(reason: string): Concurrency {
    return new Concurrency(undefined, reason);
  }

  private constructor(
    /** Calls that are set aside. */
    public readonly calls: number | undefined,
    /** Why none are set aside. */
    public readonly reason: string,
  ) {}
}

export interface SecureFunctionProps {
  /** What the function is for. */
  readonly description: string;
  /** Its code. */
  readonly code: lambda.Code;
  /**
   * File and export that are called.
   * @default 'index.handler'
   */
  readonly handler?: string;
  /**
   * Language and version.
   * @default lambda.Runtime.NODEJS_24_X
   */
  readonly runtime?: lambda.Runtime;
  /**
   * Memory in MiB: 128 to 10240.
   * @default 256
   */
  readonly memorySizeMib?: number;
  /**
   * Longest time of a call: 1 second to 15 minutes.
   * @default Duration.seconds(30)
   */
  readonly timeout?: Duration;
  /**
   * Environment variables.
   * @default - none
   */
  readonly environment?: { [name: string]: string };
  /**
   * Calls that may run at once.
   * @default Concurrency.reserved(10)
   */
  readonly concurrency?: Concurrency;
  /**
   * Retries of an asynchronous call that failed: 0 to 2.
   * @default 2
   */
  readonly retryAttempts?: number;
  /**
   * Age at which an asynchronous event is given up: 1 minute to 6 hours.
   * @default Duration.hours(6)
   */
  readonly maxEventAge?: Duration;
  /**
   * How long logs are kept.
   * @default logs.RetentionDays.ONE_YEAR
   */
  readonly logRetention?: logs.RetentionDays;
  /**
   * What becomes of the logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
  /**
   * Who is told of alarms.
   * @default - the topic that the stack shares, `AlarmTopic.shared(stack)`
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

export interface SecureFunctionAlarmOptions {
  /**
   * Value that raises the alarm.
   * @default 1
   */
  readonly threshold?: number;
  /**
   * How values of five minutes become one.
   * @default 'Sum'
   */
  readonly statistic?: string;
}

/**
 * A `lambda.Function` with what every function should have.
 *
 * @example
 * new SecureFunction(this, 'Report', {
 *   description: 'Counts what came in',
 *   code: lambda.Code.fromInline('exports.handler = async () => {};'),
 * });
 */
export class SecureFunction extends lambda.Function {
  /** Events that failed for good. */
  public readonly deadLetters: sqs.Queue;
  /** What the function needs to run: its logs, its dead letters, its traces. */
  public readonly servicePolicy: iam.ManagedPolicy;
  /** Its logs: JSON, one object a line. */
  public readonly logs: logs.LogGroup;
  /** Its role, for policies that name it. */
  public readonly executionRole: iam.Role;
  private readonly alarmActions: cloudwatch.IAlarmAction[] | undefined;

  constructor(scope: Construct, id: string, props: SecureFunctionProps) {
    checkLimits(scope, id, props);
    const removalPolicy = (props.removal ?? Removal.RETAIN).policyIn(scope);
    const role = new ExecutionRole(scope, id, props.description);
    OperationsKey.shared(scope).keepFor(removalPolicy);
    const logGroup = new logs.LogGroup(scope, `${id}Logs`, {
      retention: props.logRetention ?? logs.RetentionDays.ONE_YEAR,
      encryptionKey: OperationsKey.shared(scope),
      removalPolicy,
    });
    const deadLetters = new sqs.Queue(scope, `${id}DeadLetters`, {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    const servicePolicy = new iam.ManagedPolicy(scope, `${id}ServicePolicy`, {
      description: `What a function needs to run: ${props.description}`.slice(0, 1000),
      roles: [role],
      statements: [
        new iam.PolicyStatement({
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [logGroup.logGroupArn],
        }),
        new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] }),
        new iam.PolicyStatement({
          actions: ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'],
          resources: ['*'],
        }),
      ],
    });
    super(scope, id, {
      description: props.description,
      code: props.code,
      handler: props.handler ?? 'index.handler',
      runtime: props.runtime ?? lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: props.memorySizeMib ?? 256,
      timeout: props.timeout ?? Duration.seconds(30),
      environment: props.environment,
      reservedConcurrentExecutions: props.concurrency === undefined ? 10 : props.concurrency.calls,
      role,
      logGroup,
      loggingFormat: lambda.LoggingFormat.JSON,
      deadLetterQueue: deadLetters,
      tracing: lambda.Tracing.ACTIVE,
      retryAttempts: props.retryAttempts ?? 2,
      maxEventAge: props.maxEventAge ?? Duration.hours(6),
    });
    this.deadLetters = deadLetters;
    this.logs = logGroup;
    this.servicePolicy = servicePolicy;
    this.executionRole = role;
    role.making = false;
    this.alarmActions = props.alarmActions;
    this.node.addDependency(servicePolicy);
    this.alarm('Errors', this.metricErrors(), 'calls that ended in an error');
    this.alarm('Throttles', this.metricThrottles(), 'calls that were turned away');
    this.alarm(
      'DeadLetterDepth',
      deadLetters.metricApproximateNumberOfMessagesVisible(),
      'events that failed for good',
    );
    this.answerFindings(props);
  }

  /** Lets the function do `actions` with objects below a prefix, and what S3 then asks of the key in its name. */
  public allowObjects(bucket: s3.IBucket, pattern: string, actions: string[], key?: kms.IKey): void {
    const writes = actions.some((action) => /Put|Replicate/.test(action));
    const policy = this.accessPolicy;
    policy.addStatements(
      new iam.PolicyStatement({ actions, resources: [bucket.arnForObjects(pattern)] }),
      ...(key === undefined
        ? []
        : [
            new iam.PolicyStatement({
              actions: writes ? ['kms:GenerateDataKey', 'kms:Decrypt'] : ['kms:Decrypt'],
              resources: [key.keyArn],
            }),
          ]),
    );
    if (pattern.includes('*'))
      acknowledgeWildcard(
        policy,
        bucket.arnForObjects(pattern),
        `An object grant needs a wildcard for the key; the actions are exact (${actions.join(', ')}), the objects ${pattern === '*' ? 'those of one bucket' : pattern}.`,
      );
  }

  /** What the function may do, attached after it is made; what CDK's `grant*` methods give goes there too. */
  public get accessPolicy(): iam.ManagedPolicy {
    return (this.executionRole as ExecutionRole).access;
  }

  /** Lets the function do something else, after it is made. */
  public allow(...statements: iam.PolicyStatement[]): void {
    this.accessPolicy.addStatements(...statements);
  }

  /** Alarms when something reaches a threshold within five minutes. */
  public alarm(
    id: string,
    metric: cloudwatch.Metric,
    what: string,
    options: SecureFunctionAlarmOptions = {},
  ): cloudwatch.Alarm {
    const alarm = new cloudwatch.Alarm(this, id, {
      alarmDescription: `${this.node.path}: ${what}`,
      metric: metric.with({ period: Duration.minutes(5), statistic: options.statistic ?? 'Sum' }),
      threshold: options.threshold ?? 1,
      evaluationPeriods: 1,
      comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    return act(alarm, this.alarmActions);
  }

  private answerFindings(props: SecureFunctionProps): void {
    acknowledge(
      this,
      'LambdaInsideVPC',
      'The function takes no network traffic and calls only public endpoints of AWS over TLS, as a role of exact actions; a VPC would add a network path and no boundary.',
    );
    acknowledge(
      this.servicePolicy,
      'AwsSolutions-IAM5[Resource::*]',
      'X-Ray has no resources to name: PutTraceSegments and PutTelemetryRecords take * only (Service Authorization Reference). Both only write.',
    );
    acknowledge(this.deadLetters, 'SQSRedrivePolicy', 'This is the dead-letter queue; its own depth raises an alarm.');
    acknowledge(
      this,
      'LambdaAsyncFailureDestination',
      'Events that failed for good go to the dead-letter queue of the function; a destination beside it would keep each of them twice.',
    );
    if (props.concurrency !== undefined && props.concurrency.calls === undefined)
      acknowledge(this, 'LambdaConcurrency', props.concurrency.reason);
  }
}

function checkLimits(scope: Construct, id: string, props: SecureFunctionProps): void {
  const problems = new Problems(scope, id);
  const within = (value: number | undefined, least: number, most: number) =>
    value === undefined || Token.isUnresolved(value) || (Number.isInteger(value) && value >= least && value <= most);
  const seconds = (value?: Duration) =>
    value === undefined || value.isUnresolved() ? undefined : value.toSeconds({ integral: false });
  problems.check(
    within(props.memorySizeMib, 128, 10240),
    'memorySizeMib',
    props.memorySizeMib,
    'whole numbers from 128 to 10240',
    'leave it out for 256',
  );
  problems.check(
    within(seconds(props.timeout), 1, 900),
    'timeout',
    seconds(props.timeout),
    'whole seconds from 1 to 900',
    'leave it out for 30 seconds',
  );
  problems.check(
    within(props.retryAttempts, 0, 2),
    'retryAttempts',
    props.retryAttempts,
    'whole numbers from 0 to 2',
    'leave it out for 2; a queue trigger retries more often',
  );
  problems.check(
    within(seconds(props.maxEventAge), 60, 21600),
    'maxEventAge',
    seconds(props.maxEventAge),
    'whole seconds from 60 to 21600',
    'leave it out for 6 hours',
  );
  problems.check(
    within(props.concurrency?.calls, 1, 1000),
    'concurrency',
    props.concurrency?.calls,
    'whole numbers from 1 to 1000',
    'pass Concurrency.reserved(10), or Concurrency.shared(reason) to share what the account has',
  );
  problems.check(
    props.concurrency?.calls !== undefined || props.concurrency === undefined || props.concurrency.reason.length >= 10,
    'concurrency reason',
    props.concurrency?.reason,
    'at least 10 characters',
    'say to a reviewer why the function may take all of the account',
  );
  problems.throwIfAny();
}
