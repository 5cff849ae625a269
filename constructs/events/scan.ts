/** Who looks into uploads before anyone else may. */

/** How uploads are found to be clean. */
export class MalwareScan {
  /** Amazon GuardDuty Malware Protection for S3 scans each object and tags it with the result. */
  public static guardDuty(): MalwareScan {
    return new MalwareScan(true, '');
  }

  /** Nobody: every upload counts as clean. `reason`, of at least 10 characters, is recorded for reviewers. */
  public static none(reason: string): MalwareScan {
    return new MalwareScan(false, reason);
  }

  private constructor(
    /** Whether objects are scanned. */
    public readonly enabled: boolean,
    /** Why they are not. */
    public readonly reason: string,
  ) {}
}
