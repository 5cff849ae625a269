import {
  DataLake,
  type DataLakeProps,
  LakeTable,
  type LakeTableOptions,
  LakeZone,
  PartitionKey,
  QueryWorkgroup,
  type QueryWorkgroupProps,
  Removal,
  TableFormat,
} from '@coffer/constructs';
import { App, Duration, Size, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { findings } from './packs';

const orders: LakeTableOptions = {
  format: TableFormat.json(),
  columns: [
    { name: 'id', type: 'string' },
    { name: 'amount', type: 'double' },
  ],
  partitions: [PartitionKey.enumeration('region', 'eu', 'us'), PartitionKey.date('day', '2026-01-01')],
};

function build(props: DataLakeProps = {}, context: Record<string, unknown> = {}) {
  const app = new App({ context });
  const stack = new Stack(app, 'S');
  return { app, stack, lake: new DataLake(stack, 'Lake', props) };
}

test.each<[string, Record<string, unknown>]>([
  ['no feature flags', {}],
  ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
])('a lake, its tables and grants pass all six packs with %s', (_name, context) => {
  const { app, stack, lake } = build({}, context);
  lake.addTable('raw', 'Orders', orders);
  lake.addNamedQuery('raw', 'Newest', 'SELECT * FROM orders LIMIT 10');
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal(stack.account) });
  lake.grantQuery(role, 'raw');
  lake.grantIngest(role, 'raw', 'orders/');
  expect(findings(app)).toEqual([]);
});

test('three zones share one key; each has a bucket, a database and a lifecycle of its own; nothing runs', () => {
  const template = Template.fromStack(build().stack);
  template.resourceCountIs('AWS::KMS::Key', 1);
  template.resourceCountIs('AWS::Glue::Database', 3);
  template.resourceCountIs('AWS::Lambda::Function', 0);
  template.resourceCountIs('AWS::S3::Bucket', 5);
  template.hasResourceProperties('AWS::Glue::Database', {
    DatabaseInput: { Name: Match.stringLikeRegexp('^s_lake_[0-9a-f]+_raw$') },
  });
  template.hasResourceProperties('AWS::S3::Bucket', {
    LifecycleConfiguration: {
      Rules: Match.arrayWith([
        Match.objectLike({
          Transitions: [
            { StorageClass: 'STANDARD_IA', TransitionInDays: 30 },
            { StorageClass: 'GLACIER_IR', TransitionInDays: 90 },
          ],
        }),
      ]),
    },
  });
});

test('the workgroup decides for its users', () => {
  const template = Template.fromStack(build({ scanLimit: Size.gibibytes(10), workgroupName: 'analysts' }).stack);
  template.hasResourceProperties('AWS::Athena::WorkGroup', {
    Name: 'analysts',
    WorkGroupConfiguration: {
      EnforceWorkGroupConfiguration: true,
      PublishCloudWatchMetricsEnabled: true,
      BytesScannedCutoffPerQuery: 10 * 1024 ** 3,
      ResultConfiguration: {
        EncryptionConfiguration: { EncryptionOption: 'SSE_KMS', KmsKey: Match.anyValue() },
        ExpectedBucketOwner: { Ref: 'AWS::AccountId' },
      },
    },
  });
});

test('partitions are projected, below the prefix of the table', () => {
  const { stack, lake } = build({ databasePrefix: 'shop' });
  const table = lake.addTable('raw', 'Orders', {
    ...orders,
    partitions: [
      ...(orders.partitions ?? []),
      PartitionKey.integer('hour', 0, 23, { digits: 2 }),
      PartitionKey.injected('tenant'),
    ],
  });
  expect([table.tableName, table.databaseName, table.prefix]).toEqual(['orders', 'shop_raw', 'orders/']);
  const [resource] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Table'));
  const { PartitionKeys, Parameters, StorageDescriptor } = resource.Properties.TableInput;
  const { 'storage.location.template': location, ...parameters } = Parameters;
  expect(PartitionKeys.map(({ Name, Type }: Record<string, string>) => `${Name} ${Type}`)).toEqual([
    'region string',
    'day string',
    'hour int',
    'tenant string',
  ]);
  expect(parameters).toEqual({
    EXTERNAL: 'TRUE',
    classification: 'json',
    'projection.enabled': 'true',
    'projection.region.type': 'enum',
    'projection.region.values': 'eu,us',
    'projection.day.type': 'date',
    'projection.day.format': 'yyyy-MM-dd',
    'projection.day.range': '2026-01-01,NOW',
    'projection.day.interval': '1',
    'projection.day.interval.unit': 'DAYS',
    'projection.hour.type': 'integer',
    'projection.hour.range': '0,23',
    'projection.hour.digits': '2',
    'projection.hour.interval': '1',
    'projection.tenant.type': 'injected',
  });
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: Athena's own placeholders
  expect(location['Fn::Join'][1].at(-1)).toBe('/orders/region=${region}/day=${day}/hour=${hour}/tenant=${tenant}/');
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: Athena's own placeholders
  expect(StorageDescriptor.SerdeInfo.SerializationLibrary).toBe('org.openx.data.jsonserde.JsonSerDe');
});

test.each<[string, TableFormat, string]>([
  ['csv', TableFormat.csv(), 'org.apache.hadoop.hive.serde2.OpenCSVSerde'],
  ['text', TableFormat.delimited(' ', 1), 'org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe'],
  ['text', TableFormat.regex('(.*)'), 'org.apache.hadoop.hive.serde2.RegexSerDe'],
  ['parquet', TableFormat.parquet(), 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'],
  ['orc', TableFormat.orc(), 'org.apache.hadoop.hive.ql.io.orc.OrcSerde'],
  ['cloudtrail', TableFormat.cloudTrail(), 'org.apache.hive.hcatalog.data.JsonSerDe'],
])('%s is read by its SerDe', (classification, format, serde) => {
  const { stack, lake } = build();
  lake.addTable('curated', 'T', { format, columns: [{ name: 'a', type: 'string' }] });
  Template.fromStack(stack).hasResourceProperties('AWS::Glue::Table', {
    TableInput: {
      Parameters: { classification, 'projection.enabled': Match.absent() },
      StorageDescriptor: { SerdeInfo: { SerializationLibrary: serde } },
    },
  });
});

test('a role that queries has exact actions on managed policies only', () => {
  const { stack, lake } = build();
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.AccountPrincipal(stack.account) });
  lake.grantQuery(role, 'consumption');
  lake.grantQuery(role, 'curated');
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::IAM::Policy', 0);
  const actions = Object.values(template.findResources('AWS::IAM::ManagedPolicy')).flatMap((policy) =>
    policy.Properties.PolicyDocument.Statement.flatMap((s: { Action: string | string[] }) => s.Action),
  );
  expect(actions.filter((action: string) => action.includes('*'))).toEqual([]);
  expect(new Set(actions)).toContain('glue:GetPartitions');
  expect(new Set(actions)).not.toContain('s3:DeleteObject');
});

test('what is destroyed with the stack is so on purpose', () => {
  Template.fromStack(build().stack).hasResource('AWS::Athena::WorkGroup', { DeletionPolicy: 'Retain' });
  Template.fromStack(build({ removal: Removal.DESTROY }).stack).hasResource('AWS::Athena::WorkGroup', {
    DeletionPolicy: 'Delete',
    Properties: { RecursiveDeleteOption: true },
  });
});

test.each<[string, DataLakeProps, string]>([
  [
    'no zones',
    { zones: [] },
    'zones is []; allowed: at least one zone; fix: leave it out for raw, curated, consumption',
  ],
  [
    'a zone in capitals',
    { zones: [LakeZone.custom('Raw')] },
    'zones[0].name is "Raw"; allowed: lower-case letters, digits and _, beginning with a letter, at most 50; fix: rename the zone',
  ],
  [
    'a zone twice',
    { zones: [LakeZone.raw(), LakeZone.raw()] },
    'zones[1].name is "raw"; allowed: a name that no other zone has; fix: rename one of the two',
  ],
  [
    'a prefix that Glue would change',
    { databasePrefix: 'My-Lake' },
    'databasePrefix is "My-Lake"; allowed: lower-case letters, digits and _, at most 200; fix: leave it out',
  ],
])('a lake refuses %s', (_what, props, message) => {
  expect(() => build(props)).toThrow(`invalid props of S/Lake:\n  ${message}`);
});

test('a lake refuses a zone that it does not have', () => {
  expect(() => build().lake.bucket('gold')).toThrow(
    'invalid props of S/Lake:\n  zone is "gold"; allowed: raw, curated, consumption; fix: name a zone of the lake',
  );
});

test.each<[string, QueryWorkgroupProps, string]>([
  [
    'a name with spaces',
    { workgroupName: 'my group' },
    'workgroupName is "my group"; allowed: letters, digits, ., _ and -, at most 128; fix: leave it out',
  ],
  [
    'results that live for hours',
    { resultsRetention: Duration.hours(12) },
    'resultsRetention is 0.5; allowed: whole days, at least 1; fix: pass Duration.days(n)',
  ],
  [
    'a limit below that of Athena',
    { scanLimit: Size.mebibytes(1) },
    'scanLimit is 1048576; allowed: at least 10000000 bytes; fix: pass Size.gibibytes(n)',
  ],
])('a workgroup refuses %s', (_what, props, message) => {
  const stack = new Stack(new App(), 'S');
  expect(() => new QueryWorkgroup(stack, 'W', props)).toThrow(`invalid props of S/W:\n  ${message}`);
});

test('a workgroup refuses an empty query', () => {
  const workgroup = new QueryWorkgroup(new Stack(new App(), 'S'), 'W');
  expect(() => workgroup.addNamedQuery('Q', { databaseName: 'd', sql: ' ' })).toThrow(
    'Q.sql is " "; allowed: a query; fix: write one',
  );
});

test.each<[string, Partial<LakeTableOptions>, string]>([
  [
    'a name with a hyphen',
    { tableName: 'My-Table' },
    'tableName is "My-Table"; allowed: lower-case letters, digits and _; fix: use "my_table"',
  ],
  [
    'a prefix without slash',
    { prefix: '/in' },
    'prefix is "/in"; allowed: a prefix that ends in / and does not begin with it; fix: use "in/"',
  ],
  ['no columns', { columns: [] }, 'columns is []; allowed: at least one column; fix: name the columns'],
  [
    'a column twice',
    { columns: [{ name: 'day', type: 'string' }] },
    'partitions[1].name is "day"; allowed: a name that no other column has; fix: rename one of the two',
  ],
  [
    'a layout that leaves a partition out',
    { partitionLayout: '$' + '{day}/' },
    'partitionLayout is "$' + '{day}/"; allowed: a layout that names every partition; fix: add $' + '{region}',
  ],
  [
    'a date in another form',
    { partitions: [PartitionKey.date('day', '2026/01/01')] },
    'day.from is "2026/01/01"; allowed: a date in the form yyyy-MM-dd, NOW, or NOW with an offset like NOW-90DAYS; fix: write it in the form of the column',
  ],
  [
    'a unit of its own',
    { partitions: [PartitionKey.date('day', 'NOW-90DAYS', { unit: 'FORTNIGHTS' })] },
    'day.unit is "FORTNIGHTS"; allowed: YEARS, MONTHS, WEEKS, DAYS, HOURS, MINUTES, SECONDS; fix: use DAYS',
  ],
  [
    'numbers the wrong way round',
    { partitions: [PartitionKey.integer('hour', 23, 0)] },
    'hour.range is [23,0]; allowed: two whole numbers, the smaller one first; fix: exchange them',
  ],
  [
    'half a step',
    { partitions: [PartitionKey.integer('hour', 0, 23, { interval: 0.5 })] },
    'hour.interval is 0.5; allowed: a whole number, at least 1; fix: use 1',
  ],
  [
    'numbers of no width',
    { partitions: [PartitionKey.integer('hour', 0, 23, { digits: 0 })] },
    'hour.digits is 0; allowed: a whole number, at least 1; fix: use 1',
  ],
  [
    'no step of dates',
    { partitions: [PartitionKey.date('day', 'NOW-1YEAR', { interval: 0 })] },
    'day.interval is 0; allowed: a whole number, at least 1; fix: use 1',
  ],
  [
    'an end in another form',
    { partitions: [PartitionKey.date('day', '2026-01-01', { to: 'tomorrow' })] },
    'day.to is "tomorrow"; allowed: a date in the form yyyy-MM-dd, NOW, or NOW with an offset like NOW-90DAYS; fix: write it in the form of the column',
  ],
  [
    'a column in capitals',
    { columns: [{ name: 'Order-Id', type: 'string' }] },
    'columns[0].name is "Order-Id"; allowed: lower-case letters, digits and _; fix: use "order_id"',
  ],
  [
    'a partition in capitals',
    { partitions: [PartitionKey.injected('Tenant')] },
    'partitions[0].name is "Tenant"; allowed: lower-case letters, digits and _; fix: use "tenant"',
  ],
  [
    'a layout without slash',
    { partitionLayout: '$' + '{region}/$' + '{day}' },
    'partitionLayout is "$' +
      '{region}/$' +
      '{day}"; allowed: a layout that ends in /; fix: use "$' +
      '{region}/$' +
      '{day}/"',
  ],
  [
    'a value with a comma',
    { partitions: [PartitionKey.enumeration('region', 'eu,us')] },
    'region.values is ["eu,us"]; allowed: one or more different values, none empty or with a comma; fix: name each value once',
  ],
])('a table refuses %s', (_what, options, message) => {
  const stack = new Stack(new App(), 'S');
  const bucket = new s3.Bucket(stack, 'B');
  expect(() => new LakeTable(stack, 'Orders', { ...orders, ...options, bucket, databaseName: 'd' })).toThrow(
    `invalid props of S/Orders:\n  ${message}`,
  );
});
