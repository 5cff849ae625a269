/**
 * What becomes of a bucket when it leaves its stack. Objects are deleted with it only after two steps by two hands: the
 * prop in code and a switch in the context of the app. Locked objects cannot be deleted, so Object Lock refuses it.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** What becomes of a bucket, and of a key made for it, when it leaves the stack. */
export class Removal {
  /** Context switch that must be `true` beside `Removal.destroyWithObjects()`. */
  public static readonly CONTEXT_KEY = 'coffer:destroyObjects';

  /** Bucket and key stay. */
  public static readonly RETAIN = new Removal('RETAIN');
  /** Bucket and key go; a bucket that still holds objects makes the deletion fail. */
  public static readonly DESTROY = new Removal('DESTROY');

  /**
   * Bucket, objects and key go, once the app's context also says `"coffer:destroyObjects": true` (cdk.json or
   * `cdk deploy -c coffer:destroyObjects=true`). Without that the bucket stays and synthesis warns. Adds CDK's Lambda
   * that empties the bucket.
   */
  public static destroyWithObjects(): Removal {
    return new Removal('DESTROY_WITH_OBJECTS');
  }

  /** As a removal policy of CDK says: DESTROY, or else RETAIN. */
  public static of(policy: RemovalPolicy): Removal {
    return policy === RemovalPolicy.DESTROY ? Removal.DESTROY : Removal.RETAIN;
  }

  /**
   * From a configuration value.
   * @throws Error unless it is `retain`, `destroy` or `destroyWithObjects`
   */
  public static fromName(name: string): Removal {
    switch (name) {
      case 'retain':
        return Removal.RETAIN;
      case 'destroy':
        return Removal.DESTROY;
      case 'destroyWithObjects':
        return Removal.destroyWithObjects();
    }
    throw new Error(
      `removal is ${JSON.stringify(name)}; allowed: retain, destroy, destroyWithObjects; fix: use retain`,
    );
  }

  private constructor(
    /** `RETAIN`, `DESTROY` or `DESTROY_WITH_OBJECTS`. */
    public readonly name: string,
  ) {}

  /** Whether objects are to go with the bucket, if the context agrees. */
  public get withObjects(): boolean {
    return this.name === 'DESTROY_WITH_OBJECTS';
  }

  /** Whether both steps were taken. @internal */
  public _confirmed(scope: Construct): boolean {
    const value = scope.node.tryGetContext(Removal.CONTEXT_KEY);
    return this.withObjects && (value === true || value === 'true');
  }

  /** The removal policy that this means in `scope`; also for other resources that share the bucket's fate. */
  public policyIn(scope: Construct): RemovalPolicy {
    return this.name === 'DESTROY' || this._confirmed(scope) ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
  }
}
