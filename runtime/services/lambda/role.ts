/** Acting as a function's execution role: one STS session, taken by the Lambda service as on AWS. */
import { isAwsError } from '../../base/errors';
import type { Kernel } from '../../kernel/call';
import type { Peers } from '../../kernel/peers';
import { type Principal, servicePrincipal } from '../../kernel/principal';
import { roleNotAssumable } from './errors';
import { type FunctionName, functionArn } from './names';

export interface RoleSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Virtual milliseconds. */
  readonly expiresAt: number;
  /** Services, called as the role. */
  readonly peers: Peers;
}

/** The shortest that any role allows as its longest session; environments outlive it only by being replaced. */
const SESSION_SECONDS = 3600;

/** @throws AwsError InvalidParameterValueException when the role is missing or does not trust Lambda */
export async function assumeRole(kernel: Kernel, of: FunctionName, roleArn: string): Promise<RoleSession> {
  const scope = { account: of.account, region: of.region, partition: of.partition };
  const lambda = servicePrincipal('lambda.amazonaws.com', functionArn(of), of.account);
  const input = { RoleArn: roleArn, RoleSessionName: sessionName(of), DurationSeconds: SESSION_SECONDS };
  const output = await kernel
    .peers(lambda, scope)
    .sts.AssumeRole(input)
    .catch((error: unknown) => {
      throw isAwsError(error) ? roleNotAssumable() : error;
    });
  const { Credentials: credentials, AssumedRoleUser: user } = output;
  const expiresAt = credentials!.Expiration!.getTime();
  const principal: Principal = {
    kind: 'session',
    account: of.account,
    arn: user!.Arn!,
    userId: user!.AssumedRoleId!,
    accessKeyId: credentials!.AccessKeyId,
    session: { roleArn, name: sessionName(of), issuedAt: kernel.clock.now(), expiresAt },
  };
  return {
    accessKeyId: credentials!.AccessKeyId!,
    secretAccessKey: credentials!.SecretAccessKey!,
    sessionToken: credentials!.SessionToken!,
    expiresAt,
    peers: kernel.peers(principal, scope),
  };
}

/** The function's name, which may be shorter than a session's. */
function sessionName({ name }: FunctionName): string {
  return name.padEnd(2, '_');
}
