/** Whether a bucket keeps versions: it does unless someone says why not. */

/** Whether a bucket keeps the versions of its objects. */
export class Versioning {
  /** Versions are kept. */
  public static readonly ENABLED = new Versioning(true);

  /** Versions are not kept: what is overwritten or deleted is gone. `reason` is recorded. */
  public static disabled(reason: string): Versioning {
    return new Versioning(false, reason);
  }

  private constructor(
    /** Whether versions are kept. */
    public readonly enabled: boolean,
    /** Why they are not. */
    public readonly reason?: string,
  ) {}
}
