/**
 * Data lake and analytics: producers put events into the raw zone, engineers turn them into the curated zone, analysts
 * query what was made for them. Files are queryable as soon as they are there; nothing runs and nothing crawls.
 */
import { BucketMonitor, DataLake, PartitionKey, Removal, TableFormat } from '@coffer/constructs';
import { CfnOutput, type Duration, type Size, Stack, type StackProps } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import type { Construct } from 'constructs';
import { Settings } from './settings';

export interface DataLakeStackProps extends StackProps {
  /**
   * Beginning of the databases' names.
   * @default 'lake'
   */
  readonly databasePrefix?: string;
  /**
   * First year of the data.
   * @default 2026
   */
  readonly firstYear?: number;
  /**
   * Most that one query may read.
   * @default - 1 TiB
   */
  readonly scanLimit?: Size;
  /**
   * How long query results are kept.
   * @default Duration.days(30)
   */
  readonly resultsRetention?: Duration;
  /**
   * Size of the raw zone above which an alarm tells.
   * @default - no alarm
   */
  readonly maxSize?: Size;
  /**
   * What becomes of buckets and key when they leave the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
}

export class DataLakeStack extends Stack {
  /** Props from the settings `dataLake` of the app. */
  public static settings(scope: Construct): DataLakeStackProps {
    const settings = new Settings(scope, 'dataLake');
    const props: DataLakeStackProps = {
      databasePrefix: settings.text('databasePrefix'),
      firstYear: settings.number('firstYear'),
      scanLimit: settings.gibibytes('scanLimitGib'),
      resultsRetention: settings.days('resultsRetentionDays'),
      maxSize: settings.gibibytes('maxSizeGib'),
      removal: settings.removal(),
    };
    settings.done();
    return props;
  }

  public readonly lake: DataLake;
  public readonly producer: iam.Role;
  public readonly engineer: iam.Role;
  public readonly analyst: iam.Role;

  constructor(scope: Construct, id: string, props: DataLakeStackProps = {}) {
    super(scope, id, props);
    const prefix = props.databasePrefix ?? 'lake';
    this.lake = new DataLake(this, 'Lake', {
      databasePrefix: prefix,
      workgroupName: prefix,
      scanLimit: props.scanLimit,
      resultsRetention: props.resultsRetention,
      removal: props.removal ?? Removal.RETAIN,
    });
    const firstYear = props.firstYear ?? 2026;
    this.tables(firstYear);
    this.queries();

    this.producer = this.role('Producer', 'Puts events into the raw zone');
    this.lake.grantIngest(this.producer, 'raw', 'events/');
    this.engineer = this.role('Engineer', 'Turns raw data into curated and consumable data');
    this.lake.grantQuery(this.engineer, 'raw');
    this.lake.grantQuery(this.engineer, 'curated');
    this.lake.grantIngest(this.engineer, 'curated', 'events/');
    this.lake.grantIngest(this.engineer, 'consumption', 'daily/');
    this.analyst = this.role('Analyst', 'Queries curated and consumable data');
    this.lake.grantQuery(this.analyst, 'curated');
    this.lake.grantQuery(this.analyst, 'consumption');

    const monitor = new BucketMonitor(this, 'Monitor', { bucket: this.lake.bucket('raw'), maxSize: props.maxSize });

    for (const zone of this.lake.zoneNames) {
      const name = zone[0].toUpperCase() + zone.slice(1);
      new CfnOutput(this, `${name}BucketName`, { value: this.lake.bucket(zone).bucketName });
      new CfnOutput(this, `${name}DatabaseName`, { value: this.lake.databaseName(zone) });
    }
    new CfnOutput(this, 'ResultsBucketName', { value: this.lake.workgroup.results.bucketName });
    new CfnOutput(this, 'WorkgroupName', { value: this.lake.workgroup.workgroupName });
    new CfnOutput(this, 'KeyArn', { value: this.lake.key.keyArn });
    new CfnOutput(this, 'ProducerRoleArn', { value: this.producer.roleArn });
    new CfnOutput(this, 'EngineerRoleArn', { value: this.engineer.roleArn });
    new CfnOutput(this, 'AnalystRoleArn', { value: this.analyst.roleArn });
    new CfnOutput(this, 'AlarmTopicArn', { value: monitor.topic.topicArn });
    new CfnOutput(this, 'DashboardName', { value: monitor.dashboard.dashboardName });
  }

  private tables(firstYear: number): void {
    const columns = [
      { name: 'id', type: 'string', comment: 'Unique id of the event' },
      { name: 'time', type: 'string', comment: 'When it happened, ISO 8601' },
      { name: 'kind', type: 'string', comment: 'What happened' },
      { name: 'customer', type: 'string', comment: 'To whom' },
      { name: 'amount', type: 'double', comment: 'Amount, where one is involved' },
    ];
    // events/year=2026/month=11/day=30/….json, as the seed of this use writes its keys.
    const partitions = [
      PartitionKey.integer('year', firstYear, firstYear + 20),
      PartitionKey.integer('month', 1, 12, { digits: 2 }),
      PartitionKey.integer('day', 1, 31, { digits: 2 }),
    ];
    this.lake.addTable('raw', 'RawEvents', {
      tableName: 'events',
      description: 'Events as they came, one JSON object per line',
      format: TableFormat.json(),
      columns,
      partitions,
    });
    this.lake.addTable('curated', 'CuratedEvents', {
      tableName: 'events',
      description: 'Events, typed and without doubles',
      format: TableFormat.parquet(),
      columns: columns.map((column) => (column.name === 'time' ? { ...column, type: 'timestamp' } : column)),
      partitions,
    });
    this.lake.addTable('consumption', 'Daily', {
      description: 'Events and amounts per kind and day',
      format: TableFormat.parquet(),
      columns: [
        { name: 'kind', type: 'string' },
        { name: 'events', type: 'bigint' },
        { name: 'amount', type: 'double' },
      ],
      partitions: [PartitionKey.date('day', `${firstYear}-01-01`)],
    });
  }

  private queries(): void {
    const raw = this.lake.databaseName('raw');
    const curated = this.lake.databaseName('curated');
    this.lake.addNamedQuery(
      'raw',
      'RawToday',
      'SELECT * FROM events\nWHERE year = year(current_date) AND month = month(current_date) AND day = day(current_date)\nLIMIT 100;',
      'What came in today',
    );
    this.lake.addNamedQuery(
      'curated',
      'CurateYesterday',
      `INSERT INTO ${curated}.events\n` +
        'SELECT DISTINCT id, CAST(from_iso8601_timestamp(time) AS timestamp) AS time, kind, customer, amount, year, month, day\n' +
        `FROM ${raw}.events\nWHERE ${['year', 'month', 'day'].map((part) => `${part} = ${part}(current_date - INTERVAL '1' DAY)`).join(' AND ')};`,
      "Turns yesterday's raw events into curated ones",
    );
    this.lake.addNamedQuery(
      'consumption',
      'DailyByKind',
      'SELECT day, kind, events, amount FROM daily\nORDER BY day DESC, events DESC\nLIMIT 1000;',
      'Events and amounts per day and kind',
    );
  }

  /** A role that principals of this account may assume when their own policy says so. */
  private role(id: string, description: string): iam.Role {
    return new iam.Role(this, id, { description, assumedBy: new iam.AccountPrincipal(this.account) });
  }
}
