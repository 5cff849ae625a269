/**
 * How asynchronous invocations are retried and where they report: the event-invoke configuration of a function, version
 * or alias. Source: Lambda API reference, "PutFunctionEventInvokeConfig".
 */
import type * as Lambda from '@aws-sdk/client-lambda';
import { parseArn } from '../../../base/arn';
import type { Call } from '../../../kernel/call';
import type { Handlers } from '../../../kernel/service';
import type { Key } from '../../../store/port';
import { invalidParameter, invalidValue, notFound, unsupported } from '../errors';
import { type FunctionName, functionArn, functionKey, functionName } from '../names';
import { resolve } from '../resolution';
import { type EventConfigRow, eventConfigs, LATEST } from '../state';

type Request = Lambda.PutFunctionEventInvokeConfigRequest;

export const retryHandlers: Handlers<typeof Lambda> = {
  async PutFunctionEventInvokeConfig(call, input) {
    return put(call, input, async () => undefined);
  },

  async UpdateFunctionEventInvokeConfig(call, input) {
    return put(call, input, (of) => get(call, of));
  },

  async GetFunctionEventInvokeConfig(call, input) {
    const of = functionName(call, input.FunctionName, input.Qualifier);
    await resolve(call.kernel.store, of);
    return describe(of, await get(call, of));
  },

  async ListFunctionEventInvokeConfigs(call, input) {
    const of = { ...functionName(call, input.FunctionName), qualifier: undefined };
    await resolve(call.kernel.store, of);
    const rows = await call.kernel.store.page(eventConfigs, { within: functionKey(of) });
    return {
      FunctionEventInvokeConfigs: rows.map(({ key, value }) => describe({ ...of, qualifier: String(key[3]) }, value)),
    };
  },

  async DeleteFunctionEventInvokeConfig(call, input) {
    const of = functionName(call, input.FunctionName, input.Qualifier);
    await call.kernel.store.write(async (tx) => {
      if (!(await tx.get(eventConfigs, keyOf(of)))) throw missing(of);
      tx.delete(eventConfigs, keyOf(of));
    });
    return {};
  },
};

async function put(call: Call, input: Request, read: (of: FunctionName) => Promise<EventConfigRow | undefined>) {
  const of = functionName(call, input.FunctionName, input.Qualifier);
  const { MaximumRetryAttempts: retries, MaximumEventAgeInSeconds: age, DestinationConfig: to } = input;
  if (retries === undefined && age === undefined && to === undefined) {
    throw invalidParameter('You must specify at least one of error handling or destination setting.');
  }
  within('maximumRetryAttempts', retries, 0, 2);
  within('maximumEventAgeInSeconds', age, 60, 21_600);
  const onSuccess = to?.OnSuccess && destination(to.OnSuccess.Destination, of);
  const onFailure = to?.OnFailure && destination(to.OnFailure.Destination, of);
  await resolve(call.kernel.store, of);
  const before = await read(of);
  const row: EventConfigRow = {
    retries: retries ?? before?.retries,
    ageSeconds: age ?? before?.ageSeconds,
    onSuccess: to?.OnSuccess ? onSuccess : before?.onSuccess,
    onFailure: to?.OnFailure ? onFailure : before?.onFailure,
    modifiedAt: call.now,
  };
  await call.kernel.store.write(async (tx) => tx.put(eventConfigs, keyOf(of), row));
  return describe(of, row);
}

function destination(arn: string | undefined, of: FunctionName): string | undefined {
  if (!arn) return undefined;
  const service = parseArn(arn)?.service;
  if (service === 's3') {
    throw unsupported(`A destination of ${service}`, 'records go to queues, topics, functions and event buses');
  }
  if (!['sqs', 'sns', 'lambda', 'events'].includes(service ?? '')) {
    throw invalidParameter(`The destination ARN ${arn} is invalid.`);
  }
  if (arn === functionArn(of))
    throw invalidParameter('You can not configure a Lambda function as its own destination.');
  return arn;
}

function within(member: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value < least) throw invalidValue(member, value, `Member must have value greater than or equal to ${least}`);
  if (value > most) throw invalidValue(member, value, `Member must have value less than or equal to ${most}`);
}

async function get(call: Call, of: FunctionName): Promise<EventConfigRow> {
  const row = await call.kernel.store.get(eventConfigs, keyOf(of));
  if (!row) throw missing(of);
  return row;
}

function missing(of: FunctionName) {
  return notFound(`The function ${qualified(of)} doesn't have an EventInvokeConfig`);
}

function qualified(of: FunctionName): string {
  return `${functionArn(of)}:${of.qualifier ?? LATEST}`;
}

function keyOf(of: FunctionName): Key {
  return [...functionKey(of), of.qualifier ?? LATEST];
}

function describe(of: FunctionName, row: EventConfigRow): Lambda.FunctionEventInvokeConfig {
  return {
    LastModified: new Date(row.modifiedAt),
    FunctionArn: qualified(of),
    MaximumRetryAttempts: row.retries,
    MaximumEventAgeInSeconds: row.ageSeconds,
    DestinationConfig: {
      OnSuccess: row.onSuccess ? { Destination: row.onSuccess } : {},
      OnFailure: row.onFailure ? { Destination: row.onFailure } : {},
    },
  };
}
