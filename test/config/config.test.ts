/** Configurations: what is declared is there, under the names it was given; what is no configuration is refused. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetObjectAclCommand,
  GetPublicAccessBlockCommand,
  ListBucketsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, type CofferConfig, ConfigError, startCoffer } from '@coffer/runtime';
import { readConfig } from '../../runtime/config';

const config: CofferConfig = {
  s3: { defaults: '2022' },
  accounts: [
    {
      id: '111122223333',
      name: 'Research',
      email: 'research@example.com',
      canonicalId: 'research',
      accessKeys: [{ accessKeyId: 'research_root_key', secretAccessKey: 'a+secret/of=its:own' }],
      users: [
        {
          name: 'reader',
          accessKeys: [{ accessKeyId: 'research_reader_key', secretAccessKey: 'another.secret' }],
          inlinePolicies: {
            list: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: 's3:List*', Resource: '*' }] },
          },
        },
      ],
      kmsKeys: [{ id: 'samples-key', alias: 'alias/samples' }],
      buckets: [{ name: 'samples' }],
    },
    { id: '444455556666', email: 'partner@example.com', canonicalId: 'partner' },
  ],
};

const ROOT = { accessKeyId: 'research_root_key', secretAccessKey: 'a+secret/of=its:own' };
const READER = { accessKeyId: 'research_reader_key', secretAccessKey: 'another.secret' };

describe('what is declared', () => {
  let coffer: Coffer;
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  const s3 = (keys: typeof ROOT) => coffer.client(S3Client, { as: keys });
  beforeAll(async () => {
    coffer = await startCoffer({ config, directory });
  });
  afterAll(async () => {
    await coffer.close();
    rmSync(directory, { recursive: true });
  });

  test('keys are those of roots and users', async () => {
    const who = async (as: typeof ROOT) =>
      (await coffer.client(STSClient, { as }).send(new GetCallerIdentityCommand({}))).Arn;
    expect(await who(ROOT)).toBe('arn:aws:iam::111122223333:root');
    expect(await who(READER)).toBe('arn:aws:iam::111122223333:user/reader');
    await expect(who({ ...ROOT, secretAccessKey: 'a guess' })).rejects.toThrow(/signature/);
  });

  test('users have their policies, buckets are there', async () => {
    const { Buckets, Owner } = await s3(READER).send(new ListBucketsCommand({}));
    expect(Buckets?.map(({ Name }) => Name)).toEqual(['samples']);
    expect(Owner).toEqual({ ID: 'research', DisplayName: 'Research' });
    await expect(s3(READER).send(new CreateBucketCommand({ Bucket: 'mine' }))).rejects.toThrow('reader');
  });

  test('KMS keys answer to the id they were given', async () => {
    const put = (SSEKMSKeyId: string) =>
      s3(ROOT).send(
        new PutObjectCommand({ Bucket: 'samples', Key: 'k', ServerSideEncryption: 'aws:kms', SSEKMSKeyId }),
      );
    const arn = 'arn:aws:kms:us-east-1:111122223333:key/samples-key';
    expect((await put('samples-key')).SSEKMSKeyId).toBe(arn);
    expect((await put('alias/samples')).SSEKMSKeyId).toBe(arn);
    await expect(put('no-such-key')).rejects.toThrow();
  });

  test('buckets are as they were made in 2022', async () => {
    await expect(s3(ROOT).send(new GetPublicAccessBlockCommand({ Bucket: 'samples' }))).rejects.toThrow(
      /public access/,
    );
    const shared = { Bucket: 'samples', Key: 'shared', GrantRead: 'emailAddress="partner@example.com"' };
    await s3(ROOT).send(new PutObjectCommand(shared));
    const { Grants } = await s3(ROOT).send(new GetObjectAclCommand({ Bucket: 'samples', Key: 'shared' }));
    expect(Grants).toEqual([{ Grantee: { Type: 'CanonicalUser', ID: 'partner' }, Permission: 'READ' }]);
  });

  test('a second start finds it as it was left', async () => {
    await coffer.close();
    coffer = await startCoffer({ config, directory });
    expect((await s3(READER).send(new ListBucketsCommand({}))).Buckets).toHaveLength(1);
  });
});

describe('what is no configuration', () => {
  const flaws = (value: unknown): string => {
    try {
      readConfig(value);
      return 'none';
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
  };
  const account = { id: '111122223333' };
  const cases: [string, unknown, RegExp][] = [
    ['no object', [], /config must be an object/],
    [
      'an unknown member',
      { acounts: [] },
      /config\.acounts is not known; known here: accounts, vpcEndpoints, organization, oidcIssuers, s3/,
    ],
    ['an unknown default', { s3: { defaults: '2019' } }, /s3\.defaults must be 'current' or '2022'/],
    ['a short account', { accounts: [{ id: '12' }] }, /accounts\[0\]\.id must be twelve digits/],
    ['a member too deep', { accounts: [{ ...account, users: [{ name: 'a', groups: [] }] }] }, /users\[0\]\.groups/],
    ['an account twice', { accounts: [account, account] }, /account 111122223333 is declared twice/],
    [
      'an account in two places',
      { organization: { accounts: [account], units: [{ name: 'A', accounts: [account] }] } },
      /organization\.units\[0\] has the account 111122223333, which is in two places/,
    ],
    [
      'an RCP that allows',
      {
        organization: {
          resourceControlPolicies: {
            Open: {
              Version: '2012-10-17',
              Statement: [{ Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: '*' }],
            },
          },
        },
      },
      /organization\.resourceControlPolicies\.Open is no such policy: Effect must be Deny/,
    ],
    [
      'a unit with nothing allowed',
      { organization: { units: [{ name: 'A', fullAccess: false }] } },
      /organization\.units\[0\] needs a service control policy/,
    ],
    [
      'a key without secret',
      { accounts: [{ ...account, accessKeys: [{ accessKeyId: 'AKIA0123456789012345' }] }] },
      /accessKeys\[0\]\.secretAccessKey must be 8 to 256/,
    ],
    [
      'two flaws at once',
      { accounts: [{ id: 'x', buckets: [{ name: 'B' }] }] },
      /accounts\[0\]\.id must(.|\n)*buckets\[0\]\.name must/,
    ],
  ];
  test.each(cases)('%s', (_, value, says) => {
    expect(flaws(value)).toMatch(says);
  });

  test('startCoffer refuses it', async () => {
    await expect(startCoffer({ config: { accounts: [{ id: 'x' }] } })).rejects.toThrow(ConfigError);
  });
});
