/** CORS configurations. What they let browsers do is in `edge.ts`. Source: S3 API reference, "PutBucketCors". */
import type { Call } from '../../../../kernel/call';
import { dropFamily, needFamily, putFamily } from '../../configurations';
import { invalidRequest, malformedXml } from '../../errors';
import type { In, Out } from '../../model';

const METHODS = ['GET', 'PUT', 'HEAD', 'POST', 'DELETE'];
const MOST_RULES = 100;

export async function PutBucketCors(call: Call, input: In<'PutBucketCors'>): Promise<Out<'PutBucketCors'>> {
  const rules = input.CORSConfiguration?.CORSRules ?? [];
  if (rules.length === 0 || rules.length > MOST_RULES)
    throw malformedXml(`CORSRule must occur 1 to ${MOST_RULES} times, not ${rules.length}`);
  for (const { AllowedMethods, AllowedOrigins, AllowedHeaders, ExposeHeaders, ID } of rules) {
    if (!AllowedMethods?.length || !AllowedOrigins?.length)
      throw malformedXml('a CORSRule needs AllowedMethod and AllowedOrigin');
    if (ID !== undefined && ID.length > 255) throw malformedXml('ID is longer than 255 characters');
    for (const method of AllowedMethods)
      if (!METHODS.includes(method))
        throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`);
    for (const origin of AllowedOrigins) checkWildcard(origin, 'AllowedOrigin');
    for (const header of AllowedHeaders ?? []) checkWildcard(header, 'AllowedHeader');
    for (const header of ExposeHeaders ?? [])
      if (header.includes('*'))
        throw invalidRequest(
          `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
        );
  }
  await putFamily(call, input, 'cors', rules);
  return {};
}

function checkWildcard(value: string, name: string): void {
  if (value.split('*').length > 2) throw invalidRequest(`${name} "${value}" can not have more than one wildcard.`);
}

export async function GetBucketCors(call: Call, input: In<'GetBucketCors'>): Promise<Out<'GetBucketCors'>> {
  const CORSRules = await needFamily<Out<'GetBucketCors'>['CORSRules']>(
    call,
    input,
    'cors',
    'NoSuchCORSConfiguration',
    'The CORS configuration does not exist',
  );
  return { CORSRules };
}

export async function DeleteBucketCors(call: Call, input: In<'DeleteBucketCors'>): Promise<Out<'DeleteBucketCors'>> {
  await dropFamily(call, input, 'cors');
  return {};
}
