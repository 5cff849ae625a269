/**
 * Public keys whose owners may sign URLs and cookies. A key is named after its contents, so that changing the list adds
 * and removes keys and never changes one that is in use: put the new key first, deploy, have the signer use it, and take
 * the old one away when the last URL that it signed has expired. Private keys never come near the stack.
 * Source: CloudFront developer guide, "Specify signers that can create signed URLs and signed cookies" (key types, rotation).
 */
import { createHash, createPublicKey } from 'node:crypto';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import { Construct } from 'constructs';
import { Problems } from '../validation/problems';

export interface SigningKeysProps {
  /** Public keys in PEM, the one to sign with first: RSA of 2048 bits or ECDSA on P-256. 1 to 5. */
  readonly publicKeys: string[];
}

/**
 * A group of keys that a distribution trusts.
 *
 * @example
 * const keys = new SigningKeys(this, 'Signers', { publicKeys: [pem] });
 * new CfnOutput(this, 'KeyPairId', { value: keys.currentKeyId });
 */
export class SigningKeys extends Construct {
  /** The group. */
  public readonly keyGroup: cloudfront.KeyGroup;
  /** Id of the key to sign with (`Key-Pair-Id`). */
  public readonly currentKeyId: string;

  constructor(scope: Construct, id: string, props: SigningKeysProps) {
    super(scope, id);
    const pems = props.publicKeys.map((pem) => `${pem.trim()}\n`);
    const problems = new Problems(this);
    problems.check(
      pems.length >= 1 && pems.length <= 5,
      'publicKeys',
      pems.length,
      '1 to 5 keys',
      'give the key to sign with, and those that signed what has not expired',
    );
    problems.check(
      new Set(pems).size === pems.length,
      'publicKeys',
      'the same key twice',
      'different keys',
      'leave out the repetition',
    );
    pems.forEach((pem, i) => {
      const kind = kindOf(pem);
      problems.check(
        kind === 'rsa 2048' || kind === 'ec prime256v1',
        `publicKeys[${i}]`,
        kind,
        'public keys in PEM: RSA of 2048 bits or ECDSA on P-256',
        'make one: openssl genrsa 2048 | tee private.pem | openssl rsa -pubout',
      );
    });
    problems.throwIfAny();
    const keys = pems.map((encodedKey) => {
      const name = createHash('sha256').update(encodedKey).digest('hex').slice(0, 16);
      return new cloudfront.PublicKey(this, `Key${name}`, {
        encodedKey,
        comment: `Signs for ${this.node.path}`.slice(0, 128),
      });
    });
    this.keyGroup = new cloudfront.KeyGroup(this, 'Group', { items: keys });
    this.currentKeyId = keys[0].publicKeyId;
  }
}

function kindOf(pem: string): string {
  if (pem.includes('PRIVATE KEY')) return 'a private key';
  try {
    const { asymmetricKeyType, asymmetricKeyDetails } = createPublicKey(pem);
    return `${asymmetricKeyType} ${asymmetricKeyDetails?.modulusLength ?? asymmetricKeyDetails?.namedCurve ?? ''}`.trim();
  } catch {
    return 'no public key';
  }
}

/** Who may see what a distribution delivers. */
export class Viewers {
  /** Who has a URL or cookie that one of these keys has signed. */
  public static signed(keys: SigningKeys): Viewers {
    return new Viewers(keys);
  }

  /** Everyone. `reason`, of at least 10 characters, is recorded for reviewers. */
  public static everyone(reason: string): Viewers {
    return new Viewers(undefined, reason);
  }

  /** Nobody: the distribution is made and disabled, until there are keys. */
  public static nobody(): Viewers {
    return new Viewers();
  }

  private constructor(
    /** The keys that sign. */
    public readonly keys?: SigningKeys,
    /** Why everyone may. */
    public readonly reason?: string,
  ) {}

  /** Whether anybody may see anything. */
  public get any(): boolean {
    return this.keys !== undefined || this.reason !== undefined;
  }
}
