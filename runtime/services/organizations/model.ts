/** What the client's model leaves out of Organizations' wire. Source: AWS Organizations API Reference. */
import type { ModelNotes } from '../../protocol/wire';
import { invalidPattern } from './errors';

const { code } = invalidPattern('');
const tags = { max: 50 };

export const model: ModelNotes = {
  missing: (member) => ({ code, message: `You must provide a value for ${member}.` }),
  constraints: {
    ListChildrenRequest$ChildType: { values: ['ACCOUNT', 'ORGANIZATIONAL_UNIT'] },
    TagResourceRequest$Tags: tags,
  },
};
