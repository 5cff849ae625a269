/** Users, roles, groups and managed policies looked up and changed: what all families of operations share. */
import type { AttachedPermissionsBoundary } from '@aws-sdk/client-iam';
import { parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import { boundaryNotFound, invalidInput, notFound, policyNotAttachable, rootHasNoName, unmodifiable } from './errors';
import { awsManaged } from './managed';
import { arnOf, lastSegment, policyOf } from './names';
import {
  deleteUse,
  type Kind,
  type PolicyText,
  type RowOf,
  readHolder,
  readManaged,
  writeHolder,
  writeUse,
} from './state';

type Reader = Parameters<typeof readHolder>[0];
type Writer = Parameters<typeof writeHolder>[0];

/** @throws NoSuchEntity */
export async function findHolder<K extends Kind>(from: Reader, kind: K, account: string, name: string) {
  const row = await readHolder(from, kind, account, name);
  if (!row) throw notFound(kind, name);
  return row;
}

/** Reads, changes and writes an entity in one transaction. Service-linked roles are AWS's own. */
export async function change<K extends Kind>(
  call: Call,
  kind: K,
  name: string,
  changed: (row: RowOf[K], tx: Writer) => RowOf[K] | Promise<RowOf[K]>,
): Promise<RowOf[K]> {
  return call.kernel.store.write(async (tx) => {
    const row = await findHolder(tx, kind, call.account, name);
    if (isProtected(row)) throw unmodifiable(name);
    const next = await changed(row, tx);
    writeHolder(tx, kind, call.account, next);
    return next;
  });
}

export function isProtected(row: object): boolean {
  return 'serviceLinked' in row && row.serviceLinked === true;
}

/** The user that an operation means when it names none: the caller. @throws ValidationError */
export function userNameOf(call: Call, name: string | undefined): string {
  if (name !== undefined) return name;
  const arn = parseArn(call.principal.arn);
  if (call.principal.kind !== 'user' || !arn) throw rootHasNoName();
  return lastSegment(arn);
}

/** What a managed policy says today, in its default version. */
export async function defaultDocument(from: Reader, arn: string): Promise<PolicyText | undefined> {
  const { account, name } = policyOf(arn);
  if (account === 'aws') return awsManaged(name);
  const row = await readManaged(from, account, name);
  return row?.versions.find(({ id }) => id === row.defaultVersion);
}

/** @throws NoSuchEntity, InvalidInput when a managed policy cannot be attached in this account */
export async function requireAttachable(from: Reader, call: Call, arn: string): Promise<void> {
  if (!(await isAttachable(from, call, arn))) throw policyNotAttachable(arn);
}

async function isAttachable(from: Reader, call: Call, arn: string): Promise<boolean> {
  const { account, name } = policyOf(arn);
  if (account === 'aws') {
    const policy = awsManaged(name);
    return policy !== undefined && arn === arnOf({ ...call, account }, 'policy', policy);
  }
  const policy = account === call.account ? await readManaged(from, account, name) : undefined;
  return policy !== undefined && arn === arnOf(call, 'policy', policy);
}

/** Replaces the permissions boundary of a row, and keeps note of who uses which. */
export async function setBoundary<K extends 'user' | 'role'>(
  tx: Writer,
  call: Call,
  kind: K,
  row: RowOf[K],
  boundary: string | undefined,
): Promise<RowOf[K]> {
  if (boundary !== undefined) {
    if (parseArn(boundary)?.service !== 'iam') throw invalidInput(`ARN ${boundary} is not valid.`);
    if (!(await isAttachable(tx, call, boundary))) throw boundaryNotFound(boundary);
  }
  if (row.boundary) deleteUse(tx, call.account, row.boundary, 'PermissionsBoundary', kind, row.name);
  if (boundary) writeUse(tx, call.account, boundary, 'PermissionsBoundary', kind, row.name);
  return { ...row, boundary };
}

export function boundaryOf(boundary: string | undefined): AttachedPermissionsBoundary | undefined {
  return boundary === undefined
    ? undefined
    : { PermissionsBoundaryType: 'Policy' as never, PermissionsBoundaryArn: boundary };
}
