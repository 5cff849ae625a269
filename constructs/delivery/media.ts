/**
 * `MediaDelivery`: pictures, video and downloads of a private bucket, each kind kept as long as it holds, in ranges, to
 * players of named origins, for who has a signed URL or cookie.
 * Sources: CloudFront developer guide, "Serve private content with signed URLs and signed cookies", "Understand cache
 * policies", "Use managed origin request policies" (CORS-S3Origin).
 */
import { Duration, Token } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { makeBucket } from '../events/made';
import { Problems } from '../validation/problems';
import { checkDelivery, deliver } from './distribution';
import { securityHeaders } from './headers';
import { type MediaPath, MediaPreset, USUAL_PATHS } from './preset';
import type { DeliveryProps } from './props';
import type { Viewers } from './signing';

/** Media are shown by pages of others; they run nothing themselves. */
const MEDIA_CONTENT_SECURITY_POLICY = "default-src 'none'; sandbox";

/** Properties of `MediaDelivery`. */
export interface MediaDeliveryProps extends DeliveryProps {
  /** Who may see it. */
  readonly viewers: Viewers;
  /**
   * Kinds of media by path; the first pattern that fits counts.
   * @default - HLS and DASH playlists, segments and subtitles by their extensions
   */
  readonly paths?: MediaPath[];
  /**
   * Kind of what no path fits.
   * @default MediaPreset.FILES
   */
  readonly preset?: MediaPreset;
  /**
   * Web origins whose players may read it, such as `https://app.example.com`.
   * @default - none: pages may show it, scripts may not read it
   */
  readonly allowedOrigins?: string[];
}

/**
 * Media of a private bucket, delivered to who may see them.
 *
 * @example
 * const keys = new SigningKeys(this, 'Signers', { publicKeys: [pem] });
 * const media = new MediaDelivery(this, 'Media', { viewers: Viewers.signed(keys) });
 */
export class MediaDelivery extends Construct {
  /** Holds the media. */
  public readonly bucket: s3.IBucket;
  /** Delivers them. */
  public readonly distribution: cloudfront.Distribution;
  /** Beginning of every URL, without `/` at the end. */
  public readonly url: string;
  /** Statements that a bucket or key needs whose policy is not ours to change. */
  public readonly requiredStatements: iam.PolicyStatement[];

  constructor(scope: Construct, id: string, props: MediaDeliveryProps) {
    super(scope, id);
    const origins = props.allowedOrigins ?? [];
    const paths = props.paths ?? [...USUAL_PATHS];
    const usual = props.preset ?? MediaPreset.FILES;
    this.check(props, paths, origins);

    this.bucket =
      props.bucket ??
      makeBucket(this, 'Media', {
        lifecycleRules: [{ id: 'forget-replaced', noncurrentVersionExpiration: Duration.days(30) }],
        removal: props.removal,
      });
    // S3 answers the preflight; the policy below then says who may read.
    if (origins.length > 0 && this.bucket instanceof s3.Bucket)
      this.bucket.addCorsRule({
        allowedOrigins: origins,
        allowedMethods: [s3.HttpMethods.GET, s3.HttpMethods.HEAD],
        allowedHeaders: ['*'],
        maxAge: 3000,
      });
    const { keys } = props.viewers;
    const headers = securityHeaders(this, 'Headers', {
      contentSecurityPolicy: MEDIA_CONTENT_SECURITY_POLICY,
      corsOrigins: origins,
      corsCredentials: keys !== undefined && origins.length > 0,
    });
    const policies = new Map<MediaPreset, cloudfront.CachePolicy>();
    const behaviour = (preset: MediaPreset) => {
      const cachePolicy = policies.get(preset) ?? this.cachePolicy(preset);
      policies.set(preset, cachePolicy);
      return {
        allowedMethods:
          origins.length > 0
            ? cloudfront.AllowedMethods.ALLOW_GET_HEAD_OPTIONS
            : cloudfront.AllowedMethods.ALLOW_GET_HEAD,
        cachePolicy,
        compress: preset.compress,
        originRequestPolicy: origins.length > 0 ? cloudfront.OriginRequestPolicy.CORS_S3_ORIGIN : undefined,
        responseHeadersPolicy: headers,
        trustedKeyGroups: keys === undefined ? undefined : [keys.keyGroup],
      };
    };
    const { distribution, required } = deliver(this, props, {
      bucket: this.bucket,
      comment: `Media ${this.node.path}`,
      // Without a root object a bucket that may be listed would be: what is missing stays a 403.
      tellMissing: false,
      enabled: props.viewers.any,
      behaviour: behaviour(usual),
      paths: Object.fromEntries(paths.map(({ pattern, preset }) => [pattern, behaviour(preset)])),
    });
    this.distribution = distribution;
    this.requiredStatements = required;
    this.url = `https://${props.domain?.names[0] ?? distribution.distributionDomainName}`;
  }

  private cachePolicy(preset: MediaPreset): cloudfront.CachePolicy {
    return new cloudfront.CachePolicy(this, `Keep${preset.name}`, {
      comment: `${preset.name} of ${this.node.path}`.slice(0, 128),
      minTtl: Duration.seconds(0),
      defaultTtl: preset.keptFor,
      maxTtl: preset.atMost,
      enableAcceptEncodingBrotli: preset.compress,
      enableAcceptEncodingGzip: preset.compress,
    });
  }

  private check(props: MediaDeliveryProps, paths: MediaPath[], origins: string[]): void {
    const problems = new Problems(this);
    checkDelivery(this, problems, props);
    const { reason } = props.viewers;
    problems.check(
      reason === undefined || reason.length >= 10,
      'viewers reason',
      reason,
      'at least 10 characters',
      'say to a reviewer why everyone may see it, or pass Viewers.signed(keys)',
    );
    paths.forEach(({ pattern, preset }, i) => {
      problems.check(
        /^[\w.*?&~"'@:+$/-]{1,255}$/.test(pattern),
        `paths[${i}].pattern`,
        pattern,
        'at most 255 of A-Z a-z 0-9 _ - . * $ / ~ " \' @ : + ? &',
        'leave out other characters',
      );
      problems.check(
        paths.findIndex((path) => path.pattern === pattern) === i,
        `paths[${i}].pattern`,
        pattern,
        'patterns that are different',
        'leave out the repetition',
      );
      problems.check(
        /^[A-Za-z]{1,32}$/.test(preset.name),
        `paths[${i}].preset`,
        preset.name,
        'names of 1 to 32 letters',
        'rename the preset',
      );
    });
    problems.check(
      paths.length <= 24,
      'paths',
      paths.length,
      'at most 24, with the rest the 25 behaviours of a distribution',
      'join patterns',
    );
    for (const origin of origins)
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
