/**
 * The names that people know a distribution by, the certificate for them and, where the zone is ours, the records.
 * Source: CloudFront developer guide, "Requirements for using SSL/TLS certificates with CloudFront".
 */
import { ArnFormat, Stack, Token } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget } from 'aws-cdk-lib/aws-route53-targets';
import type { Construct } from 'constructs';
import type { Problems } from '../validation/problems';
import { elsewhere } from './place';

export interface CustomDomainOptions {
  /**
   * Whether the other names lead to the first by a permanent redirect.
   * @default true
   */
  readonly redirectToFirst?: boolean;
}

export interface ZonedDomainOptions extends CustomDomainOptions {
  /**
   * Certificate for all names, in us-east-1.
   * @default - a new one, validated through the zone; needs a stack in us-east-1
   */
  readonly certificate?: acm.ICertificate;
}

/** Names of a distribution. */
export class CustomDomain {
  /** Names whose records somebody else keeps. @param certificate for all of them, in us-east-1 */
  public static of(names: string[], certificate: acm.ICertificate, options: CustomDomainOptions = {}): CustomDomain {
    return new CustomDomain(names, certificate, undefined, options.redirectToFirst ?? true);
  }

  /** Names in a hosted zone of Route 53; their records are made too. */
  public static inZone(zone: route53.IHostedZone, names: string[], options: ZonedDomainOptions = {}): CustomDomain {
    return new CustomDomain(names, options.certificate, zone, options.redirectToFirst ?? true);
  }

  private constructor(
    /** The names; the first is the one that others lead to. */
    public readonly names: string[],
    /** The certificate that was given. */
    public readonly certificate: acm.ICertificate | undefined,
    /** The zone of the names. */
    public readonly zone: route53.IHostedZone | undefined,
    /** Whether the other names lead to the first. */
    public readonly redirectToFirst: boolean,
  ) {}

  /** The name that other names lead to, if they do. */
  public get canonical(): string | undefined {
    return this.redirectToFirst && this.names.length > 1 ? this.names[0] : undefined;
  }

  /** Notes what CloudFront would refuse. @internal */
  public _check(scope: Construct, problems: Problems): void {
    problems.check(
      this.names.length > 0,
      'domain names',
      this.names,
      'at least one',
      'name the domain, such as "www.example.com", or leave out domain',
    );
    for (const name of this.names)
      problems.check(
        Token.isUnresolved(name) || /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/.test(name),
        'domain names',
        name,
        'host names in lower case, such as www.example.com or *.example.com',
        'leave out scheme, port and path',
      );
    problems.check(
      !this.redirectToFirst || !this.names[0]?.startsWith('*'),
      'domain names',
      this.names[0],
      'a first name without * that others can lead to',
      'put a plain name first, or pass redirectToFirst: false',
    );
    const region = this.certificate === undefined ? elsewhere(scope) : regionOf(scope, this.certificate);
    problems.check(
      region === undefined || region === 'us-east-1',
      this.certificate === undefined ? 'domain certificate' : 'certificate Region',
      this.certificate === undefined ? 'not set' : region,
      this.certificate === undefined
        ? `a certificate of us-east-1: this stack is in ${region}, where none for CloudFront can be made`
        : 'us-east-1, where CloudFront looks for certificates',
      'make the certificate in a stack in us-east-1 and pass it',
    );
  }

  /** The certificate given, or a new one. @internal */
  public _certificateIn(scope: Construct): acm.ICertificate {
    return (
      this.certificate ??
      new acm.Certificate(scope, 'Certificate', {
        domainName: this.names[0],
        subjectAlternativeNames: this.names.slice(1),
        validation: acm.CertificateValidation.fromDns(this.zone),
      })
    );
  }

  /** Makes the records, where the zone is ours. @internal */
  public _record(scope: Construct, distribution: cloudfront.IDistribution): void {
    if (this.zone === undefined) return;
    const target = route53.RecordTarget.fromAlias(new CloudFrontTarget(distribution));
    for (const [i, recordName] of this.names.entries()) {
      const props = { zone: this.zone, recordName, target };
      new route53.ARecord(scope, `Ipv4-${i}`, props);
      new route53.AaaaRecord(scope, `Ipv6-${i}`, props);
    }
  }
}

function regionOf(scope: Construct, certificate: acm.ICertificate): string | undefined {
  if (!Token.isUnresolved(certificate.certificateArn))
    return Stack.of(scope).splitArn(certificate.certificateArn, ArnFormat.SLASH_RESOURCE_NAME).region;
  const { region } = Stack.of(certificate);
  return Token.isUnresolved(region) ? undefined : region;
}
