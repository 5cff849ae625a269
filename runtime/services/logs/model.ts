/** What the client's model leaves out of CloudWatch Logs' wire. Source: CloudWatch Logs API Reference. */
import type { ModelNotes } from '../../protocol/wire';

const MIB = 1 << 20;

export const model: ModelNotes = {
  // 1 MiB of messages, of which JSON may write each byte as six; and 10,000 events around them.
  bodyLimits: { PutLogEvents: 8 * MIB },
  missing: (member) => ({
    code: 'InvalidParameterException',
    message: `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  }),
  constraints: { DescribeLogStreamsRequest$orderBy: { values: ['LogStreamName', 'LastEventTime'] } },
};
