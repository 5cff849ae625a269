/** What StaticSite and MediaDelivery have in common. */
import type * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import type * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import type * as s3 from 'aws-cdk-lib/aws-s3';
import type { Removal } from '../bucket/removal';
import type { CustomDomain } from './domain';
import type { WebAcl } from './firewall';
import type { DeliveryLogs } from './logs';

export interface DeliveryProps {
  /**
   * Bucket that is delivered; of this stack, another or imported.
   * @default - a new SecureBucket
   */
  readonly bucket?: s3.IBucket;
  /**
   * Bucket that is asked when the first answers with 500, 502, 503 or 504 or not at all: its replica.
   * @default - none
   */
  readonly failoverBucket?: s3.IBucket;
  /**
   * Names, certificate and records.
   * @default - the name that CloudFront gives, with its certificate
   */
  readonly domain?: CustomDomain;
  /**
   * Web ACL.
   * @default - none: files from S3 are delivered, nothing runs that a request could misuse
   */
  readonly webAcl?: WebAcl;
  /**
   * Access log.
   * @default - DeliveryLogs.standard() in us-east-1, DeliveryLogs.legacy() elsewhere
   */
  readonly logs?: DeliveryLogs;
  /**
   * Countries that are served, as ISO 3166-1 alpha-2 codes such as `DE`.
   * @default - all
   */
  readonly allowedCountries?: string[];
  /**
   * From where on earth it is delivered.
   * @default cloudfront.PriceClass.PRICE_CLASS_100
   */
  readonly priceClass?: cloudfront.PriceClass;
  /**
   * Id of the distribution, from the output of the first deployment. Then the key's policy names this one only.
   * @default - policies that cannot refer to the distribution name those of the account
   */
  readonly distributionId?: string;
  /**
   * What becomes of a bucket made here when it leaves the stack.
   * @default Removal.RETAIN
   */
  readonly removal?: Removal;
  /**
   * Who is told when more than 1 % of requests end in an error of the server. Needs a stack in us-east-1.
   * @default - nobody
   */
  readonly alarmActions?: cloudwatch.IAlarmAction[];
}
