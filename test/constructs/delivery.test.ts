import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CustomDomain,
  DeliveryLogs,
  type MediaDeliveryProps,
  MediaPreset,
  SecureBucket,
  SigningKeys,
  SiteContent,
  StaticSite,
  type StaticSiteProps,
  Viewers,
  WebAcl,
} from '@coffer/constructs';
import { Duration, type Stack } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as route53 from 'aws-cdk-lib/aws-route53';
import { far, media, pem, publicKey, site, stackOf } from './fronts';

const CERTIFICATE = 'arn:aws:acm:us-east-1:111111111111:certificate/12345678-1234-1234-1234-123456789012';
const folder = mkdtempSync(join(tmpdir(), 'coffer-site-'));
writeFileSync(join(folder, 'index.html'), '<h1>hello</h1>');
afterAll(() => rmSync(folder, { recursive: true }));

const certificate = (stack: Stack, region = 'us-east-1') =>
  acm.Certificate.fromCertificateArn(stack, 'Given', CERTIFICATE.replace('us-east-1', region));

describe('bad input is refused with path, value, what is allowed and fix', () => {
  test.each<[string, StaticSiteProps, object, string]>([
    [
      'web ACL',
      { webAcl: WebAcl.managed() },
      far,
      'webAcl is "WebAcl.managed() in eu-west-1"; allowed: WebAcl.managed() in a stack in us-east-1, where web ACLs for CloudFront are made; fix: make it in a stack in us-east-1 and pass WebAcl.of(arn)',
    ],
    [
      'a limit',
      { webAcl: WebAcl.managed({ requestsPerFiveMinutes: 5 }) },
      {},
      'webAcl requestsPerFiveMinutes is 5; allowed: whole numbers from 10 to 2000000000; fix: leave it out for 2000',
    ],
    [
      'a regional ACL',
      { webAcl: WebAcl.of('arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/a/1') },
      {},
      'webAcl arn is "arn:aws:wafv2:eu-west-1:111111111111:regional/webacl/a/1"; allowed: arn:aws:wafv2:us-east-1:ACCOUNT:global/webacl/NAME/ID; fix: pass the ARN of a web ACL of scope CLOUDFRONT',
    ],
    [
      'no reason',
      { webAcl: WebAcl.none('no') },
      {},
      'webAcl reason is "no"; allowed: at least 10 characters; fix: say to a reviewer why there is none, or pass WebAcl.managed()',
    ],
    [
      'logs',
      { logs: DeliveryLogs.standard() },
      far,
      'logs is "DeliveryLogs.standard() in eu-west-1"; allowed: DeliveryLogs.standard() in a stack in us-east-1, where CloudFront has its log sources; fix: leave it out for DeliveryLogs.legacy(), or move the distribution to a stack in us-east-1',
    ],
    [
      'a format',
      { logs: DeliveryLogs.standard({ format: 'csv' }) },
      {},
      'logs format is "csv"; allowed: json, w3c, plain, parquet; fix: leave it out for json',
    ],
    [
      'no logs',
      { logs: DeliveryLogs.none('') },
      {},
      'logs reason is ""; allowed: at least 10 characters; fix: say to a reviewer why nobody need know who came, or leave it out',
    ],
    [
      'a country',
      { allowedCountries: ['Germany'] },
      {},
      'allowedCountries is "Germany"; allowed: ISO 3166-1 alpha-2 codes in capitals; fix: write DE for Germany',
    ],
    [
      'no country',
      { allowedCountries: [] },
      {},
      'allowedCountries is []; allowed: at least one country; fix: leave it out to serve all',
    ],
    [
      'an id',
      { distributionId: 'd111.cloudfront.net' },
      {},
      'distributionId is "d111.cloudfront.net"; allowed: an id that CloudFront gave, such as E2EXAMPLE51Z; fix: deploy without it first and take the output',
    ],
    [
      'alarms',
      { alarmActions: [] },
      far,
      'alarmActions is "given in eu-west-1"; allowed: only in us-east-1, where the metrics of CloudFront are; fix: leave it out, or move the distribution to a stack in us-east-1',
    ],
    [
      'an index',
      { indexDocument: 'a/index.html' },
      {},
      'indexDocument is "a/index.html"; allowed: a file name with an extension and without /; fix: leave it out for index.html',
    ],
    [
      'a status',
      { errorPages: [{ status: 418, path: '/tea.html' }] },
      {},
      'errorPages[0].status is 418; allowed: 400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504; fix: CloudFront knows pages for these errors only',
    ],
    [
      'a page',
      { errorPages: [{ status: 404, path: '404.html' }] },
      {},
      'errorPages[0].path is "404.html"; allowed: a path that begins with /; fix: use "/404.html"',
    ],
    [
      'a wait',
      { errorPages: [{ status: 404, path: '/a', ttl: Duration.days(400) }] },
      {},
      'errorPages[0].ttl is 34560000; allowed: whole seconds up to a year; fix: leave it out for a minute',
    ],
    [
      'a page twice',
      {
        errorPages: [
          { status: 404, path: '/a' },
          { status: 404, path: '/b' },
        ],
      },
      {},
      'errorPages[1].status is 404; allowed: one page for each status; fix: leave out the repetition',
    ],
    [
      'a policy',
      { contentSecurityPolicy: '' },
      {},
      'contentSecurityPolicy is ""; allowed: directives in one line; fix: leave it out for a strict one',
    ],
    [
      'paths of nothing',
      { invalidationPaths: ['/*'] },
      {},
      'invalidationPaths is ["/*"]; allowed: only with content; fix: give content, or leave out invalidationPaths',
    ],
  ])('%s', (_what, props, where, message) => {
    expect(() => site(props, {}, where)).toThrow(`invalid props of S/Site:\n  ${message}`);
  });

  test.each<[string[], string, string]>([
    [
      [],
      'us-east-1',
      'domain names is []; allowed: at least one; fix: name the domain, such as "www.example.com", or leave out domain',
    ],
    [
      ['https://a.com'],
      'us-east-1',
      'domain names is "https://a.com"; allowed: host names in lower case, such as www.example.com or *.example.com; fix: leave out scheme, port and path',
    ],
    [
      ['*.a.com', 'a.com'],
      'us-east-1',
      'domain names is "*.a.com"; allowed: a first name without * that others can lead to; fix: put a plain name first, or pass redirectToFirst: false',
    ],
    [
      ['a.com'],
      'eu-west-1',
      'certificate Region is "eu-west-1"; allowed: us-east-1, where CloudFront looks for certificates; fix: make the certificate in a stack in us-east-1 and pass it',
    ],
  ])('domain %j with a certificate of %s', (names, region, message) => {
    const { stack } = stackOf();
    const domain = CustomDomain.of(names, certificate(stack, region));
    expect(() => new StaticSite(stack, 'Site', { domain })).toThrow(`invalid props of S/Site:\n  ${message}`);
  });

  test('a zone without a certificate outside us-east-1', () => {
    const { stack } = stackOf({}, far);
    const zone = route53.HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'a.com' });
    expect(() => new StaticSite(stack, 'Site', { domain: CustomDomain.inZone(zone, ['a.com']) })).toThrow(
      'domain certificate is "not set"; allowed: a certificate of us-east-1: this stack is in eu-west-1, where none for CloudFront can be made; fix: make the certificate in a stack in us-east-1 and pass it',
    );
  });

  test('a bucket that fails over to itself', () => {
    const { stack } = stackOf();
    const bucket = new SecureBucket(stack, 'Files');
    expect(() => new StaticSite(stack, 'Site', { bucket, failoverBucket: bucket })).toThrow(
      'failoverBucket is "S/Files"; allowed: another bucket than the first; fix: pass its replica',
    );
  });

  test.each<[string, Partial<MediaDeliveryProps>, string]>([
    [
      'no reason',
      { viewers: Viewers.everyone('all') },
      'viewers reason is "all"; allowed: at least 10 characters; fix: say to a reviewer why everyone may see it, or pass Viewers.signed(keys)',
    ],
    [
      'a pattern',
      { paths: [{ pattern: 'a b', preset: MediaPreset.FILES }] },
      'paths[0].pattern is "a b"; allowed: at most 255 of A-Z a-z 0-9 _ - . * $ / ~ " \' @ : + ? &; fix: leave out other characters',
    ],
    [
      'a pattern twice',
      {
        paths: [
          { pattern: '*', preset: MediaPreset.FILES },
          { pattern: '*', preset: MediaPreset.TEXT },
        ],
      },
      'paths[1].pattern is "*"; allowed: patterns that are different; fix: leave out the repetition',
    ],
    [
      'a preset',
      { paths: [{ pattern: '*', preset: MediaPreset.custom('my kind', Duration.hours(1), true) }] },
      'paths[0].preset is "my kind"; allowed: names of 1 to 32 letters; fix: rename the preset',
    ],
    [
      'paths',
      { paths: Array.from({ length: 25 }, (_, i) => ({ pattern: `${i}/*`, preset: MediaPreset.FILES })) },
      'paths is 25; allowed: at most 24, with the rest the 25 behaviours of a distribution; fix: join patterns',
    ],
    [
      'an origin',
      { allowedOrigins: ['*'] },
      'allowedOrigins is "*"; allowed: https origins without path and wildcard, or http://localhost; fix: name the origin as browsers send it, such as "https://app.example.com"',
    ],
  ])('media: %s', (_what, props, message) => {
    expect(() => media(props)).toThrow(`invalid props of S/Media:\n  ${message}`);
  });

  const PRIVATE = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
    type: 'pkcs8',
    format: 'pem',
  });
  test.each<[string, string[], string]>([
    [
      'none',
      [],
      'publicKeys is 0; allowed: 1 to 5 keys; fix: give the key to sign with, and those that signed what has not expired',
    ],
    [
      'one twice',
      [pem, pem],
      'publicKeys is "the same key twice"; allowed: different keys; fix: leave out the repetition',
    ],
    [
      'a private one',
      [PRIVATE.toString()],
      'publicKeys[0] is "a private key"; allowed: public keys in PEM: RSA of 2048 bits or ECDSA on P-256; fix: make one: openssl genrsa 2048 | tee private.pem | openssl rsa -pubout',
    ],
    [
      'a large one',
      [publicKey(3072)],
      'publicKeys[0] is "rsa 3072"; allowed: public keys in PEM: RSA of 2048 bits or ECDSA on P-256; fix: make one: openssl genrsa 2048 | tee private.pem | openssl rsa -pubout',
    ],
    [
      'text',
      ['key'],
      'publicKeys[0] is "no public key"; allowed: public keys in PEM: RSA of 2048 bits or ECDSA on P-256; fix: make one: openssl genrsa 2048 | tee private.pem | openssl rsa -pubout',
    ],
  ])('keys: %s', (_what, publicKeys, message) => {
    expect(() => new SigningKeys(stackOf().stack, 'Keys', { publicKeys })).toThrow(
      `invalid props of S/Keys:\n  ${message}`,
    );
  });

  test.each<[string, object, string]>([
    [
      'a folder',
      { folder: '/nowhere' },
      'folder is "/nowhere"; allowed: a folder that is there; fix: build the site first, and give the path from where cdk runs',
    ],
    [
      'a prefix',
      { prefix: 'a' },
      'prefix is "a"; allowed: a prefix that ends in / and does not begin with it, without * and ?; fix: leave it out for the whole bucket',
    ],
    [
      'a path',
      { invalidationPaths: ['/*.html'] },
      'invalidationPaths is "/*.html"; allowed: paths that begin with / and have * at the end only; fix: use "/*" for everything',
    ],
  ])('content: %s', (_what, props, message) => {
    const { stack } = stackOf();
    const bucket = new SecureBucket(stack, 'Files');
    expect(() => new SiteContent(stack, 'Content', { folder, bucket, ...props })).toThrow(
      `invalid props of S/Content:\n  ${message}`,
    );
  });
});
