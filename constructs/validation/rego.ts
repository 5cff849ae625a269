/**
 * The validator's rules for a template, in the languages of CloudFormation's own validator, which runs in every synth of
 * aws-cdk-lib and from the command line of `cloudformation-validate`. They say of a template what `resource.ts` says of
 * an app, under the same ids; what takes resolving across stacks stays there. Numbers come from the same constants.
 */
import { IA_DAYS, MAX_ID, MAX_RULES, NEXT } from './lifecycle';

/** A rule body: `name`, `at` and `message` are bound in it. */
interface Body {
  readonly id: string;
  readonly lines: string[];
  readonly at: string;
  readonly message: string;
}

const rule = ({ id, lines, at, message }: Body): string =>
  [
    'violation contains v if {',
    ...lines.map((line) => `\t${line}`),
    `\tv := make_diag_at("${id}", "ERROR", name, ${at}, ${message})`,
    '}',
    '',
  ].join('\n');

const BUCKET = 'some name in resources_of_type("AWS::S3::Bucket")';
const RULES = [
  BUCKET,
  'rules := resolve(name, "Properties.LifecycleConfiguration.Rules")',
  'is_array(rules)',
  'some i, rule in rules',
];
const at = (rest: string, more = '') => `sprintf("Properties.LifecycleConfiguration.Rules.%d.${rest}", [i${more}])`;

const lifecycle: Body[] = [
  {
    id: 'Coffer-LifecycleTransition',
    lines: [
      ...RULES,
      'some list_name in ["Transitions", "NoncurrentVersionTransitions"]',
      'some j, step in rule[list_name]',
      'step.StorageClass in {"STANDARD_IA", "ONEZONE_IA"}',
      'days := days_of(step.TransitionInDays)',
      `days < ${IA_DAYS}`,
    ],
    at: 'sprintf("Properties.LifecycleConfiguration.Rules.%d.%s.%d.TransitionInDays", [i, list_name, j])',
    message: `sprintf("TransitionInDays is %v; allowed: at least ${IA_DAYS} for %v", [days, step.StorageClass])`,
  },
  {
    id: 'Coffer-LifecycleTransition',
    lines: [
      ...RULES,
      'some list_name in ["Transitions", "NoncurrentVersionTransitions"]',
      'some before in rule[list_name]',
      'some j, step in rule[list_name]',
      'days_of(before.TransitionInDays) < days_of(step.TransitionInDays)',
      'next := colder[before.StorageClass]',
      'not step.StorageClass in next',
    ],
    at: 'sprintf("Properties.LifecycleConfiguration.Rules.%d.%s.%d.StorageClass", [i, list_name, j])',
    message: 'sprintf("StorageClass is %v after %v; allowed: %v", [step.StorageClass, before.StorageClass, next])',
  },
  {
    id: 'Coffer-LifecycleTransition',
    lines: [
      ...RULES,
      'some list_name in ["Transitions", "NoncurrentVersionTransitions"]',
      'some before in rule[list_name]',
      'some j, step in rule[list_name]',
      'before.StorageClass in {"STANDARD_IA", "ONEZONE_IA"}',
      'gap := days_of(step.TransitionInDays) - days_of(before.TransitionInDays)',
      'gap > 0',
      `gap < ${IA_DAYS}`,
    ],
    at: 'sprintf("Properties.LifecycleConfiguration.Rules.%d.%s.%d.TransitionInDays", [i, list_name, j])',
    message: `sprintf("TransitionInDays is %v; allowed: at least ${IA_DAYS} days after %v", [step.TransitionInDays, before.StorageClass])`,
  },
  {
    id: 'Coffer-LifecycleTransition',
    lines: [
      ...RULES,
      'days := days_of(rule.ExpirationInDays)',
      'some step in rule.Transitions',
      'days <= days_of(step.TransitionInDays)',
    ],
    at: at('ExpirationInDays'),
    message:
      'sprintf("ExpirationInDays is %v; allowed: more than the %v of the transition to %v", [days, step.TransitionInDays, step.StorageClass])',
  },
  {
    id: 'Coffer-LifecycleTransition',
    lines: [
      ...RULES,
      'days := days_of(rule.NoncurrentVersionExpiration.NoncurrentDays)',
      'some step in rule.NoncurrentVersionTransitions',
      'days <= days_of(step.TransitionInDays)',
    ],
    at: at('NoncurrentVersionExpiration.NoncurrentDays'),
    message:
      'sprintf("NoncurrentDays is %v; allowed: more than the %v of the transition to %v", [days, step.TransitionInDays, step.StorageClass])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES, 'some k, other in rules', 'k < i', 'rule.Id == other.Id'],
    at: at('Id'),
    message: 'sprintf("Id is %v; allowed: an id of its own; Rules[%d] has it", [rule.Id, k])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES, 'is_string(rule.Id)', `count(rule.Id) > ${MAX_ID}`],
    at: at('Id'),
    message: `"Id is too long; allowed: at most ${MAX_ID} characters"`,
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES.slice(0, 3), `count(rules) > ${MAX_RULES}`],
    at: '"Properties.LifecycleConfiguration.Rules"',
    message: `"too many rules; allowed: at most ${MAX_RULES}"`,
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [
      ...RULES,
      'rule.AbortIncompleteMultipartUpload',
      'some filter in ["TagFilters", "ObjectSizeGreaterThan", "ObjectSizeLessThan"]',
      'rule[filter]',
    ],
    at: at('%s', ', filter'),
    message: 'sprintf("%s beside AbortIncompleteMultipartUpload; allowed: none", [filter])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES, 'in_days(rule)', 'on_dates(rule)'],
    at: 'sprintf("Properties.LifecycleConfiguration.Rules.%d", [i])',
    message: '"days and dates in one rule; allowed: one of the two"',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [
      ...RULES,
      'some path in [["ExpirationInDays"], ["NoncurrentVersionExpiration", "NoncurrentDays"], ["AbortIncompleteMultipartUpload", "DaysAfterInitiation"]]',
      'days := days_of(object.get(rule, path, null))',
      'days < 1',
    ],
    at: at('%s', ', concat(".", path)'),
    message: 'sprintf("%s is %v; allowed: whole days, at least 1", [concat(".", path), days])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [
      ...RULES,
      'rule.ExpiredObjectDeleteMarker == true',
      'some beside in ["ExpirationInDays", "ExpirationDate", "TagFilters"]',
      'rule[beside]',
    ],
    at: at('ExpiredObjectDeleteMarker'),
    message: 'sprintf("ExpiredObjectDeleteMarker beside %s; allowed: a rule of its own", [beside])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [
      ...RULES,
      'versions := days_of(rule.NoncurrentVersionExpiration.NewerNoncurrentVersions)',
      'outside(versions, 1, 100)',
    ],
    at: at('NoncurrentVersionExpiration.NewerNoncurrentVersions'),
    message: 'sprintf("NewerNoncurrentVersions is %v; allowed: 1 to 100", [versions])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES, 'days_of(rule.ObjectSizeGreaterThan) + 2 > days_of(rule.ObjectSizeLessThan)'],
    at: at('ObjectSizeGreaterThan'),
    message:
      'sprintf("ObjectSizeGreaterThan is %v; allowed: at least 2 less than %v", [rule.ObjectSizeGreaterThan, rule.ObjectSizeLessThan])',
  },
  {
    id: 'Coffer-LifecycleRule',
    lines: [...RULES, 'of_old_versions(rule)', 'not keeps_versions(name)'],
    at: 'sprintf("Properties.LifecycleConfiguration.Rules.%d", [i])',
    message: '"old versions where none are kept; allowed: only with versioning enabled"',
  },
];

const REPLICA = [
  BUCKET,
  'rules := resolve(name, "Properties.ReplicationConfiguration.Rules")',
  'is_array(rules)',
  'some i, rule in rules',
  'not rule.Status == "Disabled"',
];
const replica = (rest: string) => `sprintf("Properties.ReplicationConfiguration.Rules.%d.${rest}", [i])`;

const others: Body[] = [
  {
    id: 'Coffer-ObjectLock',
    lines: [
      BUCKET,
      'locked(name)',
      'status := resolve(name, "Properties.VersioningConfiguration.Status")',
      'status == "Suspended"',
    ],
    at: '"Properties.VersioningConfiguration.Status"',
    message: '"Status is Suspended; allowed: Enabled with Object Lock"',
  },
  {
    id: 'Coffer-ObjectLock',
    lines: [
      BUCKET,
      'locked(name)',
      'some tag in resolve(name, "Properties.Tags")',
      'tag.Key == "aws-cdk:auto-delete-objects"',
    ],
    at: '"Properties.Tags"',
    message: '"objects are to be deleted with the stack; allowed: not with Object Lock"',
  },
  {
    id: 'Coffer-LogTarget',
    lines: [
      BUCKET,
      'target := resolve(name, "Properties.LoggingConfiguration.DestinationBucketName")',
      'is_string(target)',
      'input.resources[target].properties.ObjectLockConfiguration.Rule.DefaultRetention',
    ],
    at: '"Properties.LoggingConfiguration.DestinationBucketName"',
    message: '"logs go to a bucket with a default retention; allowed: a bucket without one"',
  },
  {
    id: 'Coffer-LogTarget',
    lines: [
      BUCKET,
      'logging := resolve(name, "Properties.LoggingConfiguration")',
      'is_object(logging)',
      'object.get(logging, "DestinationBucketName", name) == name',
    ],
    at: '"Properties.LoggingConfiguration"',
    message: '"logs go to the bucket itself; allowed: another bucket"',
  },
  {
    id: 'Coffer-Replication',
    lines: [BUCKET, 'resolve(name, "Properties.ReplicationConfiguration.Rules")', 'not keeps_versions(name)'],
    at: '"Properties.VersioningConfiguration"',
    message: '"a replicated bucket without versions; allowed: Enabled"',
  },
  {
    id: 'Coffer-Replication',
    lines: [...REPLICA, 'other := bucket_of(rule.Destination.Bucket)', 'not keeps_versions(other)'],
    at: replica('Destination.Bucket'),
    message: 'sprintf("%s keeps no versions; allowed: a bucket with versioning enabled", [other])',
  },
  {
    id: 'Coffer-Replication',
    lines: [...REPLICA, 'locked(name)', 'other := bucket_of(rule.Destination.Bucket)', 'not locked(other)'],
    at: replica('Destination.Bucket'),
    message: 'sprintf("%s has no Object Lock; allowed: a bucket with it, since the source has it", [other])',
  },
  {
    id: 'Coffer-Replication',
    lines: [
      ...REPLICA,
      'some sse in resolve(name, "Properties.BucketEncryption.ServerSideEncryptionConfiguration")',
      'startswith(sse.ServerSideEncryptionByDefault.SSEAlgorithm, "aws:kms")',
      'not rule.SourceSelectionCriteria.SseKmsEncryptedObjects.Status == "Enabled"',
    ],
    at: replica('SourceSelectionCriteria'),
    message: '"objects under a KMS key are not copied; allowed: SseKmsEncryptedObjects Enabled"',
  },
  {
    id: 'Coffer-Replication',
    lines: [
      ...REPLICA,
      'rule.Destination.ReplicationTime.Status == "Enabled"',
      'not rule.Destination.Metrics.Status == "Enabled"',
    ],
    at: replica('Destination.Metrics'),
    message: '"Replication Time Control without metrics; allowed: Metrics Enabled"',
  },
  {
    id: 'Coffer-Replication',
    lines: [...REPLICA, 'rule.Filter', 'not is_number(rule.Priority)'],
    at: replica('Priority'),
    message: '"a filter without priority; allowed: a number of its own"',
  },
  {
    id: 'Coffer-Replication',
    lines: [...REPLICA, 'by_tag(rule.Filter)', 'rule.DeleteMarkerReplication.Status == "Enabled"'],
    at: replica('DeleteMarkerReplication.Status'),
    message: '"delete markers with a filter by tag; allowed: Disabled"',
  },
  {
    id: 'Coffer-Encryption',
    lines: [
      BUCKET,
      'some i, sse in resolve(name, "Properties.BucketEncryption.ServerSideEncryptionConfiguration")',
      'sse.ServerSideEncryptionByDefault.SSEAlgorithm == "AES256"',
      'sse.ServerSideEncryptionByDefault.KMSMasterKeyID',
    ],
    at: 'sprintf("Properties.BucketEncryption.ServerSideEncryptionConfiguration.%d", [i])',
    message: '"a key beside AES256; allowed: none"',
  },
  {
    id: 'Coffer-IntelligentTiering',
    lines: [
      BUCKET,
      'some i, configuration in resolve(name, "Properties.IntelligentTieringConfigurations")',
      'some j, tier in configuration.Tierings',
      'least := {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}[tier.AccessTier]',
      'outside(days_of(tier.Days), least, 730)',
    ],
    at: 'sprintf("Properties.IntelligentTieringConfigurations.%d.Tierings.%d.Days", [i, j])',
    message: 'sprintf("Days is %v; allowed: %d to 730 for %s", [tier.Days, least, tier.AccessTier])',
  },
  {
    id: 'Coffer-PolicySid',
    lines: [
      'some name in resources_of_type("AWS::S3::BucketPolicy")',
      'statements := resolve(name, "Properties.PolicyDocument.Statement")',
      'some i, one in statements',
      'some k, other in statements',
      'k < i',
      'one.Sid == other.Sid',
    ],
    at: 'sprintf("Properties.PolicyDocument.Statement.%d.Sid", [i])',
    message: 'sprintf("Sid is %v; allowed: one of its own; Statement[%d] has it", [one.Sid, k])',
  },
  ...['QueueConfigurations', 'TopicConfigurations', 'LambdaConfigurations'].map((list) => ({
    id: 'Coffer-NotificationOverlap',
    lines: [
      BUCKET,
      `wanted := resolve(name, "Properties.NotificationConfiguration.${list}")`,
      'some i, one in wanted',
      'some k, other in wanted',
      'k < i',
      'same_event(one.Event, other.Event)',
      'within(affix(one, "prefix"), affix(other, "prefix"))',
      'ends_within(affix(one, "suffix"), affix(other, "suffix"))',
    ],
    at: `sprintf("Properties.NotificationConfiguration.${list}.%d", [i])`,
    message: `sprintf("%s for keys that ${list}[%d] wants too; allowed: filters that tell them apart", [one.Event, k])`,
  })),
];

const AIDS = `
colder := ${JSON.stringify(NEXT)}

days_of(value) := value if is_number(value)
days_of(value) := to_number(value) if regex.match(\`^[0-9]+$\`, value)

in_days(rule) if rule.ExpirationInDays
in_days(rule) if rule.Transitions[_].TransitionInDays
on_dates(rule) if rule.ExpirationDate
on_dates(rule) if rule.Transitions[_].TransitionDate

of_old_versions(rule) if rule.NoncurrentVersionExpiration
of_old_versions(rule) if rule.NoncurrentVersionTransitions

outside(value, least, most) if value < least
outside(value, least, most) if value > most

keeps_versions(name) if resolve(name, "Properties.VersioningConfiguration.Status") == "Enabled"
keeps_versions(name) if locked(name)
keeps_versions(name) if is_object(resolve(name, "Properties.VersioningConfiguration.Status"))

locked(name) if resolve(name, "Properties.ObjectLockEnabled") == true

bucket_of(reference) := reference if {
	is_string(reference)
	input.resources[reference].resourceType == "AWS::S3::Bucket"
}

bucket_of(reference) := name if {
	is_object(reference)
	name := reference.__ref
	input.resources[name].resourceType == "AWS::S3::Bucket"
}

by_tag(filter) if filter.TagFilter
by_tag(filter) if filter.And.TagFilters

affix(one, wanted) := value if {
	some rule in one.Filter.S3Key.Rules
	lower(rule.Name) == wanted
	value := rule.Value
} else := ""

within(one, other) if startswith(one, other)
within(one, other) if startswith(other, one)
ends_within(one, other) if endswith(one, other)
ends_within(one, other) if endswith(other, one)

same_event(one, other) if one == other
same_event(one, other) if startswith(one, trim_suffix(other, "*"))
same_event(one, other) if startswith(other, trim_suffix(one, "*"))
`;

/** The rules as one Rego module. */
export const REGO = ['package coffer.s3', '', 'import rego.v1', AIDS, ...[...lifecycle, ...others].map(rule)].join(
  '\n',
);

/** What every bucket is to have, as CloudFormation Guard rules. */
export const GUARD = `
let buckets = Resources.*[ Type == 'AWS::S3::Bucket' ]

rule Coffer_PublicAccess when %buckets !empty {
  %buckets.Properties.PublicAccessBlockConfiguration {
    BlockPublicAcls == true <<apply BucketBlockPublicAccess of aws-cdk-lib/aws-s3/mixins>>
    BlockPublicPolicy == true
    IgnorePublicAcls == true
    RestrictPublicBuckets == true
  }
}

rule Coffer_OwnerEnforced when %buckets !empty {
  %buckets.Properties.OwnershipControls.Rules[*].ObjectOwnership == 'BucketOwnerEnforced' <<apply BucketOwnerEnforced>>
}

rule Coffer_Versioning when %buckets !empty {
  %buckets.Properties.VersioningConfiguration.Status == 'Enabled' <<apply BucketVersioning of aws-cdk-lib/aws-s3/mixins>>
}

rule Coffer_Encryption when %buckets !empty {
  %buckets.Properties.BucketEncryption.ServerSideEncryptionConfiguration[*].ServerSideEncryptionByDefault.SSEAlgorithm exists <<apply BucketEncryption>>
}
`;
