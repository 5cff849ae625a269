/**
 * Every operation of every service, asked with values that nobody expects: whatever the answer is, it is never a defect.
 * Values are made from the vendor's schemas, the same ones in every run.
 */
import * as cloudformation from '@aws-sdk/client-cloudformation';
import * as cloudtrail from '@aws-sdk/client-cloudtrail';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as events from '@aws-sdk/client-eventbridge';
import * as iam from '@aws-sdk/client-iam';
import * as kms from '@aws-sdk/client-kms';
import * as lambda from '@aws-sdk/client-lambda';
import * as organizations from '@aws-sdk/client-organizations';
import * as s3 from '@aws-sdk/client-s3';
import * as s3control from '@aws-sdk/client-s3-control';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as states from '@aws-sdk/client-sfn';
import * as sns from '@aws-sdk/client-sns';
import * as sqs from '@aws-sdk/client-sqs';
import * as ssm from '@aws-sdk/client-ssm';
import * as sts from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { readClient, type Shape } from '../../runtime/protocol/schema';
import { createServices } from '../../runtime/services';
import { seeded } from '../protocol/samples';

const clients: Record<string, { sdk: object; client: unknown }> = {
  cloudformation: { sdk: cloudformation, client: cloudformation.CloudFormationClient },
  cloudtrail: { sdk: cloudtrail, client: cloudtrail.CloudTrailClient },
  logs: { sdk: logs, client: logs.CloudWatchLogsClient },
  events: { sdk: events, client: events.EventBridgeClient },
  iam: { sdk: iam, client: iam.IAMClient },
  kms: { sdk: kms, client: kms.KMSClient },
  lambda: { sdk: lambda, client: lambda.LambdaClient },
  organizations: { sdk: organizations, client: organizations.OrganizationsClient },
  s3: { sdk: s3, client: s3.S3Client },
  s3control: { sdk: s3control, client: s3control.S3ControlClient },
  sns: { sdk: sns, client: sns.SNSClient },
  sqs: { sdk: sqs, client: sqs.SQSClient },
  ssm: { sdk: ssm, client: ssm.SSMClient },
  secretsmanager: { sdk: secretsmanager, client: secretsmanager.SecretsManagerClient },
  states: { sdk: states, client: states.SFNClient },
  sts: { sdk: sts, client: sts.STSClient },
};

/** Inputs for each operation. */
const ROUNDS = 3;
const random = seeded(20_261_120);
const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)];

const TEXTS = [
  ...[
    '',
    ' ',
    '\n',
    '\0',
    'a\ud800',
    'x'.repeat(1100),
    'x'.repeat(3000),
    '😀',
    '*',
    '%',
    '%zz',
    '../..',
    '/a/b',
    'a/b:c',
    'a,b',
    'a=b',
  ],
  ...[
    '__proto__',
    'constructor',
    'null',
    'true',
    '-1',
    '1e309',
    '5',
    '{}',
    '{',
    '[]',
    '"x"',
    '<a>',
    'YQ==',
    '$LATEST',
    'Enabled',
  ],
  ...[
    'arn:::::',
    'arn:aws:s3:::x',
    'arn:aws:iam::000000000000:role/r',
    'arn:aws:kms:us-east-1:000000000000:key/none',
    '2020-01-01T00:00:00Z',
  ],
];
const NUMBERS = [0, -1, 1, 1.5, 10, 2 ** 31, 2 ** 53, -(2 ** 53), 1e300, Number.NaN, Number.POSITIVE_INFINITY];
const TIMES = [0, -1e12, 1e12, 2e12, 4e15, 8.64e15];
/** What is there, so that more than the first check is met. */
const THERE: Readonly<Record<string, string>> = {
  Bucket: 'there',
  Key: 'there',
  TopicArn: 'arn:aws:sns:us-east-1:000000000000:there',
  QueueUrl: 'http://127.0.0.1:4566/000000000000/there',
  KeyId: 'alias/there',
  logGroupName: 'there',
  Name: 'there',
  UserName: 'there',
};

function valueFor(shape: Shape, name: string, depth: number): unknown {
  const item = (of: Shape) => valueFor(of, name, depth + 1);
  switch (shape.kind) {
    case 'structure': {
      if (depth > 5) return {};
      const members = shape.union ? [pick(shape.members)] : shape.members;
      const chosen = members.filter(({ required }) => random() < (required || shape.union ? 0.95 : 0.4));
      return Object.fromEntries(chosen.map((member) => [member.name, valueFor(member.shape, member.name, depth + 1)]));
    }
    case 'list':
      return Array.from({ length: pick([0, 1, 1, 2, 12]) }, () => item(shape.item.shape));
    case 'map':
      return Object.fromEntries(
        Array.from({ length: pick([0, 1, 2, 12]) }, () => [pick(TEXTS), item(shape.value.shape)]),
      );
    case 'boolean':
      return random() < 0.5;
    case 'number':
    case 'bigInteger':
      return pick(NUMBERS);
    case 'timestamp':
      return new Date(pick(TIMES));
    case 'blob':
      return Buffer.from(pick(['', 'x', 'y'.repeat(5000), '{}', '\0\x01']));
    default:
      return THERE[name] !== undefined && random() < 0.6 ? THERE[name] : pick(TEXTS);
  }
}

let coffer: Coffer;
const defects: string[] = [];
beforeAll(async () => {
  coffer = await startCoffer({ report: (line) => line.startsWith('internal error') && defects.push(line) });
  await coffer.client(s3.S3Client).send(new s3.CreateBucketCommand({ Bucket: 'there' }));
  await coffer.client(s3.S3Client).send(new s3.PutObjectCommand({ Bucket: 'there', Key: 'there', Body: 'x' }));
  await coffer.client(sqs.SQSClient).send(new sqs.CreateQueueCommand({ QueueName: 'there' }));
  await coffer.client(sns.SNSClient).send(new sns.CreateTopicCommand({ Name: 'there' }));
  const { KeyMetadata } = await coffer.client(kms.KMSClient).send(new kms.CreateKeyCommand({}));
  const alias = { AliasName: 'alias/there', TargetKeyId: KeyMetadata!.KeyId };
  await coffer.client(kms.KMSClient).send(new kms.CreateAliasCommand(alias));
  await coffer.client(logs.CloudWatchLogsClient).send(new logs.CreateLogGroupCommand({ logGroupName: 'there' }));
  await coffer.client(iam.IAMClient).send(new iam.CreateUserCommand({ UserName: 'there' }));
  const rule = { Name: 'there', EventPattern: '{"source":["x"]}' };
  await coffer.client(events.EventBridgeClient).send(new events.PutRuleCommand(rule));
  const parameter = { Name: 'there', Value: 'x', Type: 'String' as const };
  await coffer.client(ssm.SSMClient).send(new ssm.PutParameterCommand(parameter));
});
afterAll(() => coffer.close());

test.each(createServices().map((service) => ({ name: service.name, service })))('$name', async ({ name, service }) => {
  const warn = jest.spyOn(console, 'warn').mockImplementation(() => {}); // of the client, about what it is given
  const { sdk, client: clientClass } = clients[name];
  // biome-ignore lint/suspicious/noExplicitAny: clients and commands by name
  const client: any = coffer.client(clientClass as any, { config: { maxAttempts: 1 } as any });
  for (const [operation, { input }] of readClient(service.wire).operations) {
    if (!service.handlers[operation]) continue;
    for (let round = 0; round < ROUNDS; round++) {
      const value = input ? valueFor(input, '', 0) : {};
      // biome-ignore lint/suspicious/noExplicitAny: clients and commands by name
      const command = new (sdk as any)[`${operation}Command`](value);
      await client.send(command).catch(() => {});
      const status = coffer.requests().at(-1)!.status;
      if (status === 500 || status > 501) throw new Error(`${operation} ${JSON.stringify(value)}: ${status}`);
    }
  }
  expect(defects).toEqual([]);
  warn.mockRestore();
});
