/** What the client's model leaves out of SQS's wire. Source: Amazon SQS API Reference. */
import type { ModelNotes } from '../../protocol/wire';

const MIB = 1 << 20;
/** 1 MiB of messages, of which JSON may write each byte as six. */
const messages = 8 * MIB;

export const model: ModelNotes = {
  bodyLimits: { SendMessage: messages, SendMessageBatch: messages },
  // Query clients send a request to the queue's own address and may leave out which queue they mean.
  addressMember: 'QueueUrl',
  missing: (member) => ({
    code: 'MissingParameter',
    message: `The request must contain the parameter ${member}.`,
  }),
};
