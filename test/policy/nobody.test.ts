/** Resource policies that name nobody, and documents that are none: refused, each in its service's words. */

import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateTopicCommand, SetTopicAttributesCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { packArchive } from '../../runtime/engine/archive';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  await coffer.client(IAMClient).send(new CreateRoleCommand({ RoleName: 'there', AssumeRolePolicyDocument }));
});
afterAll(() => coffer.close());

const THERE = 'arn:aws:iam::000000000000:role/there';
const NOBODY = 'arn:aws:iam::000000000000:role/nobody';
const ELSEWHERE = 'arn:aws:iam::111122223333:role/nobody';
const policy = (AWS: string, Action: string, Resource: string) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Principal: { AWS }, Action, Resource }] });
const outcome = (promise: Promise<unknown>) =>
  promise.then(
    () => 'taken',
    (error) => error.message,
  );

test('queues', async () => {
  const sqs = coffer.client(SQSClient);
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
  const put = (who: string) => {
    const Policy = policy(who, 'sqs:SendMessage', 'arn:aws:sqs:us-east-1:000000000000:q');
    return outcome(sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } })));
  };
  expect([await put(THERE), await put(ELSEWHERE)]).toEqual(['taken', 'taken']);
  expect(await put(NOBODY)).toBe('Invalid value for the parameter Policy.');
});

test('topics', async () => {
  const sns = coffer.client(SNSClient);
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 't' }));
  const put = (AttributeValue: string) =>
    outcome(sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'Policy', AttributeValue })));
  expect(await put(policy(THERE, 'sns:Publish', TopicArn))).toBe('taken');
  expect(await put(policy(NOBODY, 'sns:Publish', TopicArn))).toBe('Invalid parameter: Policy Error: PrincipalNotFound');
  expect(await put(policy(THERE, 'sqs:SendMessage', TopicArn))).toBe(
    'Invalid parameter: Policy statement action out of service scope!',
  );
  expect(await put('{"Statement":[{"Effect":"Perhaps"}]}')).toBe('Invalid parameter: Policy Error: null');
});

test('functions', async () => {
  const lambda = coffer.client(LambdaClient);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: THERE,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: packArchive({ 'index.js': 'exports.handler = async () => 1' }) },
    }),
  );
  const add = (StatementId: string, Principal: string) =>
    outcome(
      lambda.send(
        new AddPermissionCommand({ FunctionName: 'f', StatementId, Action: 'lambda:InvokeFunction', Principal }),
      ),
    );
  expect([await add('a', THERE), await add('b', ELSEWHERE)]).toEqual(['taken', 'taken']);
  expect(await add('c', NOBODY)).toBe('The provided principal was invalid. Please check the principal and try again.');
});
