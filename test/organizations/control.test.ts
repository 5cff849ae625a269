/**
 * Control policies as everybody meets them. Sources: AWS Organizations user guide, "SCP evaluation", "Resource control
 * policies (RCPs)"; IAM user guide, "AWS global condition context keys".
 */
import { EncryptCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListBucketsCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import type { Coffer } from '@coffer/runtime';
import {
  allow,
  deny,
  document,
  MANAGEMENT,
  MEMBER,
  makeRole,
  type Organization,
  OTHER,
  refused,
  STRANGER,
  s3Of,
  startWith,
} from './rig';

let coffer: Coffer;
afterEach(() => coffer.close());

const list = (account: string, as?: string) => refused(s3Of(coffer, account, as).send(new ListBucketsCommand({})));

describe('service control policies', () => {
  test('a deny in the path holds for every principal of the account, its root user included', async () => {
    coffer = await startWith({
      units: [
        {
          name: 'Work',
          serviceControlPolicies: { NoListing: deny('s3:ListAllMyBuckets') },
          accounts: [{ id: MEMBER }],
        },
      ],
      accounts: [{ id: OTHER }],
    });
    await makeRole(coffer, MEMBER, 'worker');
    const words =
      /^AccessDenied: User: .* is not authorized to perform: s3:ListAllMyBuckets with an explicit deny in a service control policy: arn:aws:organizations::111111111111:policy\/o-\w+\/service_control_policy\/p-\w+$/;
    expect(await list(MEMBER, 'worker')).toMatch(words);
    expect(await list(MEMBER)).toMatch(words);
    expect(await list(OTHER)).toBe('no error');
    expect(await list(STRANGER)).toBe('no error');
  });

  test('every level has to allow', async () => {
    const organization = (unit: object, root: object = {}): Organization => ({
      ...root,
      units: [{ name: 'Work', ...unit, accounts: [{ id: MEMBER }] }],
    });
    coffer = await startWith(organization({ fullAccess: false, serviceControlPolicies: { OnlyKms: allow('kms:*') } }));
    expect(await list(MEMBER)).toMatch(/because no service control policy allows the s3:ListAllMyBuckets action$/);
    await coffer.close();
    coffer = await startWith(
      organization({}, { fullAccess: false, serviceControlPolicies: { OnlyS3: allow('s3:*') } }),
    );
    expect(await list(MEMBER)).toBe('no error');
    expect(
      await refused(
        coffer
          .client(KMSClient, { account: MEMBER })
          .send(new EncryptCommand({ KeyId: 'alias/aws/s3', Plaintext: new Uint8Array(1) })),
      ),
    ).toMatch(/no service control policy allows/);
  });

  test('an allow beside FullAWSAccess restricts nothing', async () => {
    coffer = await startWith({ accounts: [{ id: MEMBER, serviceControlPolicies: { OnlyKms: allow('kms:*') } }] });
    expect(await list(MEMBER)).toBe('no error');
  });

  test('the management account and service-linked roles are exempt', async () => {
    coffer = await startWith({
      serviceControlPolicies: { Nothing: deny('s3:*') },
      accounts: [{ id: MANAGEMENT }, { id: MEMBER }],
    });
    expect(await list(MANAGEMENT)).toBe('no error');
    expect(await list(MEMBER)).toMatch(/service control policy/);
    const role = `arn:aws:iam::${MEMBER}:role/aws-service-role/organizations.amazonaws.com/AWSServiceRoleForOrganizations`;
    // It has no policy of its own: that is what it lacks, not leave from the organisation.
    expect(await list(MEMBER, role)).toMatch(/because no identity-based policy allows/);
  });

  test("they hold for principals, not for the account's resources", async () => {
    coffer = await startWith({
      accounts: [{ id: MEMBER, serviceControlPolicies: { NoReading: deny('s3:GetObject') } }],
    });
    const s3 = s3Of(coffer, MEMBER);
    await s3.send(new CreateBucketCommand({ Bucket: 'shared' }));
    await s3.send(new PutObjectCommand({ Bucket: 'shared', Key: 'k', Body: 'x' }));
    const Policy = JSON.stringify(
      document({
        Effect: 'Allow',
        Principal: { AWS: STRANGER },
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::shared/*',
      }),
    );
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'shared', Policy }));
    const get = new GetObjectCommand({ Bucket: 'shared', Key: 'k' });
    expect(await refused(s3Of(coffer, STRANGER).send(get))).toBe('no error');
    expect(await refused(s3.send(get))).toMatch(/explicit deny in a service control policy/);
  });
});

describe('resource control policies', () => {
  /** "Enforce that only identities of the organisation reach its resources", from AWS's examples. */
  const perimeter = deny(['s3:*', 'sts:*', 'kms:*'], {
    Principal: '*',
    Condition: {
      StringNotEqualsIfExists: { 'aws:PrincipalOrgID': 'o-exampleorgid' },
      BoolIfExists: { 'aws:PrincipalIsAWSService': 'false' },
    },
  });

  beforeEach(async () => {
    coffer = await startWith({
      id: 'o-exampleorgid',
      resourceControlPolicies: { Perimeter: perimeter },
      accounts: [{ id: MANAGEMENT }, { id: MEMBER }, { id: OTHER }],
    });
    for (const account of [MANAGEMENT, MEMBER]) {
      const Bucket = `of-${account}`;
      const s3 = s3Of(coffer, account);
      await s3.send(new CreateBucketCommand({ Bucket }));
      await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
      const Principal = { AWS: [OTHER, STRANGER] };
      const statement = { Effect: 'Allow', Principal, Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/*` };
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(document(statement)) }));
    }
  });

  const get = (account: string, owner: string) =>
    refused(s3Of(coffer, account).send(new GetObjectCommand({ Bucket: `of-${owner}`, Key: 'k' })));

  test('hold for resources of members, whoever asks', async () => {
    expect(await get(OTHER, MEMBER)).toBe('no error');
    expect(await get(STRANGER, MEMBER)).toBe('AccessDenied: Access Denied');
    expect(coffer.denials().at(-1)?.reason).toMatch(
      /explicitly denied by statement 1 \("No"\) of resource control policy "Perimeter" of the root/,
    );
  });

  test('not for those of the management account', async () => {
    expect(await get(STRANGER, MANAGEMENT)).toBe('no error');
  });

  test('for roles that strangers want to assume', async () => {
    await makeRole(coffer, MEMBER, 'guest');
    const trusting = async (account: string) =>
      refused(
        coffer
          .client(STSClient, { account, as: 'guesting' })
          .send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${MEMBER}:role/open`, RoleSessionName: 'me' })),
      );
    const { IAMClient, CreateRoleCommand } = await import('@aws-sdk/client-iam');
    await coffer.client(IAMClient, { account: MEMBER }).send(
      new CreateRoleCommand({
        RoleName: 'open',
        AssumeRolePolicyDocument: JSON.stringify(
          document({ Effect: 'Allow', Principal: { AWS: [STRANGER, OTHER] }, Action: 'sts:AssumeRole' }),
        ),
      }),
    );
    for (const account of [STRANGER, OTHER]) await makeRole(coffer, account, 'guesting');
    expect(await trusting(OTHER)).toBe('no error');
    expect(await trusting(STRANGER)).toMatch(/explicit deny in a resource control policy$/);
  });

  test('not for AWS managed keys', async () => {
    await coffer.close();
    coffer = await startWith({
      resourceControlPolicies: { NoKeys: deny('kms:DescribeKey', { Principal: '*' }) },
      accounts: [{ id: MEMBER }],
    });
    const { CreateKeyCommand, DescribeKeyCommand } = await import('@aws-sdk/client-kms');
    const kms = coffer.client(KMSClient, { account: MEMBER });
    expect(await refused(kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' })))).toBe('no error');
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    expect(await refused(kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId })))).toMatch(
      /AccessDeniedException: .* with an explicit deny in a resource control policy: arn:aws:organizations::/,
    );
  });
});

describe('what condition keys tell', () => {
  test('of the principal: its organisation and the path to it', async () => {
    coffer = await startWith({
      id: 'o-exampleorgid',
      units: [{ name: 'Work', units: [{ name: 'Deep', accounts: [{ id: MEMBER }] }], accounts: [{ id: OTHER }] }],
    });
    const s3 = s3Of(coffer, MANAGEMENT);
    await s3.send(new CreateBucketCommand({ Bucket: 'library' }));
    await s3.send(new PutObjectCommand({ Bucket: 'library', Key: 'k', Body: 'x' }));
    const open = async (Condition: object) => {
      const statement = {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: 'arn:aws:s3:::library/*',
        Condition,
      };
      await s3.send(new PutBucketPolicyCommand({ Bucket: 'library', Policy: JSON.stringify(document(statement)) }));
    };
    const readers = async () => {
      const found: string[] = [];
      for (const account of [MEMBER, OTHER, STRANGER]) {
        const get = new GetObjectCommand({ Bucket: 'library', Key: 'k' });
        if ((await refused(s3Of(coffer, account).send(get))) === 'no error') found.push(account);
      }
      return found;
    };
    await open({ StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid' } });
    expect(await readers()).toEqual([MEMBER, OTHER]);
    await open({
      StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid' },
      'ForAnyValue:StringLike': { 'aws:PrincipalOrgPaths': 'o-exampleorgid/r-*/ou-*/ou-*/' },
    });
    expect(await readers()).toEqual([MEMBER]);
    await open({ StringEquals: { 'aws:PrincipalOrgID': 'o-exampleorgid', 'aws:ResourceOrgID': 'o-exampleorgid' } });
    expect(await readers()).toEqual([MEMBER, OTHER]);
  });

  test('of the resource: an SCP keeps its principals within the organisation', async () => {
    coffer = await startWith({
      id: 'o-exampleorgid',
      serviceControlPolicies: {
        Inside: deny('s3:*', {
          // biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
          Condition: { StringNotEqualsIfExists: { 'aws:ResourceOrgID': '${aws:PrincipalOrgID}' } },
        }),
      },
      accounts: [{ id: MEMBER }, { id: OTHER }],
    });
    for (const account of [OTHER, STRANGER]) {
      const Bucket = `at-${account}`;
      const s3 = s3Of(coffer, account);
      await s3.send(new CreateBucketCommand({ Bucket }));
      await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'x' }));
      const statement = {
        Effect: 'Allow',
        Principal: { AWS: MEMBER },
        Action: 's3:GetObject',
        Resource: `arn:aws:s3:::${Bucket}/*`,
      };
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(document(statement)) }));
    }
    const get = (owner: string) =>
      refused(s3Of(coffer, MEMBER).send(new GetObjectCommand({ Bucket: `at-${owner}`, Key: 'k' })));
    expect(await get(OTHER)).toBe('no error');
    expect(await get(STRANGER)).toMatch(/^AccessDenied/);
  });
});
