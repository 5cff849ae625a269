/**
 * The function that begins batch jobs, called as CloudFormation calls it. The runtime has no S3 Batch Operations, so what
 * the function asks of S3 is caught at the client, and what it answers at a server of this test.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3ControlClient } from '@aws-sdk/client-s3-control';
import { handler } from '../../constructs/handlers/replicate';

let server: Server;
let ResponseURL: string;
const answers: { Status: string; PhysicalResourceId: string; Reason?: string; LogicalResourceId: string }[] = [];
const asked: Record<string, unknown>[] = [];
let outcome: () => { JobId?: string };

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      answers.push(JSON.parse(body));
      response.statusCode = request.url === '/closed' ? 403 : 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ResponseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  jest.spyOn(S3ControlClient.prototype, 'send').mockImplementation((async (command: { input: object }) => {
    asked.push({ ...command.input });
    return outcome();
  }) as never);
});
afterAll(() => {
  jest.restoreAllMocks();
  server.close();
});
beforeEach(() => {
  answers.length = 0;
  asked.length = 0;
  outcome = () => ({ JobId: `job-${asked.length}` });
});

const properties = (Run: string, Task = 'ReplicateExisting') => ({
  Task,
  Account: '111122223333',
  Bucket: 'arn:aws:s3:::source',
  Reports: 'arn:aws:s3:::reports',
  RoleArn: 'arn:aws:iam::111122223333:role/batch',
  Run,
});
const request = (RequestType: 'Create' | 'Update' | 'Delete', more: object = {}) => ({
  RequestType,
  ResponseURL,
  StackId: 'arn:aws:cloudformation:us-east-1:111122223333:stack/s/1',
  RequestId: 'r-1',
  LogicalResourceId: 'Job',
  ResourceProperties: properties('first'),
  ...more,
});

test('a job of what was never replicated, or failed, is begun; its id names the resource', async () => {
  await handler(request('Create'));
  expect(asked).toEqual([
    expect.objectContaining({
      AccountId: '111122223333',
      ConfirmationRequired: false,
      Operation: { S3ReplicateObject: {} },
      RoleArn: 'arn:aws:iam::111122223333:role/batch',
      ManifestGenerator: {
        S3JobManifestGenerator: {
          SourceBucket: 'arn:aws:s3:::source',
          EnableManifestOutput: false,
          Filter: { EligibleForReplication: true, ObjectReplicationStatuses: ['NONE', 'FAILED'] },
        },
      },
      Report: expect.objectContaining({ Enabled: true, Bucket: 'arn:aws:s3:::reports' }),
    }),
  ]);
  expect(answers).toMatchObject([{ Status: 'SUCCESS', PhysicalResourceId: 'job-1', LogicalResourceId: 'Job' }]);
});

test('a call that comes twice asks for the same job', async () => {
  await handler(request('Create'));
  await handler(request('Create'));
  expect(asked[0].ClientRequestToken).toBe(asked[1].ClientRequestToken);
  expect(asked[0].ClientRequestToken).toMatch(/^[0-9a-f]{64}$/);
});

test('another run begins another job; the same one, and deletion, leave it alone', async () => {
  const begun = { PhysicalResourceId: 'job-0', OldResourceProperties: properties('first') };
  await handler(request('Update', begun));
  await handler(request('Delete', begun));
  expect(asked).toEqual([]);
  expect(answers.map((it) => it.PhysicalResourceId)).toEqual(['job-0', 'job-0']);
  await handler(request('Update', { ...begun, ResourceProperties: properties('second') }));
  expect(asked).toHaveLength(1);
  expect(answers.at(-1)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'job-1' });
});

test.each<[string, object, () => { JobId?: string }, string]>([
  [
    'what S3 refuses',
    {},
    () => {
      throw Object.assign(new Error('no'), { name: 'AccessDenied' });
    },
    'AccessDenied: no',
  ],
  ['a job without id', {}, () => ({}), 'Error: S3 gave the job no id'],
  [
    'a task that nobody knows',
    { ResourceProperties: properties('first', 'Dance') },
    () => ({}),
    'Error: Task is "Dance"; allowed: Replicate, ReplicateExisting',
  ],
])('CloudFormation is told of %s', async (_what, more, act, Reason) => {
  outcome = act;
  await handler(request('Create', more));
  expect(answers).toMatchObject([{ Status: 'FAILED', Reason, PhysicalResourceId: 'r-1' }]);
});

test('an answer that CloudFormation does not take is an error of the function, for Lambda to retry', async () => {
  await expect(handler(request('Create', { ResponseURL: `${ResponseURL}closed` }))).rejects.toThrow(
    'CloudFormation was not told: 403',
  );
});
