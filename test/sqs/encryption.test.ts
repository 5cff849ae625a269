import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servicePrincipal } from '../../runtime/kernel/principal';
import { account, codeOf, type Rig, region, startRig } from '../kms/rig';

let rig: Rig;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'coffer-sqs-'));
  rig = await startRig(directory);
});
afterAll(async () => {
  await rig.stop();
  await rm(directory, { recursive: true, force: true });
});

const bucket = 'arn:aws:s3:::uploads';
const statement = (principal: object, ...actions: string[]) => ({
  Effect: 'Allow',
  Principal: principal,
  Action: actions,
  Resource: '*',
});
const policy = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });

test('a queue under a key asks it of senders and receivers, and survives a restart', async () => {
  const { kms, sqs } = rig.admin();
  const KeyId = (await kms.CreateKey({})).KeyMetadata!.KeyId!;
  const { QueueUrl } = await sqs.CreateQueue({
    QueueName: 'sealed',
    Attributes: {
      KmsMasterKeyId: KeyId,
      KmsDataKeyReusePeriodSeconds: '60',
      Policy: policy(statement({ Service: 's3.amazonaws.com' }, 'sqs:SendMessage')),
    },
  });
  const s3 = rig.as(servicePrincipal('s3.amazonaws.com', bucket, account)).sqs;
  expect(await codeOf(s3.SendMessage({ QueueUrl, MessageBody: 'event' }))).toBe('KmsAccessDenied');
  await kms.PutKeyPolicy({
    KeyId,
    Policy: policy(
      statement({ AWS: account }, 'kms:*'),
      statement({ Service: 's3.amazonaws.com' }, 'kms:GenerateDataKey*', 'kms:Decrypt'),
    ),
  });
  await s3.SendMessage({ QueueUrl, MessageBody: 'event' });
  const { Messages } = await sqs.ReceiveMessage({ QueueUrl });
  expect(Messages).toMatchObject([{ Body: 'event' }]);

  await rig.stop();
  rig = await startRig(directory);
  const again = rig.admin();
  expect((await again.sqs.ReceiveMessage({ QueueUrl })).Messages).toBeUndefined();
  await rig.advance({ seconds: 30 });
  expect((await again.sqs.ReceiveMessage({ QueueUrl, VisibilityTimeout: 0 })).Messages).toMatchObject([
    { Body: 'event' },
  ]);
  await again.kms.DisableKey({ KeyId });
  await rig.advance({ seconds: 61 });
  expect(await codeOf(again.sqs.ReceiveMessage({ QueueUrl }))).toBe('KmsDisabled');
  expect(await codeOf(again.sqs.SendMessage({ QueueUrl, MessageBody: 'more' }))).toBe('KmsDisabled');
});

test('the managed key serves principals of the account, not services', async () => {
  const { sqs } = rig.admin();
  const { QueueUrl } = await sqs.CreateQueue({
    QueueName: 'managed',
    Attributes: {
      KmsMasterKeyId: 'alias/aws/sqs',
      Policy: policy(statement({ Service: 's3.amazonaws.com' }, 'sqs:SendMessage')),
    },
  });
  await sqs.SendMessage({ QueueUrl, MessageBody: 'mine' });
  expect((await sqs.ReceiveMessage({ QueueUrl })).Messages).toMatchObject([{ Body: 'mine' }]);
  const s3 = rig.as(servicePrincipal('s3.amazonaws.com'), region).sqs;
  expect(await codeOf(s3.SendMessage({ QueueUrl, MessageBody: 'x' }))).toBe('KmsAccessDenied');
});
