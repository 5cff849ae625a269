/** An organisation as its management account makes it, and the accounts that are held to it. */
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { type Coffer, type CofferConfig, startCoffer } from '@coffer/runtime';

export const MANAGEMENT = '111111111111';
export const MEMBER = '222222222222';
export const OTHER = '333333333333';
export const STRANGER = '999999999999';

export type Organization = NonNullable<CofferConfig['organization']>;

export const document = (...Statement: object[]) => ({ Version: '2012-10-17', Statement });
export const deny = (Action: string | string[], more: object = {}) =>
  document({ Sid: 'No', Effect: 'Deny', Action, Resource: '*', ...more });
export const allow = (Action: string | string[]) => document({ Effect: 'Allow', Action, Resource: '*' });

export const startWith = (organization?: Organization): Promise<Coffer> =>
  startCoffer({ defaultAccount: MANAGEMENT, config: { organization } });

export const s3Of = (coffer: Coffer, account: string, as: string = 'admin'): S3Client =>
  coffer.client(S3Client, { account, as });

/** A role that its own account lets do everything. */
export async function makeRole(coffer: Coffer, account: string, RoleName: string): Promise<void> {
  const iam = coffer.client(IAMClient, { account });
  await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: JSON.stringify(
        document({ Effect: 'Allow', Principal: { AWS: account }, Action: 'sts:AssumeRole' }),
      ),
    }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'all', PolicyDocument: JSON.stringify(allow('*')) }));
}

/** The code and message that a promise fails with. */
export const refused = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error) => `${error.name}: ${error.message}`,
  );
