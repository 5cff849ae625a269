/**
 * Application data: users upload files, a Lambda describes each one, readers fetch both. What is overwritten or deleted
 * comes back for a while, what is old gets cheaper, what fails is told.
 */
import { join } from 'node:path';
import {
  BucketMonitor,
  Concurrency,
  Idempotency,
  Lifecycle,
  ObjectProcessor,
  Removal,
  SecureBucket,
} from '@coffer/constructs';
import { CfnOutput, type Duration, IgnoreMode, type Size, Stack, type StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Settings } from './settings';

export interface AppDataStackProps extends StackProps {
  /**
   * Web origins whose pages may upload, e.g. `https://app.example.com`.
   * @default - ['https://app.example.com']
   */
  readonly uploadOrigins?: string[];
  /**
   * How long replaced and deleted files can be brought back.
   * @default Duration.days(90)
   */
  readonly recovery?: Duration;
  /**
   * Calls of the describing function that are set aside for it. The account must keep 100 unreserved ones.
   * @default - none: it shares what the account has
   */
  readonly concurrency?: number;
  /**
   * Size of the bucket that raises an alarm.
   * @default - no alarm
   */
  readonly maxSize?: Size;
  /**
   * What becomes of buckets, key and logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

export class AppDataStack extends Stack {
  /** Props from the settings `appData` of the app. */
  public static settings(scope: Construct): AppDataStackProps {
    const settings = new Settings(scope, 'appData');
    const props: AppDataStackProps = {
      uploadOrigins: settings.list('uploadOrigins'),
      recovery: settings.days('recoveryDays'),
      concurrency: settings.number('concurrency'),
      maxSize: settings.gibibytes('maxSizeGib'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly uploads: SecureBucket;
  public readonly uploader: iam.Role;
  public readonly reader: iam.Role;
  public readonly describe: ObjectProcessor;

  constructor(scope: Construct, id: string, props: AppDataStackProps = {}) {
    super(scope, id, props);
    const removal = props.removal ?? Removal.RETAIN;

    this.uploads = new SecureBucket(this, 'Uploads', {
      removal,
      lifecycle: Lifecycle.uploads({ recovery: props.recovery }),
      cors: [
        {
          allowedOrigins: props.uploadOrigins ?? ['https://app.example.com'],
          allowedMethods: [s3.HttpMethods.PUT, s3.HttpMethods.GET],
          allowedHeaders: ['content-type', 'x-amz-*'],
          exposedHeaders: ['ETag', 'x-amz-version-id'],
          maxAge: 3000,
        },
      ],
    });

    this.uploader = this.role('Uploader', 'Writes new files below uploads/');
    this.uploads.access.upload(this.uploader, { prefix: 'uploads/' });
    this.reader = this.role('Reader', 'Reads files and their descriptions');
    this.uploads.access.read(this.reader, { prefix: 'uploads/' });
    this.uploads.access.read(this.reader, { prefix: 'results/' });

    this.describe = new ObjectProcessor(this, 'Describe', {
      description: 'Describes each uploaded file in results/',
      bucket: this.uploads,
      prefix: 'uploads/',
      code: handlers(),
      handler: 'describe.handler',
      // A file that is described twice is described alike.
      idempotency: Idempotency.none(),
      concurrency:
        props.concurrency === undefined
          ? Concurrency.shared(
              'New accounts have few calls to set aside; the setting concurrency does it where it matters.',
            )
          : Concurrency.reserved(props.concurrency),
      logRetention: logs.RetentionDays.ONE_MONTH,
      removal,
    });
    this.describe.allowWrite(this.uploads, { prefix: 'results/' });
    const monitor = new BucketMonitor(this, 'Monitor', {
      bucket: this.uploads,
      maxSize: props.maxSize,
      deadLetterQueues: [this.describe.deadLetters],
    });

    new CfnOutput(this, 'BucketName', { value: this.uploads.bucketName });
    new CfnOutput(this, 'KeyArn', { value: this.uploads.encryptionKey!.keyArn });
    new CfnOutput(this, 'UploaderRoleArn', { value: this.uploader.roleArn });
    new CfnOutput(this, 'ReaderRoleArn', { value: this.reader.roleArn });
    new CfnOutput(this, 'FunctionName', { value: this.describe.handler.functionName });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: this.describe.deadLetters.queueUrl });
    new CfnOutput(this, 'AlarmTopicArn', { value: monitor.topic.topicArn });
    new CfnOutput(this, 'DashboardName', { value: monitor.dashboard.dashboardName });
  }

  /** A role that principals of this account may assume when their own policy says so. */
  private role(id: string, description: string): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: new iam.AccountPrincipal(this.account) });
  }
}

/** The handlers beside this file, as they are compiled: the SDK that they use is Lambda's own. */
function handlers(): lambda.Code {
  const built = __filename.endsWith('.ts') ? join(__dirname, '../dist/lib') : __dirname;
  return lambda.Code.fromAsset(join(built, 'handlers'), {
    exclude: ['*.map', '*.d.ts'],
    ignoreMode: IgnoreMode.GLOB,
  });
}
