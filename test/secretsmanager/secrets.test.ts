/** Secrets, as clients keep them and as templates make and read them. */
import { CloudFormationClient, DeleteStackCommand } from '@aws-sdk/client-cloudformation';
import { CreateKeyCommand, DisableKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import * as sdk from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, CfnOutput, RemovalPolicy, SecretValue, Stack } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import * as kms from 'aws-cdk-lib/aws-kms';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import * as ssm from 'aws-cdk-lib/aws-ssm';

process.env.CDK_VALIDATION = 'false';

let coffer: Coffer;
let client: sdk.SecretsManagerClient;
beforeAll(async () => {
  coffer = await startCoffer();
  client = coffer.client(sdk.SecretsManagerClient);
});
afterAll(() => coffer.close());

const get = (SecretId: string, more: object = {}, as = client) =>
  as.send(new sdk.GetSecretValueCommand({ SecretId, ...more }));
const create = (Name: string, more: Partial<sdk.CreateSecretCommandInput> = {}) =>
  client.send(new sdk.CreateSecretCommand({ Name, SecretString: 'one', ...more }));

test('versions follow one another, and labels tell which is which', async () => {
  const { ARN, VersionId: first } = await create('a/b');
  expect(ARN).toMatch(/^arn:aws:secretsmanager:us-east-1:000000000000:secret:a\/b-[A-Za-z0-9]{6}$/);
  const { VersionId: second } = await client.send(
    new sdk.PutSecretValueCommand({ SecretId: 'a/b', SecretString: 'two' }),
  );
  expect(await get(ARN!)).toMatchObject({ SecretString: 'two', VersionId: second, VersionStages: ['AWSCURRENT'] });
  expect(await get(ARN!.slice(0, -7))).toMatchObject({ SecretString: 'two' });
  expect((await get('a/b', { VersionStage: 'AWSPREVIOUS' })).SecretString).toBe('one');
  const back = { SecretId: 'a/b', VersionStage: 'AWSCURRENT', MoveToVersionId: first, RemoveFromVersionId: second };
  await client.send(new sdk.UpdateSecretVersionStageCommand(back));
  expect((await get('a/b')).SecretString).toBe('one');
  const bytes = { SecretId: 'a/b', SecretBinary: Buffer.from([0, 255]), VersionStages: ['mine'] };
  await client.send(new sdk.PutSecretValueCommand(bytes));
  expect(Buffer.from((await get('a/b', { VersionStage: 'mine' })).SecretBinary!)).toEqual(Buffer.from([0, 255]));
  const { Versions } = await client.send(new sdk.ListSecretVersionIdsCommand({ SecretId: 'a/b' }));
  expect(Versions!.map(({ VersionStages }) => VersionStages![0]).sort()).toEqual(['AWSCURRENT', 'AWSPREVIOUS', 'mine']);
  const token = { SecretId: 'a/b', ClientRequestToken: '0'.repeat(32), SecretString: 'x' };
  await client.send(new sdk.PutSecretValueCommand(token));
  await client.send(new sdk.PutSecretValueCommand(token));
  await expect(client.send(new sdk.PutSecretValueCommand({ ...token, SecretString: 'y' }))).rejects.toMatchObject({
    name: 'ResourceExistsException',
  });
});

test('a deleted secret can be restored until its time is over', async () => {
  await create('gone', { Tags: [{ Key: 'k', Value: 'v' }] });
  await client.send(new sdk.DeleteSecretCommand({ SecretId: 'gone', RecoveryWindowInDays: 7 }));
  await expect(get('gone')).rejects.toThrow('it was marked for deletion');
  await expect(create('gone')).rejects.toThrow('already scheduled for deletion');
  await client.send(new sdk.RestoreSecretCommand({ SecretId: 'gone' }));
  expect((await get('gone')).SecretString).toBe('one');
  await client.send(new sdk.DeleteSecretCommand({ SecretId: 'gone', RecoveryWindowInDays: 7 }));
  await coffer.clock.advance({ days: 8 });
  await expect(client.send(new sdk.DescribeSecretCommand({ SecretId: 'gone' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await create('gone');
});

test('a secret is as good as its key', async () => {
  const keys = coffer.client(KMSClient);
  const { KeyMetadata } = await keys.send(new CreateKeyCommand({}));
  await create('keyed', { KmsKeyId: KeyMetadata!.Arn });
  await keys.send(new DisableKeyCommand({ KeyId: KeyMetadata!.KeyId }));
  await expect(get('keyed')).rejects.toMatchObject({ name: 'DecryptionFailure' });
});

test('another account needs a policy, and a key that lets it in', async () => {
  const { ARN = '' } = await create('shared');
  const theirs = coffer.client(sdk.SecretsManagerClient, { account: '111122223333' });
  await expect(get(ARN, {}, theirs)).rejects.toThrow('not authorized to perform: secretsmanager:GetSecretValue');
  const Principal = { AWS: 'arn:aws:iam::111122223333:root' };
  const Statement = [{ Effect: 'Allow', Principal, Action: 'secretsmanager:GetSecretValue', Resource: '*' }];
  const ResourcePolicy = JSON.stringify({ Version: '2012-10-17', Statement });
  await client.send(new sdk.PutResourcePolicyCommand({ SecretId: 'shared', ResourcePolicy }));
  await expect(get(ARN, {}, theirs)).rejects.toThrow('Access to KMS is not allowed');
  const open = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...Statement[0], Principal: '*' }] });
  const blocked = { SecretId: 'shared', ResourcePolicy: open, BlockPublicPolicy: true };
  await expect(client.send(new sdk.PutResourcePolicyCommand(blocked))).rejects.toMatchObject({
    name: 'PublicPolicyException',
  });
});

test('passwords are made of what is wanted', async () => {
  const make = async (wish: sdk.GetRandomPasswordCommandInput) =>
    (await client.send(new sdk.GetRandomPasswordCommand(wish))).RandomPassword!;
  expect(await make({})).toHaveLength(32);
  expect(await make({ PasswordLength: 4 })).toMatch(/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)(?=.*[^A-Za-z\d]).{4}$/);
  expect(await make({ ExcludePunctuation: true, ExcludeUppercase: true, ExcludeCharacters: 'abc' })).toMatch(
    /^[d-z\d]{32}$/,
  );
  await expect(make({ PasswordLength: 3 })).rejects.toThrow('at least 4');
});

function stackOf(description: string, length: number): App {
  const app = new App();
  const stack = new Stack(app, 'Db');
  const role = new iam.Role(stack, 'Reader', { assumedBy: new iam.AccountRootPrincipal(), roleName: 'reader' });
  const encryptionKey = new kms.Key(stack, 'Key', { removalPolicy: RemovalPolicy.DESTROY });
  const secret = new secrets.Secret(stack, 'Secret', {
    description,
    encryptionKey,
    generateSecretString: {
      secretStringTemplate: JSON.stringify({ username: 'me' }),
      generateStringKey: 'password',
      passwordLength: length,
      excludePunctuation: true,
    },
  });
  secret.grantRead(role);
  secret.addToResourcePolicy(
    new iam.PolicyStatement({
      effect: iam.Effect.DENY,
      principals: [new iam.AnyPrincipal()],
      actions: ['secretsmanager:DeleteSecret'],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:PrincipalTag/x': 'y' } },
    }),
  );
  const copy = new ssm.StringParameter(stack, 'Copy', {
    stringValue: `user ${SecretValue.secretsManager(secret.secretArn, { jsonField: 'username' }).unsafeUnwrap()}`,
  });
  new CfnOutput(stack, 'Arn', { value: secret.secretArn });
  new CfnOutput(stack, 'Parameter', { value: copy.parameterName });
  return app;
}

test('templates make secrets and read them', async () => {
  const deployed = await coffer.deploy(stackOf('one', 20));
  const arn = deployed.output('Arn');
  const first = await get(arn, {}, coffer.client(sdk.SecretsManagerClient, { as: 'reader' }));
  expect(JSON.parse(first.SecretString!)).toEqual({
    username: 'me',
    password: expect.stringMatching(/^[A-Za-z\d]{20}$/),
  });
  const { Parameter } = await coffer
    .client(SSMClient)
    .send(new GetParameterCommand({ Name: deployed.output('Parameter') }));
  expect(Parameter!.Value).toBe('user me');
  await coffer.deploy(stackOf('two', 20));
  expect((await get(arn)).VersionId).toBe(first.VersionId);
  expect((await client.send(new sdk.DescribeSecretCommand({ SecretId: arn }))).Description).toBe('two');
  await coffer.deploy(stackOf('two', 30));
  expect(JSON.parse((await get(arn)).SecretString!).password).toHaveLength(30);
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Db' }));
  await expect(get(arn)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});
