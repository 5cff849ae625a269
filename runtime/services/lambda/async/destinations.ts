/**
 * Where asynchronous invocations report how they ended: the function's dead-letter queue or topic, and the destinations of its
 * event-invoke configuration, all as the execution role. What cannot be delivered is lost, as on AWS, and reported.
 * Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations" and "Adding a dead-letter queue".
 */
import { parseArn } from '../../../base/arn';
import type { Kernel } from '../../../kernel/call';
import type { Peers } from '../../../kernel/peers';
import type { Outcome } from '../execution/environment';
import type { Target } from '../execution/fleet';
import { type FunctionName, functionArn } from '../names';
import { assumeRole } from '../role';
import { type EventConfigRow, type EventRow, LATEST } from '../state';

/** How an event ended. Without an outcome the function never answered. */
export interface Ending {
  readonly condition: 'Success' | 'RetriesExhausted' | 'EventAgeExceeded';
  readonly outcome?: Outcome;
}

/** Dead-letter messages carry at most so much of the error message. */
const MOST_ERROR_MESSAGE = 1024;

export async function report(
  kernel: Kernel,
  of: FunctionName,
  row: EventRow,
  target: Target,
  config: EventConfigRow | undefined,
  ending: Ending,
): Promise<void> {
  const failed = ending.condition !== 'Success';
  const destination = failed ? config?.onFailure : config?.onSuccess;
  const deadLetters = failed ? target.version.settings.DeadLetterTarget : undefined;
  if (!destination && !deadLetters) return;
  const send = async (to: string, how: (peers: Peers) => Promise<unknown>) => {
    try {
      const role = await assumeRole(kernel, of, target.version.settings.Role);
      await how(role.peers);
    } catch (error) {
      kernel.report(`lambda: ${of.name} cannot report to ${to}: ${(error as Error).message}`);
    }
  };
  if (deadLetters) await send(deadLetters, (peers) => sendDeadLetter(peers, deadLetters, row, ending));
  if (destination) {
    const record = JSON.stringify(recordOf(kernel, of, row, target, ending));
    await send(destination, (peers) => sendRecord(peers, destination, record, of, ending));
  }
}

function sendDeadLetter(given: Peers, arn: string, row: EventRow, { outcome }: Ending): Promise<unknown> {
  const peers = given as Peers & Topics;
  const text = (StringValue: string, DataType = 'String') => ({ DataType, StringValue });
  const message = Buffer.from(row.payload).toString();
  const MessageAttributes = {
    RequestID: text(row.requestId),
    ErrorCode: text(outcome ? '200' : '429', 'Number'),
    ErrorMessage: text(errorMessageOf(outcome).slice(0, MOST_ERROR_MESSAGE) || 'Unknown'),
  };
  if (parseArn(arn)?.service === 'sns')
    return peers.sns.Publish({ TopicArn: arn, Message: message, MessageAttributes });
  return peers.sqs.SendMessage({ QueueUrl: queueUrl(arn), MessageBody: message, MessageAttributes });
}

/** As much of SNS and EventBridge as is needed here. */
interface Topics {
  readonly events: { PutEvents(input: { Entries: Readonly<Record<string, string | string[]>>[] }): Promise<unknown> };
  readonly sns: {
    Publish(input: {
      TopicArn: string;
      Message: string;
      MessageAttributes?: Readonly<Record<string, { DataType: string; StringValue: string }>>;
    }): Promise<unknown>;
  };
}

function errorMessageOf(outcome: Outcome | undefined): string {
  const document = outcome ? parse(outcome.payload) : undefined;
  const message = (document as { errorMessage?: unknown } | undefined)?.errorMessage;
  return typeof message === 'string' ? message : '';
}

function sendRecord(given: Peers, arn: string, record: string, of: FunctionName, ending: Ending): Promise<unknown> {
  const peers = given as Peers & Topics;
  const { service } = parseArn(arn)!;
  switch (service) {
    case 'sqs':
      return peers.sqs.SendMessage({ QueueUrl: queueUrl(arn), MessageBody: record });
    case 'sns':
      return peers.sns.Publish({ TopicArn: arn, Message: record });
    case 'events': {
      // Source: Lambda developer guide, "Capturing records of Lambda asynchronous invocations", EventBridge.
      const DetailType = `Lambda Function Invocation Result - ${ending.condition === 'Success' ? 'Success' : 'Failure'}`;
      const Resources = [arn, functionArn(of)];
      const entry = { Source: 'lambda', DetailType, Detail: record, Resources, EventBusName: arn };
      return peers.events.PutEvents({ Entries: [entry] });
    }
    case 'lambda':
      return peers.lambda.Invoke({ FunctionName: arn, InvocationType: 'Event', Payload: Buffer.from(record) });
    default:
      throw new Error(`${service} is no destination here`);
  }
}

/** The URL of a queue is known from its ARN; its host is not looked at. Source: SQS developer guide, "Queue identifiers". */
export function queueUrl(arn: string): string {
  const { region, account, resource } = parseArn(arn)!;
  return `https://sqs.${region}.amazonaws.com/${account}/${resource}`;
}

function recordOf(kernel: Kernel, of: FunctionName, row: EventRow, target: Target, { condition, outcome }: Ending) {
  return {
    version: '1.0',
    timestamp: new Date(kernel.clock.now()).toISOString(),
    requestContext: {
      requestId: row.requestId,
      functionArn: `${functionArn(of)}:${of.qualifier ?? LATEST}`,
      condition,
      approximateInvokeCount: row.failures + (condition === 'Success' ? 1 : 0),
    },
    requestPayload: parse(row.payload),
    ...(outcome && {
      responseContext: {
        statusCode: 200,
        executedVersion: target.version.version,
        ...(outcome.failure && { functionError: 'Unhandled' }),
      },
      responsePayload: parse(outcome.payload),
    }),
  };
}

/** JSON where it is JSON, text where it is not. */
function parse(bytes: Uint8Array): unknown {
  const text = Buffer.from(bytes).toString();
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
