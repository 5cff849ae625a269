/** A runtime with a role for functions, and what the tests of Lambda look at. */
import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { CreateQueueCommand, type Message, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startCoffer } from '../../runtime/coffer';
import { packArchive } from '../../runtime/engine/archive';

export const ROLE = 'arn:aws:iam::000000000000:role/Runner';

/** A document that allows some actions on everything, or lets a service take a role. */
const allow = (rest: object) => JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...rest }] });
const trust = allow({ Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' });

/** @param directory as a runtime that was started there before has left it, or empty */
export async function startLambda(directory?: string) {
  const reports: string[] = [];
  const coffer = await startCoffer({ directory, report: (line) => void reports.push(line) });
  const client = coffer.client(LambdaClient, { config: { maxAttempts: 1 } });
  const iam = coffer.client(IAMClient);
  const logs = coffer.client(CloudWatchLogsClient);
  const sqs = coffer.client(SQSClient);

  async function makeRole(RoleName: string, actions: readonly string[]): Promise<string> {
    await iam
      .send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }))
      .catch((error) => error.name === 'EntityAlreadyExistsException' || Promise.reject(error));
    const PolicyDocument = allow({ Action: actions, Resource: '*' });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument }));
    return `arn:aws:iam::000000000000:role/${RoleName}`;
  }
  /** Takes SQS from a role where a condition holds. */
  async function limitRole(RoleName: string, Condition: object): Promise<void> {
    const Statement = [{ Effect: 'Deny', Action: 'sqs:*', Resource: '*', Condition }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'limit', PolicyDocument }));
  }
  await makeRole('Runner', ['logs:*', 'sqs:*', 'lambda:InvokeFunction']);

  let made = 0;
  return {
    coffer,
    client,
    sqs,
    reports,
    makeRole,
    limitRole,
    send: client.send.bind(client) as LambdaClient['send'],

    /** A Node function of one file. @returns its name */
    async make(source: string, more: Partial<CreateFunctionCommandInput> = {}): Promise<string> {
      const input = {
        FunctionName: `f${++made}`,
        Runtime: 'nodejs20.x' as const,
        Handler: 'index.handler',
        Role: ROLE,
        Code: { ZipFile: packArchive({ 'index.js': source }) },
        ...more,
      };
      await client.send(new CreateFunctionCommand(input));
      return input.FunctionName;
    },

    async invoke(FunctionName: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}) {
      const input = { FunctionName, Payload: Buffer.from(JSON.stringify(event)), ...more };
      const output = await client.send(new InvokeCommand(input));
      const text = Buffer.from(output.Payload ?? '').toString();
      return {
        status: output.StatusCode,
        error: output.FunctionError,
        version: output.ExecutedVersion,
        answer: text ? JSON.parse(text) : undefined,
        log: Buffer.from(output.LogResult ?? '', 'base64').toString(),
      };
    },

    /** Messages in the log group of a function, when all is quiet. */
    async log(name: string, filterPattern?: string): Promise<string[]> {
      await coffer.settled();
      const logGroupName = name.startsWith('/') ? name : `/aws/lambda/${name}`;
      const found = await logs
        .send(new FilterLogEventsCommand({ logGroupName, filterPattern }))
        .catch((error) => (error.name === 'ResourceNotFoundException' ? { events: [] } : Promise.reject(error)));
      return (found.events ?? []).map((event) => event.message!);
    },

    async queue(QueueName: string) {
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
      return {
        QueueUrl,
        arn: `arn:aws:sqs:us-east-1:000000000000:${QueueName}`,
        async take(): Promise<Message[]> {
          const options = { MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] };
          return (await sqs.send(new ReceiveMessageCommand({ QueueUrl, ...options }))).Messages ?? [];
        },
      };
    },
  };
}
