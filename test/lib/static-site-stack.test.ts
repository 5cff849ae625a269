/** The static website: its template by property, and deployed: published by CDK, then by the role that needs no CDK. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, type Deployment, startCoffer } from '@coffer/runtime';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { StaticSiteStack } from '../../lib/static-site-stack';
import { findings } from '../constructs/packs';

const build = (staticSite: Record<string, unknown> = {}) => {
  const app = new App({ context: { staticSite } });
  return new StaticSiteStack(app, 'StaticSite', StaticSiteStack.settings(app));
};
const CERTIFICATE = 'arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012';

test('all six packs find nothing, and one function puts the content', () => {
  const stack = build();
  expect(findings(stack)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
});

test('all six packs find nothing with every setting, either', () => {
  const stack = build({
    domainNames: ['www.example.com', 'example.com'],
    hostedZoneId: 'Z1',
    zoneName: 'example.com',
    webAcl: 'managed',
    allowedCountries: ['DE'],
    logs: 'legacy',
    replicaRegion: 'eu-west-1',
    distributionId: 'E2EXAMPLE51ZAB',
    removal: 'destroy',
  });
  expect(findings(stack.node.root)).toEqual([]);
});

test('a replica in another Region is asked when the files fail', () => {
  const stack = build({ replicaRegion: 'eu-west-1' });
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::CloudFront::Distribution', {
    DistributionConfig: { OriginGroups: { Quantity: 1 } },
  });
  template.hasResourceProperties('AWS::S3::Bucket', {
    ReplicationConfiguration: { Rules: [Match.objectLike({ DeleteMarkerReplication: { Status: 'Enabled' } })] },
  });
  expect(stack.site.requiredStatements).toEqual([]);
});

test('nothing runs where only the role publishes', () => {
  const template = Template.fromStack(build({ content: 'none' }));
  template.resourceCountIs('AWS::Lambda::Function', 0);
  template.resourceCountIs('AWS::KMS::Key', 1);
});

test('settings reach the resources', () => {
  const template = Template.fromStack(
    build({
      domainNames: ['www.example.com'],
      certificateArn: CERTIFICATE,
      routing: 'singlePage',
      contentSecurityPolicy: "default-src 'self'",
      distributionId: 'E2EXAMPLE51ZAB',
    }),
  );
  template.hasResourceProperties('AWS::CloudFront::Distribution', {
    DistributionConfig: {
      Aliases: ['www.example.com'],
      ViewerCertificate: { AcmCertificateArn: CERTIFICATE },
    },
  });
  template.hasResourceProperties('AWS::CloudFront::Function', {
    FunctionCode: Match.stringLikeRegexp('var KIND = "singlePage"'),
  });
  template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
    ResponseHeadersPolicyConfig: {
      SecurityHeadersConfig: { ContentSecurityPolicy: { ContentSecurityPolicy: "default-src 'self'" } },
    },
  });
  template.hasOutput('Url', { Value: 'https://www.example.com' });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'a routing',
    { routing: 'spa' },
    'staticSite.routing is "spa"; allowed: directories, singlePage, asIs; fix: correct it here, or set COFFER_STATIC_SITE_ROUTING',
  ],
  ['a setting', { contents: 'x' }, 'staticSite.contents is "x"; allowed: content, routing, domainNames,'],
  [
    'names without a certificate',
    { domainNames: ['a.com'] },
    'domainNames is ["a.com"]; allowed: with certificateArn, or with hostedZoneId and zoneName; fix: give one of the two',
  ],
  [
    'half a zone',
    { domainNames: ['a.com'], zoneName: 'a.com', certificateArn: CERTIFICATE },
    'domainNames is ["a.com"]; allowed: with certificateArn, or with hostedZoneId and zoneName; fix: give one of the two',
  ],
  [
    'a certificate for nothing',
    { certificateArn: CERTIFICATE },
    `certificateArn is "${CERTIFICATE}"; allowed: only with domainNames; fix: name the site`,
  ],
  [
    'a folder',
    { content: '/nowhere' },
    'folder is "/nowhere"; allowed: a folder that is there; fix: build the site first',
  ],
  [
    'a web ACL',
    { webAcl: 'none' },
    'webAcl arn is "none"; allowed: arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID',
  ],
])('%s that is wrong stops the synth', (_what, settings, message) => {
  expect(() => build(settings)).toThrow(message);
});

test('a routing that is given in code is checked too', () => {
  expect(() => new StaticSiteStack(new App(), 'S', { routing: 'spa' })).toThrow(
    'routing is "spa"; allowed: directories, singlePage, asIs; fix: leave it out for directories',
  );
});

describe('deployed', () => {
  let coffer: Coffer;
  let deployed: Deployment;
  beforeAll(async () => {
    coffer = await startCoffer();
    deployed = await coffer.deploy(build());
  });
  afterAll(() => coffer.close());

  test('the example is there, as browsers want it', async () => {
    const s3 = coffer.client(S3Client);
    const Bucket = deployed.output('BucketName');
    const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
    expect(Contents?.map(({ Key }) => Key)).toEqual(['404.html', 'index.html', 'styles.css']);
    expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'styles.css' }))).toMatchObject({
      ContentType: 'text/css; charset=utf-8',
      CacheControl: 'public, max-age=3600',
      ServerSideEncryption: 'aws:kms',
    });
  });

  test('the publisher puts and deletes files, and reads none', async () => {
    const publisher = coffer.client(S3Client, { as: deployed.output('PublisherRoleArn') });
    const file = { Bucket: deployed.output('BucketName'), Key: 'news/index.html' };
    await publisher.send(new PutObjectCommand({ ...file, Body: 'news' }));
    await expect(publisher.send(new GetObjectCommand(file))).rejects.toThrow(/not authorized/);
    await publisher.send(new DeleteObjectCommand(file));
  });

  test('nobody reads past CloudFront, and nobody makes it so', async () => {
    const file = { Bucket: deployed.output('BucketName'), Key: 'index.html' };
    const stranger = coffer.client(S3Client, { as: 'anonymous' });
    await expect(stranger.send(new GetObjectCommand(file))).rejects.toThrow(/Access Denied|not authorized/);
    const open = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: `arn:aws:s3:::${file.Bucket}/*` },
      ],
    });
    await expect(
      coffer.client(S3Client).send(new PutBucketPolicyCommand({ Bucket: file.Bucket, Policy: open })),
    ).rejects.toThrow(/block public|not authorized|Access Denied/i);
  });
});
