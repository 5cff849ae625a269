/**
 * Encryption, Intelligent-Tiering and CORS that S3 refuses or that are hardly meant. Sources: CloudFormation,
 * "AWS::S3::Bucket ServerSideEncryptionByDefault", "Tiering"; S3 User Guide, "Using dual-layer server-side encryption".
 */
import type { Problem } from './problems';
import { Findings, isIntrinsic, list, members, number, type Properties, text, truth } from './reading';

const TIERS: { readonly [tier: string]: number } = { ARCHIVE_ACCESS: 90, DEEP_ARCHIVE_ACCESS: 180 };
const MAX_TIER_DAYS = 730;

/** Problems of how a bucket with these properties stores and serves objects. */
export function storageProblems(bucket: Properties): Problem[] {
  return [...encryption(bucket), ...tiering(bucket), ...cors(bucket), ...identified(bucket)];
}

function encryption(bucket: Properties): Problem[] {
  const findings = new Findings('Coffer-Encryption');
  const at = 'BucketEncryption.ServerSideEncryptionConfiguration';
  const rules = list(members(bucket.BucketEncryption).ServerSideEncryptionConfiguration);
  for (const [i, value] of rules.entries()) {
    const rule = members(value);
    const byDefault = members(rule.ServerSideEncryptionByDefault);
    const algorithm = text(byDefault.SSEAlgorithm);
    if (algorithm === 'AES256' && byDefault.KMSMasterKeyID !== undefined)
      findings.wrong(
        `${at}[${i}].ServerSideEncryptionByDefault.KMSMasterKeyID`,
        isIntrinsic(byDefault.KMSMasterKeyID) ? 'a key' : byDefault.KMSMasterKeyID,
        'none with AES256',
        'use aws:kms, or leave out the key',
      );
    if (algorithm === 'aws:kms:dsse' && truth(rule.BucketKeyEnabled))
      findings.wrong(`${at}[${i}].BucketKeyEnabled`, true, 'false with aws:kms:dsse', 'leave it out');
  }
  return findings.problems;
}

function tiering(bucket: Properties): Problem[] {
  const findings = new Findings('Coffer-IntelligentTiering');
  const seen = new Set<string>();
  for (const [i, value] of list(bucket.IntelligentTieringConfigurations).entries()) {
    const at = `IntelligentTieringConfigurations[${i}]`;
    const id = text(members(value).Id);
    if (id !== undefined && seen.has(id)) findings.wrong(`${at}.Id`, id, 'an id of its own', 'rename one of the two');
    if (id !== undefined) seen.add(id);
    for (const [j, tier] of list(members(value).Tierings).entries()) {
      const name = text(members(tier).AccessTier) ?? '';
      const days = number(members(tier).Days);
      const least = TIERS[name];
      if (least === undefined || days === undefined || (days >= least && days <= MAX_TIER_DAYS)) continue;
      findings.wrong(
        `${at}.Tierings[${j}].Days`,
        days,
        `${least} to ${MAX_TIER_DAYS} for ${name}`,
        `use ${days < least ? least : MAX_TIER_DAYS}`,
      );
    }
  }
  return findings.problems;
}

/** Configurations that S3 keeps by their id: of two with one id the later takes the place of the first. */
function identified(bucket: Properties): Problem[] {
  const findings = new Findings('Coffer-ConfigurationId');
  for (const name of ['AnalyticsConfigurations', 'InventoryConfigurations', 'MetricsConfigurations']) {
    const seen = new Map<string, number>();
    for (const [i, value] of list(bucket[name]).entries()) {
      const id = text(members(value).Id);
      if (id === undefined) continue;
      const at = `${name}[${i}].Id`;
      if (!/^[\w.-]{1,64}$/.test(id))
        findings.wrong(at, id, '1 to 64 letters, digits, ., _ and -', 'shorten it or leave out what is not allowed');
      const first = seen.get(id);
      if (first !== undefined) findings.wrong(at, id, `an id of its own; [${first}] has it`, 'rename one of the two');
      else seen.set(id, i);
    }
  }
  return findings.problems;
}

const MAX_CORS_RULES = 100;

function cors(bucket: Properties): Problem[] {
  const findings = new Findings('Coffer-Cors');
  const count = list(members(bucket.CorsConfiguration).CorsRules).length;
  if (count > MAX_CORS_RULES)
    findings.wrong('CorsConfiguration.CorsRules', `${count} rules`, `at most ${MAX_CORS_RULES}`, 'join rules');
  for (const [i, value] of list(members(bucket.CorsConfiguration).CorsRules).entries()) {
    const rule = members(value);
    const origins = list(rule.AllowedOrigins);
    const writes = list(rule.AllowedMethods).filter((method) => ['PUT', 'POST', 'DELETE'].includes(String(method)));
    const at = `CorsConfiguration.CorsRules[${i}].AllowedOrigins`;
    for (const origin of origins)
      if (typeof origin === 'string' && (origin.match(/\*/g) ?? []).length > 1)
        findings.wrong(at, origin, 'at most one * in an origin', 'write a rule for each origin');
    if (origins.includes('*') && writes.length > 0)
      findings.odd(
        at,
        '*',
        `named origins beside ${writes.join(', ')}`,
        'name the origins of your own pages: with * any page can use the credentials that it is given',
      );
  }
  return findings.problems;
}
