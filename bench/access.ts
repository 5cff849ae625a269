/**
 * What authorisation costs: a read by a role with five managed policies of 2 KB, in a bucket with a policy of 5 KB. The
 * authoriser is asked as the pipeline asks it, with policies read from the store each time.
 */
import { AttachRolePolicyCommand, CreatePolicyCommand, CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createRequestHandler } from '@coffer/runtime/dist/client';
import type { Call } from '@coffer/runtime/dist/kernel/call';
import { noBody } from '@coffer/runtime/dist/kernel/incoming';
import { root } from '@coffer/runtime/dist/kernel/principal';
import { beginLife, type Life } from '@coffer/runtime/dist/life';
import { credentialsFor } from '@coffer/runtime/dist/services/sts/acting';
import { median, type Row } from './rows';

const ACCOUNT = '000000000000';
const BUCKET = 'measured';
const OBJECT = `arn:aws:s3:::${BUCKET}/data/2026/11/30/a.parquet`;
const ROUNDS = 7;
const PER_ROUND = 5_000;

type Statement = Readonly<Record<string, unknown>>;
const policy = (statements: readonly Statement[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });

/** As many statements as fit. */
function ofSize(bytes: number, first: readonly Statement[], more: (i: number) => Statement): string {
  const statements = [...first];
  for (let i = 0; policy([...statements, more(i)]).length <= bytes; i++) statements.push(more(i));
  return policy(statements);
}

/** Statements of a role as grants make them: other buckets, other prefixes, conditions. */
const elsewhere =
  (policyNumber: number) =>
  (i: number): Statement => ({
    Sid: `Grant${policyNumber}x${i}`,
    Effect: 'Allow',
    Action: ['s3:GetObject', 's3:PutObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    Resource: [`arn:aws:s3:::${i % 2 ? BUCKET : 'another'}/team-${policyNumber}/${i}/*`],
    Condition: { StringEquals: { 'aws:PrincipalAccount': ACCOUNT } },
  });

/** Denials that a bucket's policy holds everybody to: each condition is asked, none holds. */
const denial = (i: number): Statement => ({
  Sid: `Deny${i}`,
  Effect: 'Deny',
  Principal: '*',
  Action: i % 2 ? 's3:*' : 's3:GetObject',
  Resource: [`arn:aws:s3:::${BUCKET}`, `arn:aws:s3:::${BUCKET}/*`],
  Condition:
    i % 3
      ? { Bool: { 'aws:SecureTransport': 'false' } }
      : { StringNotEquals: { 'aws:PrincipalAccount': [ACCOUNT, String(i).padStart(12, '1')] } },
});

async function prepare(life: Life): Promise<Call> {
  const handler = createRequestHandler(life.answer);
  const settings = {
    region: 'us-east-1',
    endpoint: 'http://127.0.0.1:4566',
    credentials: { accessKeyId: ACCOUNT, secretAccessKey: ACCOUNT },
    requestHandler: handler as never,
  };
  const iam = new IAMClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const trust = policy([{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { AWS: ACCOUNT } }]);
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: 'Reader', AssumeRolePolicyDocument: trust }));
  for (let i = 0; i < 5; i++) {
    const granting = { Effect: 'Allow', Action: ['s3:GetObject'], Resource: [`arn:aws:s3:::${BUCKET}/data/*`] };
    const document = ofSize(2_048, i === 4 ? [granting] : [], elsewhere(i));
    const made = await iam.send(new CreatePolicyCommand({ PolicyName: `p${i}`, PolicyDocument: document }));
    await iam.send(new AttachRolePolicyCommand({ RoleName: 'Reader', PolicyArn: made.Policy!.Arn }));
  }
  await s3.send(new CreateBucketCommand({ Bucket: BUCKET }));
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'data/2026/11/30/a.parquet', Body: 'x' }));
  await s3.send(new PutBucketPolicyCommand({ Bucket: BUCKET, Policy: ofSize(5_120, [], denial) }));
  const { principal } = await credentialsFor(life.kernel, Role!.Arn!);
  return {
    kernel: life.kernel,
    requestId: 'bench',
    now: life.kernel.clock.now(),
    service: 's3',
    principal,
    account: ACCOUNT,
    region: 'us-east-1',
    via: [],
    request: {
      method: 'GET',
      target: '/',
      path: '/',
      query: [],
      headers: {},
      body: noBody,
      remoteAddress: '127.0.0.1',
      secure: true,
      tlsVersion: '1.3',
    },
  } as unknown as Call;
}

/** In processor time, which other work on the machine does not stretch. */
async function cost(life: Life, call: Call): Promise<number> {
  const check = { action: 's3:GetObject', resource: OBJECT, owner: ACCOUNT };
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begun = process.cpuUsage();
    for (let i = 0; i < PER_ROUND; i++) await life.authorize(call, [check]);
    const { user, system } = process.cpuUsage(begun);
    rounds.push((user + system) / PER_ROUND);
  }
  return median(rounds);
}

export async function access(): Promise<Row[]> {
  const life = await beginLife({
    defaultAccount: ACCOUNT,
    defaultRegion: 'us-east-1',
    endpoint: () => Promise.reject(new Error('nobody asks for one')),
    report: () => {},
  });
  try {
    const call = await prepare(life);
    const asRole = await cost(life, call);
    const asRoot = await cost(life, { ...call, principal: root(ACCOUNT) });
    return [
      {
        name: 'authorising a read as a role with five policies of 2 KB, bucket policy of 5 KB: processor time',
        value: `${asRole.toFixed(0)} µs (as the account's root ${asRoot.toFixed(0)} µs)`,
        target: '< 60 µs',
      },
    ];
  } finally {
    await life.stop();
    await life.close();
  }
}
