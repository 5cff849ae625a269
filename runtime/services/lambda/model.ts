/** What the client's model leaves out: how large requests may be. Source: Lambda developer guide, "Lambda quotas". */
import type { ModelNotes } from '../../protocol/wire';

const MIB = 1 << 20;
/** 50 MB of archive in base64, with room for the rest of the request. */
const PACKAGE = 70 * MIB;

export const model: ModelNotes = {
  bodyLimits: {
    CreateFunction: PACKAGE,
    UpdateFunctionCode: PACKAGE,
    PublishLayerVersion: PACKAGE,
    // More than the 6 MB of a payload: the operation refuses what is too long in its own words.
    Invoke: 8 * MIB,
  },
};
