/** Asks the services that dynamic references name, in the name of the stack's actor. */

import { isAwsError } from '../../../base/errors';
import { type DynamicReference, dynamicReferences, withAnswers } from '../../../engine/template/dynamic';
import type { Peers } from '../../../kernel/peers';
import type { Properties } from '../../../kernel/service';
import { notSupported, validationError } from '../errors';

/** Properties that may hold `ssm-secure` references. Source: CloudFormation user guide, "SSM secure strings". */
const SECURE_PLACES = new Set([
  'AWS::DirectoryService::MicrosoftAD Password',
  'AWS::DirectoryService::SimpleAD Password',
  'AWS::ElastiCache::ReplicationGroup AuthToken',
  'AWS::IAM::User LoginProfile',
  'AWS::OpsWorks::App AppSource',
  'AWS::OpsWorks::Stack CustomCookbooksSource',
  'AWS::OpsWorks::Stack RdsDbInstances',
  'AWS::RDS::DBCluster MasterUserPassword',
  'AWS::RDS::DBInstance MasterUserPassword',
  'AWS::Redshift::Cluster MasterUserPassword',
]);

/** Properties with dynamic references answered. @throws AwsError of the service that was asked, or ValidationError */
export async function withReferences(peers: Peers, type: string, properties: Properties): Promise<Properties> {
  const references = dynamicReferences(properties);
  if (references.length === 0) return properties;
  for (const [name, value] of Object.entries(properties)) {
    const secure = dynamicReferences(value).some(({ service }) => service === 'ssm-secure');
    if (secure && !SECURE_PLACES.has(`${type} ${name}`)) {
      throw validationError(`SSM Secure reference is not supported in: [${type}/Properties/${name}]`);
    }
  }
  const answers = await Promise.all(references.map(async (it) => [it.text, await answer(peers, it)] as const));
  return withAnswers(properties, new Map(answers)) as Properties;
}

/** The value of a plain SSM parameter. */
export async function parameterValue(peers: Peers, name: string, secure = false): Promise<string> {
  try {
    const { Parameter } = await peers.ssm.GetParameter({ Name: name, WithDecryption: secure });
    if (!secure && Parameter?.Type === 'SecureString') {
      throw validationError(`Parameter ${name} is a SecureString; only ssm-secure references can read it`);
    }
    return Parameter?.Value ?? '';
  } catch (error) {
    if (!isAwsError(error, 'ParameterNotFound', 'ParameterVersionNotFound')) throw error;
    throw validationError(`Unable to fetch parameters [${name}] from parameter store for this account.`);
  }
}

async function answer(peers: Peers, reference: DynamicReference): Promise<string> {
  if (reference.service !== 'secretsmanager') {
    const { name, version, service } = reference;
    return parameterValue(peers, version === undefined ? name : `${name}:${version}`, service === 'ssm-secure');
  }
  const { secretId, versionStage, versionId, jsonKey, text } = reference;
  const secrets = secretsManager(peers);
  if (!secrets) throw notSupported(`The Secrets Manager reference ${text}`);
  const input = { SecretId: secretId, VersionStage: versionStage, VersionId: versionId };
  const { SecretString = '' } = await secrets.GetSecretValue(input);
  if (jsonKey === undefined) return SecretString;
  const value = member(SecretString, jsonKey);
  if (value === undefined)
    throw validationError(`Could not find a value associated with JSONKey in SecretString: ${text}`);
  return value;
}

interface SecretReader {
  GetSecretValue(input: object): Promise<{ SecretString?: string }>;
}

/** A runtime may be without this service. */
function secretsManager(peers: Peers): SecretReader | undefined {
  try {
    return (peers as unknown as { secretsmanager: SecretReader }).secretsmanager;
  } catch {
    return undefined;
  }
}

function member(json: string, key: string): string | undefined {
  try {
    const value = (JSON.parse(json) as Record<string, unknown>)[key];
    return value === undefined ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
  } catch {
    return undefined;
  }
}
