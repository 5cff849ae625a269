/**
 * An Athena workgroup that decides for its users: results go to one bucket, encrypted under its key, expire, and a
 * query stops before it reads too much. Clients cannot choose otherwise.
 * Source: Athena User Guide, "Override client-side settings" and "Configure per-query data usage controls".
 */
import { Duration, Names, RemovalPolicy, type Size, Stack } from 'aws-cdk-lib';
import * as athena from 'aws-cdk-lib/aws-athena';
import * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { type AccessLogBucket, AccessLogs } from '../bucket/accesslog';
import { SecureBucket } from '../bucket/bucket';
import { Encryption } from '../bucket/encryption';
import { Removal } from '../bucket/removal';
import { acknowledgeWildcard } from '../validation/acknowledge';
import { Problems } from '../validation/problems';

/** Properties of `QueryWorkgroup`. */
export interface QueryWorkgroupProps {
  /**
   * Name of the workgroup: letters, digits, `.`, `_` and `-`, at most 128.
   * @default - made from the construct's path
   */
  readonly workgroupName?: string;
  /**
   * Key that encrypts the results.
   * @default - a new customer-managed key with yearly rotation
   */
  readonly encryptionKey?: kms.IKey;
  /**
   * Bucket that receives the access logs of the results bucket.
   * @default - one log bucket shared by the SecureBuckets of the stack
   */
  readonly accessLogs?: AccessLogBucket;
  /**
   * How long results are kept. At least one day.
   * @default Duration.days(30)
   */
  readonly resultsRetention?: Duration;
  /**
   * Most that one query may read before Athena cancels it. At least 10 MB.
   * @default - 1 TiB, about 5 USD
   */
  readonly scanLimit?: Size;
  /**
   * What becomes of results and workgroup when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

/** Options of `QueryWorkgroup.addNamedQuery`. */
export interface NamedQueryOptions {
  /** Database that the query runs in. */
  readonly databaseName: string;
  /** The query. */
  readonly sql: string;
  /**
   * Name under which people find it.
   * @default - the id
   */
  readonly name?: string;
  /**
   * What it answers.
   * @default - none
   */
  readonly description?: string;
}

/** Athena's smallest limit. Source: Athena API Reference, WorkGroupConfiguration. */
const SMALLEST_SCAN_BYTES = 10_000_000;
const DEFAULT_SCAN_BYTES = 1024 ** 4;

/** Where results are put in their bucket. */
const RESULTS = 'results/';

/**
 * An Athena workgroup with enforced, encrypted results that expire, and a limit per query.
 *
 * @example
 * const workgroup = new QueryWorkgroup(this, 'Analysts', { scanLimit: Size.gibibytes(100) });
 * workgroup.grantQuery(role, 'sales');
 */
export class QueryWorkgroup extends Construct {
  /** Name of the workgroup. */
  public readonly workgroupName: string;
  /** ARN of the workgroup. */
  public readonly workgroupArn: string;
  /** Bucket that holds the results. */
  public readonly results: SecureBucket;
  /** The Athena workgroup. */
  public readonly resource: athena.CfnWorkGroup;

  private readonly policies = new Map<iam.IRole, iam.ManagedPolicy>();

  constructor(scope: Construct, id: string, props: QueryWorkgroupProps = {}) {
    super(scope, id);
    const removal = props.removal ?? Removal.RETAIN;
    const removalPolicy = removal.policyIn(this);
    const retention = props.resultsRetention ?? Duration.days(30);
    const scanBytes = props.scanLimit?.toBytes() ?? DEFAULT_SCAN_BYTES;
    this.workgroupName = props.workgroupName ?? Names.uniqueResourceName(this, { maxLength: 128, separator: '-' });
    this.workgroupArn = Stack.of(this).formatArn({
      service: 'athena',
      resource: 'workgroup',
      resourceName: this.workgroupName,
    });

    const problems = new Problems(this);
    problems.check(
      /^[\w.-]{1,128}$/.test(this.workgroupName),
      'workgroupName',
      this.workgroupName,
      'letters, digits, ., _ and -, at most 128',
      'leave it out',
    );
    const days = retention.toDays({ integral: false });
    problems.check(
      days >= 1 && Number.isInteger(days),
      'resultsRetention',
      days,
      'whole days, at least 1',
      'pass Duration.days(n)',
    );
    problems.check(
      scanBytes >= SMALLEST_SCAN_BYTES,
      'scanLimit',
      scanBytes,
      'at least 10000000 bytes',
      'pass Size.gibibytes(n)',
    );
    problems.throwIfAny();

    const logs = `${this.workgroupName}/`;
    this.results = new SecureBucket(this, 'Results', {
      encryption: Encryption.customerKey(props.encryptionKey),
      accessLogs: props.accessLogs === undefined ? AccessLogs.shared(logs) : AccessLogs.to(props.accessLogs, logs),
      removal,
      lifecycleRules: [{ id: 'results-expire', expiration: retention, noncurrentVersionExpiration: Duration.days(1) }],
    });
    this.resource = new athena.CfnWorkGroup(this, 'Resource', {
      name: this.workgroupName,
      description: `Queries of ${Stack.of(this).stackName}`,
      state: 'ENABLED',
      recursiveDeleteOption: removalPolicy === RemovalPolicy.DESTROY,
      workGroupConfiguration: {
        enforceWorkGroupConfiguration: true,
        publishCloudWatchMetricsEnabled: true,
        requesterPaysEnabled: false,
        bytesScannedCutoffPerQuery: scanBytes,
        engineVersion: { selectedEngineVersion: 'Athena engine version 3' },
        resultConfiguration: {
          outputLocation: this.results.s3UrlForObject(RESULTS),
          expectedBucketOwner: Stack.of(this).account,
          encryptionConfiguration: { encryptionOption: 'SSE_KMS', kmsKey: this.results.encryptionKey?.keyArn },
        },
      },
    });
    this.resource.applyRemovalPolicy(removalPolicy);
  }

  /** Keeps a query where people of the workgroup find it. */
  public addNamedQuery(id: string, options: NamedQueryOptions): athena.CfnNamedQuery {
    const problems = new Problems(this);
    problems.check(options.sql.trim() !== '', `${id}.sql`, options.sql, 'a query', 'write one');
    problems.throwIfAny();
    const query = new athena.CfnNamedQuery(this, id, {
      name: options.name ?? id,
      description: options.description,
      database: options.databaseName,
      queryString: options.sql,
      workGroup: this.workgroupName,
    });
    query.addResourceDependency(this.resource);
    return query;
  }

  /**
   * Lets a role run queries in the workgroup over the tables of a database, and read their results. Reading the tables'
   * files is granted with them.
   */
  public grantQuery(role: iam.IRole, databaseName: string): iam.ManagedPolicy {
    const stack = Stack.of(this);
    this.results.access.read(role, { prefix: RESULTS });
    this.results.access.upload(role, { prefix: RESULTS });
    const arn = (resource: string, resourceName?: string) =>
      stack.formatArn({ service: 'glue', resource, resourceName });
    const tables = arn('table', `${databaseName}/*`);
    const policy = this.policyOf(role);
    policy.addStatements(
      new iam.PolicyStatement({
        actions: ['glue:GetDatabase', 'glue:GetTable', 'glue:GetTables', 'glue:GetPartition', 'glue:GetPartitions'],
        resources: [arn('catalog'), arn('database', databaseName), tables],
      }),
    );
    acknowledgeWildcard(
      policy,
      tables,
      `Reads the description of every table of ${databaseName}, which is the unit that is granted; the actions are exact.`,
    );
    return policy;
  }

  private policyOf(role: iam.IRole): iam.ManagedPolicy {
    let policy = this.policies.get(role);
    if (policy === undefined) {
      policy = new iam.ManagedPolicy(role, `${this.node.id}Queries`, {
        description: `Queries in ${this.node.path}`,
        roles: [role],
        statements: [
          new iam.PolicyStatement({
            actions: [
              'athena:StartQueryExecution',
              'athena:StopQueryExecution',
              'athena:GetQueryExecution',
              'athena:GetQueryResults',
              'athena:BatchGetQueryExecution',
              'athena:ListQueryExecutions',
              'athena:GetNamedQuery',
              'athena:BatchGetNamedQuery',
              'athena:ListNamedQueries',
              'athena:GetWorkGroup',
            ],
            resources: [this.workgroupArn],
          }),
          // Athena asks where the results bucket is, as the caller. Source: Athena User Guide, "Access to Amazon S3".
          new iam.PolicyStatement({ actions: ['s3:GetBucketLocation'], resources: [this.results.bucketArn] }),
        ],
      });
      this.policies.set(role, policy);
    }
    return policy;
  }
}
