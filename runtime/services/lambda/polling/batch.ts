/**
 * A batch of queue messages as a function sees it, and what its answer means for them. Source: Lambda developer guide,
 * "Using Lambda with Amazon SQS" and "Handling errors for an SQS event source in Lambda".
 */
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';

export function eventOf(messages: readonly Message[], source: string, region: string): Uint8Array {
  const Records = messages.map((message) => ({
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(
      Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, attributeOf(value)]),
    ),
    ...(message.MD5OfMessageAttributes && { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN: source,
    awsRegion: region,
  }));
  return Buffer.from(JSON.stringify({ Records }));
}

function attributeOf({ StringValue, BinaryValue, DataType }: MessageAttributeValue) {
  return {
    ...(StringValue !== undefined && { stringValue: StringValue }),
    ...(BinaryValue !== undefined && { binaryValue: Buffer.from(BinaryValue).toString('base64') }),
    stringListValues: [],
    binaryListValues: [],
    dataType: DataType,
  };
}

/**
 * The messages that a function which reports failures has done with. An answer that names no known message, or is not
 * of the documented form, fails the whole batch; an empty one succeeds.
 */
export function succeeded(messages: readonly Message[], answer: Uint8Array): readonly Message[] {
  let failures: unknown;
  try {
    failures = JSON.parse(Buffer.from(answer).toString())?.batchItemFailures ?? [];
  } catch {
    return [];
  }
  if (!Array.isArray(failures)) return [];
  const known = new Set(messages.map((message) => message.MessageId));
  const failed = new Set<unknown>(failures.map((failure) => failure?.itemIdentifier));
  if ([...failed].some((id) => typeof id !== 'string' || !known.has(id))) return [];
  return messages.filter((message) => !failed.has(message.MessageId));
}
