/** Logs as tables: the key layout that each service documents, projected. */
import { LakeTable, LogTable } from '@coffer/constructs';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import './packs';

const where = { accounts: ['111122223333', '444455556666'], regions: ['eu-west-1'], from: '2026/01/01' };

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: Athena's own placeholders
test.each([
  ['cloudtrail', LogTable.cloudTrail(where), 'AWSLogs/${account}/CloudTrail/${region}/${day}/'],
  [
    'vpc_flow_logs',
    LogTable.vpcFlowLogs({ ...where, prefix: 'vpc/' }),
    'vpc/AWSLogs/${account}/vpcflowlogs/${region}/${day}/',
  ],
  ['application_logs', LogTable.applicationLogs({ from: '2026/01/01' }), 'logs/${service}/${day}/'],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: Athena's own placeholders
])('%s', (name, options, layout) => {
  const stack = new Stack(new App(), 'S');
  const bucket = s3.Bucket.fromBucketName(stack, 'B', 'logs-of-all');
  new LakeTable(stack, 'T', { ...options, bucket, databaseName: 'logs' });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Table'));
  const { Name, Parameters, PartitionKeys } = Properties.TableInput;
  expect(Name).toBe(name);
  expect(Parameters['storage.location.template']).toBe(`s3://logs-of-all/${layout}`);
  expect(Parameters['projection.day.format']).toBe('yyyy/MM/dd');
  expect(PartitionKeys.map((key: { Name: string }) => key.Name)).toEqual(
    name === 'application_logs' ? ['service', 'day'] : ['account', 'region', 'day'],
  );
});

test('no accounts, no table', () => {
  const stack = new Stack(new App(), 'S');
  const bucket = s3.Bucket.fromBucketName(stack, 'B', 'logs-of-all');
  const table = LogTable.cloudTrail({ ...where, accounts: [] });
  expect(() => new LakeTable(stack, 'T', { ...table, bucket, databaseName: 'logs' })).toThrow(
    'account.values is []; allowed: one or more different values, none empty or with a comma; fix: name each value once',
  );
});

test('accounts that nobody lists are named by the query', () => {
  const stack = new Stack(new App(), 'S');
  const bucket = s3.Bucket.fromBucketName(stack, 'B', 'logs-of-all');
  const table = LogTable.vpcFlowLogs({ ...where, accounts: undefined });
  new LakeTable(stack, 'T', { ...table, bucket, databaseName: 'logs' });
  const [{ Properties }] = Object.values(Template.fromStack(stack).findResources('AWS::Glue::Table'));
  expect(Properties.TableInput.Parameters['projection.account.type']).toBe('injected');
});
