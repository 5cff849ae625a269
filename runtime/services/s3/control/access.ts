/** What an account blocks for all of its buckets. Source: S3 API reference, S3 Control, "PutPublicAccessBlock". */
import type { Call } from '../../../kernel/call';
import type { Input, Output } from '../../../kernel/peers';
import { accessDenied, malformedXml, s3Error } from '../errors';
import { changeAccountAccess, findAccountAccess } from '../state/accesspoints';
import type { S3Control } from './service';

type In<Name extends string> = Input<S3Control, Name>;
type Out<Name extends string> = Output<S3Control, Name>;

/** @throws AwsError AccessDenied unless it is the caller's own account */
export function ownAccount(call: Call, { AccountId }: { readonly AccountId?: string }): string {
  if (AccountId !== call.account) throw accessDenied();
  return call.account;
}

export async function PutPublicAccessBlock(
  call: Call,
  input: In<'PutPublicAccessBlock'>,
): Promise<Out<'PutPublicAccessBlock'>> {
  const account = ownAccount(call, input);
  const wanted = input.PublicAccessBlockConfiguration;
  if (!wanted) throw malformedXml('PublicAccessBlockConfiguration is missing');
  await call.kernel.store.write((tx) => changeAccountAccess(tx, account, settings(wanted)));
  return {};
}

type Settings = NonNullable<In<'PutPublicAccessBlock'>['PublicAccessBlockConfiguration']>;

export function settings(wanted: Settings, otherwise = false) {
  return {
    BlockPublicAcls: wanted.BlockPublicAcls ?? otherwise,
    IgnorePublicAcls: wanted.IgnorePublicAcls ?? otherwise,
    BlockPublicPolicy: wanted.BlockPublicPolicy ?? otherwise,
    RestrictPublicBuckets: wanted.RestrictPublicBuckets ?? otherwise,
  };
}

export async function GetPublicAccessBlock(
  call: Call,
  input: In<'GetPublicAccessBlock'>,
): Promise<Out<'GetPublicAccessBlock'>> {
  const account = ownAccount(call, input);
  const kept = await findAccountAccess(call.kernel.store, account);
  if (!kept)
    throw s3Error('NoSuchPublicAccessBlockConfiguration', 404, 'The public access block configuration was not found', {
      AccountId: account,
    });
  return { PublicAccessBlockConfiguration: { ...kept } };
}

export async function DeletePublicAccessBlock(
  call: Call,
  input: In<'DeletePublicAccessBlock'>,
): Promise<Out<'DeletePublicAccessBlock'>> {
  const account = ownAccount(call, input);
  await call.kernel.store.write((tx) => changeAccountAccess(tx, account, undefined));
  return {};
}
