/** How the services in use are spoken to: small values of this test's own, so that the floor is tested alone. */
import type { Wire } from '../../runtime/protocol/wire';

export const wires = {
  s3: {
    client: () => require('@aws-sdk/client-s3'),
    protocols: ['restXml'],
    signingNames: ['s3'],
    version: '2006-03-01',
    xmlNamespace: 'http://s3.amazonaws.com/doc/2006-03-01/',
    model: { contentTypes: { GetBucketPolicy: 'application/json' } },
  },
  kms: {
    client: () => require('@aws-sdk/client-kms'),
    protocols: ['awsJson1_1'],
    signingNames: ['kms'],
    target: 'TrentService',
    version: '2014-11-01',
  },
  iam: {
    client: () => require('@aws-sdk/client-iam'),
    protocols: ['awsQuery'],
    signingNames: ['iam'],
    version: '2010-05-08',
    xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/',
  },
  sts: {
    client: () => require('@aws-sdk/client-sts'),
    protocols: ['awsQuery'],
    signingNames: ['sts'],
    version: '2011-06-15',
    xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/',
  },
  lambda: {
    client: () => require('@aws-sdk/client-lambda'),
    protocols: ['restJson1'],
    signingNames: ['lambda'],
    version: '2015-03-31',
    model: { contentTypes: { Invoke: 'application/json' } },
  },
  logs: {
    client: () => require('@aws-sdk/client-cloudwatch-logs'),
    protocols: ['awsJson1_1', 'rpcv2Cbor'],
    signingNames: ['logs'],
    target: 'Logs_20140328',
    version: '2014-03-28',
  },
  sqs: {
    client: () => require('@aws-sdk/client-sqs'),
    protocols: ['awsJson1_0', 'awsQuery', 'rpcv2Cbor'],
    signingNames: ['sqs'],
    target: 'AmazonSQS',
    version: '2012-11-05',
    xmlNamespace: 'http://queue.amazonaws.com/doc/2012-11-05/',
    model: { addressMember: 'QueueUrl' },
  },
  ssm: {
    client: () => require('@aws-sdk/client-ssm'),
    protocols: ['awsJson1_1'],
    signingNames: ['ssm'],
    target: 'AmazonSSM',
    version: '2014-11-06',
  },
  cloudformation: {
    client: () => require('@aws-sdk/client-cloudformation'),
    protocols: ['awsQuery'],
    signingNames: ['cloudformation'],
    version: '2010-05-15',
    xmlNamespace: 'http://cloudformation.amazonaws.com/doc/2010-05-15/',
  },
  s3control: {
    client: () => require('@aws-sdk/client-s3-control'),
    protocols: ['restXml'],
    signingNames: ['s3'],
    paths: { prefix: '/v20180820/', header: 'x-amz-account-id' },
    version: '2018-08-20',
    xmlNamespace: 'http://awss3control.amazonaws.com/doc/2018-08-20/',
  },
} satisfies Record<string, Wire>;

export type ServiceName = keyof typeof wires;
export const serviceNames = Object.keys(wires) as ServiceName[];
export const services = serviceNames.map((name) => ({ name, wire: wires[name] as Wire }));
