/** What constructs answer for: on the exact construct, and to be seen again when asked for. */
import { SecureBucket } from '@coffer/constructs';
import { App, Stack, Validations } from 'aws-cdk-lib';
import type { Node } from 'constructs';
import { findings } from './packs';

test.each([[false], ['false']])('a host that says coffer:acknowledge is %p sees every finding', (value) => {
  const app = new App({ context: { 'coffer:acknowledge': value } });
  new SecureBucket(new Stack(app, 'S'), 'Data');
  expect(findings(app)).toEqual(
    expect.arrayContaining([
      'HIPAA.Security-S3BucketReplicationEnabled S/Data/Resource',
      'NIST.800.53.R4-S3BucketDefaultLockEnabled S/Data/Resource',
      'PCI.DSS.321-S3DefaultEncryptionKMS S/AccessLogs/Resource',
    ]),
  );
});

test('nothing is answered for beyond the construct itself', () => {
  const stack = new Stack(new App(), 'S');
  new SecureBucket(stack, 'Data');
  const answered = (node: Node) =>
    node.metadata.filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY);
  expect(answered(stack.node)).toEqual([]);
  expect(answered(stack.node.findChild('Data').node)).not.toEqual([]);
});
