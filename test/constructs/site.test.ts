import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { CustomDomain, Removal, ReplicatedBucket, Routing, SecureBucket, StaticSite, WebAcl } from '@coffer/constructs';
import { App, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as s3 from 'aws-cdk-lib/aws-s3';
import * as sns from 'aws-cdk-lib/aws-sns';
import { env, flags, media, site, stackOf } from './fronts';
import { findings } from './packs';

const folder = mkdtempSync(join(tmpdir(), 'coffer-site-'));
writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>');
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(flags)('with %s', (_flags, context) => {
  test('a site has no function that runs in Lambda, and no finding of any pack', () => {
    const { app, stack } = site({}, context);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
    expect(findings(app)).toEqual([]);
  });

  test('a site with everything has one function, which puts the content, and no finding', () => {
    const { app, stack } = stackOf(context, env);
    const zone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'a.com' });
    new StaticSite(stack, 'Site', {
      content: folder,
      domain: CustomDomain.inZone(zone, ['www.a.com', 'a.com']),
      webAcl: WebAcl.managed(),
      allowedCountries: ['DE', 'FR'],
      failoverBucket: new SecureBucket(stack, 'Replica'),
      alarmActions: [new SnsAction(new sns.Topic(stack, 'Mine', { enforceSSL: true, masterKey: undefined }))],
    });
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 1);
    expect(findings(app).filter((one) => !one.endsWith('S/Mine/Resource'))).toEqual([]);
  });

  test('media have no function in Lambda, and no finding', () => {
    const { app, stack } = media({ allowedOrigins: ['https://app.example.com'] }, context);
    Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 0);
    expect(findings(app)).toEqual([]);
  });

  test('outside us-east-1 the log is the legacy one', () => {
    const { app, stack } = site({}, context, { region: 'eu-west-1' });
    const template = Template.fromStack(stack);
    template.resourceCountIs('AWS::Logs::Delivery', 0);
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: { Logging: { Prefix: 'Site/' } },
    });
    expect(findings(app)).toEqual([]);
  });
});

describe('who may read the bucket', () => {
  const statements = (stack: Stack, type: string, sid: RegExp) =>
    Object.values(Template.fromStack(stack).findResources(type)).flatMap(({ Properties }) =>
      (Properties.PolicyDocument ?? Properties.KeyPolicy).Statement.filter(({ Sid = '' }) => sid.test(Sid)),
    );

  test('CloudFront alone, for the one distribution; the key for those of the account until its id is known', () => {
    const { stack, site: made } = site({}, {}, env);
    const distribution = stack.resolve(made.distribution.distributionId).Ref;
    const [read, missing] = statements(stack, 'AWS::S3::BucketPolicy', /^Delivery/);
    expect(JSON.stringify(read)).toContain(`{"Ref":"${distribution}"}`);
    expect(read).toMatchObject({ Action: 's3:GetObject', Principal: { Service: 'cloudfront.amazonaws.com' } });
    expect(missing).toMatchObject({ Action: 's3:ListBucket', Condition: { StringEquals: expect.anything() } });
    const [decrypt] = statements(stack, 'AWS::KMS::Key', /^Delivery/);
    expect(decrypt.Action).toBe('kms:Decrypt');
    expect(JSON.stringify(decrypt.Condition.ArnLike)).toMatch(/:cloudfront::111111111111:distribution\/\*/);
  });

  test('the key names one distribution once its id is known', () => {
    const { stack } = site({ distributionId: 'E2EXAMPLE51ZAB' }, {}, env);
    const [decrypt] = statements(stack, 'AWS::KMS::Key', /^Delivery/);
    expect(JSON.stringify(decrypt.Condition.StringEquals)).toContain('distribution/E2EXAMPLE51ZAB');
    expect(decrypt.Condition.ArnLike).toBeUndefined();
  });

  test('media cannot be listed', () => {
    expect(statements(media().stack, 'AWS::S3::BucketPolicy', /^Delivery.*Missing$/)).toEqual([]);
  });

  test('a bucket of another stack makes no cycle, whichever way stacks refer to one another', () => {
    for (const references of ['strong', 'weak']) {
      const app = new App({ context: { '@aws-cdk/core:defaultCrossStackReferences': references } });
      const data = new Stack(app, 'Data', { env });
      const bucket = new SecureBucket(data, 'Files');
      new StaticSite(new Stack(app, 'Web', { env }), 'Site', { bucket });
      expect(() => app.synth()).not.toThrow();
      const [read] = statements(data, 'AWS::S3::BucketPolicy', /^Delivery/);
      expect(JSON.stringify(read.Condition.ArnLike)).toMatch(/distribution\/\*/);
    }
  });

  test('a bucket replicated to another Region, and its replica, let the distribution in with both keys', () => {
    const app = new App();
    const far = new Stack(app, 'Far', { env: { ...env, region: 'eu-west-1' } });
    const web = new Stack(app, 'Web', { env });
    const files = new ReplicatedBucket(web, 'Files', { replicaScope: far });
    const made = new StaticSite(web, 'Site', { bucket: files.bucket, failoverBucket: files.replica });
    expect(made.requiredStatements).toEqual([]);
    expect(statements(web, 'AWS::S3::BucketPolicy', /^Delivery/)).toHaveLength(2);
    expect(statements(far, 'AWS::S3::BucketPolicy', /^Delivery/)).toHaveLength(2);
    expect(statements(web, 'AWS::KMS::ReplicaKey', /^Delivery/)).toHaveLength(1);
    expect(statements(far, 'AWS::KMS::Key', /^Delivery/)).toHaveLength(1);
  });

  test('an imported bucket is told what it needs', () => {
    const { stack } = stackOf();
    const bucket = s3.Bucket.fromBucketName(stack, 'Theirs', 'their-bucket');
    const made = new StaticSite(stack, 'Site', { bucket });
    expect(made.requiredStatements.map((s) => s.actions)).toEqual([['s3:GetObject'], ['s3:ListBucket']]);
  });
});

describe('a site', () => {
  test('adds security headers to every answer and takes away what tells of keys', () => {
    const template = Template.fromStack(site().stack);
    template.hasResourceProperties('AWS::CloudFront::ResponseHeadersPolicy', {
      ResponseHeadersPolicyConfig: {
        SecurityHeadersConfig: {
          ContentSecurityPolicy: { ContentSecurityPolicy: Match.stringLikeRegexp("frame-ancestors 'none'") },
          ContentTypeOptions: { Override: true },
          FrameOptions: { FrameOption: 'DENY' },
          StrictTransportSecurity: { AccessControlMaxAgeSec: 31536000, IncludeSubdomains: false },
        },
        RemoveHeadersConfig: {
          Items: Match.arrayWith([{ Header: 'x-amz-server-side-encryption-aws-kms-key-id' }]),
        },
      },
    });
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        DefaultCacheBehavior: {
          ResponseHeadersPolicyId: Match.anyValue(),
          ViewerProtocolPolicy: 'redirect-to-https',
          AllowedMethods: ['GET', 'HEAD'],
        },
        CustomErrorResponses: [
          { ErrorCode: 404, ResponseCode: 404, ResponsePagePath: '/404.html', ErrorCachingMinTTL: 60 },
        ],
        DefaultRootObject: 'index.html',
      },
    });
  });

  test('is logged in partitions, by a delivery that the log bucket lets in by name', () => {
    const template = Template.fromStack(site({}, {}, env).stack);
    const [{ Properties: source }] = Object.values(template.findResources('AWS::Logs::DeliverySource'));
    template.hasResourceProperties('AWS::Logs::Delivery', {
      S3SuffixPath: '{DistributionId}/{yyyy}/{MM}/{dd}/{HH}',
      S3EnableHiveCompatiblePath: true,
    });
    template.hasResourceProperties('AWS::Logs::DeliveryDestination', { OutputFormat: 'json' });
    template.hasResourceProperties('AWS::S3::BucketPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({
            Principal: { Service: 'delivery.logs.amazonaws.com' },
            Condition: Match.objectLike({
              ArnLike: {
                'aws:SourceArn': {
                  'Fn::Join': [
                    '',
                    ['arn:', { Ref: 'AWS::Partition' }, `:logs:us-east-1:111111111111:delivery-source:${source.Name}`],
                  ],
                },
              },
            }),
          }),
        ]),
      },
    });
  });

  test('answers under its names with TLS 1.2 or newer, and leads the others to the first', () => {
    const { stack } = stackOf({}, env);
    const zone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'a.com' });
    const made = new StaticSite(stack, 'Site', { domain: CustomDomain.inZone(zone, ['www.a.com', 'a.com']) });
    expect(made.url).toBe('https://www.a.com');
    const template = Template.fromStack(stack);
    template.hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        Aliases: ['www.a.com', 'a.com'],
        ViewerCertificate: { MinimumProtocolVersion: 'TLSv1.2_2021', SslSupportMethod: 'sni-only' },
      },
    });
    template.resourceCountIs('AWS::Route53::RecordSet', 4);
    template.hasResourceProperties('AWS::CertificateManager::Certificate', { SubjectAlternativeNames: ['a.com'] });
  });

  test('asks the replica when the first bucket fails', () => {
    const { stack } = stackOf();
    const replica = new SecureBucket(stack, 'Replica', { removal: Removal.DESTROY });
    new StaticSite(stack, 'Site', { failoverBucket: replica });
    Template.fromStack(stack).hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: {
        OriginGroups: {
          Items: [Match.objectLike({ FailoverCriteria: { StatusCodes: { Items: [500, 502, 503, 504] } } })],
        },
        Origins: [
          Match.objectLike({ OriginAccessControlId: Match.anyValue() }),
          Match.objectLike({ OriginAccessControlId: Match.anyValue() }),
        ],
      },
    });
  });

  test('a managed web ACL limits addresses, and its log hides credentials', () => {
    const template = Template.fromStack(
      site({ webAcl: WebAcl.managed({ requestsPerFiveMinutes: 500 }) }, {}, env).stack,
    );
    template.hasResourceProperties('AWS::WAFv2::WebACL', {
      Scope: 'CLOUDFRONT',
      Rules: Match.arrayWith([
        Match.objectLike({ Statement: { RateBasedStatement: { AggregateKeyType: 'IP', Limit: 500 } } }),
      ]),
    });
    template.hasResourceProperties('AWS::Logs::LogGroup', { LogGroupName: Match.stringLikeRegexp('^aws-waf-logs-') });
    template.hasResourceProperties('AWS::WAFv2::LoggingConfiguration', {
      RedactedFields: [{ SingleHeader: { Name: 'authorization' } }, { SingleHeader: { Name: 'cookie' } }],
    });
  });

  test('a given web ACL is used, and none needs a reason', () => {
    const arn = 'arn:aws:wafv2:us-east-1:111111111111:global/webacl/mine/1';
    Template.fromStack(site({ webAcl: WebAcl.of(arn) }).stack).hasResourceProperties('AWS::CloudFront::Distribution', {
      DistributionConfig: { WebACLId: arn },
    });
  });
});

describe('routing', () => {
  const run = (routing: Routing, uri: string, host = 'a.com', query = {}, canonical?: string) => {
    const source = routing._source('index.html', canonical)!;
    const event = { request: { uri, headers: { host: { value: host } }, querystring: query } };
    return runInNewContext(`${source}; handler(event)`, { event });
  };

  test.each([
    [Routing.directories(), '/', '/index.html'],
    [Routing.directories(), '/docs/', '/docs/index.html'],
    [Routing.directories(), '/a.css', '/a.css'],
    [Routing.singlePage(), '/', '/index.html'],
    [Routing.singlePage(), '/orders/12', '/index.html'],
    [Routing.singlePage(), '/orders/', '/index.html'],
    [Routing.singlePage(), '/assets/app.js', '/assets/app.js'],
  ])('%p turns %s into %s', (routing, uri, expected) => {
    expect(run(routing, uri).uri).toBe(expected);
  });

  test('a directory without its slash is led to it, query and all', () => {
    const query = {
      a: { value: '1' },
      b: { value: '2', multiValue: [{ value: '2' }, { value: '3' }] },
      c: { value: '' },
    };
    expect(run(Routing.directories(), '/docs', 'a.com', query)).toMatchObject({
      statusCode: 308,
      headers: { location: { value: '/docs/?a=1&b=2&b=3&c' } },
    });
  });

  test.each(['//evil.example/x', '/\\evil.example/x', '///evil'])('%s leads to no other site', (uri) => {
    expect(run(Routing.directories(), uri).headers.location.value).toMatch(/^\/evil/);
  });

  test('other names lead to the first', () => {
    expect(run(Routing.asIs(), '/x', 'a.com', {}, 'www.a.com').headers.location.value).toBe('https://www.a.com/x');
    expect(run(Routing.asIs(), '/x', 'www.a.com', {}, 'www.a.com').uri).toBe('/x');
    expect(Routing.asIs()._source('index.html')).toBeUndefined();
  });

  test('the function fits into the 10 KB that CloudFront takes', () => {
    expect(Routing.singlePage()._source('index.html', 'www.a.com')!.length).toBeLessThan(10_240);
  });
});
