/**
 * Log aggregation: AWS services deliver their logs to one place, applications ship theirs below `logs/`, auditors query
 * both. What was delivered stays for its time; with a lock nobody can shorten it.
 */
import { BucketMonitor, LakeTable, LogArchive, LogTable, QueryWorkgroup, Removal } from '@coffer/constructs';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { Settings } from './settings';

/** What each source is allowed by, under its name in the settings. */
const SOURCES: { readonly [name: string]: (archive: LogArchive) => void } = {
  cloudTrail: (archive) => archive.allowCloudTrail(),
  vpcFlowLogs: (archive) => archive.allowVpcFlowLogs(),
  resolverQueryLogs: (archive) => archive.allowResolverQueryLogs(),
  networkFirewall: (archive) => archive.allowNetworkFirewall(),
  networkLoadBalancers: (archive) => archive.allowNetworkLoadBalancers(),
  loadBalancers: (archive) => archive.allowLoadBalancers({ prefix: 'elb/' }),
  cloudFront: (archive) => archive.allowCloudFront(),
  s3AccessLogs: (archive) => archive.allowS3AccessLogs(),
  s3Inventory: (archive) => archive.allowS3Inventory(),
  config: (archive) => archive.allowConfig(),
  guardDuty: (archive) => archive.allowGuardDuty(),
  waf: (archive) => archive.allowWaf(),
  logExports: (archive) => archive.allowLogExports(),
  bedrock: (archive) => archive.allowBedrock(),
};

export interface LogArchiveStackProps extends StackProps {
  /**
   * Name of the bucket. WAF delivers only to names that begin with `aws-waf-logs-`.
   * @default - CloudFormation chooses one
   */
  readonly bucketName?: string;
  /**
   * Sources that may deliver, e.g. `cloudTrail`, `vpcFlowLogs`, `loadBalancers`, `waf`.
   * @default - cloudTrail, vpcFlowLogs, resolverQueryLogs, loadBalancers, networkLoadBalancers, cloudFront, s3AccessLogs
   */
  readonly sources?: string[];
  /**
   * Accounts whose logs come in.
   * @default - the account of the stack
   */
  readonly sourceAccounts?: string[];
  /**
   * Regions whose logs come in.
   * @default - the Region of the stack
   */
  readonly sourceRegions?: string[];
  /**
   * Organisation whose trail delivers and whose accounts' logs all come in; `sourceAccounts` then only says which accounts
   * the tables know.
   * @default - none
   */
  readonly organizationId?: string;
  /**
   * How long logs are kept.
   * @default Duration.days(365)
   */
  readonly retention?: Duration;
  /**
   * For how long nobody can delete a log, administrators of the account included (Object Lock, compliance mode).
   * @default - no lock
   */
  readonly lock?: Duration;
  /**
   * First day of the logs, as `yyyy/MM/dd`.
   * @default '2026/01/01'
   */
  readonly firstDay?: string;
  /**
   * What becomes of buckets and key when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

const USUAL = [
  'cloudTrail',
  'vpcFlowLogs',
  'resolverQueryLogs',
  'loadBalancers',
  'networkLoadBalancers',
  'cloudFront',
  's3AccessLogs',
];

export class LogArchiveStack extends Stack {
  /** Names of the sources that `sources` may hold. */
  public static readonly SOURCES: readonly string[] = Object.keys(SOURCES);

  /** Props from the settings `logArchive` of the app. */
  public static settings(scope: Construct): LogArchiveStackProps {
    const settings = new Settings(scope, 'logArchive');
    const props: LogArchiveStackProps = {
      bucketName: settings.text('bucketName'),
      sources: settings.list('sources'),
      sourceAccounts: settings.list('sourceAccounts'),
      sourceRegions: settings.list('sourceRegions'),
      organizationId: settings.text('organizationId'),
      retention: settings.days('retentionDays'),
      lock: settings.days('lockDays'),
      firstDay: settings.text('firstDay'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly archive: LogArchive;
  public readonly shipper: iam.Role;
  public readonly auditor: iam.Role;

  constructor(scope: Construct, id: string, props: LogArchiveStackProps = {}) {
    super(scope, id, props);
    const removal = props.removal ?? Removal.RETAIN;
    this.archive = new LogArchive(this, 'Archive', {
      bucketName: props.bucketName,
      retention: props.retention ?? Duration.days(365),
      lock: props.lock === undefined ? undefined : s3.ObjectLockRetention.compliance(props.lock),
      sourceAccounts: props.organizationId === undefined ? props.sourceAccounts : undefined,
      sourceOrganizationId: props.organizationId,
      sourceRegions: props.sourceRegions,
      removal,
    });
    for (const source of props.sources ?? USUAL) {
      const allow = SOURCES[source];
      if (allow === undefined)
        throw new Error(
          `sources is ${JSON.stringify(source)}; allowed: ${LogArchiveStack.SOURCES.join(', ')}; fix: correct the name`,
        );
      allow(this.archive);
    }

    this.shipper = this.role('Shipper', 'Ships logs of applications below logs/');
    this.archive.bucket.access.upload(this.shipper, { prefix: 'logs/' });
    this.auditor = this.role('Auditor', 'Reads and queries every log');
    const workgroup = this.queryable(props, removal);
    const monitor = new BucketMonitor(this, 'Monitor', { bucket: this.archive.bucket });

    new CfnOutput(this, 'BucketName', { value: this.archive.bucket.bucketName });
    new CfnOutput(this, 'ManagedBucketName', { value: this.archive.managedBucket.bucketName });
    new CfnOutput(this, 'KeyArn', { value: this.archive.key.keyArn });
    new CfnOutput(this, 'ShipperRoleArn', { value: this.shipper.roleArn });
    new CfnOutput(this, 'AuditorRoleArn', { value: this.auditor.roleArn });
    new CfnOutput(this, 'WorkgroupName', { value: workgroup.workgroupName });
    new CfnOutput(this, 'AlarmTopicArn', { value: monitor.topic.topicArn });
  }

  /** Tables over the archive, and a workgroup in which auditors query them. */
  private queryable(props: LogArchiveStackProps, removal: Removal): QueryWorkgroup {
    const from = props.firstDay ?? '2026/01/01';
    const accounts = props.sourceAccounts ?? (props.organizationId === undefined ? [this.account] : undefined);
    const regions = props.sourceRegions ?? [this.region];
    const databaseName = 'logs';
    const database = new glue.CfnDatabase(this, 'Database', {
      catalogId: this.account,
      databaseInput: { name: databaseName, description: 'Logs of services and applications' },
    });
    const { bucket } = this.archive;
    for (const [id, table] of Object.entries({
      CloudTrail: LogTable.cloudTrail({ accounts, regions, from }),
      VpcFlowLogs: LogTable.vpcFlowLogs({ accounts, regions, from }),
      ApplicationLogs: LogTable.applicationLogs({ from }),
    }))
      new LakeTable(this, id, { ...table, bucket, databaseName }).resource.addResourceDependency(database);

    const workgroup = new QueryWorkgroup(this, 'Queries', {
      workgroupName: databaseName,
      encryptionKey: this.archive.key,
      accessLogs: this.archive.managedBucket,
      removal,
    });
    workgroup.grantQuery(this.auditor, databaseName);
    this.archive.bucket.access.read(this.auditor);
    workgroup.addNamedQuery('WhoDeleted', {
      databaseName,
      description: 'Who deleted or tried to delete what, today',
      sql:
        'SELECT eventtime, useridentity.arn, eventsource, eventname, errorcode, requestparameters FROM cloudtrail\n' +
        "WHERE day = date_format(current_date, '%Y/%m/%d') AND eventname LIKE 'Delete%'\nORDER BY eventtime DESC;",
    });
    workgroup.addNamedQuery('Rejected', {
      databaseName,
      description: 'Connections that were rejected today, by source',
      sql:
        'SELECT srcaddr, dstaddr, dstport, count(*) AS flows FROM vpc_flow_logs\n' +
        "WHERE day = date_format(current_date, '%Y/%m/%d') AND action = 'REJECT'\n" +
        'GROUP BY srcaddr, dstaddr, dstport ORDER BY flows DESC LIMIT 100;',
    });
    workgroup.addNamedQuery('ServiceErrors', {
      databaseName,
      description: 'Errors that a service logged today',
      sql:
        "SELECT time, message FROM application_logs\nWHERE service = 'my-service'\n" +
        "  AND day = date_format(current_date, '%Y/%m/%d') AND level = 'ERROR'\nORDER BY time DESC;",
    });
    return workgroup;
  }

  /** A role that principals of this account may assume when their own policy says so. */
  private role(id: string, description: string): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: new iam.AccountPrincipal(this.account) });
  }
}
