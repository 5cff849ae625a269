/**
 * A data lake: a bucket and a Glue database per zone, one key, tables with partition projection, and an Athena
 * workgroup that enforces where results go. No crawler, no job, no Lambda: files that are put are queryable.
 */
import { Names, Stack } from 'aws-cdk-lib';
import type * as athena from 'aws-cdk-lib/aws-athena';
import * as glue from 'aws-cdk-lib/aws-glue';
import type * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { type AccessLogBucket, AccessLogs } from '../bucket/accesslog';
import { SecureBucket } from '../bucket/bucket';
import { Encryption } from '../bucket/encryption';
import { Removal } from '../bucket/removal';
import { Problems } from '../validation/problems';
import { LakeTable, type LakeTableOptions } from './table';
import { QueryWorkgroup, type QueryWorkgroupProps } from './workgroup';
import { LakeZone } from './zone';

/** Properties of `DataLake`. */
export interface DataLakeProps extends QueryWorkgroupProps {
  /**
   * Zones of the lake.
   * @default - LakeZone.raw(), LakeZone.curated() and LakeZone.consumption()
   */
  readonly zones?: LakeZone[];
  /**
   * Beginning of the databases' names, which end in the zone's: lower-case letters, digits and `_`. Glue's databases
   * need names, for queries say them.
   * @default - made from the construct's path
   */
  readonly databasePrefix?: string;
}

/**
 * A data lake: a bucket and a Glue database per zone, one key, and an Athena workgroup.
 *
 * @example
 * const lake = new DataLake(this, 'Lake');
 * lake.addTable('raw', 'Orders', {
 *   format: TableFormat.json(),
 *   columns: [{ name: 'id', type: 'string' }, { name: 'amount', type: 'double' }],
 *   partitions: [PartitionKey.date('day', '2026-01-01')],
 * });
 * lake.grantIngest(role, 'raw', 'orders/');
 */
export class DataLake extends Construct {
  /** Key that encrypts every zone and the results. */
  public readonly key: kms.IKey;
  /** Workgroup in which the lake is queried. */
  public readonly workgroup: QueryWorkgroup;
  /** Names of the zones. */
  public readonly zoneNames: string[];

  private readonly buckets = new Map<string, SecureBucket>();
  private readonly databases = new Map<string, glue.CfnDatabase>();
  private readonly prefix: string;

  constructor(scope: Construct, id: string, props: DataLakeProps = {}) {
    super(scope, id);
    const removal = props.removal ?? Removal.RETAIN;
    const zones = props.zones ?? [LakeZone.raw(), LakeZone.curated(), LakeZone.consumption()];
    this.zoneNames = zones.map(({ name }) => name);
    this.prefix =
      props.databasePrefix ??
      Names.uniqueResourceName(this, { maxLength: 200, separator: '_', allowedSpecialCharacters: '_' }).toLowerCase();
    this.check(props, zones);

    this.key =
      props.encryptionKey ??
      new kms.Key(this, 'Key', {
        description: `Encrypts the zones of ${this.node.path}`,
        enableKeyRotation: true,
        removalPolicy: removal.policyIn(this),
      });
    for (const zone of zones) this.addZone(zone, removal, props.accessLogs);
    this.workgroup = new QueryWorkgroup(this, 'Workgroup', { ...props, encryptionKey: this.key });
  }

  /** The bucket of a zone. @throws Error if the lake has no such zone */
  public bucket(zone: string): SecureBucket {
    return this.buckets.get(this.known(zone)) as SecureBucket;
  }

  /** The name of a zone's database. @throws Error if the lake has no such zone */
  public databaseName(zone: string): string {
    return `${this.prefix}_${this.known(zone)}`;
  }

  /** Describes files of a zone as a table. */
  public addTable(zone: string, id: string, options: LakeTableOptions): LakeTable {
    const table = new LakeTable(this, id, {
      ...options,
      bucket: this.bucket(zone),
      databaseName: this.databaseName(zone),
    });
    table.resource.addResourceDependency(this.databases.get(zone) as glue.CfnDatabase);
    return table;
  }

  /** Keeps a query over a zone where people of the workgroup find it. */
  public addNamedQuery(zone: string, id: string, sql: string, description?: string): athena.CfnNamedQuery {
    return this.workgroup.addNamedQuery(id, { databaseName: this.databaseName(zone), sql, description });
  }

  /** Lets a role query the tables of a zone: workgroup, catalogue, files and results. */
  public grantQuery(role: iam.IRole, zone: string): void {
    this.workgroup.grantQuery(role, this.databaseName(zone));
    this.bucket(zone).access.read(role);
  }

  /** Lets a role put new files into a zone, below a prefix. It cannot read or delete them. */
  public grantIngest(role: iam.IRole, zone: string, prefix: string): void {
    this.bucket(zone).access.upload(role, { prefix });
  }

  private addZone(zone: LakeZone, removal: Removal, accessLogs?: AccessLogBucket): void {
    const id = zone.name[0].toUpperCase() + zone.name.slice(1);
    const logs = `${this.prefix}_${zone.name}/`;
    this.buckets.set(
      zone.name,
      new SecureBucket(this, id, {
        encryption: Encryption.customerKey(this.key),
        accessLogs: accessLogs === undefined ? AccessLogs.shared(logs) : AccessLogs.to(accessLogs, logs),
        lifecycleRules: zone.lifecycleRules,
        removal,
      }),
    );
    this.databases.set(
      zone.name,
      new glue.CfnDatabase(this, `${id}Database`, {
        catalogId: Stack.of(this).account,
        databaseInput: { name: this.databaseName(zone.name), description: zone.description },
      }),
    );
  }

  private known(zone: string): string {
    const problems = new Problems(this);
    problems.check(this.zoneNames.includes(zone), 'zone', zone, this.zoneNames.join(', '), 'name a zone of the lake');
    problems.throwIfAny();
    return zone;
  }

  private check(props: DataLakeProps, zones: LakeZone[]): void {
    const problems = new Problems(this);
    problems.check(zones.length > 0, 'zones', zones, 'at least one zone', 'leave it out for raw, curated, consumption');
    zones.forEach(({ name }, i) => {
      problems.check(
        /^[a-z][a-z0-9_]{0,49}$/.test(name),
        `zones[${i}].name`,
        name,
        'lower-case letters, digits and _, beginning with a letter, at most 50',
        'rename the zone',
      );
      problems.check(
        this.zoneNames.indexOf(name) === i,
        `zones[${i}].name`,
        name,
        'a name that no other zone has',
        'rename one of the two',
      );
    });
    problems.check(
      props.databasePrefix === undefined || /^[a-z0-9_]{1,200}$/.test(props.databasePrefix),
      'databasePrefix',
      props.databasePrefix,
      'lower-case letters, digits and _, at most 200',
      'leave it out',
    );
    problems.throwIfAny();
  }
}
