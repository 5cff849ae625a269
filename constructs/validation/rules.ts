/** The rules of the audit pack, by the ids under which they are found and acknowledged, and why each exists. */

/** One rule. */
export interface Rule {
  readonly id: string;
  readonly why: string;
}

export const RULES: readonly Rule[] = [
  { id: 'Coffer-LifecycleRule', why: 'S3 refuses the rule, or it never acts' },
  { id: 'Coffer-LifecycleTransition', why: 'Objects get colder only, with days between, and expire after that' },
  { id: 'Coffer-ObjectLock', why: 'Locks need versions, and what is locked cannot be deleted with its stack' },
  { id: 'Coffer-Replication', why: 'Both ends keep versions; what is encrypted under a key is copied only when asked' },
  { id: 'Coffer-NotificationOverlap', why: 'Two configurations that want one event are refused' },
  { id: 'Coffer-LogTarget', why: 'Access logs are delivered neither to a locked bucket nor sensibly to the same one' },
  { id: 'Coffer-PolicySize', why: 'A bucket policy has at most 20 KB' },
  { id: 'Coffer-PolicySid', why: 'Two statements of one Sid are refused' },
  { id: 'Coffer-Encryption', why: 'The algorithm and its options exclude each other' },
  { id: 'Coffer-IntelligentTiering', why: 'Archive tiers have bounds in days' },
  { id: 'Coffer-ConfigurationId', why: 'Of two configurations with one id the later takes the place of the first' },
  { id: 'Coffer-Cors', why: 'Any page of the web could write' },
  { id: 'Coffer-TlsOnly', why: 'Security Hub S3.5: requests without TLS are denied' },
  { id: 'Coffer-PublicAccess', why: 'Security Hub S3.8: public access is blocked' },
  { id: 'Coffer-OwnerEnforced', why: 'Security Hub S3.12: access is by policy, not by ACL' },
  { id: 'Coffer-Versioning', why: 'Security Hub S3.14: what is overwritten or deleted can come back' },
  { id: 'Coffer-CustomerKey', why: 'Security Hub S3.17: objects are encrypted under a key of the customer' },
  { id: 'Coffer-BlockSseC', why: 'Keys that callers bring along are a way to hold data to ransom' },
  { id: 'Coffer-AccessLogs', why: 'Security Hub S3.9: it is known who came' },
  { id: 'Coffer-AbortUploads', why: 'Parts of unfinished uploads are paid for and seen by no one' },
];
