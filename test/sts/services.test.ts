/** Sessions beyond a client's reach: services that assume their roles, whoever runs the runtime, and a restart. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startCoffer } from '@coffer/runtime';
import { servicePrincipal } from '../../runtime/kernel/principal';
import { beginLife, type Life } from '../../runtime/life';
import { credentialsFor } from '../../runtime/services/sts/acting';

const ACCOUNT = '111122223333';
const RoleArn = `arn:aws:iam::${ACCOUNT}:role/Worker`;
const functionArn = `arn:aws:lambda:us-east-1:${ACCOUNT}:function:resize`;
const trust = (Principal: object, Condition?: object): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Action: 'sts:AssumeRole', Principal, Condition },
  });

describe('in the runtime', () => {
  let life: Life;
  const scope = { account: ACCOUNT, region: 'us-east-1' };
  beforeEach(async () => {
    const endpoint = async () => 'http://127.0.0.1:1';
    life = await beginLife({ defaultAccount: ACCOUNT, defaultRegion: 'us-east-1', report() {}, endpoint });
  });
  afterEach(() => life.close());

  const admin = () =>
    life.kernel.peers({ kind: 'root', account: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root`, userId: ACCOUNT }, scope);
  const asLambda = (sourceAccount: string) =>
    life.kernel
      .peers(servicePrincipal('lambda.amazonaws.com', functionArn, sourceAccount), scope)
      .sts.AssumeRole({ RoleArn, RoleSessionName: 'resize' });

  test('a service assumes a role that trusts it, for the right account only', async () => {
    const condition = { StringEquals: { 'aws:SourceAccount': ACCOUNT }, ArnLike: { 'aws:SourceArn': functionArn } };
    const AssumeRolePolicyDocument = trust({ Service: 'lambda.amazonaws.com' }, condition);
    await admin().iam.CreateRole({ RoleName: 'Worker', AssumeRolePolicyDocument });
    expect((await asLambda(ACCOUNT)).AssumedRoleUser!.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/Worker/resize`);
    await expect(asLambda('444455556666')).rejects.toThrow(
      `User: lambda.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: ${RoleArn} because no role trust policy allows the sts:AssumeRole action`,
    );
  });

  test('whoever runs the runtime acts as any role or user', async () => {
    await admin().iam.CreateRole({
      RoleName: 'Worker',
      AssumeRolePolicyDocument: trust({ Service: 'lambda.amazonaws.com' }),
    });
    await admin().iam.CreateUser({ UserName: 'ada' });
    const role = await credentialsFor(life.kernel, RoleArn, 'test');
    expect(role.principal.arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/Worker/test`);
    const user = await credentialsFor(life.kernel, `arn:aws:iam::${ACCOUNT}:user/ada`);
    expect(user.principal).toMatchObject({ kind: 'user', account: ACCOUNT });
    await expect(credentialsFor(life.kernel, `${RoleArn}s`)).rejects.toThrow('cannot be found');
    await expect(credentialsFor(life.kernel, 'Worker')).rejects.toThrow('not the ARN of a role or a user');
  });
});

test('a session outlives the runtime that issued it, up to its expiry', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'coffer-sts-'));
  try {
    const before = await startCoffer({ directory, defaultAccount: ACCOUNT });
    const AssumeRolePolicyDocument = trust({ AWS: ACCOUNT });
    await before.client(IAMClient).send(new CreateRoleCommand({ RoleName: 'Worker', AssumeRolePolicyDocument }));
    const { Credentials } = await before
      .client(STSClient)
      .send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'work' }));
    await before.close();

    const after = await startCoffer({ directory, defaultAccount: ACCOUNT });
    const { AccessKeyId, SecretAccessKey, SessionToken } = Credentials!;
    const as = { accessKeyId: AccessKeyId!, secretAccessKey: SecretAccessKey!, sessionToken: SessionToken! };
    const own = after.client(STSClient, { as });
    expect((await own.send(new GetCallerIdentityCommand({}))).Arn).toContain(':assumed-role/Worker/work');
    await after.clock.advance({ minutes: 61 });
    await expect(own.send(new GetCallerIdentityCommand({}))).rejects.toThrow('expired');
    await after.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
