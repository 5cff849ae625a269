/** What the client's model leaves out of CloudTrail's wire. Source: CloudTrail API Reference. */
import type { ModelNotes } from '../../protocol/wire';

export const model: ModelNotes = {
  missing: (member) => ({
    code: 'ValidationException',
    message: `Value null at '${member}' failed to satisfy constraint: Member must not be null`,
  }),
};
