/** The larger properties of a bucket, as tables. Source: CloudFormation template reference, "AWS::S3::Bucket" and its types. */
import { date, filterOf, flag, list, number, type Read, type Shaped, shape, tagFilters, text, then } from './reading';

export const encryption: Read<Shaped> = shape({
  ServerSideEncryptionConfiguration: [
    'Rules',
    list(
      shape({
        BucketKeyEnabled: flag,
        ServerSideEncryptionByDefault: [
          'ApplyServerSideEncryptionByDefault',
          shape({ SSEAlgorithm: text, KMSMasterKeyID: text }),
        ],
        BlockedEncryptionTypes: shape({ EncryptionType: list(text) }),
      }),
    ),
  ],
});

export const publicAccess: Read<Shaped> = shape({
  BlockPublicAcls: flag,
  BlockPublicPolicy: flag,
  IgnorePublicAcls: flag,
  RestrictPublicBuckets: flag,
});

export const ownership: Read<Shaped> = shape({ Rules: list(shape({ ObjectOwnership: text })) });

export const versioning: Read<Shaped> = shape({ Status: text });

export const acceleration: Read<Shaped> = shape({ AccelerationStatus: ['Status', text] });

export const objectLock: Read<Shaped> = shape({
  ObjectLockEnabled: text,
  Rule: shape({
    DefaultRetention: shape({
      Days: number,
      DefaultEventHold: shape({ Days: number, Years: number }),
      Mode: text,
      Years: number,
    }),
  }),
});

export const cors: Read<Shaped> = shape({
  CorsRules: [
    'CORSRules',
    list(
      shape({
        AllowedHeaders: list(text),
        AllowedMethods: list(text),
        AllowedOrigins: list(text),
        ExposedHeaders: ['ExposeHeaders', list(text)],
        Id: ['ID', text],
        MaxAge: ['MaxAgeSeconds', number],
      }),
    ),
  ],
});

export const logging: Read<Shaped> = shape({
  DestinationBucketName: ['TargetBucket', text],
  LogFilePrefix: ['TargetPrefix', text],
  TargetObjectKeyFormat: shape({
    PartitionedPrefix: shape({ PartitionDateSource: text }),
    SimplePrefix: shape({}),
  }),
});

export const website: Read<Shaped> = shape({
  IndexDocument: then(text, (Suffix) => ({ Suffix })),
  ErrorDocument: then(text, (Key) => ({ Key })),
  RedirectAllRequestsTo: shape({ HostName: text, Protocol: text }),
  RoutingRules: list(
    shape({
      RedirectRule: [
        'Redirect',
        shape({
          HostName: text,
          HttpRedirectCode: text,
          Protocol: text,
          ReplaceKeyPrefixWith: text,
          ReplaceKeyWith: text,
        }),
      ],
      RoutingRuleCondition: ['Condition', shape({ HttpErrorCodeReturnedEquals: text, KeyPrefixEquals: text })],
    }),
  ),
});

// ---- lifecycle ----------------------------------------------------------------------------------------------------

const transition = shape({
  StorageClass: text,
  TransitionDate: ['Date', date],
  TransitionInDays: ['Days', number],
});
const noncurrentTransition = shape({
  NewerNoncurrentVersions: number,
  StorageClass: text,
  TransitionInDays: ['NoncurrentDays', number],
});

const flatRule = shape({
  AbortIncompleteMultipartUpload: shape({ DaysAfterInitiation: number }),
  ExpirationDate: date,
  ExpirationInDays: number,
  ExpiredObjectDeleteMarker: flag,
  Id: ['ID', text],
  NoncurrentVersionExpiration: shape({ NewerNoncurrentVersions: number, NoncurrentDays: number }),
  NoncurrentVersionExpirationInDays: number,
  NoncurrentVersionTransition: noncurrentTransition,
  NoncurrentVersionTransitions: list(noncurrentTransition),
  ObjectSizeGreaterThan: number,
  ObjectSizeLessThan: number,
  Prefix: text,
  Status: text,
  TagFilters: tagFilters,
  Transition: transition,
  Transitions: list(transition),
});

/** CloudFormation has the members of expiration and filter side by side, and two ways to say one transition. */
function lifecycleRule(flat: Shaped): Shaped {
  const {
    ExpirationDate,
    ExpirationInDays,
    ExpiredObjectDeleteMarker,
    NoncurrentVersionExpirationInDays,
    NoncurrentVersionTransition,
    NoncurrentVersionTransitions = [],
    ObjectSizeGreaterThan,
    ObjectSizeLessThan,
    Prefix,
    TagFilters,
    Transition,
    Transitions = [],
    ...rule
  } = flat;
  const expires = ExpirationDate ?? ExpirationInDays ?? ExpiredObjectDeleteMarker;
  const transitions = [...Transitions, ...(Transition ? [Transition] : [])];
  const noncurrent = [
    ...NoncurrentVersionTransitions,
    ...(NoncurrentVersionTransition ? [NoncurrentVersionTransition] : []),
  ];
  return {
    ...rule,
    Filter: filterOf({ Prefix, ObjectSizeGreaterThan, ObjectSizeLessThan }, TagFilters) ?? { Prefix: '' },
    ...(expires === undefined
      ? {}
      : { Expiration: { Date: ExpirationDate, Days: ExpirationInDays, ExpiredObjectDeleteMarker } }),
    ...(NoncurrentVersionExpirationInDays === undefined
      ? {}
      : { NoncurrentVersionExpiration: { NoncurrentDays: NoncurrentVersionExpirationInDays } }),
    ...(transitions.length > 0 ? { Transitions: transitions } : {}),
    ...(noncurrent.length > 0 ? { NoncurrentVersionTransitions: noncurrent } : {}),
  };
}

export const lifecycle: Read<Shaped> = shape({
  Rules: list(then(flatRule, lifecycleRule)),
  TransitionDefaultMinimumObjectSize: text,
});

// ---- notifications ------------------------------------------------------------------------------------------------

const keyFilter = shape({
  S3Key: ['Key', shape({ Rules: ['FilterRules', list(shape({ Name: text, Value: text }))] })],
});
const event = then(text, (name) => [name]);

export const notification: Read<Shaped> = then(
  shape({
    EventBridgeConfiguration: shape({ EventBridgeEnabled: flag }),
    LambdaConfigurations: [
      'LambdaFunctionConfigurations',
      list(shape({ Event: ['Events', event], Filter: keyFilter, Function: ['LambdaFunctionArn', text] })),
    ],
    QueueConfigurations: list(shape({ Event: ['Events', event], Filter: keyFilter, Queue: ['QueueArn', text] })),
    TopicConfigurations: list(shape({ Event: ['Events', event], Filter: keyFilter, Topic: ['TopicArn', text] })),
  }),
  ({ EventBridgeConfiguration: bridge, ...rest }) => ({
    ...rest,
    ...(bridge && bridge.EventBridgeEnabled !== false ? { EventBridgeConfiguration: {} } : {}),
  }),
);

// ---- replication --------------------------------------------------------------------------------------------------

const status = shape({ Status: text });
const minutes = shape({ Minutes: number });

export const replication: Read<Shaped> = shape({
  Role: text,
  Rules: list(
    shape({
      DeleteMarkerReplication: status,
      Destination: shape({
        AccessControlTranslation: shape({ Owner: text }),
        Account: text,
        Bucket: text,
        EncryptionConfiguration: shape({ ReplicaKmsKeyID: text }),
        Metrics: shape({ EventThreshold: minutes, Status: text }),
        ReplicationTime: shape({ Status: text, Time: minutes }),
        StorageClass: text,
      }),
      Filter: shape({
        And: shape({ Prefix: text, TagFilters: ['Tags', tagFilters] }),
        Prefix: text,
        TagFilter: ['Tag', shape({ Key: text, Value: text })],
      }),
      Id: ['ID', text],
      Prefix: text,
      Priority: number,
      SourceSelectionCriteria: shape({ ReplicaModifications: status, SseKmsEncryptedObjects: status }),
      Status: text,
    }),
  ),
});

// ---- reports ------------------------------------------------------------------------------------------------------

const inventoryTarget = then(
  shape({ BucketAccountId: ['AccountId', text], BucketArn: ['Bucket', text], Format: text, Prefix: text }),
  (S3BucketDestination) => ({ S3BucketDestination }),
);

export const inventories: Read<Shaped[]> = list(
  shape({
    Destination: inventoryTarget,
    Enabled: ['IsEnabled', flag],
    Id: text,
    IncludedObjectVersions: text,
    OptionalFields: list(text),
    Prefix: ['Filter', then(text, (Prefix) => ({ Prefix }))],
    ScheduleFrequency: ['Schedule', then(text, (Frequency) => ({ Frequency }))],
  }),
);

const withFilter = ({ Prefix, TagFilters, AccessPointArn, ...rest }: Shaped): Shaped => {
  const Filter = filterOf({ Prefix, AccessPointArn }, TagFilters);
  return { ...rest, ...(Filter ? { Filter } : {}) };
};

const analyticsTarget = then(
  shape({ BucketAccountId: text, BucketArn: ['Bucket', text], Format: text, Prefix: text }),
  (S3BucketDestination) => ({ S3BucketDestination }),
);

export const analytics: Read<Shaped[]> = list(
  then(
    shape({
      Id: text,
      Prefix: text,
      StorageClassAnalysis: shape({ DataExport: shape({ Destination: analyticsTarget, OutputSchemaVersion: text }) }),
      TagFilters: tagFilters,
    }),
    withFilter,
  ),
);

export const metrics: Read<Shaped[]> = list(
  then(shape({ AccessPointArn: text, Id: text, Prefix: text, TagFilters: tagFilters }), withFilter),
);

export const tierings: Read<Shaped[]> = list(
  then(
    shape({
      Id: text,
      Prefix: text,
      Status: text,
      TagFilters: tagFilters,
      Tierings: list(shape({ AccessTier: text, Days: number })),
    }),
    withFilter,
  ),
);
