/** Bucket policies. Source: S3 API reference, "PutBucketPolicy", "GetBucketPolicyStatus". */
import { compile } from '../../../../engine/policy/compile';
import { findProblem, resourceDialect } from '../../../../engine/policy/dialect';
import type { Statement } from '../../../../engine/policy/document';
import { isApplicable, isKnownKey } from '../../../../engine/policy/findings';
import { isPublic } from '../../../../engine/policy/public';
import { type ActionFacts, actionsMeant, isKeyAmong, type ServiceFacts } from '../../../../engine/policy/vocabulary';
import type { Call } from '../../../../kernel/call';
import { vocabulary } from '../../../../kernel/vocabulary';
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
  await checkPolicy(call, document, (resource) => coversBucket(resource, arn));
  await checkPrincipals(call, document);
  const kept: KeptPolicy = { document, isPublic: isPublic(document) };
  if (kept.isPublic && blocks(bucket, 'BlockPublicPolicy')) throw publicPolicyBlocked(call, bucket.name);
  await putFamily(call, input, 'policy', kept);
  return {};
}

/** @throws AwsError MalformedPolicy */
export async function checkPolicy(
  { kernel }: Call,
  document: string,
  covers: (resource: string) => boolean,
): Promise<void> {
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
  const compilation = compile(document);
  if ('problem' in compilation) return;
  const facts = (await vocabulary.service('s3'))!;
  const { takesVainActions } = disputed(kernel);
  for (const statement of compilation.document.statements) {
    const meant = checkStatement(statement, facts, covers);
    if (!takesVainActions) checkMeaning(statement, meant, facts);
  }
}

/** S3 takes no policy that names a user or role that is not there. @throws AwsError MalformedPolicy */
export async function checkPrincipals(call: Call, document: string): Promise<void> {
  if ((await call.kernel.absentPrincipal(document, call)) !== undefined)
    throw malformedPolicy('Invalid principal in policy');
}

/**
 * S3 takes no statement that cannot mean anything: unknown actions and keys, and what `checkMeaning` looks for. Words as
 * in S3 user guide, "Troubleshoot ... bucket policies".
 * @returns for each of its actions those that it means
 */
function checkStatement(
  { actions, resources, conditions }: Statement,
  facts: ServiceFacts,
  covers: (resource: string) => boolean,
): ActionFacts[][] {
  const meant = actions.values.map((value) => {
    if (value === '*') return [...facts.actions.values()];
    const found = /^s3:/i.test(value) ? actionsMeant(facts, value.slice('s3:'.length)) : [];
    if (found.length === 0) throw malformedPolicy('Policy has invalid action');
    return found;
  });
  for (const resource of resources?.values ?? [])
    if (!covers(resource)) throw malformedPolicy('Policy has invalid resource');
  for (const { key } of conditions)
    if (!isKnownKey(key, facts, vocabulary.globals)) throw malformedPolicy('Policy has an invalid condition key');
  return meant;
}

/** Actions that apply to none of the resources, and conditions that no request for the actions can meet. */
function checkMeaning(
  { actions, resources, conditions }: Statement,
  meant: readonly (readonly ActionFacts[])[],
  facts: ServiceFacts,
): void {
  if (actions.negated) return;
  if (
    resources &&
    !resources.negated &&
    !meant.every((found) => found.some((one) => isApplicable(one, resources.values)))
  )
    throw malformedPolicy('Action does not apply to any resource(s) in statement');
  for (const { key } of conditions) {
    if (!isKeyAmong(key, facts.keys) || meant.flat().some((action) => isKeyAmong(key, action.keys))) continue;
    throw malformedPolicy('Conditions do not apply to combination of actions and resources in statement');
  }
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
