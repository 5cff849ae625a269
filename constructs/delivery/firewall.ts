/**
 * The web ACL in front of a distribution: one that is there already, one made of AWS's managed rules with a limit per
 * address, or none. Sources: WAF developer guide, "AWS Managed Rules rule groups list", "Sending web ACL traffic logs to an
 * Amazon CloudWatch Logs log group" (whose name must begin with aws-waf-logs-).
 */
import { ArnFormat, Names, RemovalPolicy, Stack, Token } from 'aws-cdk-lib';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';
import type { Construct } from 'constructs';
import { OperationsKey } from '../compute/key';
import { acknowledge } from '../validation/acknowledge';
import type { Problems } from '../validation/problems';
import { elsewhere } from './place';

export interface ManagedWebAclOptions {
  /**
   * Requests that one address may make in five minutes: 10 to 2000000000.
   * @default 2000
   */
  readonly requestsPerFiveMinutes?: number;
  /**
   * How long its log is kept.
   * @default logs.RetentionDays.THREE_MONTHS
   */
  readonly logRetention?: logs.RetentionDays;
}

const RULE_GROUPS = ['AmazonIpReputationList', 'CommonRuleSet', 'KnownBadInputsRuleSet'];

/** The web ACL of a distribution. */
export class WebAcl {
  /** A new one: AWS's lists of bad addresses and requests, a limit per address, a log. About 9 USD a month. */
  public static managed(options: ManagedWebAclOptions = {}): WebAcl {
    return new WebAcl('managed', undefined, undefined, options);
  }

  /** One that is there already, of scope CLOUDFRONT. @param arn of the web ACL */
  public static of(arn: string): WebAcl {
    return new WebAcl('given', arn, undefined, {});
  }

  /** None. `reason`, of at least 10 characters, is recorded for reviewers. */
  public static none(reason: string): WebAcl {
    return new WebAcl('none', undefined, reason, {});
  }

  private constructor(
    /** `managed`, `given` or `none`. */
    public readonly kind: string,
    /** ARN of the one that was given. */
    public readonly arn: string | undefined,
    /** Why there is none. */
    public readonly reason: string | undefined,
    /** What was said about a new one. */
    public readonly options: ManagedWebAclOptions,
  ) {}

  /** Notes what WAF or CloudFront would refuse. @internal */
  public _check(scope: Construct, problems: Problems): void {
    const region = elsewhere(scope);
    problems.check(
      this.kind !== 'managed' || region === undefined,
      'webAcl',
      `WebAcl.managed() in ${region}`,
      'WebAcl.managed() in a stack in us-east-1, where web ACLs for CloudFront are made',
      'make it in a stack in us-east-1 and pass WebAcl.of(arn)',
    );
    const limit = this.options.requestsPerFiveMinutes ?? 2000;
    problems.check(
      Token.isUnresolved(limit) || (Number.isInteger(limit) && limit >= 10 && limit <= 2_000_000_000),
      'webAcl requestsPerFiveMinutes',
      limit,
      'whole numbers from 10 to 2000000000',
      'leave it out for 2000',
    );
    const global = /^arn:[\w-]+:wafv2:us-east-1:\d{12}:global\/webacl\//;
    problems.check(
      this.arn === undefined || Token.isUnresolved(this.arn) || global.test(this.arn),
      'webAcl arn',
      this.arn,
      'arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID',
      'pass the ARN of a web ACL of scope CLOUDFRONT',
    );
    problems.check(
      this.reason === undefined || this.reason.length >= 10,
      'webAcl reason',
      this.reason,
      'at least 10 characters',
      'say to a reviewer why there is none, or pass WebAcl.managed()',
    );
  }

  /** ARN of the web ACL for a distribution below `scope`, made there if it is a new one. @internal */
  public _arnIn(scope: Construct): string | undefined {
    return this.kind === 'managed' ? this.make(scope) : this.arn;
  }

  private make(scope: Construct): string {
    const metric = (metricName: string) => ({
      cloudWatchMetricsEnabled: true,
      metricName,
      sampledRequestsEnabled: true,
    });
    const acl = new wafv2.CfnWebACL(scope, 'WebAcl', {
      description: `In front of ${scope.node.path}`.replace(/[^\w+=:#@/\-,. ]/g, '-').slice(0, 256),
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: metric('All'),
      rules: [
        {
          name: 'RatePerAddress',
          priority: 0,
          action: { block: {} },
          statement: {
            rateBasedStatement: { aggregateKeyType: 'IP', limit: this.options.requestsPerFiveMinutes ?? 2000 },
          },
          visibilityConfig: metric('RatePerAddress'),
        },
        ...RULE_GROUPS.map((name, i) => ({
          name,
          priority: i + 1,
          overrideAction: { none: {} },
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name: `AWSManagedRules${name}` } },
          visibilityConfig: metric(name),
        })),
      ],
    });
    const log = new logs.LogGroup(scope, 'WebAclLog', {
      logGroupName: `aws-waf-logs-${Names.uniqueResourceName(scope, { maxLength: 100 })}`,
      retention: this.options.logRetention ?? logs.RetentionDays.THREE_MONTHS,
      encryptionKey: OperationsKey.shared(scope),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new wafv2.CfnLoggingConfiguration(scope, 'WebAclLogging', {
      resourceArn: acl.attrArn,
      // WAF wants the ARN without the :* that CloudFormation's attribute ends in.
      logDestinationConfigs: [
        Stack.of(scope).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: log.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: [{ singleHeader: { Name: 'authorization' } }, { singleHeader: { Name: 'cookie' } }],
    });
    return acl.attrArn;
  }

  /** Records on a distribution that it has none. @internal */
  public _answer(distribution: Construct): void {
    if (this.reason !== undefined) acknowledge(distribution, 'AwsSolutions-CFR2', this.reason);
  }
}
