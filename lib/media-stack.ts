/**
 * Media storage and delivery: users upload pictures, video and sound through an API into quarantine, what is found clean
 * moves to the media bucket and is catalogued, CloudFront delivers it to who has a signed URL or cookie. Until there are
 * keys to sign with, nobody sees anything.
 */
import {
  CustomDomain,
  MalwareScan,
  MediaDelivery,
  MediaPreset,
  ObjectProcessor,
  Removal,
  SecureBucket,
  SigningKeys,
  UploadApi,
  Viewers,
  WebAcl,
} from '@coffer/constructs';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { handlerCode } from './bundle';
import { Settings } from './settings';

export interface MediaStackProps extends StackProps {
  /**
   * Public keys in PEM whose owners sign URLs and cookies, the current one first.
   * @default - none: nobody sees anything
   */
  readonly publicKeys?: string[];
  /**
   * Why everyone may see everything, without a signature.
   * @default - only signed URLs and cookies are answered
   */
  readonly publicReason?: string;
  /**
   * Media types that may be uploaded.
   * @default - image/*, video/*, audio/*
   */
  readonly contentTypes?: string[];
  /**
   * Largest upload in MiB: 1 to 5120.
   * @default 512
   */
  readonly maxSizeMib?: number;
  /**
   * Why uploads are not scanned for malware.
   * @default - GuardDuty scans each
   */
  readonly noScanReason?: string;
  /**
   * Web origins whose pages may upload and play, e.g. `https://app.example.com`.
   * @default - none
   */
  readonly allowedOrigins?: string[];
  /**
   * Names under which media are delivered.
   * @default - the name that CloudFront gives
   */
  readonly domainNames?: string[];
  /**
   * ARN of a certificate for these names, in us-east-1.
   * @default - none
   */
  readonly certificateArn?: string;
  /**
   * Web ACL: `managed`, or the ARN of one.
   * @default - none
   */
  readonly webAcl?: string;
  /**
   * Id of the distribution, from the output of the first deployment; the key's policy then names this one only.
   * @default - the key lets in distributions of the account
   */
  readonly distributionId?: string;
  /**
   * What becomes of buckets, key and logs when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

export class MediaStack extends Stack {
  /** Props from the settings `media` of the app. */
  public static settings(scope: Construct): MediaStackProps {
    const settings = new Settings(scope, 'media');
    const props: MediaStackProps = {
      publicKeys: settings.list('publicKeys'),
      publicReason: settings.text('publicReason'),
      contentTypes: settings.list('contentTypes'),
      maxSizeMib: settings.number('maxSizeMib'),
      noScanReason: settings.text('noScanReason'),
      allowedOrigins: settings.list('allowedOrigins'),
      domainNames: settings.list('domainNames'),
      certificateArn: settings.text('certificateArn'),
      webAcl: settings.text('webAcl'),
      distributionId: settings.text('distributionId'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly media: SecureBucket;
  public readonly uploads: UploadApi;
  public readonly catalogue: ObjectProcessor;
  public readonly delivery: MediaDelivery;
  public readonly uploader: iam.Role;
  public readonly editor: iam.Role;

  constructor(scope: Construct, id: string, props: MediaStackProps = {}) {
    super(scope, id, { ...props, env: props.env ?? { region: 'us-east-1' } });
    const removal = props.removal ?? Removal.RETAIN;
    this.media = new SecureBucket(this, 'Media', {
      removal,
      lifecycleRules: [{ id: 'forget-replaced', noncurrentVersionExpiration: Duration.days(30) }],
    });
    this.uploads = new UploadApi(this, 'Uploads', {
      clean: this.media,
      contentTypes: props.contentTypes ?? ['image/*', 'video/*', 'audio/*'],
      maxSizeBytes: (props.maxSizeMib ?? 512) * 1024 * 1024,
      scan: props.noScanReason === undefined ? undefined : MalwareScan.none(props.noScanReason),
      allowedOrigins: props.allowedOrigins,
      removal,
    });
    this.catalogue = new ObjectProcessor(this, 'Catalogue', {
      description: 'Writes an entry to catalogue/ for each medium',
      bucket: this.media,
      prefix: 'uploads/',
      code: handlerCode('catalogue'),
      timeout: Duration.minutes(5),
      removal,
    });
    this.catalogue.allowWrite(this.media, { prefix: 'catalogue/' });
    const keys = props.publicKeys && new SigningKeys(this, 'Signers', { publicKeys: props.publicKeys });
    this.delivery = new MediaDelivery(this, 'Delivery', {
      bucket: this.media,
      viewers: this.viewers(keys, props.publicReason),
      preset: MediaPreset.FILES,
      allowedOrigins: props.allowedOrigins,
      domain: this.domain(props),
      webAcl:
        props.webAcl === undefined
          ? undefined
          : props.webAcl === 'managed'
            ? WebAcl.managed()
            : WebAcl.of(props.webAcl),
      distributionId: props.distributionId,
      removal,
    });
    this.uploader = this.role('Uploader', 'Asks the API for uploads');
    this.uploads.grantUpload(this.uploader);
    this.editor = this.role('Editor', 'Reads media and the catalogue, deletes media');
    this.media.access.read(this.editor);
    this.media.access.delete(this.editor, { prefix: 'uploads/' });

    new CfnOutput(this, 'UploadUrl', { value: this.uploads.url.url });
    new CfnOutput(this, 'UploadFunctionName', { value: this.uploads.handler.functionName });
    new CfnOutput(this, 'Url', { value: this.delivery.url });
    new CfnOutput(this, 'DistributionId', { value: this.delivery.distribution.distributionId });
    new CfnOutput(this, 'BucketName', { value: this.media.bucketName });
    new CfnOutput(this, 'QuarantineBucketName', { value: this.uploads.gate.quarantine.bucketName });
    new CfnOutput(this, 'UploaderRoleArn', { value: this.uploader.roleArn });
    new CfnOutput(this, 'EditorRoleArn', { value: this.editor.roleArn });
    new CfnOutput(this, 'DeadLetterQueueUrl', { value: this.catalogue.deadLetters.queueUrl });
    if (keys !== undefined) new CfnOutput(this, 'KeyPairId', { value: keys.currentKeyId });
  }

  private viewers(keys: SigningKeys | undefined, publicReason: string | undefined): Viewers {
    if (keys !== undefined && publicReason !== undefined)
      throw new Error(
        `publicReason is ${JSON.stringify(publicReason)}; allowed: only without publicKeys; fix: leave out one of the two`,
      );
    if (keys !== undefined) return Viewers.signed(keys);
    return publicReason === undefined ? Viewers.nobody() : Viewers.everyone(publicReason);
  }

  private domain({ domainNames, certificateArn }: MediaStackProps): CustomDomain | undefined {
    if (domainNames === undefined && certificateArn === undefined) return undefined;
    if (domainNames === undefined || certificateArn === undefined)
      throw new Error(
        `domainNames is ${JSON.stringify(domainNames) ?? 'not set'}; allowed: together with certificateArn; fix: give both or neither`,
      );
    const certificate = acm.Certificate.fromCertificateArn(this, 'GivenCertificate', certificateArn);
    return CustomDomain.of(domainNames, certificate);
  }

  /** A role that principals of this account may assume when their own policy says so. */
  private role(id: string, description: string): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: new iam.AccountPrincipal(this.account) });
  }
}
