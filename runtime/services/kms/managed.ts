/**
 * AWS managed keys: `alias/aws/s3` and its kin, made in an account and region when something first names them.
 * Source: AWS KMS Developer Guide, "AWS KMS keys", AWS managed keys; the policies are those that the console shows.
 */
import type { Call } from '../../kernel/call';
import { makeMaterial } from './material';
import { scheduleRotation } from './rotation';
import { specOf } from './specs';
import { type KeyRow, readAlias, writeAlias, writeKey, writeMaterial, writePolicy } from './state';

/** Services with a managed key, and the service name in `kms:ViaService` where it is not the alias. */
const services: Readonly<Record<string, string>> = {
  acm: 'acm',
  backup: 'backup',
  codecommit: 'codecommit',
  dms: 'dms',
  dynamodb: 'dynamodb',
  ebs: 'ec2',
  elasticfilesystem: 'elasticfilesystem',
  es: 'es',
  fsx: 'fsx',
  glue: 'glue',
  kafka: 'kafka',
  kinesis: 'kinesis',
  kinesisvideo: 'kinesisvideo',
  lambda: 'lambda',
  rds: 'rds',
  redshift: 'redshift',
  s3: 's3',
  secretsmanager: 'secretsmanager',
  ses: 'ses',
  sns: 'sns',
  sqs: 'sqs',
  ssm: 'ssm',
  workspaces: 'workspaces',
  xray: 'xray',
};

export const managedAliases = Object.keys(services).map((service) => `alias/aws/${service}`);

function policyOf(call: Call, service: string): string {
  const title = service.toUpperCase();
  return JSON.stringify(
    {
      Version: '2012-10-17',
      Id: `auto-${service}-1`,
      Statement: [
        {
          Sid: `Allow access through ${title} for all principals in the account that are authorized to use ${title}`,
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: [
            'kms:Encrypt',
            'kms:Decrypt',
            'kms:ReEncrypt*',
            'kms:GenerateDataKey*',
            'kms:CreateGrant',
            'kms:DescribeKey',
          ],
          Resource: '*',
          Condition: {
            StringEquals: {
              'kms:CallerAccount': call.account,
              'kms:ViaService': `${services[service]}.${call.region}.amazonaws.com`,
            },
          },
        },
        {
          Sid: 'Allow direct access to key metadata to the account',
          Effect: 'Allow',
          Principal: { AWS: `arn:${call.partition}:iam::${call.account}:root` },
          Action: ['kms:Describe*', 'kms:Get*', 'kms:List*', 'kms:RevokeGrant'],
          Resource: '*',
        },
      ],
    },
    undefined,
    2,
  );
}

/** The id of the managed key behind an alias, made now if it is the first time; undefined when no service has it. */
export async function managedKey(call: Call, alias: string): Promise<string | undefined> {
  const service = alias.slice('alias/aws/'.length);
  if (!alias.startsWith('alias/aws/') || !Object.hasOwn(services, service)) return undefined;
  const { store, random } = call.kernel;
  const { account, region, partition, now } = call;
  const material = random.hex(64);
  const bytes = await makeMaterial(specOf('SYMMETRIC_DEFAULT'), random);
  const key: KeyRow = {
    account,
    region,
    partition,
    keyId: random.uuid(),
    created: now,
    description: `Default key that protects my ${service.toUpperCase()} ${service === 's3' ? 'objects' : 'data'} when no other key is defined`,
    usage: 'ENCRYPT_DECRYPT',
    spec: 'SYMMETRIC_DEFAULT',
    origin: 'AWS_KMS',
    manager: 'AWS',
    state: 'Enabled',
    material,
    tags: {},
    aliases: [alias],
  };
  return store.write(async (tx) => {
    const existing = await readAlias(tx, account, region, alias);
    if (existing) return existing.keyId;
    writeAlias(tx, account, region, alias, { keyId: key.keyId, created: now, updated: now });
    writeMaterial(tx, region, material, { account, keyId: key.keyId, created: now, bytes });
    writePolicy(tx, key, { document: policyOf(call, service), managed: true });
    writeKey(tx, await scheduleRotation(tx, call.kernel.timers, key, 365, now));
    return key.keyId;
  });
}
