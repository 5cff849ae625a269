/** When keys and roles were last used, and the credential report. Source: IAM user guide, "Generate credential reports". */
import {
  CreateAccessKeyCommand,
  CreateGroupCommand,
  CreateRoleCommand,
  CreateUserCommand,
  GenerateCredentialReportCommand,
  GetAccessKeyLastUsedCommand,
  GetCredentialReportCommand,
  GetRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { type Coffer, startCoffer } from '@coffer/runtime';

let coffer: Coffer;
let iam: IAMClient;
beforeEach(async () => {
  coffer = await startCoffer();
  iam = coffer.client(IAMClient);
});
afterEach(() => coffer.close());

const refused = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error) => `${error.Error?.Code ?? error.name}: ${error.message}`,
  );

async function keysOf(UserName: string) {
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { accessKeyId: AccessKey!.AccessKeyId!, secretAccessKey: AccessKey!.SecretAccessKey! };
}

test('an access key tells its last use, by time, service and Region', async () => {
  const as = await keysOf('ada');
  const last = async () =>
    (await iam.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: as.accessKeyId }))).AccessKeyLastUsed!;
  expect(await last()).toMatchObject({ ServiceName: 'N/A', Region: 'N/A' });
  await coffer.client(STSClient, { as }).send(new GetCallerIdentityCommand({}));
  const first = await last();
  expect(first).toMatchObject({ ServiceName: 'sts', Region: 'us-east-1' });
  await coffer.clock.advance({ hours: 1 });
  // A refusal is a use as well; a wrong signature is none.
  await refused(coffer.client(S3Client, { as, region: 'eu-west-1' }).send(new ListBucketsCommand({})));
  const then = await last();
  expect(then).toMatchObject({ ServiceName: 's3', Region: 'eu-west-1' });
  expect(then.LastUsedDate!.getTime() - first.LastUsedDate!.getTime()).toBeGreaterThanOrEqual(3_600_000);
  await coffer.clock.advance({ hours: 1 });
  await refused(
    coffer.client(STSClient, { as: { ...as, secretAccessKey: 'wrong' } }).send(new GetCallerIdentityCommand({})),
  );
  expect(await last()).toEqual(then);
});

test('a role tells its last use', async () => {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  });
  await iam.send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument }));
  const get = async () => (await iam.send(new GetRoleCommand({ RoleName: 'r' }))).Role!.RoleLastUsed;
  expect(await get()).toEqual({});
  await coffer.client(STSClient, { as: 'r' }).send(new GetCallerIdentityCommand({}));
  expect(await get()).toMatchObject({ Region: 'us-east-1', LastUsedDate: expect.any(Date) });
});

test('the credential report', async () => {
  const as = await keysOf('ada');
  await coffer.client(STSClient, { as }).send(new GetCallerIdentityCommand({}));
  expect(await refused(iam.send(new GetCredentialReportCommand({})))).toMatch(/^ReportNotPresent/);
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe('STARTED');
  expect((await iam.send(new GenerateCredentialReportCommand({}))).State).toBe('COMPLETE');
  const { Content, ReportFormat } = await iam.send(new GetCredentialReportCommand({}));
  expect(ReportFormat).toBe('text/csv');
  const [head, ...lines] = Buffer.from(Content!).toString().split('\n');
  const rows = lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(head.split(',').map((name, i) => [name, cells[i]]));
  });
  expect(rows.map(({ user }) => user)).toEqual(['<root_account>', 'ada']);
  expect(rows[1]).toMatchObject({
    arn: 'arn:aws:iam::000000000000:user/ada',
    password_enabled: 'false',
    mfa_active: 'false',
    access_key_1_active: 'true',
    access_key_1_last_used_service: 'sts',
    access_key_2_active: 'false',
    access_key_2_last_used_date: 'N/A',
  });
  await coffer.clock.advance({ hours: 4 });
  expect(await refused(iam.send(new GetCredentialReportCommand({})))).toMatch(/^ReportExpired/);
});

test('an account has 300 groups at most', async () => {
  await Promise.all(Array.from({ length: 300 }, (_, i) => iam.send(new CreateGroupCommand({ GroupName: `g${i}` }))));
  expect(await refused(iam.send(new CreateGroupCommand({ GroupName: 'one-more' })))).toBe(
    'LimitExceeded: Cannot exceed quota for GroupsPerAccount: 300',
  );
});
