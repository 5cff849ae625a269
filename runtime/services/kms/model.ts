/** What the client's model leaves out of KMS's wire. Source: AWS KMS API Reference. */
import type { ModelNotes } from '../../protocol/wire';

const messageType = { values: ['RAW', 'DIGEST', 'EXTERNAL_MU'] };
const expirationModel = { values: ['KEY_MATERIAL_EXPIRES', 'KEY_MATERIAL_DOES_NOT_EXPIRE'] };
const grantTokens = { max: 10 };

export const model: ModelNotes = {
  constraints: {
    CreateGrantRequest$GrantTokens: grantTokens,
    DecryptRequest$GrantTokens: grantTokens,
    DeriveSharedSecretRequest$KeyAgreementAlgorithm: { values: ['ECDH'] },
    EncryptRequest$GrantTokens: grantTokens,
    GenerateDataKeyRequest$GrantTokens: grantTokens,
    GenerateDataKeyRequest$KeySpec: { values: ['AES_256', 'AES_128'] },
    GenerateDataKeyWithoutPlaintextRequest$KeySpec: { values: ['AES_256', 'AES_128'] },
    ImportKeyMaterialRequest$ExpirationModel: expirationModel,
    ImportKeyMaterialRequest$ImportType: { values: ['NEW_KEY_MATERIAL', 'EXISTING_KEY_MATERIAL'] },
    ListKeyRotationsRequest$IncludeKeyMaterial: { values: ['ALL_KEY_MATERIAL', 'ROTATIONS_ONLY'] },
    SignRequest$MessageType: messageType,
    VerifyRequest$MessageType: messageType,
  },
};
