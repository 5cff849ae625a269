/**
 * How inert types look, where the registry alone would not tell. Source: the page of each type in the CloudFormation
 * template reference, "Return values".
 *
 * In braces, the first that there is: a property (`{Name}`, `{TableInput.Name}`), `{ref}`, `{account}`, `{region}`,
 * `{partition}`, `{suffix}` (of host names), `{generated}` (stack, logical id, letters) and `{generatedlower}`,
 * `{uuid}`, `{now}`, `{scope}` (WAF's `global` or `regional`), or letters of an alphabet: `{hex:17}`, `{upper:13}`, `{lower:14}`, `{digits:6}`; a third part tells
 * one from another.
 */
export interface Look {
  /** The physical id, which `Ref` answers. */
  readonly id: string;
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
}

const arn = (service: string, resource: string) => `arn:{partition}:${service}:{region}:{account}:${resource}`;
/** Of services without Regions. */
const global = (service: string, resource: string) => `arn:{partition}:${service}::{account}:${resource}`;

const id = (id: string, attributes: Look['attributes'] = {}): Look => ({ id, attributes });
/** `Ref` is the ARN. */
const byArn = (arn: string, attributes: Look['attributes'] = {}): Look => ({
  id: arn,
  attributes: { Arn: '{ref}', ...attributes },
});
/** An id of EC2: `vpc-0123456789abcdef0`. */
const ec2 = (prefix: string, attributes: Look['attributes'] = {}) => id(`${prefix}-0{hex:16}`, attributes);
/** A CloudFront policy, known by a UUID. */
const policy = () => id('{uuid}', { Id: '{ref}', LastModifiedTime: '{now}' });

const cloudFront: Record<string, Look> = {
  'AWS::CloudFront::CachePolicy': policy(),
  'AWS::CloudFront::CloudFrontOriginAccessIdentity': id('E{upper:13}', { Id: '{ref}', S3CanonicalUserId: '{hex:64}' }),
  'AWS::CloudFront::ContinuousDeploymentPolicy': policy(),
  'AWS::CloudFront::Distribution': id('E{upper:13}', { Id: '{ref}', DomainName: 'd{lower:13}.cloudfront.net' }),
  'AWS::CloudFront::Function': byArn(global('cloudfront', 'function/{Name}'), {
    FunctionARN: '{ref}',
    'FunctionMetadata.FunctionARN': '{ref}',
    Stage: 'LIVE',
  }),
  'AWS::CloudFront::KeyGroup': policy(),
  'AWS::CloudFront::KeyValueStore': id('{Name}', {
    Arn: global('cloudfront', 'key-value-store/{uuid}'),
    Id: '{uuid}',
    Status: 'READY',
  }),
  'AWS::CloudFront::OriginAccessControl': id('E{upper:13}', { Id: '{ref}' }),
  'AWS::CloudFront::OriginRequestPolicy': policy(),
  'AWS::CloudFront::PublicKey': id('K{upper:13}', { Id: '{ref}', CreatedTime: '{now}' }),
  'AWS::CloudFront::RealtimeLogConfig': byArn(global('cloudfront', 'realtime-log-config/{Name}')),
  'AWS::CloudFront::ResponseHeadersPolicy': policy(),
};

const data: Record<string, Look> = {
  'AWS::Athena::NamedQuery': id('{uuid}', { NamedQueryId: '{ref}' }),
  'AWS::Athena::WorkGroup': id('{Name}', { CreationTime: '{now}' }),
  'AWS::DynamoDB::Table': id('{TableName|generated}', {
    Arn: arn('dynamodb', 'table/{ref}'),
    StreamArn: arn('dynamodb', 'table/{ref}/stream/2025-01-01T00:00:00.000'),
  }),
  'AWS::Glue::Crawler': id('{Name|generated}'),
  'AWS::Glue::Database': id('{DatabaseInput.Name|DatabaseName|generatedlower}'),
  'AWS::Glue::SecurityConfiguration': id('{Name}'),
  'AWS::Glue::Table': id('{TableInput.Name|Name|generatedlower}'),
  'AWS::KinesisFirehose::DeliveryStream': id('{DeliveryStreamName|generated}', {
    Arn: arn('firehose', 'deliverystream/{ref}'),
  }),
};

const protection: Record<string, Look> = {
  'AWS::Backup::BackupPlan': id('{uuid}', {
    BackupPlanArn: arn('backup', 'backup-plan:{ref}'),
    BackupPlanId: '{ref}',
    VersionId: '{lower:48}',
  }),
  'AWS::Backup::BackupSelection': id('{uuid}_{BackupPlanId}', {
    BackupPlanId: '{BackupPlanId}',
    Id: '{ref}',
    SelectionId: '{uuid}',
  }),
  'AWS::Backup::BackupVault': id('{BackupVaultName}', {
    BackupVaultArn: arn('backup', 'backup-vault:{ref}'),
    BackupVaultName: '{ref}',
  }),
  'AWS::CertificateManager::Certificate': id(arn('acm', 'certificate/{uuid}')),
  'AWS::Config::ConfigRule': id('{ConfigRuleName|generated}', {
    Arn: arn('config', 'config-rule/config-rule-{lower:6}'),
    ConfigRuleId: 'config-rule-{lower:6}',
    'Compliance.Type': 'INSUFFICIENT_DATA',
  }),
  'AWS::GuardDuty::Detector': id('{hex:32}', { Id: '{ref}' }),
  'AWS::GuardDuty::MalwareProtectionPlan': id('{hex:20}', {
    Arn: arn('guardduty', 'malware-protection-plan/{ref}'),
    CreatedAt: '{now}',
    MalwareProtectionPlanId: '{ref}',
    Status: 'ACTIVE',
  }),
  'AWS::WAFv2::IPSet': id('{Name|generated}|{uuid}|{Scope}', {
    Arn: arn('wafv2', '{scope}/ipset/{Name|generated}/{uuid}'),
    Id: '{uuid}',
  }),
  'AWS::WAFv2::LoggingConfiguration': id('{ResourceArn}'),
  'AWS::WAFv2::WebACL': id('{Name|generated}|{uuid}|{Scope}', {
    Arn: arn('wafv2', '{scope}/webacl/{Name|generated}/{uuid}'),
    Id: '{uuid}',
    LabelNamespace: 'awswaf:{account}:webacl:{Name|generated}:',
  }),
  'AWS::WAFv2::WebACLAssociation': id('{WebACLArn}|{ResourceArn}'),
};

const network: Record<string, Look> = {
  'AWS::EC2::EIP': id('{digits:2}.{digits:2:b}.{digits:2:c}.{digits:2:d}', { AllocationId: 'eipalloc-0{hex:16}' }),
  'AWS::EC2::InternetGateway': ec2('igw', { InternetGatewayId: '{ref}' }),
  'AWS::EC2::NatGateway': ec2('nat', { NatGatewayId: '{ref}' }),
  'AWS::EC2::NetworkAcl': ec2('acl', { Id: '{ref}' }),
  'AWS::EC2::RouteTable': ec2('rtb', { RouteTableId: '{ref}' }),
  'AWS::EC2::SecurityGroup': ec2('sg', { GroupId: '{ref}', Id: '{ref}', VpcId: '{VpcId|vpc}' }),
  'AWS::EC2::Subnet': ec2('subnet', { SubnetId: '{ref}', AvailabilityZone: '{AvailabilityZone|region}' }),
  'AWS::EC2::VPC': ec2('vpc', {
    CidrBlockAssociations: ['vpc-cidr-assoc-0{hex:16:cidr}'],
    DefaultNetworkAcl: 'acl-0{hex:16:acl}',
    DefaultSecurityGroup: 'sg-0{hex:16:group}',
    Ipv6CidrBlocks: [],
    VpcId: '{ref}',
  }),
  'AWS::EC2::VPCEndpoint': ec2('vpce', {
    CreationTimestamp: '{now}',
    DnsEntries: ['Z{upper:13}:{ref}-{lower:8}.s3.{region}.vpce.{suffix}'],
    Id: '{ref}',
    NetworkInterfaceIds: ['eni-0{hex:16:interface}'],
  }),
  'AWS::Route53::HostedZone': id('Z{upper:20}', {
    Id: '{ref}',
    NameServers: ['ns-1.awsdns-01.org', 'ns-2.awsdns-02.co.uk', 'ns-3.awsdns-03.com', 'ns-4.awsdns-04.net'],
  }),
  'AWS::Route53::RecordSet': id('{Name}'),
};

const operation: Record<string, Look> = {
  'AWS::CloudWatch::Alarm': id('{AlarmName|generated}', { Arn: arn('cloudwatch', 'alarm:{ref}') }),
  'AWS::CloudWatch::CompositeAlarm': id('{AlarmName|generated}', { Arn: arn('cloudwatch', 'alarm:{ref}') }),
  'AWS::CloudWatch::Dashboard': id('{DashboardName|generated}'),
  'AWS::ECR::Repository': id('{RepositoryName|generatedlower}', {
    Arn: arn('ecr', 'repository/{ref}'),
    RepositoryUri: '{account}.dkr.ecr.{region}.{suffix}/{ref}',
  }),
  'AWS::Logs::Delivery': id('{lower:16}', {
    Arn: arn('logs', 'delivery:{ref}'),
    DeliveryDestinationType: 'S3',
    DeliveryId: '{ref}',
  }),
  'AWS::Logs::DeliveryDestination': id('{Name}', { Arn: arn('logs', 'delivery-destination:{ref}') }),
  'AWS::Logs::DeliverySource': id('{Name}', { Arn: arn('logs', 'delivery-source:{ref}') }),
  'AWS::Logs::MetricFilter': id('{FilterName|generated}'),
};

const storage: Record<string, Look> = {
  'AWS::S3::AccessGrant': id('{uuid}', {
    AccessGrantArn: arn('s3', 'access-grants/default/grant/{ref}'),
    AccessGrantId: '{ref}',
  }),
  'AWS::S3::AccessGrantsInstance': id(arn('s3', 'access-grants/default'), {
    AccessGrantsInstanceArn: '{ref}',
    AccessGrantsInstanceId: 'default',
  }),
  'AWS::S3::AccessGrantsLocation': id('{uuid}', {
    AccessGrantsLocationArn: arn('s3', 'access-grants/default/location/{ref}'),
    AccessGrantsLocationId: '{ref}',
  }),
  'AWS::S3::MultiRegionAccessPoint': id('{Name|generatedlower}', { Alias: '{lower:13}.mrap', CreatedAt: '{now}' }),
  'AWS::S3::MultiRegionAccessPointPolicy': id('{MrapName}'),
  'AWS::S3::StorageLens': id('{StorageLensConfiguration.Id}', {
    'StorageLensConfiguration.StorageLensArn': arn('s3', 'storage-lens/{ref}'),
  }),
  'AWS::S3::StorageLensGroup': id('{Name}', { StorageLensGroupArn: arn('s3', 'storage-lens-group/{ref}') }),
  'AWS::S3ObjectLambda::AccessPoint': id('{Name|generatedlower}', {
    'Alias.Status': 'READY',
    'Alias.Value': '{ref}--ol-s3',
    Arn: arn('s3-object-lambda', 'accesspoint/{ref}'),
  }),
};

/** What stands around buckets in other people's stacks. */
const neighbours: Record<string, Look> = {
  'AWS::ApiGateway::Deployment': id('{lower:6}', { DeploymentId: '{ref}' }),
  'AWS::ApiGateway::Method': id('{lower:10}'),
  'AWS::ApiGateway::Resource': id('{lower:6}', { ResourceId: '{ref}' }),
  'AWS::ApiGateway::RestApi': id('{lower:10}', { RestApiId: '{ref}', RootResourceId: '{lower:10:root}' }),
  'AWS::ApiGateway::Stage': id('{StageName|generated}'),
  'AWS::ApiGatewayV2::Api': id('{lower:10}', {
    ApiEndpoint: 'https://{ref}.execute-api.{region}.{suffix}',
    ApiId: '{ref}',
    ExecuteApiArn: arn('execute-api', '{ref}'),
  }),
  'AWS::ApiGatewayV2::Integration': id('{lower:7}', { IntegrationId: '{ref}' }),
  'AWS::ApiGatewayV2::Route': id('{lower:7}', { RouteId: '{ref}' }),
  'AWS::ApiGatewayV2::Stage': id('{StageName}'),
  'AWS::Cognito::IdentityPool': id('{region}:{uuid}', { Id: '{ref}', Name: '{IdentityPoolName|generated}' }),
  'AWS::Cognito::UserPool': id('{region}_{upper:9}', {
    Arn: arn('cognito-idp', 'userpool/{ref}'),
    ProviderName: 'cognito-idp.{region}.{suffix}/{ref}',
    ProviderURL: 'https://cognito-idp.{region}.{suffix}/{ref}',
    UserPoolId: '{ref}',
  }),
  'AWS::Cognito::UserPoolClient': id('{lower:26}', { ClientId: '{ref}', Name: '{ClientName|generated}' }),
  'AWS::DynamoDB::GlobalTable': id('{TableName|generated}', {
    Arn: arn('dynamodb', 'table/{ref}'),
    StreamArn: arn('dynamodb', 'table/{ref}/stream/2025-01-01T00:00:00.000'),
    TableId: '{uuid}',
  }),
  'AWS::EC2::Instance': ec2('i', {
    AvailabilityZone: '{AvailabilityZone|region}',
    InstanceId: '{ref}',
    PrivateDnsName: 'ip-10-0-0-10.ec2.internal',
    PrivateIp: '10.0.0.10',
  }),
  'AWS::ECS::Service': id(arn('ecs', 'service/{Cluster|generated}/{ServiceName|generated}'), {
    Name: '{ServiceName|generated}',
    ServiceArn: '{ref}',
  }),
  'AWS::ECS::TaskDefinition': id(arn('ecs', 'task-definition/{Family|generated}:1'), { TaskDefinitionArn: '{ref}' }),
  'AWS::ElasticLoadBalancingV2::LoadBalancer': id(
    arn('elasticloadbalancing', 'loadbalancer/app/{Name|generated}/{hex:16}'),
    {
      CanonicalHostedZoneID: 'Z{upper:13}',
      DNSName: '{Name|generated}-{digits:10}.{region}.elb.{suffix}',
      LoadBalancerArn: '{ref}',
      LoadBalancerFullName: 'app/{Name|generated}/{hex:16}',
      LoadBalancerName: '{Name|generated}',
    },
  ),
  'AWS::ElasticLoadBalancingV2::TargetGroup': id(arn('elasticloadbalancing', 'targetgroup/{Name|generated}/{hex:16}'), {
    TargetGroupArn: '{ref}',
    TargetGroupFullName: 'targetgroup/{Name|generated}/{hex:16}',
    TargetGroupName: '{Name|generated}',
  }),
  'AWS::Scheduler::Schedule': id('{Name|generated}', { Arn: arn('scheduler', 'schedule/default/{ref}') }),
};

export const looks: Readonly<Record<string, Look>> = {
  ...cloudFront,
  ...data,
  ...neighbours,
  ...network,
  ...operation,
  ...protection,
  ...storage,
};
