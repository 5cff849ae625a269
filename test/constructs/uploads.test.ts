import { MalwareScan, SecureBucket, UploadApi, type UploadApiProps } from '@coffer/constructs';
import { App, Duration, Stack } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import * as iam from 'aws-cdk-lib/aws-iam';
import { findings } from './packs';

function build(props: Partial<UploadApiProps> = {}, context = {}) {
  const app = new App({ context });
  const stack = new Stack(app, 'S');
  const api = new UploadApi(stack, 'Up', { contentTypes: ['image/png'], ...props });
  return { app, stack, api };
}

test.each([
  ['no feature flags', {}],
  ['recommended feature flags', require('aws-cdk-lib/recommended-feature-flags.json')],
])('has a function that signs, one that moves, and no finding of its own, with %s', (_flags, context) => {
  const { app, api, stack } = build({}, context);
  api.grantUpload(new iam.Role(stack, 'Caller', { assumedBy: new iam.AccountPrincipal(stack.account) }));
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 2);
  expect(findings(app)).toEqual([]);
});

test('the URL asks for a signature, and only roles that are granted may ask', () => {
  const { api, stack } = build();
  api.grantUpload(new iam.Role(stack, 'Caller', { assumedBy: new iam.AccountPrincipal(stack.account) }));
  const template = Template.fromStack(stack);
  template.hasResourceProperties('AWS::Lambda::Url', { AuthType: 'AWS_IAM', Cors: Match.absent() });
  template.hasResourceProperties('AWS::IAM::ManagedPolicy', {
    PolicyDocument: {
      Statement: [
        {
          Action: 'lambda:InvokeFunctionUrl',
          Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } },
        },
        { Action: 'lambda:InvokeFunction', Condition: { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } } },
      ],
    },
  });
});

test('uploads come presigned, fresh, by the API only', () => {
  Template.fromStack(build({ expiresIn: Duration.minutes(2) }).stack).hasResourceProperties('AWS::S3::BucketPolicy', {
    PolicyDocument: {
      Statement: Match.arrayWith([
        Match.objectLike({ Sid: 'UploadsThroughTheApi', Effect: 'Deny' }),
        Match.objectLike({
          Sid: 'UploadsArePresigned',
          Condition: Match.objectLike({ StringEquals: { 's3:authType': 'REST-HEADER' } }),
        }),
        Match.objectLike({
          Sid: 'UploadsAreFresh',
          Condition: Match.objectLike({ NumericGreaterThan: { 's3:signatureAge': 120000 } }),
        }),
      ]),
    },
  });
});

test('pages of named origins may ask and upload', () => {
  const template = Template.fromStack(build({ allowedOrigins: ['https://app.example.com'] }).stack);
  template.hasResourceProperties('AWS::Lambda::Url', { Cors: { AllowOrigins: ['https://app.example.com'] } });
  template.hasResourceProperties('AWS::S3::Bucket', {
    CorsConfiguration: {
      CorsRules: [{ AllowedOrigins: ['https://app.example.com'], AllowedMethods: ['POST', 'PUT'] }],
    },
  });
});

test('a given bucket and no scan leave no other bucket, and no GuardDuty', () => {
  const app = new App();
  const stack = new Stack(app, 'S');
  const clean = new SecureBucket(stack, 'Mine');
  const scan = MalwareScan.none('uploads are only ever read by the machine that wrote them');
  const api = new UploadApi(stack, 'Up', { contentTypes: ['text/csv'], clean, scan });
  expect(api.clean).toBe(clean);
  const template = Template.fromStack(stack);
  template.resourceCountIs('AWS::S3::Bucket', 3);
  template.resourceCountIs('AWS::GuardDuty::MalwareProtectionPlan', 0);
});

test.each<[string, Partial<UploadApiProps>, string]>([
  [
    'no types',
    { contentTypes: [] },
    "contentTypes is []; allowed: at least one media type; fix: name what clients may upload, such as ['image/png', 'image/jpeg']",
  ],
  [
    'any type',
    { contentTypes: ['*/*'] },
    'contentTypes is "*/*"; allowed: media types without parameters, or a family such as image/*; fix: use the form type/subtype',
  ],
  [
    'parameters',
    { contentTypes: ['text/plain; charset=utf-8'] },
    'contentTypes is "text/plain; charset=utf-8"; allowed: media types without parameters, or a family such as image/*; fix: use the form type/subtype',
  ],
  [
    'no size',
    { maxSizeBytes: 0 },
    'maxSizeBytes is 0; allowed: whole numbers from 1 to 5368709120; fix: leave it out for 104857600; larger objects go in parts, which one form cannot allow',
  ],
  [
    '6 GiB',
    { maxSizeBytes: 6442450944 },
    'maxSizeBytes is 6442450944; allowed: whole numbers from 1 to 5368709120; fix: leave it out for 104857600; larger objects go in parts, which one form cannot allow',
  ],
  [
    'a day',
    { expiresIn: Duration.days(1) },
    'expiresIn is 86400; allowed: whole seconds from 1 to 3600; fix: leave it out for 5 minutes',
  ],
  [
    'a file as prefix',
    { prefix: 'in' },
    'prefix is "in"; allowed: a prefix that ends in / and does not begin with it, without * and ?; fix: leave it out for "uploads/"',
  ],
  [
    'any origin',
    { allowedOrigins: ['*'] },
    'allowedOrigins is "*"; allowed: https origins without path and wildcard, or http://localhost; fix: name the origin as browsers send it, such as "https://app.example.com"',
  ],
  [
    'an origin with a path',
    { allowedOrigins: ['https://a.example/'] },
    'allowedOrigins is "https://a.example/"; allowed: https origins without path and wildcard, or http://localhost; fix: name the origin as browsers send it, such as "https://app.example.com"',
  ],
  [
    'no reason',
    { scan: MalwareScan.none('') },
    'scan reason is ""; allowed: at least 10 characters; fix: say to a reviewer why uploads need no scan, or pass MalwareScan.guardDuty()',
  ],
])('refuses %s', (_what, props, message) => {
  expect(() => build(props)).toThrow(`${message}`);
  expect(() => build(props)).toThrow(/^invalid props of S\/Up(\/Gate)?:/);
});
