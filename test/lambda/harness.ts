/** A runtime of Lambda and stand-ins for the services it calls. */

import { LambdaClient } from '@aws-sdk/client-lambda';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { once } from '../../runtime/base/bytes';
import { Clock, type Duration } from '../../runtime/base/clock';
import { AwsError } from '../../runtime/base/errors';
import { createRequestHandler } from '../../runtime/client';
import { createConsumers } from '../../runtime/kernel/consumers';
import { createKernel } from '../../runtime/kernel/kernel';
import { openRecords } from '../../runtime/kernel/record';
import { createSchedule } from '../../runtime/kernel/schedule';
import type { Handler, Service } from '../../runtime/kernel/service';
import { createProtocols } from '../../runtime/protocol/protocols';
import { lambda } from '../../runtime/services/lambda/service';
import { openStore } from '../../runtime/store/open';

const ALLOW = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}';

export async function startLambda() {
  const store = await openStore();
  const clock = new Clock();
  const schedule = createSchedule(store, clock);
  const logs: { group: string; stream: string; message: string }[] = [];
  const messages: Record<string, any>[] = [];
  const queue: Record<string, unknown>[] = [];
  const deleted: string[] = [];
  let arrived = () => {};
  const objects = new Map<string, Buffer>();
  const lines: string[] = [];
  const stub = (
    name: string,
    client: string,
    protocol: string,
    handlers: Record<string, Handler<any, any>>,
  ): Service => ({
    name,
    wire: {
      client: () => require(client),
      protocols: [protocol as never],
      signingNames: [name],
      version: '1',
      target: name,
    },
    handlers,
    actions: Object.fromEntries(Object.keys(handlers).map((key) => [key, () => []])),
    identities: { policies: async () => (name === 'sts' ? [{ kind: 'identity', name: 'all', document: ALLOW }] : []) },
  });
  const groups = new Set<string>();
  const services = [
    lambda(),
    stub('sts', '@aws-sdk/client-sts', 'awsQuery', {
      async AssumeRole(call, input) {
        if (/Nobody/.test(input.RoleArn)) throw new AwsError('AccessDenied', 'no', { status: 403 });
        return {
          Credentials: {
            AccessKeyId: 'test',
            SecretAccessKey: 'test',
            SessionToken: undefined,
            Expiration: new Date(call.now + 3600_000),
          },
          AssumedRoleUser: {
            Arn: `arn:aws:sts::000000000000:assumed-role/x/${input.RoleSessionName}`,
            AssumedRoleId: 'AROA:x',
          },
        };
      },
    }),
    stub('logs', '@aws-sdk/client-cloudwatch-logs', 'awsJson1_1', {
      async CreateLogGroup(_, input) {
        groups.add(input.logGroupName);
        return {};
      },
      async CreateLogStream(_, input) {
        if (!groups.has(input.logGroupName)) throw new AwsError('ResourceNotFoundException', 'no');
        return {};
      },
      async PutLogEvents(_, input) {
        for (const { message } of input.logEvents)
          logs.push({ group: input.logGroupName, stream: input.logStreamName, message });
        return {};
      },
    }),
    stub('sqs', '@aws-sdk/client-sqs', 'awsJson1_0', {
      async SendMessage(_, input) {
        messages.push(input);
        queue.push({ MessageId: `m${messages.length}`, ReceiptHandle: `r${messages.length}`, Body: input.MessageBody });
        arrived();
        return {};
      },
      async ReceiveMessage(_, input) {
        const until = Date.now() + input.WaitTimeSeconds * 1000;
        while (queue.length === 0 && Date.now() < until) {
          await new Promise<void>((resolve) => {
            arrived = resolve;
            setTimeout(resolve, until - Date.now()).unref();
          });
        }
        return { Messages: queue.splice(0, input.MaxNumberOfMessages) };
      },
      async DeleteMessageBatch(_, input) {
        deleted.push(...input.Entries.map((entry: { ReceiptHandle: string }) => entry.ReceiptHandle));
        return {};
      },
      async GetQueueAttributes() {
        return { Attributes: { VisibilityTimeout: '30' } };
      },
    }),
    stub('s3', '@aws-sdk/client-s3', 'restXml', {
      async GetObject(_, input) {
        const found = objects.get(`${input.Bucket}/${input.Key}`);
        if (!found) throw new AwsError('NoSuchKey', 'The specified key does not exist.', { status: 404 });
        return { Body: found };
      },
    }),
  ];
  const protocols = createProtocols(services);
  const running = createKernel({
    store,
    clock,
    timers: schedule.timers,
    services,
    protocols,
    records: await openRecords(store, (line) => void lines.push(line)),
    defaultAccount: '000000000000',
    endpoint: async () => 'http://127.0.0.1:4566',
    defaultRegion: 'us-east-1',
    report: (line) => void lines.push(line),
  });
  const consumers = createConsumers(
    running.kernel,
    services.flatMap((service) => service.consumers ?? []),
  );
  const quiet = async () => {
    for (let head = -1; head !== store.changes.head(); ) {
      head = store.changes.head();
      await running.idle();
      await consumers.settled();
      for (const service of services) await service.idle?.();
      await running.idle();
    }
  };
  await schedule.start({
    kernel: running.kernel,
    quiet,
    handler: (service, task) => services.find((s) => s.name === service)?.timers?.[task],
  });
  for (const service of services) await service.start?.(running.kernel);
  await consumers.start();
  const config = {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:4566',
    maxAttempts: 1,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: createRequestHandler(running.answer),
  };
  return {
    client: new LambdaClient(config as never),
    logs,
    messages,
    deleted,
    objects,
    lines,
    kernel: running.kernel,
    get: (path: string) =>
      running.answer({
        method: 'GET',
        target: path,
        path,
        query: [],
        headers: { host: '127.0.0.1' },
        body: once(Buffer.alloc(0)),
        remoteAddress: '127.0.0.1',
        secure: true,
      }),
    settled: () => schedule.settled(),
    advance: (duration: Duration) => schedule.advance(duration),
    async close() {
      for (const service of services) await service.stop?.();
      await running.close();
      await consumers.stop();
      await schedule.stop();
      await store.close();
    },
  };
}
void GetObjectCommand;
