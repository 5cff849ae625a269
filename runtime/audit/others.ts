/**
 * Attacks on keys, queues, topics, event buses, functions and roles. Sources: KMS developer guide, "Key policies in AWS KMS"; SQS
 * developer guide, "Amazon SQS security best practices"; SNS developer guide, "Amazon SNS security best practices";
 * Lambda developer guide, "Working with resource-based IAM policies in Lambda"; IAM user guide, "The confused deputy problem".
 */
import type { Sketch } from './attempt';
import {
  type Attack,
  about,
  admin,
  anonymousAnd,
  attack,
  deputies,
  deputy,
  type Ground,
  orNothing,
  statementsIn,
} from './ground';

type Json = Readonly<Record<string, unknown>>;

/** An operation of a service that speaks JSON by target. */
function json(service: string, target: string, input: Json, version = '1.1'): Omit<Sketch, 'region'> {
  const headers = { 'content-type': `application/x-amz-json-${version}`, 'x-amz-target': target };
  return { service, method: 'POST', path: '/', headers, body: JSON.stringify(input) };
}

function form(service: string, fields: Readonly<Record<string, string>>): Omit<Sketch, 'region'> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { service, method: 'POST', path: '/', headers, body: new URLSearchParams(fields).toString() };
}

const OPEN = (action: string) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: '*', Action: action, Resource: '*' },
  });

export async function keyAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { kms } = admin(ground);
  const KeyId = ground.resource.arn;
  const { KeyMetadata: key } = (await orNothing(kms.DescribeKey({ KeyId }))) ?? {};
  if (key?.KeyState !== 'Enabled') return [{ name: 'all', skipped: `the key is ${key?.KeyState ?? 'gone'}` }];
  const { Policy } = (await orNothing(kms.GetKeyPolicy({ KeyId }))) ?? {};
  const Plaintext = Buffer.from('victim');
  const symmetric = key.KeySpec === 'SYMMETRIC_DEFAULT';
  const sealed = symmetric ? await orNothing(kms.Encrypt({ KeyId, Plaintext })) : undefined;
  const CiphertextBlob = Buffer.from(sealed?.CiphertextBlob ?? []).toString('base64');
  const use: [string, Json][] = symmetric
    ? [
        ['Encrypt', { KeyId, Plaintext: Plaintext.toString('base64') }],
        ['GenerateDataKey', { KeyId, KeySpec: 'AES_256' }],
        ...(sealed ? ([['Decrypt', { KeyId, CiphertextBlob }]] as [string, Json][]) : []),
      ]
    : [['GetPublicKey', { KeyId }]];
  const all: [string, Json][] = [
    ...use,
    ['DescribeKey', { KeyId }],
    ['GetKeyPolicy', { KeyId, PolicyName: 'default' }],
    ['CreateGrant', { KeyId, GranteePrincipal: `arn:aws:iam::${ground.stranger}:root`, Operations: ['Decrypt'] }],
    ['PutKeyPolicy', { KeyId, PolicyName: 'default', Policy: OPEN('kms:*'), BypassPolicyLockoutSafetyCheck: true }],
    ['DisableKey', { KeyId }],
    ['ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }],
  ];
  return [
    ...deputies(statementsIn(Policy), ['s3.amazonaws.com', 'sns.amazonaws.com']).flatMap((service) =>
      symmetric
        ? [
            deputy(ground, service, 'GenerateDataKey', (peers) =>
              peers.kms.GenerateDataKey({ KeyId, KeySpec: 'AES_256' }),
            ),
            ...(sealed
              ? [
                  deputy(ground, service, 'Decrypt', (peers) =>
                    peers.kms.Decrypt({ KeyId, CiphertextBlob: sealed.CiphertextBlob }),
                  ),
                ]
              : []),
          ]
        : [],
    ),
    ...anonymousAnd(ground).flatMap(({ name, as }) =>
      all.map(([operation, input]) =>
        attack(ground, `${name}: ${operation}`, json('kms', `TrentService.${operation}`, input), { as }),
      ),
    ),
  ];
}

export async function queueAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { account, physicalName, arn } = ground.resource;
  const { sqs } = admin(ground);
  const QueueUrl = `http://127.0.0.1/${account}/${physicalName}`;
  const { Attributes } =
    (await orNothing(sqs.GetQueueAttributes({ QueueUrl, AttributeNames: ['Policy', 'FifoQueue'] }))) ?? {};
  const fifo = Attributes?.FifoQueue === 'true' ? { MessageGroupId: 'audit', MessageDeduplicationId: 'audit' } : {};
  const message = { QueueUrl, MessageBody: 'attack', ...fifo };
  const act = (operation: string, input: Json) => json('sqs', `AmazonSQS.${operation}`, input, '1.0');
  const operations: [string, Json][] = [
    ['SendMessage', message],
    ['ReceiveMessage', { QueueUrl }],
    ['GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] }],
    ['PurgeQueue', { QueueUrl }],
    ['SetQueueAttributes', { QueueUrl, Attributes: { Policy: OPEN('sqs:*').replace('"*"}', `"${arn}"}`) } }],
    ['DeleteQueue', { QueueUrl }],
  ];
  const usual = ['sns.amazonaws.com', 's3.amazonaws.com', 'events.amazonaws.com'];
  return [
    ...deputies(statementsIn(Attributes?.Policy), usual).map((service) =>
      deputy(ground, service, 'SendMessage', (peers) => peers.sqs.SendMessage(message)),
    ),
    attack(ground, 'administrator, plain HTTP: SendMessage', act('SendMessage', message), {
      as: account,
      plainHttp: true,
    }),
    attack(ground, 'administrator, plain HTTP: ReceiveMessage', act('ReceiveMessage', { QueueUrl }), {
      as: account,
      plainHttp: true,
    }),
    ...anonymousAnd(ground).flatMap(({ name, as }) =>
      operations.map(([operation, input]) => attack(ground, `${name}: ${operation}`, act(operation, input), { as })),
    ),
  ];
}

export async function topicAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { account, arn: TopicArn } = ground.resource;
  const { sns } = admin(ground);
  const { Attributes } = (await orNothing(sns.GetTopicAttributes({ TopicArn }))) ?? {};
  const act = (Action: string, fields: Readonly<Record<string, string>>) =>
    form('sns', { Action, Version: '2010-03-31', TopicArn, ...fields });
  const Message = 'attack';
  const endpoint = `arn:aws:sqs:${ground.resource.region}:${ground.stranger}:attack`;
  const operations: [string, Readonly<Record<string, string>>][] = [
    [
      'Publish',
      { Message, ...(TopicArn.endsWith('.fifo') ? { MessageGroupId: 'audit', MessageDeduplicationId: 'audit' } : {}) },
    ],
    ['Subscribe', { Protocol: 'sqs', Endpoint: endpoint }],
    ['GetTopicAttributes', {}],
    ['SetTopicAttributes', { AttributeName: 'DisplayName', AttributeValue: 'attacked' }],
    ['DeleteTopic', {}],
  ];
  const statements = statementsIn(Attributes?.Policy);
  return [
    ...deputies(statements, ['s3.amazonaws.com', 'events.amazonaws.com']).map((service) =>
      deputy(ground, service, 'Publish', (peers) => peers.sns.Publish({ TopicArn, Message })),
    ),
    attack(ground, 'administrator, plain HTTP: Publish', act(...operations[0]), { as: account, plainHttp: true }),
    ...anonymousAnd(ground).flatMap(({ name, as }) =>
      operations.map(([action, fields]) => attack(ground, `${name}: ${action}`, act(action, fields), { as })),
    ),
  ];
}

export async function busAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { arn, physicalName: Name } = ground.resource;
  const { events } = admin(ground);
  const { Policy } = (await orNothing(events.DescribeEventBus({ Name }))) ?? {};
  const put = { Entries: [{ EventBusName: arn, Source: 'attack', DetailType: 'attack', Detail: '{}' }] };
  const operations: [string, Json][] = [
    ['PutEvents', put],
    ['DescribeEventBus', { Name: arn }],
    ['PutRule', { Name: 'attack', EventBusName: arn, EventPattern: '{"source":["victim"]}' }],
  ];
  return [
    ...deputies(statementsIn(Policy), ['s3.amazonaws.com', 'states.amazonaws.com']).map((service) =>
      deputy(ground, service, 'PutEvents', (peers) => peers.events.PutEvents(put)),
    ),
    ...anonymousAnd(ground).flatMap(({ name, as }) =>
      operations.map(([operation, input]) =>
        attack(ground, `${name}: ${operation}`, json('events', `AWSEvents.${operation}`, input), { as }),
      ),
    ),
  ];
}

export async function functionAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { arn, physicalName: FunctionName } = ground.resource;
  const { lambda } = admin(ground);
  const aliases = (await orNothing(lambda.ListAliases({ FunctionName })))?.Aliases ?? [];
  const qualifiers = [undefined, ...aliases.map(({ Name }) => Name)];
  const documents = await Promise.all(
    qualifiers.map(async (Qualifier) => (await orNothing(lambda.GetPolicy({ FunctionName, Qualifier })))?.Policy),
  );
  const path = `/2015-03-31/functions/${encodeURIComponent(arn)}`;
  const at = (
    method: string,
    rest: string,
    input: Json = {},
    headers: Record<string, string> = {},
  ): Omit<Sketch, 'region'> => ({
    service: 'lambda',
    method,
    path: `${path}${rest}`,
    headers: method === 'GET' ? headers : { 'content-type': 'application/json', ...headers },
    ...(method === 'GET' ? {} : { body: JSON.stringify(input) }),
  });
  const opening = { StatementId: 'attack', Action: 'lambda:InvokeFunction', Principal: ground.stranger };
  const usual = ['s3.amazonaws.com', 'sns.amazonaws.com', 'events.amazonaws.com', 'apigateway.amazonaws.com'];
  return [
    ...qualifiers.flatMap((qualifier, i) => {
      const [FunctionName, what] = qualifier ? [`${arn}:${qualifier}`, `Invoke ${qualifier}`] : [arn, 'Invoke'];
      return deputies(statementsIn(documents[i]), usual).map((service) =>
        deputy(ground, service, what, (peers) => peers.lambda.Invoke({ FunctionName, InvocationType: 'DryRun' })),
      );
    }),
    ...aliases.flatMap(({ Name = '' }) =>
      anonymousAnd(ground).map(({ name, as }) => {
        const dry = { 'x-amz-invocation-type': 'DryRun' };
        const sketch = { ...at('POST', '/invocations', {}, dry), query: { Qualifier: Name } };
        return attack(ground, `${name}: Invoke ${Name}`, sketch, { as });
      }),
    ),
    ...anonymousAnd(ground).flatMap(({ name, as }) => [
      attack(ground, `${name}: Invoke`, at('POST', '/invocations', {}, { 'x-amz-invocation-type': 'DryRun' }), { as }),
      attack(ground, `${name}: GetFunction`, at('GET', ''), { as }),
      attack(ground, `${name}: AddPermission`, at('POST', '/policy', opening), { as }),
      attack(ground, `${name}: UpdateFunctionConfiguration`, at('PUT', '/configuration', { Timeout: 1 }), { as }),
    ]),
  ];
}

export async function roleAttacks(ground: Ground): Promise<readonly Attack[]> {
  const { arn, physicalName: RoleName } = ground.resource;
  const { iam } = admin(ground);
  const { Role } = (await orNothing(iam.GetRole({ RoleName }))) ?? {};
  const trust = statementsIn(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? ''));
  const assume = form('sts', { Action: 'AssumeRole', Version: '2011-06-15', RoleArn: arn, RoleSessionName: 'attack' });
  const external = about(trust, /^sts:ExternalId$/i).length > 0;
  return anonymousAnd(ground).map(({ name, as }) =>
    attack(ground, `${name}: AssumeRole${external ? ' without the external id' : ''}`, assume, { as }),
  );
}
