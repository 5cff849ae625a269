/**
 * A runtime without its shell: the administrator speaks through the vendor's clients, and any principal, roles and
 * services included, as other services speak.
 */
import type { Duration } from '../../runtime/base/clock';
import { createRequestHandler, noteSignings } from '../../runtime/client';
import type { Peers } from '../../runtime/kernel/peers';
import type { Principal } from '../../runtime/kernel/principal';
import { beginLife } from '../../runtime/life';
// Each adds itself to the type of `Peers`.
import '../../runtime/services/iam/service';
import '../../runtime/services/kms/service';
import '../../runtime/services/logs/service';
import '../../runtime/services/sqs/service';
import '../../runtime/services/ssm/service';

export const account = '111122223333';
export const region = 'eu-central-1';

const packages: Readonly<Record<string, readonly [packageName: string, clientClass: string]>> = {
  kms: ['@aws-sdk/client-kms', 'KMSClient'],
  logs: ['@aws-sdk/client-cloudwatch-logs', 'CloudWatchLogsClient'],
  sqs: ['@aws-sdk/client-sqs', 'SQSClient'],
  ssm: ['@aws-sdk/client-ssm', 'SSMClient'],
};

export async function startRig(directory?: string) {
  const life = await beginLife({
    directory,
    defaultAccount: account,
    defaultRegion: region,
    endpoint: async () => 'http://127.0.0.1:4566',
    report: () => {},
  });
  const { kernel } = life;

  /** A client of the vendor's, looking like peers: `CreateKey(input)` sends a `CreateKeyCommand`. */
  function client(service: string, where: string, owner: string): unknown {
    const [packageName, clientClass] = packages[service];
    const vendor = require(packageName);
    const made = new vendor[clientClass]({
      region: where,
      endpoint: 'http://127.0.0.1:4566',
      credentials: { accessKeyId: owner, secretAccessKey: owner },
      requestHandler: createRequestHandler(life.answer),
      maxAttempts: 1,
    });
    noteSignings(made, () => ({ clock: kernel.clock, known: life.knownSignings }));
    return new Proxy(
      {},
      { get: (_, operation) => (input: object) => made.send(new vendor[`${String(operation)}Command`](input)) },
    );
  }

  return {
    kernel,
    /** The administrator of an account, from outside. */
    admin: (where = region, owner = account) =>
      new Proxy({} as Peers, { get: (_, service) => client(String(service), where, owner) }),
    /** Any principal, from inside. */
    as: (principal: Principal, where = region, via: string[] = []) =>
      kernel.peers(principal, { account: principal.account ?? account, region: where, via }),
    advance: (duration: Duration) => life.advance(duration),
    stop: () => life.close(),
  };
}

export type Rig = Awaited<ReturnType<typeof startRig>>;

/** The code of the error that a promise ends with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    return (error as Error).name;
  }
  return 'no error';
}
