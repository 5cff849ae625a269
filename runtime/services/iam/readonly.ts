/**
 * The document of `ReadOnlyAccess`, as far as it concerns what stacks around S3 are made of. AWS's names every service
 * there is, 2677 actions in two statements; this one names those of the services below, each as AWS's does. What it
 * leaves out are actions that this runtime has nobody to answer. Source: version v178 of 12 February 2026.
 */

const READS: Readonly<Record<string, string>> = {
  acm: 'Describe* Get* List*',
  athena: 'Batch* Get* List*',
  backup: 'Describe* Get* List*',
  cloudformation: 'BatchDescribeTypeConfigurations Describe* Detect* Estimate* Get* List* ValidateTemplate',
  cloudfront: 'Describe* Get* List*',
  cloudtrail: 'Describe* Get* List* LookupEvents',
  cloudwatch: 'Describe* GenerateQuery GenerateQueryResultsSummary Get* List*',
  dynamodb: 'BatchGet* Describe* Get* List* PartiQLSelect Query Scan',
  ecr: 'BatchCheck* BatchGet* Describe* Get* List*',
  events: 'Describe* List* Test*',
  iam: 'Generate* Get* List* Simulate*',
  kms: 'Describe* Get* List*',
  lambda: 'Get* List*',
  logs: `Describe* FilterLogEvents Get* ListAnomalies ListEntitiesForLogGroup ListIntegrations ListLogAnomalyDetectors
    ListLogDeliveries ListLogGroupsForEntity ListLogGroupsForQuery ListTagsForResource ListTagsLogGroup StartLiveTail
    StartQuery StopLiveTail StopQuery TestMetricFilter ListAggregateLogGroupSummaries ListSourcesForS3TableIntegration
    ListScheduledQueries`,
  route53: 'Get* List* Test*',
  's3-object-lambda': `GetObject GetObjectAcl GetObjectLegalHold GetObjectRetention GetObjectTagging GetObjectVersion
    GetObjectVersionAcl GetObjectVersionTagging ListBucket ListBucketMultipartUploads ListBucketVersions
    ListMultipartUploadParts`,
  s3: 'DescribeJob Get* List*',
  secretsmanager: 'Describe* GetResourcePolicy List*',
  sns: 'Check* Get* List*',
  sqs: 'Get* List* Receive*',
  ssm: 'Describe* Get* List*',
  states: 'Describe* GetExecutionHistory List* ValidateStateMachineDefinition',
  sts: 'GetAccessKeyInfo GetCallerIdentity GetSessionToken',
  tag: 'DescribeReportCreation Get*',
  wafv2: 'CheckCapacity Describe* Get* List*',
};

export const readOnlyActions: readonly string[] = Object.entries(READS).flatMap(([service, actions]) =>
  actions.split(/\s+/).map((action) => `${service}:${action}`),
);
