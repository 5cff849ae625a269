/** Bucket policies. Source: S3 API reference, "PutBucketPolicy", "GetBucketPolicyStatus". */
import { findProblem, resourceDialect } from '../../../../engine/policy/dialect';
import { isPublic } from '../../../../engine/policy/public';
import type { Call } from '../../../../kernel/call';
import { blocks } from '../../accesspoints';
import { isPublic as isPublicAcl } from '../../acls';
import { dropFamily, needFamily, putFamily } from '../../configurations';
import { disputed } from '../../disputed';
import { accessDenied, malformedPolicy } from '../../errors';
import type { In, Out } from '../../model';
import { bucketArn } from '../../names';
import type { KeptPolicy } from '../../policies';
import { findConfiguration } from '../../state/buckets';
import { bucketOf } from '../../target';

const LONGEST_BYTES = 20 * 1024;

export async function PutBucketPolicy(call: Call, input: In<'PutBucketPolicy'>): Promise<Out<'PutBucketPolicy'>> {
  const bucket = await bucketOf(call, input);
  const document = input.Policy ?? '';
  const arn = bucketArn(bucket.name, call.partition);
  checkPolicy(document, (resource) => coversBucket(resource, arn));
  const kept: KeptPolicy = { document, isPublic: isPublic(document) };
  if (kept.isPublic && blocks(bucket, 'BlockPublicPolicy')) throw publicPolicyBlocked(call, bucket.name);
  await putFamily(call, input, 'policy', kept);
  return {};
}

/** @throws AwsError MalformedPolicy */
export function checkPolicy(document: string, covers: (resource: string) => boolean): void {
  if (!document.startsWith('{')) throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
  if (Buffer.byteLength(document) > LONGEST_BYTES)
    throw malformedPolicy('Policy exceeds the maximum allowed document size.');
  const problem = findProblem(document, resourceDialect);
  if (problem) {
    if (problem.code === 'json') throw malformedPolicy("Policies must be valid JSON and the first byte must be '{'");
    if (problem.code === 'missingElement')
      throw malformedPolicy(`Missing required field ${problem.element ?? ''}`.trim());
    if (problem.code === 'invalidPrincipal') throw malformedPolicy('Invalid principal in policy');
    throw malformedPolicy(problem.place ? `${problem.message} (${problem.place})` : problem.message);
  }
  const { Statement } = JSON.parse(document) as { Statement: Statement | Statement[] };
  for (const { Action, NotAction, Resource, NotResource } of [Statement].flat()) {
    for (const action of [Action ?? NotAction ?? []].flat())
      if (action !== '*' && !/^s3:/i.test(action)) throw malformedPolicy('Policy has invalid action');
    for (const resource of [Resource ?? NotResource ?? []].flat())
      if (!covers(resource)) throw malformedPolicy('Policy has invalid resource');
  }
}

interface Statement {
  readonly Action?: string | string[];
  readonly NotAction?: string | string[];
  readonly Resource?: string | string[];
  readonly NotResource?: string | string[];
}

/** A bucket's policy speaks of that bucket and what is in it. */
function coversBucket(resource: string, arn: string): boolean {
  const [named] = resource.split('/');
  if (named === arn || resource === '*') return true;
  const pattern = named
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(arn);
}

const publicPolicyBlocked = (call: Call, bucket: string) =>
  accessDenied(
    `User: ${call.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucketArn(bucket, call.partition)}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
  );

export async function GetBucketPolicy(call: Call, input: In<'GetBucketPolicy'>): Promise<Out<'GetBucketPolicy'>> {
  return { Policy: (await need(call, input)).document };
}

/** Whether the bucket is public, by its policy or its ACL. Source: "The meaning of 'public'". */
export async function GetBucketPolicyStatus(
  call: Call,
  input: In<'GetBucketPolicyStatus'>,
): Promise<Out<'GetBucketPolicyStatus'>> {
  const bucket = await bucketOf(call, input);
  const policy = disputed(call.kernel).tellsStatusWithoutPolicy
    ? ((await findConfiguration(call.kernel.store, bucket.id, 'policy'))?.value as KeptPolicy | undefined)
    : await need(call, input);
  const byAcl = bucket.ownership !== 'BucketOwnerEnforced' && bucket.acl !== undefined && isPublicAcl(bucket.acl);
  return { PolicyStatus: { IsPublic: byAcl || (policy?.isPublic ?? false) } };
}

function need(call: Call, input: In<'GetBucketPolicy'>): Promise<KeptPolicy> {
  return needFamily(call, input, 'policy', 'NoSuchBucketPolicy', 'The bucket policy does not exist');
}

export async function DeleteBucketPolicy(
  call: Call,
  input: In<'DeleteBucketPolicy'>,
): Promise<Out<'DeleteBucketPolicy'>> {
  await dropFamily(call, input, 'policy');
  return {};
}
