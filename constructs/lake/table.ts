/**
 * A Glue table over files in a bucket, with partitions by projection, so that a query finds new files without a crawler.
 * Columns and partitions are checked here: Glue takes almost anything, and the query fails later.
 */
import { Stack } from 'aws-cdk-lib';
import * as glue from 'aws-cdk-lib/aws-glue';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { Problems } from '../validation/problems';
import type { TableFormat } from './format';
import type { PartitionKey } from './partition';

/** A column of a table. */
export interface LakeColumn {
  /** Name: lower-case letters, digits and `_`. */
  readonly name: string;
  /** Type as Hive writes it, e.g. `string`, `bigint`, `struct<a:string>`. */
  readonly type: string;
  /**
   * What the column means.
   * @default - none
   */
  readonly comment?: string;
}

/** What a table is, wherever it stands. */
export interface LakeTableOptions {
  /** Columns that are in the files. */
  readonly columns: LakeColumn[];
  /** How the files are read. */
  readonly format: TableFormat;
  /**
   * Partition columns, outermost first.
   * @default - none: every query reads every file below the prefix
   */
  readonly partitions?: PartitionKey[];
  /**
   * Key prefix of the files, ending in `/`.
   * @default - the table's name and `/`
   */
  readonly prefix?: string;
  /**
   * Where a partition's files are, below the prefix, with `${column}` for each partition.
   * @default - Hive's form: `column=${column}/` for each partition
   */
  readonly partitionLayout?: string;
  /**
   * Name of the table: lower-case letters, digits and `_`.
   * @default - the construct's id, in lower case
   */
  readonly tableName?: string;
  /**
   * What the table holds.
   * @default - none
   */
  readonly description?: string;
}

/** Properties of `LakeTable`. */
export interface LakeTableProps extends LakeTableOptions {
  /** Bucket that holds the files. */
  readonly bucket: s3.IBucket;
  /** Name of the Glue database. */
  readonly databaseName: string;
}

const NAME = /^[a-z0-9_]{1,255}$/;

/**
 * A Glue table over files in a bucket, with partitions by projection.
 *
 * @example
 * new LakeTable(this, 'Orders', {
 *   bucket, databaseName: 'sales', format: TableFormat.json(),
 *   columns: [{ name: 'id', type: 'string' }, { name: 'amount', type: 'double' }],
 *   partitions: [PartitionKey.date('day', '2026-01-01')],
 * });
 */
export class LakeTable extends Construct {
  /** Name of the table. */
  public readonly tableName: string;
  /** Name of the database that it is in. */
  public readonly databaseName: string;
  /** Where its files are, e.g. `s3://bucket/orders/`. */
  public readonly location: string;
  /** Key prefix of its files. */
  public readonly prefix: string;
  /** The Glue table. */
  public readonly resource: glue.CfnTable;

  constructor(scope: Construct, id: string, props: LakeTableProps) {
    super(scope, id);
    this.tableName = props.tableName ?? id.toLowerCase();
    this.databaseName = props.databaseName;
    this.prefix = props.prefix ?? `${this.tableName}/`;
    const partitions = props.partitions ?? [];
    const layout = props.partitionLayout ?? partitions.map(({ name }) => `${name}=\${${name}}/`).join('');
    this.check(props, partitions, layout);
    this.location = `s3://${props.bucket.bucketName}/${this.prefix}`;

    this.resource = new glue.CfnTable(this, 'Resource', {
      catalogId: Stack.of(this).account,
      databaseName: props.databaseName,
      tableInput: {
        name: this.tableName,
        description: props.description,
        tableType: 'EXTERNAL_TABLE',
        parameters: {
          EXTERNAL: 'TRUE',
          classification: props.format.classification,
          ...props.format.tableParameters,
          ...(partitions.length === 0
            ? {}
            : {
                'projection.enabled': 'true',
                ...Object.assign({}, ...partitions.map((partition) => partition._parameters())),
                'storage.location.template': `${this.location}${layout}`,
              }),
        },
        partitionKeys: partitions.map(({ name, type }) => ({ name, type })),
        storageDescriptor: {
          location: this.location,
          columns: props.columns.map(({ name, type, comment }) => ({ name, type, comment })),
          inputFormat: props.format.inputFormat,
          outputFormat: props.format.outputFormat,
          serdeInfo: { serializationLibrary: props.format.serde, parameters: props.format.serdeParameters },
        },
      },
    });
  }

  private check(props: LakeTableProps, partitions: PartitionKey[], layout: string): void {
    const problems = new Problems(this);
    const lower = 'lower-case letters, digits and _';
    problems.check(NAME.test(this.tableName), 'tableName', this.tableName, lower, `use "${fixed(this.tableName)}"`);
    problems.check(
      this.prefix === '' || (this.prefix.endsWith('/') && !this.prefix.startsWith('/')),
      'prefix',
      this.prefix,
      'a prefix that ends in / and does not begin with it',
      `use "${this.prefix.replaceAll(/^\/+|\/+$/g, '')}/"`,
    );
    problems.check(props.columns.length > 0, 'columns', props.columns, 'at least one column', 'name the columns');
    const seen = new Set<string>();
    for (const [property, name] of [
      ...props.columns.map((column, i) => [`columns[${i}].name`, column.name]),
      ...partitions.map((partition, i) => [`partitions[${i}].name`, partition.name]),
    ]) {
      problems.check(NAME.test(name), property, name, lower, `use "${fixed(name)}"`);
      problems.check(!seen.has(name), property, name, 'a name that no other column has', 'rename one of the two');
      seen.add(name);
    }
    for (const partition of partitions) {
      partition._check(problems);
      problems.check(
        layout.includes(`\${${partition.name}}`),
        'partitionLayout',
        layout,
        'a layout that names every partition',
        `add \${${partition.name}}`,
      );
    }
    problems.check(
      layout === '' || layout.endsWith('/'),
      'partitionLayout',
      layout,
      'a layout that ends in /',
      `use "${layout}/"`,
    );
    problems.throwIfAny();
  }
}

/** The nearest name that Glue and Athena both take. */
function fixed(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_') || 'name';
}
