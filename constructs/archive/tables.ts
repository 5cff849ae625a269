/**
 * Logs as tables: the columns and key layout that each service documents, with partitions by projection, so that Athena
 * finds today's logs without a crawler. Sources: Athena User Guide, "Query AWS CloudTrail logs", "Query Amazon VPC flow
 * logs".
 */
import { TableFormat } from '../lake/format';
import { PartitionKey } from '../lake/partition';
import type { LakeColumn, LakeTableOptions } from '../lake/table';

/** Options of `LogTable.cloudTrail` and `LogTable.vpcFlowLogs`. */
export interface LogTableOptions {
  /**
   * Accounts whose logs are there.
   * @default - any: a query must name the account
   */
  readonly accounts?: string[];
  /** Regions whose logs are there. */
  readonly regions: string[];
  /** First day, as `yyyy/MM/dd`. */
  readonly from: string;
  /**
   * Key prefix that the service was told, ending in `/`.
   * @default '' - none
   */
  readonly prefix?: string;
}

/** Options of `LogTable.applicationLogs`. */
export interface ApplicationLogTableOptions {
  /** First day, as `yyyy/MM/dd`. */
  readonly from: string;
  /**
   * Key prefix of the logs, ending in `/`.
   * @default 'logs/'
   */
  readonly prefix?: string;
  /**
   * Columns beside `time`, `level` and `message`.
   * @default - none
   */
  readonly columns?: LakeColumn[];
}

const DAY = 'yyyy/MM/dd';

const columns = (types: { [name: string]: string }): LakeColumn[] =>
  Object.entries(types).map(([name, type]) => ({ name, type }));

/**
 * Logs as tables for `LakeTable` and `DataLake.addTable`.
 *
 * @example
 * new LakeTable(this, 'Trail', {
 *   bucket: archive.bucket, databaseName: 'logs',
 *   ...LogTable.cloudTrail({ accounts: [this.account], regions: [this.region], from: '2026/01/01' }),
 * });
 */
export class LogTable {
  /** Events of CloudTrail. */
  public static cloudTrail(options: LogTableOptions): LakeTableOptions {
    return {
      tableName: 'cloudtrail',
      description: 'Events of CloudTrail',
      format: TableFormat.cloudTrail(),
      columns: columns({
        eventversion: 'string',
        useridentity:
          'struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,accesskeyid:string,' +
          'username:string,sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,' +
          'sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,username:string>>>',
        eventtime: 'string',
        eventsource: 'string',
        eventname: 'string',
        awsregion: 'string',
        sourceipaddress: 'string',
        useragent: 'string',
        errorcode: 'string',
        errormessage: 'string',
        requestparameters: 'string',
        responseelements: 'string',
        additionaleventdata: 'string',
        requestid: 'string',
        eventid: 'string',
        readonly: 'string',
        resources: 'array<struct<arn:string,accountid:string,type:string>>',
        eventtype: 'string',
        recipientaccountid: 'string',
        sharedeventid: 'string',
        vpcendpointid: 'string',
        eventcategory: 'string',
        tlsdetails: 'struct<tlsversion:string,ciphersuite:string,clientprovidedhostheader:string>',
      }),
      ...LogTable.layout(options, 'CloudTrail'),
    };
  }

  /** VPC flow logs in the default format (version 2), as text. */
  public static vpcFlowLogs(options: LogTableOptions): LakeTableOptions {
    return {
      tableName: 'vpc_flow_logs',
      description: 'VPC flow logs, default format',
      format: TableFormat.delimited(' ', 1),
      columns: columns({
        version: 'int',
        account_id: 'string',
        interface_id: 'string',
        srcaddr: 'string',
        dstaddr: 'string',
        srcport: 'int',
        dstport: 'int',
        protocol: 'bigint',
        packets: 'bigint',
        bytes: 'bigint',
        start: 'bigint',
        end: 'bigint',
        action: 'string',
        log_status: 'string',
      }),
      ...LogTable.layout(options, 'vpcflowlogs'),
    };
  }

  /**
   * Logs of one's own applications: one JSON object per line, compressed or not, under
   * `prefix/service/yyyy/MM/dd/`. A query names the service.
   */
  public static applicationLogs(options: ApplicationLogTableOptions): LakeTableOptions {
    return {
      tableName: 'application_logs',
      description: 'Logs of applications, by service and day',
      format: TableFormat.json(),
      columns: [...columns({ time: 'string', level: 'string', message: 'string' }), ...(options.columns ?? [])],
      prefix: options.prefix ?? 'logs/',
      partitions: [PartitionKey.injected('service'), PartitionKey.date('day', options.from, { format: DAY })],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Athena's own placeholders
      partitionLayout: '${service}/${day}/',
    };
  }

  private static layout(options: LogTableOptions, folder: string) {
    return {
      prefix: `${options.prefix ?? ''}AWSLogs/`,
      partitions: [
        options.accounts === undefined
          ? PartitionKey.injected('account')
          : PartitionKey.enumeration('account', ...options.accounts),
        PartitionKey.enumeration('region', ...options.regions),
        PartitionKey.date('day', options.from, { format: DAY }),
      ],
      partitionLayout: `\${account}/${folder}/\${region}/\${day}/`,
    };
  }

  private constructor() {}
}
