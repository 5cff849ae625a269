/**
 * `UploadApi`: clients ask a function URL for the right to upload one object, and get a form or a URL that is good for
 * its size, its type and a few minutes. The object lands in quarantine and reaches the clean bucket once it is found
 * clean (see `MalwareGate`). Nobody needs credentials for S3, nothing large passes through Lambda.
 * Sources: S3 user guide, "Bucket policy examples using condition keys" (`s3:signatureAge`, `s3:authType`); Lambda
 * developer guide, "Control access to Lambda function URLs".
 */
import { Duration, Token } from 'aws-cdk-lib';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { SecureBucket } from '../bucket/bucket';
import type { Removal } from '../bucket/removal';
import { type Concurrency, SecureFunction } from '../compute/function';
import { bundled } from '../compute/handlers';
import { makeBucket } from '../events/made';
import { MalwareGate } from '../events/malware';
import type { MalwareScan } from '../events/scan';
import { Problems } from '../validation/problems';

const MIB = 1024 * 1024;
/** The most that one POST, PUT or copy carries. Source: S3 user guide, "Uploading objects". */
const LARGEST_BYTES = 5 * 1024 * MIB;

export interface UploadApiProps {
  /** Media types that may be uploaded, such as `image/png`, or `image/*` for a whole family. At least one. */
  readonly contentTypes: string[];
  /**
   * Largest upload, in bytes: 1 to 5 GiB.
   * @default 104857600 - 100 MiB
   */
  readonly maxSizeBytes?: number;
  /**
   * How long a form or URL is good: 1 second to 1 hour.
   * @default Duration.minutes(5)
   */
  readonly expiresIn?: Duration;
  /**
   * Beginning of the keys, ending in `/`.
   * @default 'uploads/'
   */
  readonly prefix?: string;
  /**
   * Where clean uploads go.
   * @default - a new SecureBucket
   */
  readonly clean?: s3.Bucket;
  /**
   * Who finds them clean.
   * @default MalwareScan.guardDuty()
   */
  readonly scan?: MalwareScan;
  /**
   * Web origins whose pages may ask and upload, such as `https://app.example.com`.
   * @default - none
   */
  readonly allowedOrigins?: string[];
  /**
   * Calls of the API that run at once.
   * @default Concurrency.reserved(10)
   */
  readonly concurrency?: Concurrency;
  /**
   * What becomes of buckets and logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
  /**
   * Who is told of alarms.
   * @default - the topic that the stack shares, `AlarmTopic.shared(stack)`
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}

/**
 * Lets clients upload single objects of bounded size and type, past quarantine.
 *
 * @example
 * const api = new UploadApi(this, 'Uploads', {
 *   contentTypes: ['image/png', 'image/jpeg'], maxSizeBytes: 5_000_000,
 * });
 * new CfnOutput(this, 'UploadUrl', { value: api.url.url });
 */
export class UploadApi extends Construct {
  /** Where clean uploads go. */
  public readonly clean: s3.Bucket;
  /** The quarantine and what moves uploads out of it. */
  public readonly gate: MalwareGate;
  /** Hands out forms and URLs. */
  public readonly handler: SecureFunction;
  /** Where to ask. Callers sign with IAM. */
  public readonly url: lambda.FunctionUrl;

  constructor(scope: Construct, id: string, props: UploadApiProps) {
    super(scope, id);
    const maxSizeBytes = props.maxSizeBytes ?? 100 * MIB;
    const expiresIn = props.expiresIn ?? Duration.minutes(5);
    const prefix = props.prefix ?? 'uploads/';
    const origins = props.allowedOrigins ?? [];
    this.check(props, maxSizeBytes, expiresIn, prefix);

    this.clean = props.clean ?? makeBucket(this, 'Clean', { removal: props.removal });
    this.gate = new MalwareGate(this, 'Gate', {
      clean: this.clean,
      scan: props.scan,
      cors:
        origins.length === 0
          ? undefined
          : [
              {
                allowedOrigins: origins,
                allowedMethods: [s3.HttpMethods.POST, s3.HttpMethods.PUT],
                allowedHeaders: ['content-type', 'x-amz-meta-uploaded-by'],
                exposedHeaders: ['ETag'],
                maxAge: 3000,
              },
            ],
      concurrency: props.concurrency,
      removal: props.removal,
      alarmActions: props.alarmActions,
    });
    const quarantine = this.gate.quarantine;
    this.handler = new SecureFunction(this, 'Handler', {
      description: 'Hands out forms and URLs for single uploads',
      code: bundled('presign'),
      timeout: Duration.seconds(10),
      environment: {
        BUCKET: quarantine.bucketName,
        PREFIX: prefix,
        MAX_SIZE_BYTES: String(maxSizeBytes),
        CONTENT_TYPES: props.contentTypes.join(','),
        EXPIRES_SECONDS: String(expiresIn.toSeconds()),
      },
      concurrency: props.concurrency,
      removal: props.removal,
      alarmActions: props.alarmActions,
    });
    this.handler.allowObjects(quarantine, `${prefix}*`, ['s3:PutObject'], quarantine.encryptionKey);
    this.holdUploads(quarantine, expiresIn);
    this.url = this.handler.addFunctionUrl({
      authType: lambda.FunctionUrlAuthType.AWS_IAM,
      cors:
        origins.length === 0
          ? undefined
          : { allowedOrigins: origins, allowedMethods: [lambda.HttpMethod.POST], allowedHeaders: CORS_HEADERS },
    });
  }

  /** Lets a role of this account ask for uploads. */
  public grantUpload(role: iam.IRole): iam.ManagedPolicy {
    // Both are asked for since October 2025. Source: Lambda developer guide, "Control access to Lambda function URLs".
    return new iam.ManagedPolicy(role, `${this.node.addr.slice(-8)}Uploads`, {
      description: `May ask ${this.node.path} for uploads`,
      roles: [role],
      statements: [
        new iam.PolicyStatement({
          actions: ['lambda:InvokeFunctionUrl'],
          resources: [this.handler.functionArn],
          conditions: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        }),
        new iam.PolicyStatement({
          actions: ['lambda:InvokeFunction'],
          resources: [this.handler.functionArn],
          conditions: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } },
        }),
      ],
    });
  }

  /** Uploads come through forms and URLs of the API only, and only while they are fresh. */
  private holdUploads(quarantine: SecureBucket, expiresIn: Duration): void {
    const signer = this.handler.executionRole.roleArn;
    const scanner = this.gate.scanRole === undefined ? [] : [this.gate.scanRole.roleArn];
    const deny = (sid: string, conditions: Record<string, Record<string, unknown>>) =>
      quarantine.addToResourcePolicy(
        new iam.PolicyStatement({
          sid,
          effect: iam.Effect.DENY,
          principals: [new iam.AnyPrincipal()],
          actions: ['s3:PutObject'],
          resources: [quarantine.arnForObjects('*')],
          conditions,
        }),
      );
    deny('UploadsThroughTheApi', { ArnNotEquals: { 'aws:PrincipalArn': [signer, ...scanner] } });
    deny('UploadsArePresigned', {
      ArnEquals: { 'aws:PrincipalArn': signer },
      StringEquals: { 's3:authType': 'REST-HEADER' },
    });
    deny('UploadsAreFresh', {
      ArnEquals: { 'aws:PrincipalArn': signer },
      NumericGreaterThan: { 's3:signatureAge': expiresIn.toMilliseconds() },
    });
  }

  private check(props: UploadApiProps, maxSizeBytes: number, expiresIn: Duration, prefix: string): void {
    const problems = new Problems(this);
    problems.check(
      props.contentTypes.length > 0,
      'contentTypes',
      props.contentTypes,
      'at least one media type',
      "name what clients may upload, such as ['image/png', 'image/jpeg']",
    );
    for (const type of props.contentTypes)
      problems.check(
        /^[\w.+-]+\/([\w.+-]+|\*)$/.test(type),
        'contentTypes',
        type,
        'media types without parameters, or a family such as image/*',
        'use the form type/subtype',
      );
    problems.check(
      Number.isInteger(maxSizeBytes) && maxSizeBytes >= 1 && maxSizeBytes <= LARGEST_BYTES,
      'maxSizeBytes',
      maxSizeBytes,
      `whole numbers from 1 to ${LARGEST_BYTES}`,
      'leave it out for 104857600; larger objects go in parts, which one form cannot allow',
    );
    const seconds = expiresIn.isUnresolved() ? 60 : expiresIn.toSeconds({ integral: false });
    problems.check(
      Number.isInteger(seconds) && seconds >= 1 && seconds <= 3600,
      'expiresIn',
      seconds,
      'whole seconds from 1 to 3600',
      'leave it out for 5 minutes',
    );
    problems.check(
      prefix.endsWith('/') && !prefix.startsWith('/') && !/[*?]/.test(prefix),
      'prefix',
      prefix,
      'a prefix that ends in / and does not begin with it, without * and ?',
      'leave it out for "uploads/"',
    );
    for (const origin of props.allowedOrigins ?? [])
      problems.check(
        Token.isUnresolved(origin) || /^https:\/\/[^/*]+$/.test(origin) || /^http:\/\/localhost(:\d+)?$/.test(origin),
        'allowedOrigins',
        origin,
        'https origins without path and wildcard, or http://localhost',
        'name the origin as browsers send it, such as "https://app.example.com"',
      );
    problems.throwIfAny();
  }
}

/** Headers of a signed request from a browser. */
const CORS_HEADERS = ['authorization', 'content-type', 'x-amz-content-sha256', 'x-amz-date', 'x-amz-security-token'];
