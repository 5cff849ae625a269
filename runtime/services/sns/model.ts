/** What the client's model leaves out of SNS's wire. Source: Amazon SNS API Reference. */
import type { ModelNotes } from '../../protocol/wire';

/** 256 KiB of message, of which a form may write each byte as three. */
const publishing = 1 << 20;

export const model: ModelNotes = {
  bodyLimits: { Publish: publishing, PublishBatch: publishing },
};
