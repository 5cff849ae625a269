/** MFA delete, which no template can switch on, watched by AWS Config. */
import * as config from 'aws-cdk-lib/aws-config';
import type { Construct } from 'constructs';

/** AWS Config's managed rule s3-bucket-mfa-delete-enabled, for one bucket alone. */
export function auditMfaDelete(scope: Construct, bucketName: string): config.CfnConfigRule {
  return new config.CfnConfigRule(scope, 'MfaDelete', {
    description: `MFA delete is on for ${scope.node.path}; only the root user can switch it on`.slice(0, 256),
    source: { owner: 'AWS', sourceIdentifier: 'S3_BUCKET_MFA_DELETE_ENABLED' },
    scope: { complianceResourceTypes: ['AWS::S3::Bucket'], complianceResourceId: bucketName },
  });
}
