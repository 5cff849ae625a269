import { createHash } from 'node:crypto';
import * as sdk from '@aws-sdk/client-lambda';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { packArchive } from '../../runtime/engine/archive';
import { ROLE, startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  runtime = await startLambda();
});
afterAll(() => runtime.coffer.close());

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function';
const code = packArchive({
  'index.js': 'exports.handler = async () => process.env.NODE_PATH && require("shared").word',
});
const send: sdk.LambdaClient['send'] = (command: never) => runtime.client.send(command);

const base: sdk.CreateFunctionCommandInput = {
  FunctionName: 'f',
  Runtime: 'nodejs20.x',
  Handler: 'index.handler',
  Role: ROLE,
  Code: { ZipFile: code },
};
const create = (more: Partial<sdk.CreateFunctionCommandInput>) =>
  send(new sdk.CreateFunctionCommand({ ...base, ...more }));

test.each<[string, Partial<sdk.CreateFunctionCommandInput>, string, string]>([
  [
    'name',
    { FunctionName: 'a b' },
    'ValidationException',
    "1 validation error detected: Value 'a b' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern",
  ],
  [
    'long name',
    { FunctionName: 'a'.repeat(65) },
    'ValidationException',
    'Member must have length less than or equal to 64',
  ],
  ['role form', { Role: 'R' }, 'ValidationException', "Value 'R' at 'role' failed"],
  [
    'role trust',
    { Role: 'arn:aws:iam::000000000000:role/Nobody' },
    'InvalidParameterValueException',
    'The role defined for the function cannot be assumed by Lambda.',
  ],
  [
    'memory',
    { MemorySize: 64 },
    'ValidationException',
    "Value '64' at 'memorySize' failed to satisfy constraint: Member must have value greater than or equal to 128",
  ],
  ['timeout', { Timeout: 901 }, 'ValidationException', 'less than or equal to 900'],
  [
    'runtime unknown',
    { Runtime: 'cobol' as never },
    'InvalidParameterValueException',
    "Value cobol at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [",
  ],
  [
    'runtime retired',
    { Runtime: 'nodejs14.x' },
    'InvalidParameterValueException',
    'The runtime parameter of nodejs14.x is no longer supported',
  ],
  [
    'reserved variable',
    { Environment: { Variables: { AWS_REGION: 'x' } } },
    'InvalidParameterValueException',
    'Reserved keys used in this request: AWS_REGION',
  ],
  [
    'large environment',
    { Environment: { Variables: { BIG: 'x'.repeat(4096) } } },
    'InvalidParameterValueException',
    'exceeded the 4KB limit',
  ],
  [
    'no zip',
    { Code: { ZipFile: Buffer.from('no') } },
    'InvalidParameterValueException',
    'Could not unzip uploaded file. Please check your file, then try to upload again.',
  ],
  [
    'empty zip',
    { Code: { ZipFile: packArchive({}) } },
    'InvalidParameterValueException',
    'Uploaded file must be a non-empty zip',
  ],
  ['no code', { Code: {} }, 'InvalidParameterValueException', 'Please provide a source for function code.'],
  [
    'bucket missing',
    { Code: { S3Bucket: 'b', S3Key: 'k' } },
    'InvalidParameterValueException',
    'Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: The specified bucket does not exist',
  ],
  [
    'image',
    { PackageType: 'Image', Code: { ImageUri: 'x' } },
    'InvalidParameterValueException',
    'PackageType Image is not supported here',
  ],
  [
    'network',
    { VpcConfig: { SubnetIds: ['subnet-1'] } },
    'InvalidParameterValueException',
    'VpcConfig is not supported here',
  ],
  [
    'log level in text',
    { LoggingConfig: { SystemLogLevel: 'WARN' } },
    'InvalidParameterValueException',
    'the log format must be JSON',
  ],
])('refuses: %s', async (_, more, name, message) => {
  await expect(create(more)).rejects.toMatchObject({ name, message: expect.stringContaining(message) });
});

test('a function from an object, shown, listed, tagged, downloaded, deleted', async () => {
  const s3 = runtime.coffer.client(S3Client);
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'f.zip', Body: code }));
  const Code = { S3Bucket: 'code', S3Key: 'f.zip' };
  const made = await create({ FunctionName: 'whole', Code, Tags: { a: '1' }, Description: 'd', Publish: true });
  expect(made).toMatchObject({
    FunctionArn: `${ARN}:whole:1`,
    Version: '1',
    State: 'Active',
    LastUpdateStatus: 'Successful',
    CodeSize: code.length,
    CodeSha256: createHash('sha256').update(code).digest('base64'),
    LastModified: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000$/),
  });
  await expect(create({ FunctionName: 'whole' })).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: 'Function already exist: whole',
  });
  const FunctionName = 'whole';
  const Resource = `${ARN}:whole`;
  await send(new sdk.TagResourceCommand({ Resource, Tags: { b: '2' } }));
  await send(new sdk.UntagResourceCommand({ Resource, TagKeys: ['a'] }));
  const shown = await send(new sdk.GetFunctionCommand({ FunctionName: `${ARN}:whole` }));
  expect(shown).toMatchObject({ Tags: { b: '2' }, Configuration: { Version: '$LATEST', FunctionArn: `${ARN}:whole` } });
  const url = shown.Code!.Location!;
  expect(Buffer.from(await (await fetch(url)).arrayBuffer())).toEqual(code);
  expect((await fetch(`${url.slice(0, -2)}xx`)).status).toBe(403);
  const { Functions } = await send(new sdk.ListFunctionsCommand({ FunctionVersion: 'ALL' }));
  expect(Functions?.filter((one) => one.FunctionName === 'whole').map((one) => one.FunctionArn)).toEqual([
    `${ARN}:whole:1`,
    `${ARN}:whole:$LATEST`,
  ]);
  await send(new sdk.DeleteFunctionCommand({ FunctionName }));
  await expect(send(new sdk.GetFunctionCommand({ FunctionName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: `Function not found: ${ARN}:whole`,
  });
});

test('a version is new only when something changed; an alias protects it', async () => {
  const FunctionName = 'versions';
  await create({ FunctionName });
  const publish = () => send(new sdk.PublishVersionCommand({ FunctionName }));
  expect((await publish()).Version).toBe('1');
  expect((await publish()).Version).toBe('1');
  await send(new sdk.UpdateFunctionConfigurationCommand({ FunctionName, MemorySize: 200 }));
  expect((await publish()).Version).toBe('2');
  const weights = { AdditionalVersionWeights: { 2: 0.5 } };
  await send(new sdk.CreateAliasCommand({ FunctionName, Name: 'a', FunctionVersion: '1', RoutingConfig: weights }));
  await expect(send(new sdk.DeleteFunctionCommand({ FunctionName, Qualifier: '2' }))).rejects.toMatchObject({
    name: 'ResourceConflictException',
  });
  const { Versions } = await send(new sdk.ListVersionsByFunctionCommand({ FunctionName }));
  expect(Versions?.map((one) => one.Version)).toEqual(['$LATEST', '1', '2']);
  const stale = { FunctionName, RevisionId: 'old', MemorySize: 300 };
  await expect(send(new sdk.UpdateFunctionConfigurationCommand(stale))).rejects.toMatchObject({
    name: 'PreconditionFailedException',
    $metadata: { httpStatusCode: 412 },
  });
});

test('layers reach the handler', async () => {
  const Content = { ZipFile: packArchive({ 'nodejs/node_modules/shared/index.js': 'exports.word = "layer"' }) };
  const { LayerVersionArn } = await send(new sdk.PublishLayerVersionCommand({ LayerName: 'shared', Content }));
  expect(LayerVersionArn).toBe('arn:aws:lambda:us-east-1:000000000000:layer:shared:1');
  await create({ FunctionName: 'layered', Layers: [LayerVersionArn!] });
  const { Payload } = await send(new sdk.InvokeCommand({ FunctionName: 'layered' }));
  expect(Buffer.from(Payload!).toString()).toBe('"layer"');
  await expect(create({ FunctionName: 'x', Layers: [`${LayerVersionArn}0`] })).rejects.toMatchObject({
    message: `Layer version ${LayerVersionArn}0 does not exist.`,
  });
});

test('permissions become the policy, and the policy decides', async () => {
  const FunctionName = 'guarded';
  await create({ FunctionName });
  const stranger = runtime.coffer.client(sdk.LambdaClient, { account: '111122223333' });
  const dryRun = { FunctionName: `${ARN}:guarded`, InvocationType: 'DryRun' as const };
  const call = () => stranger.send(new sdk.InvokeCommand(dryRun));
  await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  const statement = { StatementId: 's', Action: 'lambda:InvokeFunction', Principal: '111122223333' };
  await send(new sdk.AddPermissionCommand({ FunctionName, ...statement }));
  expect((await call()).StatusCode).toBe(204);
  const { Policy } = await send(new sdk.GetPolicyCommand({ FunctionName }));
  expect(JSON.parse(Policy!)).toEqual({
    Version: '2012-10-17',
    Id: 'default',
    Statement: [
      {
        Sid: 's',
        Effect: 'Allow',
        Principal: { AWS: 'arn:aws:iam::111122223333:root' },
        Action: 'lambda:InvokeFunction',
        Resource: `${ARN}:guarded`,
      },
    ],
  });
  await expect(send(new sdk.AddPermissionCommand({ FunctionName, ...statement }))).rejects.toMatchObject({
    name: 'ResourceConflictException',
  });
  const notification = { StatementId: 'n', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com' };
  const source = { SourceAccount: '000000000000', SourceArn: 'arn:aws:s3:::b' };
  const { Statement } = await send(new sdk.AddPermissionCommand({ FunctionName, ...notification, ...source }));
  expect(JSON.parse(Statement!)).toMatchObject({
    Principal: { Service: 's3.amazonaws.com' },
    Condition: {
      StringEquals: { 'AWS:SourceAccount': '000000000000' },
      ArnLike: { 'AWS:SourceArn': 'arn:aws:s3:::b' },
    },
  });
  await send(new sdk.RemovePermissionCommand({ FunctionName, StatementId: 'n' }));
  await send(new sdk.RemovePermissionCommand({ FunctionName, StatementId: 's' }));
  await expect(call()).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(send(new sdk.GetPolicyCommand({ FunctionName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test.each<[string, Partial<sdk.InvokeCommandInput>, string, string]>([
  ['no function', { FunctionName: 'nope' }, 'ResourceNotFoundException', `Function not found: ${ARN}:nope`],
  [
    'two qualifiers',
    { FunctionName: 'f:1', Qualifier: '2' },
    'InvalidParameterValueException',
    'The derived qualifier from the function name does not match the specified qualifier.',
  ],
  [
    'elsewhere',
    { FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:f' },
    'ResourceNotFoundException',
    "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
  ],
  [
    'no JSON',
    { FunctionName: 'versions', Payload: Buffer.from('{') },
    'InvalidRequestContentException',
    'Could not parse request body into json: ',
  ],
  [
    'large',
    { FunctionName: 'versions', Payload: Buffer.alloc(6_291_457, 48) },
    'RequestTooLargeException',
    'Request must be smaller than 6291456 bytes for the InvokeFunction operation',
  ],
  [
    'large event',
    { FunctionName: 'versions', InvocationType: 'Event', Payload: Buffer.alloc(1_048_577, 48) },
    'RequestTooLargeException',
    'Request must be smaller than 1048576 bytes',
  ],
])('calls refused: %s', async (_, input, name, message) => {
  await expect(send(new sdk.InvokeCommand(input as sdk.InvokeCommandInput))).rejects.toMatchObject({
    name,
    message: expect.stringContaining(message),
  });
});
