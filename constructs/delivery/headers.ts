/**
 * The headers that tell browsers what a page may do. They come from a response headers policy, not from a function, so
 * that answers with errors carry them too: functions do not run for errors of the origin. Headers by which S3 tells of
 * keys and versions are taken away.
 * Sources: CloudFront developer guide, "Understand response headers policies"; OWASP Secure Headers Project.
 */
import { Duration } from 'aws-cdk-lib';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type { Construct } from 'constructs';

/** For pages that bring all of their scripts and styles along. */
export const STRICT_CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  "img-src 'self' data:",
  "style-src 'self' 'unsafe-inline'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  'upgrade-insecure-requests',
].join('; ');

const REVEALING = [
  'server',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-version-id',
];

export interface Headers {
  readonly contentSecurityPolicy: string;
  /** Origins whose pages may read the answers; empty for none. */
  readonly corsOrigins: readonly string[];
  /** Whether pages of other origins may send cookies along. */
  readonly corsCredentials: boolean;
}

export function securityHeaders(scope: Construct, id: string, wanted: Headers): cloudfront.ResponseHeadersPolicy {
  const shared = wanted.corsOrigins.length > 0;
  return new cloudfront.ResponseHeadersPolicy(scope, id, {
    comment: `Security headers of ${scope.node.path}`.slice(0, 128),
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: wanted.contentSecurityPolicy, override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: cloudfront.HeadersFrameOption.DENY, override: true },
      referrerPolicy: {
        referrerPolicy: cloudfront.HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN,
        override: true,
      },
      // Of this name only: what other names below the domain can do is not for this site to say.
      strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: false, override: true },
    },
    customHeadersBehavior: {
      customHeaders: [
        { header: 'cross-origin-resource-policy', value: shared ? 'cross-origin' : 'same-origin', override: true },
        { header: 'cross-origin-opener-policy', value: 'same-origin', override: true },
        { header: 'permissions-policy', value: 'camera=(), geolocation=(), microphone=(), payment=()', override: true },
      ],
    },
    corsBehavior: shared
      ? {
          accessControlAllowOrigins: [...wanted.corsOrigins],
          accessControlAllowMethods: ['GET', 'HEAD', 'OPTIONS'],
          accessControlAllowHeaders: wanted.corsCredentials ? ['Range', 'If-None-Match', 'If-Range'] : ['*'],
          accessControlExposeHeaders: ['Accept-Ranges', 'Content-Length', 'Content-Range', 'ETag'],
          accessControlAllowCredentials: wanted.corsCredentials,
          accessControlMaxAge: Duration.hours(1),
          originOverride: true,
        }
      : undefined,
    removeHeaders: REVEALING,
  });
}
