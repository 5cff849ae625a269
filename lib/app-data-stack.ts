/**
 * Application data: users upload files, a Lambda describes each one, readers fetch both. One way of using S3, ready
 * for `cdk deploy`; the other stacks of `lib/` follow the same form.
 */
import { join } from 'node:path';
import { Lifecycle, Removal, SecureBucket } from '@coffer/constructs';
import { CfnOutput, Duration, type RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { LambdaDestination } from 'aws-cdk-lib/aws-s3-notifications';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

export interface AppDataStackProps extends StackProps {
  /**
   * Web origins whose pages may upload, e.g. `https://app.example.com`.
   * @default - ['https://app.example.com']
   */
  readonly uploadOrigins?: string[];
  /**
   * What becomes of buckets, key and logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

export class AppDataStack extends Stack {
  public readonly uploads: SecureBucket;
  public readonly uploader: iam.Role;
  public readonly reader: iam.Role;
  public readonly describe: lambda.Function;
  public readonly deadLetters: sqs.Queue;

  constructor(scope: Construct, id: string, props: AppDataStackProps = {}) {
    super(scope, id, props);
    const removal = props.removal ?? Removal.RETAIN;

    this.uploads = new SecureBucket(this, 'Uploads', {
      removal,
      lifecycle: Lifecycle.uploads(),
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

    this.deadLetters = new sqs.Queue(this, 'DeadLetters', {
      encryption: sqs.QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    this.describe = this.describer(removal.policyIn(this));
    this.uploads.addEventNotification(s3.EventType.OBJECT_CREATED, new LambdaDestination(this.describe), {
      prefix: 'uploads/',
    });

    new CfnOutput(this, 'BucketName', { value: this.uploads.bucketName });
    new CfnOutput(this, 'KeyArn', { value: this.uploads.encryptionKey!.keyArn });
    new CfnOutput(this, 'UploaderRoleArn', { value: this.uploader.roleArn });
    new CfnOutput(this, 'ReaderRoleArn', { value: this.reader.roleArn });
    new CfnOutput(this, 'FunctionName', { value: this.describe.functionName });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: this.deadLetters.queueUrl });
  }

  /** A role that principals of this account may assume when their own policy says so. */
  private role(id: string, description: string): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: new iam.AccountPrincipal(this.account) });
  }

  private describer(removalPolicy: RemovalPolicy): lambda.Function {
    const role = new iam.Role(this, 'DescribeRole', {
      description: 'Execution role of the describing Lambda',
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
    });
    const logGroup = new logs.LogGroup(this, 'DescribeLogs', {
      retention: logs.RetentionDays.ONE_MONTH,
      removalPolicy,
    });
    this.uploads.access.read(role, { prefix: 'uploads/' });
    const policy = this.uploads.access.upload(role, { prefix: 'results/' });
    policy.addStatements(
      new iam.PolicyStatement({
        actions: ['s3:GetObjectVersion'],
        resources: [this.uploads.arnForObjects('uploads/*')],
      }),
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [logGroup.logGroupArn],
      }),
      new iam.PolicyStatement({ actions: ['sqs:SendMessage'], resources: [this.deadLetters.queueArn] }),
    );
    const describe = new NodejsFunction(this, 'Describe', {
      description: 'Describes each uploaded file in results/',
      // Compiled beside this file when the app runs from dist/, TypeScript when it runs from source; esbuild takes both.
      entry: join(__dirname, 'handlers', __filename.endsWith('.ts') ? 'describe.ts' : 'describe.js'),
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      memorySize: 256,
      timeout: Duration.seconds(30),
      role: role.withoutPolicyUpdates(),
      logGroup,
      deadLetterQueue: this.deadLetters,
      bundling: { minify: true, sourceMap: false },
    });
    describe.node.addDependency(policy);
    return describe;
  }
}
