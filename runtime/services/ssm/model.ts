/** What the client's model leaves out of Parameter Store's wire. Source: Systems Manager API Reference. */
import type { ModelNotes } from '../../protocol/wire';

export const model: ModelNotes = {
  constraints: {
    PutParameterRequest$Type: { values: ['String', 'StringList', 'SecureString'] },
    PutParameterRequest$Tier: { values: ['Standard', 'Advanced', 'Intelligent-Tiering'] },
    PutParameterRequest$AllowedPattern: { max: 1024 },
    LabelParameterVersionRequest$Labels: { min: 1, max: 10 },
    UnlabelParameterVersionRequest$Labels: { min: 1, max: 10 },
  },
};
