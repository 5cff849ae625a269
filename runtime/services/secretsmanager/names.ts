/**
 * Names and ARNs of secrets: `arn:aws:secretsmanager:region:account:secret:name-AbCdEf`. A secret is named by its name,
 * its ARN, or its ARN without the letters. Source: Secrets Manager user guide, "What's in a secret?".
 */
import { formatArn, parseArn } from '../../base/arn';
import type { Call } from '../../kernel/call';
import type { Reader } from '../../store/port';
import { invalidParameter, markedForDeletion, notFound } from './errors';
import { readSecret, type SecretName, type SecretRow } from './state';

type Found = Pick<SecretRow, 'account' | 'region' | 'partition' | 'name' | 'suffix'>;

export const secretArn = ({ account, region, partition, name, suffix }: Found): string =>
  formatArn({ partition, service: 'secretsmanager', region, account, resource: `secret:${name}-${suffix}` });

/** @throws InvalidParameterException */
export function checkName(name: string): void {
  if (!/^[A-Za-z0-9/_+=.@-]{1,512}$/.test(name))
    throw invalidParameter(
      'Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!',
    );
}

const SUFFIX = /-[A-Za-z0-9]{6}$/;

/** The secret that an id means, if there is one. */
export async function findSecret(
  from: Reader,
  place: Pick<Call, 'account' | 'region'>,
  id: string,
): Promise<SecretRow | undefined> {
  const arn = parseArn(id);
  if (!arn) return readSecret(from, { account: place.account, region: place.region, name: id });
  if (arn.service !== 'secretsmanager' || !arn.resource.startsWith('secret:')) return undefined;
  const given = arn.resource.slice('secret:'.length);
  const at = { account: arn.account, region: arn.region };
  const whole = await readSecret(from, { ...at, name: given });
  if (whole || !SUFFIX.test(given)) return whole;
  const named = await readSecret(from, { ...at, name: given.replace(SUFFIX, '') });
  return named && `${named.name}-${named.suffix}` === given ? named : undefined;
}

/** @throws ResourceNotFoundException, InvalidRequestException for one that is deleted */
export async function needSecret(
  call: Call,
  id: string | undefined,
  from: Reader = call.kernel.store,
  deletedToo = false,
): Promise<SecretRow> {
  const row = await findSecret(from, call, id ?? '');
  if (!row) throw notFound();
  if (row.erasedAt !== undefined && !deletedToo) throw markedForDeletion();
  return row;
}

/** What policies are asked about: the secret's ARN, or what it would be. */
export async function arnOfId(call: Call, id: string): Promise<{ arn: string; row?: SecretRow }> {
  const row = await findSecret(call.kernel.store, call, id);
  if (row) return { arn: secretArn(row), row };
  if (id.startsWith('arn:')) return { arn: id };
  const { account, region, partition } = call;
  return { arn: formatArn({ partition, service: 'secretsmanager', region, account, resource: `secret:${id}` }) };
}

export const nameOf = ({ account, region, name }: SecretName): SecretName => ({ account, region, name });
