/** What AWS publishes of its resource types, held against templates and against the types of this runtime. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  CreateStackCommand,
  DescribeChangeSetCommand,
  DescribeEventsCommand,
  DescribeStackEventsCommand,
} from '@aws-sdk/client-cloudformation';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { createServices } from '../../runtime/services';
import { registeredType } from '../../runtime/services/cloudformation/registry';

let coffer: Coffer;
beforeAll(async () => {
  coffer = await startCoffer();
});
afterAll(() => coffer.close());

let count = 0;
async function reasonOf(Type: string, Properties: object): Promise<string | undefined> {
  const cfn = coffer.client(CloudFormationClient);
  const StackName = `S${count++}`;
  const TemplateBody = JSON.stringify({ Resources: { R: { Type, Properties } } });
  await cfn.send(new CreateStackCommand({ StackName, TemplateBody, Capabilities: ['CAPABILITY_NAMED_IAM'] }));
  const { StackEvents } = await cfn.send(new DescribeStackEventsCommand({ StackName }));
  return StackEvents!.find(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED')?.ResourceStatusReason;
}

test.each<[string, object, string]>([
  ['AWS::S3::Bucket', { BuckName: 'x' }, '#: extraneous key [BuckName] is not permitted'],
  [
    'AWS::S3::Bucket',
    { VersioningConfiguration: { State: 'Enabled' } },
    '#/VersioningConfiguration: required key [Status] not found\n#/VersioningConfiguration: extraneous key [State] is not permitted',
  ],
  ['AWS::S3::Bucket', { Tags: { a: 'b' } }, '#/Tags: expected type: JSONArray, found: JSONObject'],
  ['AWS::S3::Bucket', { BucketEncryption: 'yes' }, '#/BucketEncryption: expected type: JSONObject, found: String'],
  ['AWS::MediaLive::Channel', { Nonsense: 1 }, '#: extraneous key [Nonsense] is not permitted'],
])('%s with %j', async (type, properties, message) => {
  expect(await reasonOf(type, properties)).toBe(
    `Properties validation failed for resource R with message:\n${message}`,
  );
});

test('a change set fails early, and says where in the template', async () => {
  const cfn = coffer.client(CloudFormationClient);
  const Properties = { VersioningConfiguration: { Status: { Ref: 'Q' } }, Colour: 1, Tags: { Ref: 'Q' } };
  const Resources = { B: { Type: 'AWS::S3::Bucket', Properties }, Q: { Type: 'AWS::SQS::Queue' } };
  const TemplateBody = JSON.stringify({ Resources });
  const set = { StackName: 'Proposed', ChangeSetName: 'X' };
  await cfn.send(new CreateChangeSetCommand({ ...set, ChangeSetType: 'CREATE', TemplateBody }));
  expect(await cfn.send(new DescribeChangeSetCommand(set))).toMatchObject({
    Status: 'FAILED',
    StatusReason: expect.stringContaining('[AWS::EarlyValidation::PropertyValidation]'),
  });
  const { OperationEvents } = await cfn.send(new DescribeEventsCommand({ ...set, Filters: { FailedEvents: true } }));
  // What is only known later may be anything.
  expect(OperationEvents).toMatchObject([
    {
      EventType: 'VALIDATION_ERROR',
      LogicalResourceId: 'B',
      ValidationPath: '/Resources/B/Properties',
      ValidationStatusReason: 'extraneous key [Colour] is not permitted',
    },
  ]);
});

test('an attribute that AWS does not know is refused before the stack begins', async () => {
  const Resources = { B: { Type: 'AWS::S3::Bucket' } };
  const Outputs = { O: { Value: { 'Fn::GetAtt': ['B', 'Colour'] } } };
  const TemplateBody = JSON.stringify({ Resources, Outputs });
  await expect(
    coffer.client(CloudFormationClient).send(new CreateStackCommand({ StackName: 'Early', TemplateBody })),
  ).rejects.toThrow('Template error: resource B does not support attribute type Colour in Fn::GetAtt');
});

const types = createServices().flatMap(({ resources = [] }) => resources);

test.each(types.flatMap((type) => (registeredType(type.type) ? [[type.type, type] as const] : [])))(
  '%s has no property that AWS does not have',
  (name, { properties }) => {
    expect(properties.filter((property) => !registeredType(name)!.properties.includes(property))).toEqual([]);
  },
);

/** Where a change replaces by the package, but not here: S3 locks objects of buckets that exist since November 2023. */
const CHANGED_IN_PLACE: Readonly<Record<string, readonly string[]>> = { 'AWS::S3::Bucket': ['ObjectLockEnabled'] };

test.each(types.flatMap((type) => (registeredType(type.type) ? [[type.type, type] as const] : [])))(
  '%s is replaced by the changes that replace it on AWS',
  (name, { createOnly, properties, update }) => {
    if (!update) return;
    const inPlace = CHANGED_IN_PLACE[name] ?? [];
    const wanted = registeredType(name)!.createOnly.filter((it) => properties.includes(it) && !inPlace.includes(it));
    expect(wanted.filter((it) => !createOnly.includes(it))).toEqual([]);
  },
);
