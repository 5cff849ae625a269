/**
 * Access control lists: how they are said (canned, in headers, as a document), what they allow, and what ownership
 * and Block Public Access leave of them. Sources: S3 user guide, "Access control list (ACL) overview", "Controlling
 * ownership of objects and disabling ACLs for your bucket".
 */

import type { Kernel } from '../../kernel/call';
import type { Principal } from '../../kernel/principal';
import { blocks } from './accesspoints';
import {
  accessDenied,
  aclNotSupported,
  emailGrantee,
  invalidArgument,
  invalidRequest,
  malformedAcl,
  missingHeader,
  unexpectedContent,
  unresolvableGrant,
} from './errors';
import { canonicalId, canonicalIdOf, isCanonicalId, named, ownerId } from './owners';
import type { Bucket, Grant, StoredObject } from './state/tables';

export const ALL_USERS = 'http://acs.amazonaws.com/groups/global/AllUsers';
export const AUTHENTICATED_USERS = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';
export const LOG_DELIVERY = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
const GROUPS = [ALL_USERS, AUTHENTICATED_USERS, LOG_DELIVERY];
/** The account of the service behind `aws-exec-read`. Source: S3 user guide, "Canned ACL". */
const EXEC_READER = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c';
/** Source: S3 user guide, "Access control list (ACL) overview": "An ACL can have up to 100 grants." */
const MOST_GRANTS = 100;
const PERMISSIONS = ['FULL_CONTROL', 'READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'] as const;

type Permission = Grant['permission'];

export interface AclInput {
  readonly ACL?: string;
  readonly GrantFullControl?: string;
  readonly GrantRead?: string;
  readonly GrantReadACP?: string;
  readonly GrantWrite?: string;
  readonly GrantWriteACP?: string;
  readonly AccessControlPolicy?: {
    readonly Owner?: { readonly ID?: string };
    readonly Grants?: readonly {
      readonly Grantee?: {
        readonly Type?: string;
        readonly ID?: string;
        readonly URI?: string;
        readonly EmailAddress?: string;
      };
      readonly Permission?: string;
    }[];
  };
}

const GRANT_HEADERS = [
  ['GrantRead', 'x-amz-grant-read', 'READ'],
  ['GrantWrite', 'x-amz-grant-write', 'WRITE'],
  ['GrantReadACP', 'x-amz-grant-read-acp', 'READ_ACP'],
  ['GrantWriteACP', 'x-amz-grant-write-acp', 'WRITE_ACP'],
  ['GrantFullControl', 'x-amz-grant-full-control', 'FULL_CONTROL'],
] as const;

interface Owners {
  readonly kernel: Kernel;
  /** Canonical id of who owns what the ACL is for. */
  readonly owner: string;
  /** For objects: canonical id of the bucket's owner. */
  readonly bucketOwner?: string;
}

/** Grants that a request asks for; undefined when it asks for none. */
export function requestedGrants(input: AclInput, owners: Owners): readonly Grant[] | undefined {
  const headers = GRANT_HEADERS.filter(([member]) => input[member] !== undefined);
  if (input.ACL !== undefined) {
    if (headers.length > 0) throw invalidRequest('Specifying both Canned ACLs and Header Grants is not allowed');
    return cannedGrants(input.ACL, owners);
  }
  if (headers.length === 0) return undefined;
  return limited(
    headers.flatMap(([member, header, permission]) =>
      headerGrants(owners.kernel, input[member] ?? '', header, permission),
    ),
  );
}

function limited<T>(grants: readonly T[]): readonly T[] {
  if (grants.length > MOST_GRANTS) throw malformedAcl();
  return grants;
}

/** Grants of PutBucketAcl and PutObjectAcl, which need one way of saying them and only one. */
export function putGrants(input: AclInput, owners: Owners): readonly Grant[] {
  const asked = requestedGrants(input, owners);
  if (!input.AccessControlPolicy) {
    if (!asked) throw missingHeader('x-amz-acl');
    return asked;
  }
  if (asked) throw unexpectedContent();
  const { Owner, Grants } = input.AccessControlPolicy;
  if (!Owner?.ID) throw malformedAcl();
  const { kernel, owner } = owners;
  user(kernel, Owner.ID, 'CanonicalUser/ID');
  if (Owner.ID !== owner) throw accessDenied();
  return limited(Grants ?? []).map(({ Grantee, Permission }) => {
    const permission = PERMISSIONS.find((candidate) => candidate === Permission);
    if (!permission || !Grantee) throw malformedAcl();
    if (Grantee.Type === 'Group') return { grantee: group(Grantee.URI ?? '', 'Group/URI'), permission };
    if (Grantee.Type === 'CanonicalUser')
      return { grantee: user(kernel, Grantee.ID ?? '', 'CanonicalUser/ID'), permission };
    if (Grantee.Type === 'AmazonCustomerByEmail')
      return { grantee: userByEmail(kernel, Grantee.EmailAddress ?? ''), permission };
    throw malformedAcl();
  });
}

/**
 * Where ACLs are off, "requests to set ACLs or update ACLs fail", "with the exception of the bucket-owner-full-control
 * canned ACL". A document that says the same fails too, as s3cmd's issue 1304 reports of S3. Source: S3 user guide,
 * "Troubleshooting" of Object Ownership, "Prerequisites for disabling ACLs".
 * @throws AwsError AccessControlListNotSupported
 */
export function checkAclsOff(input: AclInput, kernel: Kernel, bucket: Bucket): void {
  // What cannot be read is refused as such, wherever ACLs are off.
  putGrants(input, { kernel, owner: canonicalId(kernel, bucket.account) });
  if (input.ACL !== 'bucket-owner-full-control') throw aclNotSupported();
}

function cannedGrants(name: string, { owner, bucketOwner }: Owners): readonly Grant[] {
  const grant = (grantee: Grant['grantee'], permission: Permission): Grant => ({ grantee, permission });
  const own = grant({ kind: 'user', id: owner }, 'FULL_CONTROL');
  const all: Grant['grantee'] = { kind: 'group', id: ALL_USERS };
  const bucket: Grant['grantee'] | undefined =
    bucketOwner && bucketOwner !== owner ? { kind: 'user', id: bucketOwner } : undefined;
  switch (name) {
    case 'private':
      return [own];
    case 'public-read':
      return [own, grant(all, 'READ')];
    case 'public-read-write':
      return [own, grant(all, 'READ'), grant(all, 'WRITE')];
    case 'authenticated-read':
      return [own, grant({ kind: 'group', id: AUTHENTICATED_USERS }, 'READ')];
    case 'aws-exec-read':
      return [own, grant({ kind: 'user', id: EXEC_READER }, 'READ')];
    case 'bucket-owner-read':
      return bucket ? [own, grant(bucket, 'READ')] : [own];
    case 'bucket-owner-full-control':
      return bucket ? [own, grant(bucket, 'FULL_CONTROL')] : [own];
    case 'log-delivery-write': {
      if (bucketOwner !== undefined) throw noCannedAcl(name);
      const logs: Grant['grantee'] = { kind: 'group', id: LOG_DELIVERY };
      return [own, grant(logs, 'WRITE'), grant(logs, 'READ_ACP')];
    }
    default:
      throw noCannedAcl(name);
  }
}

/** S3 has no words for it. */
const noCannedAcl = (name: string) => invalidArgument('', 'x-amz-acl', name);

function headerGrants(kernel: Kernel, value: string, header: string, permission: Permission): Grant[] {
  return value.split(',').map((part) => {
    const match = /^\s*(id|uri|emailAddress)\s*=\s*"?([^"]*)"?\s*$/i.exec(part);
    if (!match) throw invalidArgument('Argument format not recognized', header, part.trim());
    const [, kind, id] = match;
    if (kind.toLowerCase() === 'emailaddress') return { grantee: userByEmail(kernel, id), permission };
    return { grantee: kind.toLowerCase() === 'uri' ? group(id) : user(kernel, id), permission };
  });
}

function group(uri: string, name = 'uri'): Grant['grantee'] {
  if (!GROUPS.includes(uri)) throw invalidArgument('Invalid group uri', name, uri);
  return { kind: 'group', id: uri };
}

function user(kernel: Kernel, id: string, name = 'id'): Grant['grantee'] {
  if (!isCanonicalId(kernel, id)) throw invalidArgument('Invalid id', name, id);
  return { kind: 'user', id };
}

/** "As of October 1, 2025, Amazon S3 has discontinued support for Email Grantee ACLs": 405. Source: PutObjectAcl. */
function userByEmail(kernel: Kernel, email: string): Grant['grantee'] {
  if (kernel.config.s3.defaults !== '2022') throw emailGrantee();
  const id = canonicalIdOf(kernel, email);
  if (id === undefined) throw unresolvableGrant();
  return { kind: 'user', id };
}

export function isPublic(grants: readonly Grant[]): boolean {
  return grants.some(({ grantee }) => grantee.id === ALL_USERS || grantee.id === AUTHENTICATED_USERS);
}

export function ownGrants(owner: string): readonly Grant[] {
  return [{ grantee: { kind: 'user', id: owner }, permission: 'FULL_CONTROL' }];
}

/** What is kept of a list: nothing when it only says that the owner may do everything. */
export function keptGrants(grants: readonly Grant[] | undefined, owner: string): readonly Grant[] | undefined {
  const [only] = grants ?? [];
  const plain = grants?.length === 1 && only.grantee.id === owner && only.permission === 'FULL_CONTROL';
  return plain ? undefined : grants;
}

/** The account that will own a new object where ACLs are on. */
export function newObjectOwner(bucket: Bucket, principal: Principal, { ACL }: AclInput): string {
  const givenAway = bucket.ownership === 'BucketOwnerPreferred' && ACL === 'bucket-owner-full-control';
  return givenAway ? bucket.account : (principal.account ?? (principal.kind === 'service' ? bucket.account : ''));
}

/** Who will own a new object, and with which ACL. @throws AwsError AccessControlListNotSupported, AccessDenied */
export function newObjectAcl(
  kernel: Kernel,
  bucket: Bucket,
  principal: Principal,
  input: AclInput,
): Pick<StoredObject, 'owner' | 'acl'> {
  const bucketOwner = canonicalId(kernel, bucket.account);
  if (bucket.ownership === 'BucketOwnerEnforced') {
    // What is said must be the bucket owner's full control; `private` says that, from the bucket's own account.
    const writer = ownerId(kernel, newObjectOwner(bucket, principal, input));
    const grants = requestedGrants(input, { kernel, owner: writer, bucketOwner });
    const everything = input.ACL === 'bucket-owner-full-control' || !keptGrants(grants, bucketOwner);
    if (!everything) throw aclNotSupported();
    return { owner: bucket.account };
  }
  const owner = newObjectOwner(bucket, principal, input);
  const grants = requestedGrants(input, { kernel, owner: ownerId(kernel, owner), bucketOwner });
  if (grants && isPublic(grants) && blocks(bucket, 'BlockPublicAcls')) throw accessDenied();
  const acl = keptGrants(grants, ownerId(kernel, owner));
  return acl ? { owner, acl } : { owner };
}

/** The two output members of GetBucketAcl and GetObjectAcl. */
export function aclMembers(kernel: Kernel, owner: string, grants: readonly Grant[] | undefined) {
  const id = ownerId(kernel, owner);
  return {
    Owner: named(kernel, id),
    Grants: inOrder(kernel, grants ?? ownGrants(id)).map(({ grantee, permission }) => ({
      Grantee:
        grantee.kind === 'group'
          ? { Type: 'Group' as const, URI: grantee.id }
          : { Type: 'CanonicalUser' as const, ...named(kernel, grantee.id) },
      Permission: permission,
    })),
  };
}

/** As they were given; the public suite, which is run with the defaults of 2022, wants groups first. */
function inOrder({ config }: Kernel, grants: readonly Grant[]): readonly Grant[] {
  if (config.s3.defaults !== '2022') return grants;
  const isGroup = ({ grantee }: Grant) => grantee.kind === 'group';
  return [...grants.filter(isGroup), ...grants.filter((grant) => !isGroup(grant))];
}

/** What each permission allows on a bucket and on an object. Source: "ACL overview", mapping of ACL permissions. */
const ALLOWED: Readonly<Record<'bucket' | 'object', Readonly<Partial<Record<string, Permission>>>>> = {
  bucket: {
    's3:ListBucket': 'READ',
    's3:ListBucketVersions': 'READ',
    's3:ListBucketMultipartUploads': 'READ',
    's3:PutObject': 'WRITE',
    's3:DeleteObject': 'WRITE',
    's3:AbortMultipartUpload': 'WRITE',
    's3:ListMultipartUploadParts': 'WRITE',
    's3:GetBucketAcl': 'READ_ACP',
    's3:PutBucketAcl': 'WRITE_ACP',
  },
  object: {
    's3:GetObject': 'READ',
    's3:GetObjectVersion': 'READ',
    's3:GetObjectTorrent': 'READ',
    's3:GetObjectAcl': 'READ_ACP',
    's3:GetObjectVersionAcl': 'READ_ACP',
    's3:PutObjectAcl': 'WRITE_ACP',
    's3:PutObjectVersionAcl': 'WRITE_ACP',
  },
};

/** Whether an ACL lets a caller do something. @returns the grant in words, for the explanation */
export function aclAllows(
  kernel: Kernel,
  kind: 'bucket' | 'object',
  grants: readonly Grant[] | undefined,
  action: string,
  principal: Principal,
  ignorePublic: boolean,
): string | undefined {
  const needed = ALLOWED[kind][action];
  if (!needed || !grants) return undefined;
  const found = grants.find(
    ({ grantee, permission }) =>
      (permission === needed || permission === 'FULL_CONTROL') && reaches(kernel, grantee, principal, ignorePublic),
  );
  return found && `the ${kind}'s ACL grants ${found.permission} to ${found.grantee.id}`;
}

function reaches(kernel: Kernel, grantee: Grant['grantee'], principal: Principal, ignorePublic: boolean): boolean {
  if (grantee.id === ALL_USERS) return !ignorePublic;
  if (grantee.id === AUTHENTICATED_USERS) return !ignorePublic && principal.account !== undefined;
  if (grantee.id === LOG_DELIVERY) return principal.service === 'logging.s3.amazonaws.com';
  return principal.account !== undefined && grantee.id === canonicalId(kernel, principal.account);
}
