import { CreateFunctionCommand, InvokeCommand } from '@aws-sdk/client-lambda';
import { packArchive } from '../../runtime/engine/archive';
import { startLambda } from './harness';

let runtime: Awaited<ReturnType<typeof startLambda>>;
beforeAll(async () => {
  runtime = await startLambda();
});
afterAll(() => runtime.close());

test('a handler runs', async () => {
  const code = packArchive({
    'index.js': `exports.handler = async (event, context) => { console.log('hi\\nyou', event); return { event, env: process.env, id: context.awsRequestId, left: context.getRemainingTimeInMillis() }; }`,
  });
  const made = await runtime.client.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Runtime: 'nodejs20.x',
      Handler: 'index.handler',
      Role: 'arn:aws:iam::000000000000:role/R',
      Code: { ZipFile: code },
      Environment: { Variables: { FOO: 'bar' } },
    }),
  );
  console.log(made);
  for (let i = 0; i < 5; i++) {
    const t = performance.now();
    const r = await runtime.client.send(
      new InvokeCommand({ FunctionName: 'f', Payload: Buffer.from('{"a":1}'), LogType: 'Tail' }),
    );
    console.log(
      performance.now() - t,
      r.FunctionError,
      i == 0 ? Buffer.from(r.Payload!).toString() : '',
      Buffer.from(r.LogResult!, 'base64').toString(),
    );
  }
  await runtime.settled();
  console.log(runtime.logs, runtime.lines);
});
