/** Media: the template by property, and deployed: a picture asked for, uploaded, scanned, moved and catalogued. */
import { generateKeyPairSync } from 'node:crypto';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Coffer, type Deployment, startCoffer } from '@coffer/runtime';
import { App } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { MediaStack } from '../../lib/media-stack';
import { findings } from '../constructs/packs';

const build = (media: Record<string, unknown> = {}) => {
  const app = new App({ context: { media } });
  return new MediaStack(app, 'Media', MediaStack.settings(app));
};
const CERTIFICATE = 'arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234-1234-1234-123456789012';
const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });

test('all six packs find nothing; three functions: one signs, one moves, one catalogues', () => {
  const stack = build();
  expect(findings(stack)).toEqual([]);
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 3);
});

test('all six packs find nothing with every setting, either', () => {
  const stack = build({
    publicKeys: [pem],
    contentTypes: ['image/png'],
    maxSizeMib: 10,
    noScanReason: 'uploads come from our own cameras',
    allowedOrigins: ['https://app.example.com'],
    domainNames: ['media.example.com'],
    certificateArn: CERTIFICATE,
    webAcl: 'managed',
    distributionId: 'E2EXAMPLE51ZAB',
    removal: 'destroy',
  });
  expect(findings(stack)).toEqual([]);
  Template.fromStack(stack).hasOutput('KeyPairId', {});
});

test('without keys nobody sees anything; everyone only for a reason', () => {
  Template.fromStack(build()).hasResourceProperties('AWS::CloudFront::Distribution', {
    DistributionConfig: { Enabled: false },
  });
  const open = Template.fromStack(build({ publicReason: 'a gallery for everyone' }));
  open.hasResourceProperties('AWS::CloudFront::Distribution', {
    DistributionConfig: { Enabled: true, DefaultCacheBehavior: { TrustedKeyGroups: Match.absent() } },
  });
});

test.each<[string, Record<string, unknown>, string]>([
  [
    'keys and everyone',
    { publicKeys: [pem], publicReason: 'a gallery for everyone' },
    'publicReason is "a gallery for everyone"; allowed: only without publicKeys; fix: leave out one of the two',
  ],
  [
    'a name alone',
    { domainNames: ['a.com'] },
    'domainNames is ["a.com"]; allowed: together with certificateArn; fix: give both or neither',
  ],
  [
    'a certificate alone',
    { certificateArn: CERTIFICATE },
    'domainNames is not set; allowed: together with certificateArn; fix: give both or neither',
  ],
  ['a size', { maxSizeMib: 6000 }, 'maxSizeBytes is 6291456000; allowed: whole numbers from 1 to 5368709120'],
  ['a type', { contentTypes: ['png'] }, 'contentTypes is "png"; allowed: media types without parameters'],
  ['a key', { publicKeys: ['key'] }, 'publicKeys[0] is "no public key"; allowed: public keys in PEM'],
])('%s stops the synth', (_what, settings, message) => {
  expect(() => build(settings)).toThrow(message);
});

describe('deployed', () => {
  let coffer: Coffer;
  let deployed: Deployment;
  const stack = build();
  const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

  beforeAll(async () => {
    coffer = await startCoffer();
    deployed = await coffer.deploy(stack);
    await coffer.listen({ port: 0 });
  });
  afterAll(() => coffer.close());

  const upload = async (name: string, contentType: string, body: Buffer) => {
    const event = {
      body: JSON.stringify({ name, contentType, sizeBytes: body.length }),
      requestContext: {
        http: { method: 'POST' },
        authorizer: { iam: { userArn: deployed.output('UploaderRoleArn') } },
      },
    };
    const { Payload } = await coffer.client(LambdaClient).send(
      new InvokeCommand({
        FunctionName: deployed.output('UploadFunctionName'),
        Payload: Buffer.from(JSON.stringify(event)),
      }),
    );
    const { url, fields, key } = JSON.parse(JSON.parse(Buffer.from(Payload!).toString()).body);
    const form = new FormData();
    for (const [field, value] of Object.entries(fields)) form.append(field, value as string);
    form.append('file', new Blob([new Uint8Array(body)]));
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204);
    return key as string;
  };
  /** As GuardDuty does when it has scanned an object. */
  const scanned = async (Key: string, Value: string) => {
    await coffer.client(S3Client, { as: stack.uploads.gate.scanRole! }).send(
      new PutObjectTaggingCommand({
        Bucket: deployed.output('QuarantineBucketName'),
        Key,
        Tagging: { TagSet: [{ Key: 'GuardDutyMalwareScanStatus', Value }] },
      }),
    );
    await coffer.settled();
  };
  const editor = () => coffer.client(S3Client, { as: deployed.output('EditorRoleArn') });
  const entry = async (key: string) => {
    const Key = `catalogue/${key.slice('uploads/'.length)}.json`;
    const { Body } = await editor().send(new GetObjectCommand({ Bucket: deployed.output('BucketName'), Key }));
    return JSON.parse(await Body!.transformToString());
  };

  test('a picture comes through quarantine into the catalogue', async () => {
    const key = await upload('cat.png', 'image/png', PNG);
    await coffer.settled();
    const before = await editor().send(new ListObjectsV2Command({ Bucket: deployed.output('BucketName') }));
    expect(before.KeyCount).toBe(0);
    await scanned(key, 'NO_THREATS_FOUND');
    expect(await entry(key)).toMatchObject({
      key,
      sizeBytes: PNG.length,
      claimedType: 'image/png',
      foundType: 'image/png',
      asClaimed: true,
      uploadedBy: deployed.output('UploaderRoleArn'),
    });
  });

  test('what is not what it claims to be is told', async () => {
    const key = await upload('cat.jpg', 'image/jpeg', PNG);
    await scanned(key, 'NO_THREATS_FOUND');
    expect(await entry(key)).toMatchObject({ claimedType: 'image/jpeg', foundType: 'image/png', asClaimed: false });
  });

  test('malware stays where nobody can read it', async () => {
    const key = await upload('virus.png', 'image/png', PNG);
    await scanned(key, 'THREATS_FOUND');
    await expect(entry(key)).rejects.toThrow(/does not exist/);
    const admin = coffer.client(S3Client);
    await expect(
      admin.send(new GetObjectCommand({ Bucket: deployed.output('QuarantineBucketName'), Key: key })),
    ).rejects.toThrow(/explicit deny/);
  });

  test('the editor deletes media and writes none', async () => {
    const key = await upload('gone.png', 'image/png', PNG);
    await scanned(key, 'NO_THREATS_FOUND');
    const Bucket = deployed.output('BucketName');
    await editor().send(new DeleteObjectCommand({ Bucket, Key: key }));
    await expect(editor().send(new PutObjectCommand({ Bucket, Key: key, Body: 'x' }))).rejects.toThrow(
      /not authorized/,
    );
  });
});
