/**
 * One place for the logs of AWS services: versioned, encrypted, kept and then expired, immutable when asked. Each
 * `allow*()` lets one service deliver, by the statements of its documentation, held to source accounts and ARNs.
 *
 * It is two buckets, for not every service can use a customer's key: `bucket` (SSE-KMS) takes what its services can
 * encrypt with it, `managedBucket` (SSE-S3) what load balancers and S3 itself deliver. What only CloudFront's legacy
 * logging (v1) could need, ACLs, is not here.
 */
import { Duration, Stack, Token, Validations } from 'aws-cdk-lib';
import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { AccessLogBucket, AccessLogs } from '../bucket/accesslog';
import { SecureBucket } from '../bucket/bucket';
import { Encryption, UploadEncryption } from '../bucket/encryption';
import { Removal } from '../bucket/removal';
import { Problems } from '../validation/problems';
import * as sources from './sources';

/** Properties of `LogArchive`. */
export interface LogArchiveProps {
  /**
   * Name of the bucket. WAF delivers only to names that begin with `aws-waf-logs-`.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string;
  /**
   * Key that encrypts the logs. Its policy is extended; when it cannot be (an imported key), `requiredKeyStatements`
   * says what it must hold.
   * @default - a new customer-managed key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * How long logs are kept. At least one day.
   * @default Duration.days(365)
   */
  readonly retention?: Duration;
  /**
   * When logs move to Glacier Instant Retrieval, where they stay queryable. At least 30 days before they expire, or they
   * stay in Standard.
   * @default Duration.days(90)
   */
  readonly coolAfter?: Duration;
  /**
   * Object Lock: for how long nobody can delete or overwrite what was delivered. AWS Config does not deliver to a bucket
   * with one.
   * @default - none
   */
  readonly lock?: s3.ObjectLockRetention;
  /**
   * Accounts whose logs come in.
   * @default - the account of the stack
   */
  readonly sourceAccounts?: string[];
  /**
   * Organisation whose accounts' logs come in, all of them, e.g. `o-abc1234567`. In place of `sourceAccounts`.
   * @default - none
   */
  readonly sourceOrganizationId?: string;
  /**
   * Regions whose logs come in.
   * @default - the Region of the stack
   */
  readonly sourceRegions?: string[];
  /**
   * What becomes of the buckets when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

/** Options of each `allow*()` of `LogArchive`. */
export interface LogSourceOptions {
  /**
   * Key prefix that the service was told, ending in `/`. It must not hold `AWSLogs`.
   * @default '' - none
   */
  readonly prefix?: string;
}

/** Options of `LogArchive.allowCloudTrail`. */
export interface CloudTrailLogOptions extends LogSourceOptions {
  /**
   * ARNs of the trails.
   * @default - any trail of the source accounts in the source Regions
   */
  readonly trailArns?: string[];
  /**
   * Organisation whose trail delivers, e.g. `o-abc1234567`.
   * @default - `sourceOrganizationId` of the archive
   */
  readonly organizationId?: string;
}

/** Options of `LogArchive.allowS3Inventory`. */
export interface InventoryLogOptions {
  /**
   * Key prefix of the reports, ending in `/`.
   * @default 'inventory/'
   */
  readonly prefix?: string;
  /**
   * ARNs of the buckets that report.
   * @default - any bucket of the source accounts
   */
  readonly bucketArns?: string[];
}

/**
 * One place for the logs of AWS services: versioned, encrypted, kept and then expired, immutable when asked.
 *
 * @example
 * const archive = new LogArchive(this, 'Logs', {
 *   retention: Duration.days(400), lock: s3.ObjectLockRetention.compliance(Duration.days(90)),
 * });
 * archive.allowCloudTrail();
 * archive.allowVpcFlowLogs();
 * archive.allowLoadBalancers({ prefix: 'alb/' });
 */
export class LogArchive extends Construct {
  /** Bucket with the customer's key: every source but load balancers, and S3's own logs. */
  public readonly bucket: SecureBucket;
  /** Bucket with SSE-S3: application and classic load balancers, S3 access logs, and the access logs of `bucket`. */
  public readonly managedBucket: AccessLogBucket;
  /** Key that encrypts `bucket`. Give it to trails and to Config's delivery channel. */
  public readonly key: kms.IKey;
  /** Statements that an imported key must hold, because its policy cannot be changed from here. */
  public readonly requiredKeyStatements: iam.PolicyStatement[] = [];

  private readonly accounts: string[];
  private readonly organizationId?: string;
  private readonly regions: string[];
  private readonly named: boolean;
  private readonly locked: boolean;
  private readonly seen = new Set<string>();

  constructor(scope: Construct, id: string, props: LogArchiveProps = {}) {
    super(scope, id);
    const stack = Stack.of(this);
    const removal = props.removal ?? Removal.RETAIN;
    const retention = props.retention ?? Duration.days(365);
    const coolAfter = props.coolAfter ?? Duration.days(90);
    this.organizationId = props.sourceOrganizationId;
    this.accounts = props.sourceAccounts ?? (this.organizationId === undefined ? [stack.account] : ['*']);
    this.regions = props.sourceRegions ?? [stack.region];
    this.named = props.bucketName?.startsWith('aws-waf-logs-') ?? false;
    this.locked = props.lock !== undefined;
    this.check(props, retention, coolAfter);

    this.managedBucket = new AccessLogBucket(this, 'Managed', {
      retention,
      removalPolicy: removal.policyIn(this),
    });
    const cool = retention.toDays() >= coolAfter.toDays() + 30;
    this.bucket = new SecureBucket(this, 'Bucket', {
      bucketName: props.bucketName,
      encryption: Encryption.customerKey(props.encryptionKey),
      // A trail or a delivery channel without a key names SSE-S3: better logs under S3's key than none.
      uploadEncryption: UploadEncryption.ANY,
      objectLockEnabled: props.lock === undefined ? undefined : true,
      objectLockDefaultRetention: props.lock,
      accessLogs: AccessLogs.to(this.managedBucket, 'archive/'),
      removal,
      lifecycleRules: [
        {
          id: 'keep',
          transitions: cool
            ? [{ storageClass: s3.StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: coolAfter }]
            : undefined,
          expiration: retention,
          noncurrentVersionExpiration: Duration.days(30),
        },
      ],
    });
    this.key = this.bucket.encryptionKey as kms.IKey;
  }

  /** CloudTrail. Give trails `key` as their KMS key. */
  public allowCloudTrail(options: CloudTrailLogOptions = {}): void {
    const problems = new Problems(this);
    for (const [i, arn] of (options.trailArns ?? []).entries())
      problems.check(
        /^arn:[\w-]+:cloudtrail:[\w-]+:\d{12}:trail\/[\w.-]+$/.test(arn),
        `trailArns[${i}]`,
        arn,
        'the ARN of a trail',
        'use arn:aws:cloudtrail:region:account:trail/name',
      );
    checkOrganization(problems, 'organizationId', options.organizationId);
    problems.throwIfAny();
    const organizationId = options.organizationId ?? this.organizationId;
    this.allow(sources.cloudTrail(this.delivery(options), options.trailArns ?? [], organizationId));
  }

  /** VPC flow logs; also of transit gateways and subnets. Source: VPC User Guide, "Amazon S3 bucket permissions for flow logs". */
  public allowVpcFlowLogs(options: LogSourceOptions = {}): void {
    this.allow(sources.vended(this.delivery(options)));
  }

  /** DNS queries that Route 53 Resolver logs. Source: Route 53 Developer Guide, "AWS resources that you can send VPC Resolver query logs to". */
  public allowResolverQueryLogs(options: LogSourceOptions = {}): void {
    this.allow(sources.vended(this.delivery(options)));
  }

  /** AWS Network Firewall. Source: Network Firewall Developer Guide, "Permissions to configure Amazon S3 logging". */
  public allowNetworkFirewall(options: LogSourceOptions = {}): void {
    this.allow(sources.vended(this.delivery(options)));
  }

  /** Network Load Balancers, which can use the key. Source: Elastic Load Balancing, "Enable access logs for your Network Load Balancer". */
  public allowNetworkLoadBalancers(options: LogSourceOptions = {}): void {
    this.allow(sources.vended(this.delivery(options)));
  }

  /**
   * AWS WAF. The archive must have a `bucketName` that begins with `aws-waf-logs-`, and WAF knows no prefix.
   * Source: WAF Developer Guide, "Sending web ACL traffic logs to an Amazon S3 bucket".
   */
  public allowWaf(): void {
    const problems = new Problems(this);
    problems.check(
      this.named,
      'bucketName',
      Token.isUnresolved(this.bucket.bucketName) ? undefined : this.bucket.bucketName,
      'a name that begins with aws-waf-logs- (WAF delivers to no other)',
      'give the archive a bucketName',
    );
    problems.throwIfAny();
    this.allow(sources.vended(this.delivery({})));
  }

  /** CloudFront standard logging v2. */
  public allowCloudFront(options: LogSourceOptions = {}): void {
    const region =
      Token.isUnresolved(this.regions[0]) || !this.regions[0].startsWith('cn-') ? 'us-east-1' : 'cn-northwest-1';
    this.allow(sources.cloudFront({ ...this.delivery(options), regions: [region] }));
  }

  /** AWS Config. Refused on an archive with Object Lock, to which Config does not deliver. */
  public allowConfig(options: LogSourceOptions = {}): void {
    const problems = new Problems(this);
    problems.check(
      !this.locked,
      'lock',
      'a default retention',
      'none (AWS Config does not deliver to a bucket with one)',
      'give Config an archive of its own, without lock',
    );
    problems.throwIfAny();
    this.allow(sources.config(this.delivery(options)));
  }

  /** Findings that GuardDuty exports. */
  public allowGuardDuty(options: LogSourceOptions = {}): void {
    this.allow(sources.guardDuty(this.delivery(options)));
  }

  /** Export tasks of CloudWatch Logs, below `prefix`. */
  public allowLogExports(options: LogSourceOptions = {}): void {
    this.allow(sources.logExports(this.delivery({ prefix: options.prefix ?? 'exports/' })));
  }

  /** Model invocations that Bedrock logs. */
  public allowBedrock(options: LogSourceOptions = {}): void {
    this.allow(sources.bedrock(this.delivery(options)));
  }

  /** S3 Inventory and storage class analysis of other buckets. */
  public allowS3Inventory(options: InventoryLogOptions = {}): void {
    this.allow(
      sources.s3Inventory(this.delivery({ prefix: options.prefix ?? 'inventory/' }), options.bucketArns ?? []),
    );
  }

  /** Application and Classic Load Balancers, into `managedBucket`: they deliver with SSE-S3 only. */
  public allowLoadBalancers(options: LogSourceOptions = {}): void {
    this.allow(sources.loadBalancers(this.delivery(options, this.managedBucket)), this.managedBucket);
  }

  /** S3 server access logs of any bucket of the source accounts, into `managedBucket`: S3 delivers them with SSE-S3 only. */
  public allowS3AccessLogs(options: LogSourceOptions = {}): void {
    const delivery = this.delivery({ prefix: options.prefix ?? 's3/' }, this.managedBucket);
    this.allow(sources.s3AccessLogs(delivery), this.managedBucket);
  }

  private delivery(options: LogSourceOptions, bucket: s3.Bucket = this.bucket): sources.Delivery {
    const prefix = options.prefix ?? '';
    const problems = new Problems(this);
    problems.check(
      prefix === '' || (prefix.endsWith('/') && !prefix.startsWith('/')),
      'prefix',
      prefix,
      'a prefix that ends in / and does not begin with it',
      `use "${prefix.replaceAll(/^\/+|\/+$/g, '')}/"`,
    );
    problems.check(
      !prefix.includes('AWSLogs'),
      'prefix',
      prefix,
      'a prefix without AWSLogs, which services add themselves',
      'leave that part out',
    );
    problems.throwIfAny();
    return {
      partition: Stack.of(this).partition,
      bucketArn: bucket.bucketArn,
      prefix,
      accounts: this.accounts,
      organizationId: this.organizationId,
      regions: this.regions,
    };
  }

  /** Attaches what a source needs, once: several vended logs share their statements. */
  private allow(permission: sources.Permission, bucket: s3.Bucket = this.bucket): void {
    for (const statement of permission.bucket) if (this.isNew(statement)) bucket.addToResourcePolicy(statement);
    for (const statement of permission.key) {
      if (!this.isNew(statement)) continue;
      if (this.key.addToResourcePolicy(statement).statementAdded) continue;
      if (this.requiredKeyStatements.length === 0)
        Validations.of(this).addWarning(
          '@coffer/constructs:keyPolicyNotChanged',
          'the policy of the given key cannot be changed from here; add requiredKeyStatements to it, or logs are not delivered',
        );
      this.requiredKeyStatements.push(statement);
    }
  }

  /** Whether no equal statement was attached; a second one of a kind gets a Sid of its own. */
  private isNew(statement: iam.PolicyStatement): boolean {
    const text = JSON.stringify(Stack.of(this).resolve(statement.toStatementJson()));
    if (this.seen.has(text)) return false;
    this.seen.add(text);
    const sid = statement.sid as string;
    let number = 1;
    while (this.seen.has(statement.sid as string)) {
      number += 1;
      statement.sid = `${sid}${number}`;
    }
    this.seen.add(statement.sid as string);
    return true;
  }

  private check(props: LogArchiveProps, retention: Duration, coolAfter: Duration): void {
    const problems = new Problems(this);
    for (const [property, duration] of [
      ['retention', retention],
      ['coolAfter', coolAfter],
    ] as const) {
      const days = duration.toDays({ integral: false });
      problems.check(
        days >= 1 && Number.isInteger(days),
        property,
        days,
        'whole days, at least 1',
        'pass Duration.days(n)',
      );
    }
    const lockDays = props.lock?.duration.toDays() ?? 0;
    problems.check(
      lockDays <= retention.toDays({ integral: false }),
      'lock',
      lockDays,
      'at most as many days as retention',
      'lengthen retention, or S3 would expire logs that it may not delete',
    );
    checkOrganization(problems, 'sourceOrganizationId', props.sourceOrganizationId);
    problems.check(
      props.sourceOrganizationId === undefined || props.sourceAccounts === undefined,
      'sourceAccounts',
      props.sourceAccounts,
      'none beside sourceOrganizationId',
      'keep one of the two',
    );
    for (const [i, account] of (props.sourceAccounts ?? []).entries())
      problems.check(
        /^\d{12}$/.test(account),
        `sourceAccounts[${i}]`,
        account,
        'an account id of 12 digits',
        'keep leading zeroes: pass a string',
      );
    problems.check(this.accounts.length > 0, 'sourceAccounts', this.accounts, 'at least one account', 'leave it out');
    problems.check(this.regions.length > 0, 'sourceRegions', this.regions, 'at least one Region', 'leave it out');
    problems.throwIfAny();
  }
}

function checkOrganization(problems: Problems, property: string, id: string | undefined): void {
  problems.check(
    id === undefined || /^o-[a-z0-9]{10,32}$/.test(id),
    property,
    id,
    'o- and 10 to 32 lower-case letters or digits',
    'copy it from AWS Organizations',
  );
}
