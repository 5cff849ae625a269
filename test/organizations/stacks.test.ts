/** Organizations in stacks: units and control policies that a template declares hold at once. */
import { IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam';
import { DescribePolicyCommand, ListRootsCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { CreateBucketCommand, ListBucketsCommand, PutBucketNotificationConfigurationCommand } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Coffer } from '@coffer/runtime';
import { deny, document, MEMBER, makeRole, OTHER, refused, STRANGER, s3Of, startWith } from './rig';

let coffer: Coffer;
afterEach(() => coffer.close());

test('a unit and its policy come with a stack, change with it and go with it', async () => {
  coffer = await startWith({ accounts: [{ id: MEMBER }] });
  const api = coffer.client(OrganizationsClient);
  const root = (await api.send(new ListRootsCommand({}))).Roots![0].Id!;
  const template = (action: string) => ({
    Resources: {
      Unit: { Type: 'AWS::Organizations::OrganizationalUnit', Properties: { Name: 'Work', ParentId: root } },
      Guard: {
        Type: 'AWS::Organizations::Policy',
        Properties: {
          Name: 'Guard',
          Type: 'SERVICE_CONTROL_POLICY',
          Content: deny(action),
          TargetIds: [{ Ref: 'Unit' }, MEMBER],
        },
        Metadata: { 'aws:cdk:path': 'Org/Guard/Resource' },
      },
    },
    Outputs: { Guard: { Value: { 'Fn::GetAtt': ['Guard', 'Id'] } } },
  });
  const list = () => refused(s3Of(coffer, MEMBER).send(new ListBucketsCommand({})));
  const first = await coffer.deploy({ stackName: 'Org', template: template('s3:ListAllMyBuckets') });
  expect(first.stacks[0].inert).toEqual({});
  expect(await list()).toMatch(/explicit deny in a service control policy/);
  expect(coffer.denials().at(-1)?.decidedBy?.policy.origin?.constructPath).toBe('Org/Guard/Resource');
  const { Policy } = await api.send(new DescribePolicyCommand({ PolicyId: first.output('Guard') }));
  expect(JSON.parse(Policy!.Content!)).toEqual(deny('s3:ListAllMyBuckets'));
  await coffer.deploy({ stackName: 'Org', template: template('kms:ListKeys') });
  expect(await list()).toBe('no error');
  await coffer.deploy({ stackName: 'Org', template: template('s3:ListAllMyBuckets') });
  const { CloudFormationClient, DeleteStackCommand } = await import('@aws-sdk/client-cloudformation');
  await coffer.client(CloudFormationClient).send(new DeleteStackCommand({ StackName: 'Org' }));
  await coffer.settled();
  expect(await list()).toBe('no error');
});

test('the simulator knows what the organisation allows', async () => {
  coffer = await startWith({ accounts: [{ id: MEMBER, serviceControlPolicies: { Guard: deny('s3:GetObject') } }] });
  await makeRole(coffer, MEMBER, 'worker');
  const { EvaluationResults } = await coffer.client(IAMClient, { account: MEMBER }).send(
    new SimulatePrincipalPolicyCommand({
      PolicySourceArn: `arn:aws:iam::${MEMBER}:role/worker`,
      ActionNames: ['s3:GetObject', 's3:PutObject'],
    }),
  );
  expect(
    EvaluationResults!.map(({ EvalDecision, OrganizationsDecisionDetail }) => [
      EvalDecision,
      OrganizationsDecisionDetail?.AllowedByOrganizations,
    ]),
  ).toEqual([
    ['explicitDeny', false],
    ['allowed', true],
  ]);
});

test('a service tells the organisation of the resource that it acts for', async () => {
  coffer = await startWith({ id: 'o-exampleorgid', accounts: [{ id: MEMBER }, { id: OTHER }] });
  const sqs = coffer.client(SQSClient, { account: OTHER });
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'events' }));
  const QueueArn = `arn:aws:sqs:us-east-1:${OTHER}:events`;
  const Policy = JSON.stringify(
    document({
      Effect: 'Allow',
      Principal: { Service: 's3.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: QueueArn,
      Condition: { StringEquals: { 'aws:SourceOrgID': 'o-exampleorgid' } },
    }),
  );
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const notify = async (account: string) => {
    const Bucket = `from-${account}`;
    await s3Of(coffer, account).send(new CreateBucketCommand({ Bucket }));
    return refused(
      s3Of(coffer, account).send(
        new PutBucketNotificationConfigurationCommand({
          Bucket,
          NotificationConfiguration: { QueueConfigurations: [{ QueueArn, Events: ['s3:ObjectCreated:*'] }] },
        }),
      ),
    );
  };
  expect(await notify(MEMBER)).toBe('no error');
  expect(await notify(STRANGER)).toMatch(
    /^InvalidArgument: Unable to validate the following destination configurations/,
  );
});
