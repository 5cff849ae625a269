/**
 * What there is to ask about: resources and principals of the deployed state, each by the name of its construct when a
 * stack made it. Everything is found through the services' own list operations, so that what was made by hand counts too.
 */
import { parseArn } from '../base/arn';
import type { Kernel } from '../kernel/call';
import { anonymous, type Principal, root, servicePrincipal } from '../kernel/principal';
import { inventoryOf, type Placed } from '../services/cloudformation/inventory';
import { credentialsFor } from '../services/sts/acting';
import type { Kind } from './actions';

export interface Resource {
  readonly kind: Exclude<Kind, 'object'>;
  readonly arn: string;
  /** Account that owns it. */
  readonly account: string;
  readonly region: string;
  /** The construct's path, or else the physical name. */
  readonly name: string;
  readonly physicalName: string;
  readonly stackName?: string;
  /** Of a bucket. */
  readonly points?: readonly AccessPoint[];
}

/** Another door to a bucket. */
export interface AccessPoint {
  /** The construct's path, or else the name. */
  readonly name: string;
  readonly arn: string;
  readonly account: string;
  /** `Internet` or `VPC`. */
  readonly origin: string;
}

export interface Party {
  readonly name: string;
  readonly principal: Principal;
  /** Of another account: what its own policies allow it nobody knows here, so it is taken to be everything. */
  readonly foreign?: true;
}

export interface Landscape {
  readonly resources: readonly Resource[];
  readonly parties: readonly Party[];
  /** A text with the physical names of constructs replaced by the constructs. */
  named(text: string): string;
}

export async function landscapeOf(kernel: Kernel): Promise<Landscape> {
  const placed = await inventoryOf(kernel);
  const places = new Map<string, { account: string; region: string }>();
  const note = (account: string, region: string) => places.set(`${account} ${region}`, { account, region });
  note(kernel.defaultAccount, kernel.defaultRegion);
  for (const { account, region } of placed) note(account, region);
  for (const { id } of kernel.config.accounts) note(id, kernel.defaultRegion);
  const accounts = [...new Set([...places.values()].map(({ account }) => account))];

  const byId = new Map(placed.flatMap((one) => [one.physicalId, one.arn ?? one.physicalId].map((id) => [id, one])));
  const points = await accessPointsIn(kernel, [...places.values()], (id) => byId.get(id)?.construct);
  const resources: Resource[] = [];
  const parties: Party[] = [];
  const add = (kind: Resource['kind'], arn: string, physicalName: string, at: { account: string; region: string }) => {
    const made = byId.get(arn) ?? byId.get(physicalName);
    const { construct: name = physicalName, stackName } = made ?? {};
    const doors = kind === 'bucket' ? { points: points.get(physicalName) } : {};
    resources.push({ kind, arn, ...at, name, physicalName, stackName, ...doors });
    return name;
  };
  for (const account of accounts) {
    const at = { account, region: kernel.defaultRegion };
    const { s3, iam } = kernel.peers(root(account), at);
    for await (const { Name = '', BucketRegion } of pages((ContinuationToken) =>
      s3.ListBuckets({ ContinuationToken }).then((page) => [page.Buckets, page.ContinuationToken]),
    )) {
      add('bucket', `arn:aws:s3:::${Name}`, Name, { account, region: BucketRegion ?? at.region });
    }
    for await (const { Arn = '', RoleName = '' } of pages((Marker) =>
      iam.ListRoles({ Marker }).then((page) => [page.Roles, page.Marker]),
    )) {
      const name = `role ${add('role', Arn, RoleName, at)}`;
      parties.push({ name, principal: (await credentialsFor(kernel, Arn)).principal });
    }
    for await (const { Arn = '', UserName = '' } of pages((Marker) =>
      iam.ListUsers({ Marker }).then((page) => [page.Users, page.Marker]),
    )) {
      const name = `user ${byId.get(UserName)?.construct ?? UserName}`;
      parties.push({ name, principal: (await credentialsFor(kernel, Arn)).principal });
    }
    parties.push({ name: `administrator of ${account}`, principal: root(account) });
  }
  for (const at of places.values()) await addRegional(kernel, at, add);
  parties.push({ name: 'any other account', principal: root(strangerTo(accounts)), foreign: true });
  parties.push({ name: 'anyone, unsigned', principal: anonymous });
  return { resources, parties, named: namer(placed) };
}

/** By bucket. */
async function accessPointsIn(
  kernel: Kernel,
  places: readonly { account: string; region: string }[],
  constructOf: (id: string) => string | undefined,
): Promise<Map<string, AccessPoint[]>> {
  const found = new Map<string, AccessPoint[]>();
  for (const { account, region } of places) {
    const { s3control } = kernel.peers(root(account), { account, region });
    for await (const { Name = '', Bucket = '', AccessPointArn: arn = '', NetworkOrigin: origin = '' } of pages(
      (NextToken) =>
        s3control
          .ListAccessPoints({ AccountId: account, NextToken })
          .then((page) => [page.AccessPointList, page.NextToken]),
    )) {
      const point = { name: constructOf(Name) ?? Name, arn, account, origin };
      found.set(Bucket, [...(found.get(Bucket) ?? []), point]);
    }
  }
  return found;
}

async function addRegional(
  kernel: Kernel,
  at: { account: string; region: string },
  add: (kind: Resource['kind'], arn: string, name: string, at: { account: string; region: string }) => void,
): Promise<void> {
  const { kms, sqs, sns, events, lambda } = kernel.peers(root(at.account), at);
  for await (const { KeyId, KeyArn = '' } of pages((Marker) =>
    kms.ListKeys({ Marker }).then((page) => [page.Keys, page.NextMarker]),
  )) {
    const { KeyMetadata } = await kms.DescribeKey({ KeyId });
    if (KeyMetadata?.KeyManager !== 'AWS') add('key', KeyArn, KeyId ?? KeyArn, at);
  }
  for await (const url of pages((NextToken) =>
    sqs.ListQueues({ NextToken, MaxResults: 1000 }).then((page) => [page.QueueUrls, page.NextToken]),
  )) {
    const name = url.slice(url.lastIndexOf('/') + 1);
    add('queue', `arn:aws:sqs:${at.region}:${at.account}:${name}`, name, at);
  }
  for await (const { TopicArn = '' } of pages((NextToken) =>
    sns.ListTopics({ NextToken }).then((page) => [page.Topics, page.NextToken]),
  )) {
    add('topic', TopicArn, TopicArn.slice(TopicArn.lastIndexOf(':') + 1), at);
  }
  for await (const { Arn = '', Name = '', Policy } of pages((NextToken) =>
    events.ListEventBuses({ NextToken }).then((page) => [page.EventBuses, page.NextToken]),
  )) {
    // Every account has this one; until somebody says so it is nobody else's.
    if (Name !== 'default' || Policy !== undefined) add('bus', Arn, Name, at);
  }
  for await (const { FunctionName = '', FunctionArn = '' } of pages((Marker) =>
    lambda.ListFunctions({ Marker }).then((page) => [page.Functions, page.NextMarker]),
  )) {
    add('function', FunctionArn, FunctionName, at);
  }
}

async function* pages<T>(
  next: (token: string | undefined) => Promise<[items: T[] | undefined, token: string | undefined]>,
): AsyncGenerator<T> {
  let token: string | undefined;
  do {
    const [items, following] = await next(token);
    yield* items ?? [];
    token = following;
  } while (token !== undefined);
}

/** An account that nobody here has to do with. */
export function strangerTo(accounts: readonly string[]): string {
  for (let id = 999_999_999_999; ; id--) if (!accounts.includes(String(id))) return String(id);
}

/** Whoever a resource policy names that is not of these accounts: services and strangers. */
export function partyNamed(type: string, value: string, accounts: readonly string[]): Party | undefined {
  if (type === 'Service' && value !== '*') return { name: `service ${value}`, principal: servicePrincipal(value) };
  if (type !== 'AWS' || value === '*') return undefined;
  const arn = parseArn(value);
  const account = arn?.account ?? value;
  if (!/^\d{12}$/.test(account) || accounts.includes(account)) return undefined;
  if (!arn || arn.resource === 'root') {
    return { name: `account ${account}`, principal: root(account), foreign: true };
  }
  const principal: Principal = arn.resource.startsWith('role/')
    ? {
        kind: 'session',
        account,
        arn: `arn:aws:sts::${account}:assumed-role/${arn.resource.slice(arn.resource.lastIndexOf('/') + 1)}/any`,
        userId: 'AROAOFANOTHERACCOUNT:any',
        session: { roleArn: value, name: 'any', issuedAt: 0, expiresAt: 0 },
      }
    : { kind: 'user', account, arn: value, userId: 'AIDAOFANOTHERACCOUNT' };
  return { name: value, principal, foreign: true };
}

function namer(placed: readonly Placed[]): (text: string) => string {
  const names = placed
    .flatMap(({ physicalId, arn, construct }) => [physicalId, ...(arn ? [arn] : [])].map((id) => ({ id, construct })))
    .filter(({ id }) => id.length > 3)
    .sort((a, b) => b.id.length - a.id.length);
  return (text) => names.reduce((sum, { id, construct }) => sum.split(id).join(`{${construct}}`), text);
}
