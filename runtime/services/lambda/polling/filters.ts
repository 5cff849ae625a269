/**
 * Filters of event source mappings: which messages of a queue a function gets. Source: Lambda developer guide, "Control
 * which events Lambda sends to your function", "Event filtering with Amazon SQS".
 */
import type { Message } from '@aws-sdk/client-sqs';
import { type EventPattern, readEventPattern } from '../../../engine/eventpattern';

/** @throws Error when it is no pattern */
export function readFilter(text: string): EventPattern {
  return readEventPattern(JSON.parse(text));
}

/** The messages that fit one of the filters, and the others. */
export function sorted(messages: readonly Message[], filters: readonly string[]) {
  const patterns = filters.map(readFilter);
  const fits = (message: Message) => patterns.some((pattern) => pattern(filterable(message)));
  return { wanted: messages.filter(fits), others: messages.filter((message) => !fits(message)) };
}

/** A body that is JSON is filtered as what it says, any other as text. */
function filterable({ Body = '', MessageId, Attributes, MessageAttributes }: Message): object {
  return { messageId: MessageId, body: parsed(Body), attributes: Attributes, messageAttributes: MessageAttributes };
}

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : text;
  } catch {
    return text;
  }
}
