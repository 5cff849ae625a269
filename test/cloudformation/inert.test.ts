/** Types that no service here acts on: kept, shown as on AWS, held to AWS's registry, and never silent. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as backup from 'aws-cdk-lib/aws-backup';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as cloudfront from 'aws-cdk-lib/aws-cloudfront';
import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as wafv2 from 'aws-cdk-lib/aws-wafv2';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.close());
const client = () => coffer.client(CloudFormationClient);

test('a stack around inert types deploys, and each looks as on AWS', async () => {
  // As `cdk init` has it: a VPC comes with a custom resource that empties its default security group.
  const app = new App({ context: { '@aws-cdk/aws-ec2:restrictDefaultSecurityGroup': true } });
  const stack = new Stack(app, 'Looks', { env: { region: 'us-east-1', account: '000000000000' } });
  const bucket = new s3.Bucket(stack, 'Bucket');
  const zone = new route53.HostedZone(stack, 'Zone', { zoneName: 'example.com' });
  const certificate = new acm.Certificate(stack, 'Certificate', {
    domainName: 'www.example.com',
    validation: acm.CertificateValidation.fromDns(zone),
  });
  const acl = new wafv2.CfnWebACL(stack, 'Acl', {
    name: 'acl',
    scope: 'CLOUDFRONT',
    defaultAction: { allow: {} },
    visibilityConfig: { cloudWatchMetricsEnabled: true, metricName: 'm', sampledRequestsEnabled: true },
  });
  const edge = new cloudfront.Function(stack, 'Edge', {
    code: cloudfront.FunctionCode.fromInline('function handler(){}'),
  });
  const distribution = new cloudfront.Distribution(stack, 'Site', {
    certificate,
    domainNames: ['www.example.com'],
    webAclId: acl.attrArn,
    defaultBehavior: {
      origin: origins.S3BucketOrigin.withOriginAccessControl(bucket),
      functionAssociations: [{ function: edge, eventType: cloudfront.FunctionEventType.VIEWER_REQUEST }],
      cachePolicy: new cloudfront.CachePolicy(stack, 'Caching', { defaultTtl: Duration.hours(1) }),
    },
  });
  const vpc = new ec2.Vpc(stack, 'Vpc', { maxAzs: 1, natGateways: 0 });
  const endpoint = vpc.addGatewayEndpoint('S3', { service: ec2.GatewayVpcEndpointAwsService.S3 });
  const vault = new backup.BackupVault(stack, 'Vault', { backupVaultName: 'vault' });
  const plan = backup.BackupPlan.daily35DayRetention(stack, 'Plan', vault);
  const repository = new ecr.Repository(stack, 'Images');
  const alarm = bucketAlarm(stack, bucket);
  const wanted: Record<string, [string, RegExp]> = {
    acl: [acl.attrArn, /^arn:aws:wafv2:us-east-1:\d{12}:global\/webacl\/acl\/[0-9a-f-]{36}$/],
    alarm: [alarm.alarmArn, /^arn:aws:cloudwatch:us-east-1:\d{12}:alarm:Looks-/],
    certificate: [certificate.certificateArn, /^arn:aws:acm:us-east-1:\d{12}:certificate\/[0-9a-f-]{36}$/],
    domain: [distribution.distributionDomainName, /^d[a-z0-9]{13}\.cloudfront\.net$/],
    distribution: [distribution.distributionId, /^E[A-Z0-9]{13}$/],
    edge: [edge.functionArn, /^arn:aws:cloudfront::\d{12}:function\/us-east-1Looks/],
    endpoint: [endpoint.vpcEndpointId, /^vpce-[0-9a-f]{17}$/],
    group: [vpc.vpcDefaultSecurityGroup, /^sg-[0-9a-f]{17}$/],
    plan: [plan.backupPlanArn, /^arn:aws:backup:us-east-1:\d{12}:backup-plan:[0-9a-f-]{36}$/],
    repository: [repository.repositoryUri, /^\d{12}\.dkr\.ecr\.us-east-1\.amazonaws\.com\/looks-images/],
    zone: [zone.hostedZoneId, /^Z[A-Z0-9]{20}$/],
  };
  for (const [name, [value]] of Object.entries(wanted)) new CfnOutput(stack, name, { value });
  const deployed = await coffer.deploy(stack);
  for (const [name, [, form]] of Object.entries(wanted)) expect(deployed.output(name)).toMatch(form);
  expect(Object.keys(deployed.stacks[0].inert).sort()).toEqual(
    expect.arrayContaining([
      'AWS::Backup::BackupPlan',
      'AWS::CloudFront::Distribution',
      'AWS::EC2::VPC',
      'Custom::VpcRestrictDefaultSG',
    ]),
  );
  const { StackEvents } = await client().send(new DescribeStackEventsCommand({ StackName: 'Looks' }));
  expect(
    StackEvents!.find(
      ({ LogicalResourceId, ResourceStatus }) => LogicalResourceId === 'Acl' && ResourceStatus === 'CREATE_COMPLETE',
    )?.ResourceStatusReason,
  ).toMatch(/^Inert/);
});

function bucketAlarm(stack: Stack, bucket: s3.Bucket): cloudwatch.Alarm {
  const metric = new cloudwatch.Metric({
    namespace: 'AWS/S3',
    metricName: 'BucketSizeBytes',
    dimensionsMap: { BucketName: bucket.bucketName, StorageType: 'StandardStorage' },
  });
  return metric.createAlarm(stack, 'Big', { threshold: 1, evaluationPeriods: 1 });
}

const one = (Type: string, Properties: object) => ({ Resources: { It: { Type, Properties } } });
const deploy = async (template: object, stackName = 'One') => coffer.deploy({ template, stackName });

test('an update keeps the resource, a create-only property replaces it', async () => {
  const vault = (BackupVaultName: string, LockConfiguration?: object) =>
    one('AWS::Backup::BackupVault', { BackupVaultName, LockConfiguration });
  const cluster = (more: object = {}) => one('AWS::ECS::Cluster', { ClusterName: 'c', ...more });
  await deploy(cluster());
  const changed = (await deploy(cluster({ CapacityProviders: ['FARGATE'] }))).resource('It');
  expect(changed).toMatchObject({ physicalId: 'c', inert: true, status: 'UPDATE_COMPLETE' });
  await deploy(vault('one'), 'Vaults');
  const change = { StackName: 'Vaults', ChangeSetName: 'c', TemplateBody: JSON.stringify(vault('two')) };
  await client().send(new CreateChangeSetCommand(change));
  const { Changes } = await client().send(new DescribeChangeSetCommand(change));
  expect(Changes).toMatchObject([{ ResourceChange: { Action: 'Modify', Replacement: 'True' } }]);
  expect((await deploy(vault('two'), 'Vaults')).resource('It').physicalId).toBe('two');
  const { StackEvents } = await client().send(new DescribeStackEventsCommand({ StackName: 'Vaults' }));
  expect(
    StackEvents!.map(({ PhysicalResourceId, ResourceStatus }) => `${PhysicalResourceId} ${ResourceStatus}`),
  ).toContain('one DELETE_COMPLETE');
});

test('when a resource was made does not change with it', async () => {
  const workGroup = (Description: string) => ({
    ...one('AWS::Athena::WorkGroup', { Name: 'w', Description }),
    Outputs: { Made: { Value: { 'Fn::GetAtt': ['It', 'CreationTime'] } } },
  });
  const made = (await deploy(workGroup('a'), 'Made')).output('Made');
  await coffer.clock.advance({ hours: 1 });
  expect((await deploy(workGroup('b'), 'Made')).output('Made')).toBe(made);
});

test('types without a look of their own take it from the registry', async () => {
  const outputs = { Arn: { Value: { 'Fn::GetAtt': ['It', 'Arn'] } }, Ref: { Value: { Ref: 'It' } } };
  const deployed = await deploy({ ...one('AWS::ECS::Cluster', { ClusterName: 'c' }), Outputs: outputs }, 'Cluster');
  expect(deployed.output('Arn')).toBe('arn:aws:ecs:us-east-1:000000000000:cluster/c');
  expect(deployed.output('Ref')).toBe('c');
});

test.each([
  [
    'a property that AWS does not have',
    'AWS::ECS::TaskSet',
    { Cluster: 'c', Service: 's', TaskDefinition: 't', Colour: 'red' },
    /#: extraneous key \[Colour\] is not permitted/,
  ],
  [
    'a property that is missing',
    'AWS::ECS::TaskSet',
    { Cluster: 'c', Service: 's' },
    /#: required key \[TaskDefinition\] not found/,
  ],
  [
    'a type that AWS does not have',
    'AWS::S3::Buckit',
    {},
    /Template format error: Unrecognized resource types: \[AWS::S3::Buckit\]/,
  ],
])('%s is refused', async (_, type, properties, words) => {
  await expect(deploy(one(type, properties), 'Refused')).rejects.toThrow(words);
});

test('a REST API has the address that a client would call', async () => {
  const stack = new Stack(new App(), 'Api');
  const api = new apigateway.RestApi(stack, 'Api', { cloudWatchRole: false });
  api.root.addMethod('GET', new apigateway.MockIntegration());
  new CfnOutput(stack, 'Url', { value: api.url });
  const deployed = await coffer.deploy(stack);
  expect(deployed.output('Url')).toMatch(/^https:\/\/[a-z0-9]{10}\.execute-api\.us-east-1\.amazonaws\.com\/prod\/$/);
});

test('an attribute that the type does not have is refused', async () => {
  const Outputs = { Value: { Value: { 'Fn::GetAtt': ['It', 'Colour'] } } };
  const template = { ...one('AWS::ECS::Cluster', {}), Outputs };
  await expect(deploy(template, 'Refused')).rejects.toThrow(/does not support attribute type Colour/);
});

test('ValidateTemplate knows which types there are', async () => {
  const TemplateBody = JSON.stringify(one('AWS::S3::Buckit', {}));
  await expect(client().send(new ValidateTemplateCommand({ TemplateBody }))).rejects.toThrow(
    'Template format error: Unrecognized resource types: [AWS::S3::Buckit]',
  );
});

test('strict deployments refuse them', async () => {
  const strict = await startCoffer({ strict: true });
  const refused = strict.deploy({
    template: one('AWS::ECS::TaskSet', { Cluster: 'c', Service: 's', TaskDefinition: 't' }),
    stackName: 'Strict',
  });
  await expect(refused).rejects.toThrow('Resource type AWS::ECS::TaskSet is not supported by this runtime');
  await strict.close();
});
