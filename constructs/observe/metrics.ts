/**
 * The metrics that S3 reports of a bucket. Storage comes once a day and for nothing; requests come each minute once a
 * request metrics configuration is there, and cost as custom metrics do; replication comes with replication metrics.
 * Source: S3 User Guide, "Amazon S3 metrics and dimensions".
 */
import { Duration } from 'aws-cdk-lib';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as s3 from 'aws-cdk-lib/aws-s3';

/** Storage types whose sum is the size of a bucket, replaced versions and unfinished uploads included. */
const STORAGE_TYPES = [
  'StandardStorage',
  'StandardIAStorage',
  'OneZoneIAStorage',
  'IntelligentTieringFAStorage',
  'IntelligentTieringIAStorage',
  'IntelligentTieringAIAStorage',
  'GlacierInstantRetrievalStorage',
  'GlacierStorage',
  'DeepArchiveStorage',
];

/**
 * The metrics that S3 reports of a bucket.
 *
 * @example
 * const metrics = new BucketMetrics(bucket);
 * metrics.sizeBytes().createAlarm(this, 'Big', { threshold: 1e12, evaluationPeriods: 1 });
 */
export class BucketMetrics {
  constructor(
    private readonly bucket: s3.IBucket,
    private readonly requestMetricsId: string = 'EntireBucket',
  ) {}

  /** Bytes in the bucket, over all storage classes, once a day. */
  public sizeBytes(): cloudwatch.MathExpression {
    const usingMetrics: { [id: string]: cloudwatch.IMetric } = {};
    for (const [i, StorageType] of STORAGE_TYPES.entries())
      usingMetrics[`m${i}`] = this.daily('BucketSizeBytes', StorageType);
    return new cloudwatch.MathExpression({
      label: 'Bytes',
      expression: Object.keys(usingMetrics)
        .map((id) => `FILL(${id},0)`)
        .join('+'),
      usingMetrics,
      period: Duration.days(1),
    });
  }

  /** Objects in the bucket, versions and delete markers included, once a day. */
  public objects(): cloudwatch.Metric {
    return this.daily('NumberOfObjects', 'AllStorageTypes');
  }

  /** Requests of every kind. */
  public requests(): cloudwatch.Metric {
    return this.request('AllRequests', 'Sum');
  }

  /** Part of the requests that were refused as wrong or forbidden: 0 to 1. */
  public clientErrorRate(): cloudwatch.Metric {
    return this.request('4xxErrors', 'Average');
  }

  /** Part of the requests in which S3 failed: 0 to 1. */
  public serverErrorRate(): cloudwatch.Metric {
    return this.request('5xxErrors', 'Average');
  }

  /** Milliseconds until the first byte of an answer, at the 99th percentile. */
  public firstByteLatency(): cloudwatch.Metric {
    return this.request('FirstByteLatency', 'p99');
  }

  /** Bytes that were read. */
  public bytesDownloaded(): cloudwatch.Metric {
    return this.request('BytesDownloaded', 'Sum');
  }

  /** Bytes that were written. */
  public bytesUploaded(): cloudwatch.Metric {
    return this.request('BytesUploaded', 'Sum');
  }

  /** Most seconds by which a replica lags behind. */
  public replicationLatencySeconds(destinationBucketName: string, ruleId: string): cloudwatch.Metric {
    return this.replication('ReplicationLatency', 'Maximum', destinationBucketName, ruleId);
  }

  /** Operations that failed to replicate. */
  public replicationFailures(destinationBucketName: string, ruleId: string): cloudwatch.Metric {
    return this.replication('OperationsFailedReplication', 'Sum', destinationBucketName, ruleId);
  }

  /** Bytes that wait to be replicated. */
  public replicationBytesPending(destinationBucketName: string, ruleId: string): cloudwatch.Metric {
    return this.replication('BytesPendingReplication', 'Maximum', destinationBucketName, ruleId);
  }

  private daily(metricName: string, StorageType: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/S3',
      metricName,
      statistic: 'Average',
      period: Duration.days(1),
      dimensionsMap: { BucketName: this.bucket.bucketName, StorageType },
    });
  }

  private request(metricName: string, statistic: string): cloudwatch.Metric {
    return new cloudwatch.Metric({
      namespace: 'AWS/S3',
      metricName,
      statistic,
      period: Duration.minutes(5),
      dimensionsMap: { BucketName: this.bucket.bucketName, FilterId: this.requestMetricsId },
    });
  }

  private replication(metricName: string, statistic: string, DestinationBucket: string, RuleId: string) {
    return new cloudwatch.Metric({
      namespace: 'AWS/S3',
      metricName,
      statistic,
      period: Duration.minutes(5),
      dimensionsMap: { SourceBucket: this.bucket.bucketName, DestinationBucket, RuleId },
    });
  }
}
