/**
 * Static website: a folder of files, delivered by CloudFront from a private bucket, under your own name if you have one. A
 * role may publish without CDK. One way of using S3, ready for `cdk deploy`; in us-east-1, where CloudFront has its
 * certificates, web ACLs and logs.
 */
import { join } from 'node:path';
import {
  CustomDomain,
  DeliveryLogs,
  Removal,
  ReplicatedBucket,
  Routing,
  SecureBucket,
  StaticSite,
  WebAcl,
} from '@coffer/constructs';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as route53 from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import { Settings } from './settings';

export interface StaticSiteStackProps extends StackProps {
  /**
   * Folder of the site; `none` when only the publisher's role brings files, which a deployment of a folder would prune.
   * @default - the small example in lib/site
   */
  readonly content?: string;
  /**
   * How URLs become keys: `directories`, `singlePage` or `asIs`.
   * @default 'directories'
   */
  readonly routing?: string;
  /**
   * Names of the site, the one that the others lead to first.
   * @default - the name that CloudFront gives
   */
  readonly domainNames?: string[];
  /**
   * ARN of a certificate for all names, in us-east-1.
   * @default - a new one, with hostedZoneId and zoneName
   */
  readonly certificateArn?: string;
  /**
   * Hosted zone of the names; certificate and records are made in it.
   * @default - somebody else keeps the records
   */
  readonly hostedZoneId?: string;
  /**
   * Name of the hosted zone.
   * @default - none
   */
  readonly zoneName?: string;
  /**
   * Web ACL: `managed`, or the ARN of one.
   * @default - none
   */
  readonly webAcl?: string;
  /**
   * Countries that are served.
   * @default - all
   */
  readonly allowedCountries?: string[];
  /**
   * Content-Security-Policy of every answer.
   * @default - everything from the site itself
   */
  readonly contentSecurityPolicy?: string;
  /**
   * Access log of the distribution: `standard` or `legacy`.
   * @default - standard in us-east-1, legacy elsewhere
   */
  readonly logs?: string;
  /**
   * Region of a replica of the files, which CloudFront asks when the bucket fails. It is a stack of its own.
   * @default - no replica
   */
  readonly replicaRegion?: string;
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

/** The example, from `lib/` and from `dist/lib/`. */
const EXAMPLE = join(__dirname, __filename.endsWith('.ts') ? 'site' : '../../lib/site');

export class StaticSiteStack extends Stack {
  /** Props from the settings `staticSite` of the app. */
  public static settings(scope: Construct): StaticSiteStackProps {
    const settings = new Settings(scope, 'staticSite');
    const props: StaticSiteStackProps = {
      content: settings.text('content'),
      routing: settings.choice('routing', 'directories', 'singlePage', 'asIs'),
      domainNames: settings.list('domainNames'),
      certificateArn: settings.text('certificateArn'),
      hostedZoneId: settings.text('hostedZoneId'),
      zoneName: settings.text('zoneName'),
      webAcl: settings.text('webAcl'),
      allowedCountries: settings.list('allowedCountries'),
      contentSecurityPolicy: settings.text('contentSecurityPolicy'),
      logs: settings.choice('logs', 'standard', 'legacy'),
      replicaRegion: settings.text('replicaRegion'),
      distributionId: settings.text('distributionId'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly bucket: SecureBucket;
  /** The replica of the files, if a Region is given for it. */
  public readonly replica?: SecureBucket;
  public readonly site: StaticSite;
  public readonly publisher: iam.Role;

  constructor(scope: Construct, id: string, props: StaticSiteStackProps = {}) {
    super(scope, id, { ...props, env: props.env ?? { region: 'us-east-1' } });
    const removal = props.removal ?? Removal.RETAIN;
    const files = this.files(scope, id, props, removal);
    this.bucket = files.bucket;
    this.replica = files.replica;
    const content = props.content ?? EXAMPLE;
    this.site = new StaticSite(this, 'Site', {
      bucket: this.bucket,
      failoverBucket: this.replica,
      content: content === 'none' ? undefined : content,
      routing: this.routing(props.routing ?? 'directories'),
      domain: this.domain(props),
      webAcl:
        props.webAcl === undefined
          ? undefined
          : props.webAcl === 'managed'
            ? WebAcl.managed()
            : WebAcl.of(props.webAcl),
      allowedCountries: props.allowedCountries,
      contentSecurityPolicy: props.contentSecurityPolicy,
      logs:
        props.logs === undefined
          ? undefined
          : props.logs === 'legacy'
            ? DeliveryLogs.legacy()
            : DeliveryLogs.standard(),
      distributionId: props.distributionId,
      removal,
    });
    this.publisher = this.publishing();

    const { distribution } = this.site;
    new CfnOutput(this, 'Url', { value: this.site.url });
    new CfnOutput(this, 'DistributionId', { value: distribution.distributionId });
    new CfnOutput(this, 'DistributionDomainName', { value: distribution.distributionDomainName });
    new CfnOutput(this, 'BucketName', { value: this.bucket.bucketName });
    new CfnOutput(this, 'PublisherRoleArn', { value: this.publisher.roleArn });
  }

  /** The files, and their replica in a stack of its own. */
  private files(scope: Construct, id: string, props: StaticSiteStackProps, removal: Removal) {
    const files = {
      lifecycleRules: [{ id: 'forget-replaced', noncurrentVersionExpiration: Duration.days(30) }],
      removal,
    };
    const { replicaRegion } = props;
    if (replicaRegion === undefined) return { bucket: new SecureBucket(this, 'Files', files), replica: undefined };
    if (replicaRegion === this.region)
      throw new Error(
        `replicaRegion is "${replicaRegion}"; allowed: another Region than ${this.region}; fix: name another, or leave it out`,
      );
    const elsewhere = new Stack(scope, `${id}Replica`, {
      description: `Replica of the files of ${id}`,
      env: { account: props.env?.account, region: replicaRegion },
    });
    const { bucket, replica } = new ReplicatedBucket(this, 'Replicated', {
      replicaScope: elsewhere,
      deleteMarkers: true,
      bucket: files,
      replica: files,
    });
    return { bucket, replica };
  }

  private routing(name: string): Routing {
    switch (name) {
      case 'directories':
        return Routing.directories();
      case 'singlePage':
        return Routing.singlePage();
      case 'asIs':
        return Routing.asIs();
    }
    throw new Error(`routing is "${name}"; allowed: directories, singlePage, asIs; fix: leave it out for directories`);
  }

  private domain({ domainNames, certificateArn, hostedZoneId, zoneName }: StaticSiteStackProps) {
    if (domainNames === undefined) {
      const lone = Object.entries({ certificateArn, hostedZoneId, zoneName }).find(([, value]) => value !== undefined);
      if (lone !== undefined)
        throw new Error(`${lone[0]} is ${JSON.stringify(lone[1])}; allowed: only with domainNames; fix: name the site`);
      return undefined;
    }
    const certificate =
      certificateArn === undefined
        ? undefined
        : acm.Certificate.fromCertificateArn(this, 'GivenCertificate', certificateArn);
    if (hostedZoneId !== undefined && zoneName !== undefined) {
      const zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName });
      return CustomDomain.inZone(zone, domainNames, { certificate });
    }
    if (certificate === undefined || hostedZoneId !== undefined || zoneName !== undefined)
      throw new Error(
        `domainNames is ${JSON.stringify(domainNames)}; allowed: with certificateArn, or with hostedZoneId and zoneName; fix: give one of the two`,
      );
    return CustomDomain.of(domainNames, certificate);
  }

  /** Whoever may assume this role publishes without CDK, from a build for instance. */
  private publishing(): iam.Role {
    const role = new iam.Role(this, 'Publisher', {
      description: 'Puts, lists and deletes files of the site and invalidates its cache',
      assumedBy: new iam.AccountPrincipal(this.account),
    });
    this.bucket.access.upload(role);
    this.bucket.access.list(role);
    const policy = this.bucket.access.delete(role);
    policy.addStatements(
      new iam.PolicyStatement({
        actions: ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation'],
        resources: [
          this.formatArn({
            service: 'cloudfront',
            region: '',
            resource: 'distribution',
            resourceName: this.site.distribution.distributionId,
          }),
        ],
      }),
    );
    return role;
  }
}
