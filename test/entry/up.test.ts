/** `coffer up --watch` as a user has it: an app, its files edited, the answers of a client. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';

const bin = resolve(__dirname, '../../runtime/bin/coffer.js');
jest.setTimeout(60_000);

let directory: string;
let child: ChildProcess | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-up-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

/** An app without the CDK, so that its synthesis takes no time. */
const APP = `
const { readFileSync, writeFileSync, mkdirSync, readdirSync } = require('node:fs');
const out = process.env.CDK_OUTDIR;
mkdirSync(out, { recursive: true });
const Resources = {};
for (const file of readdirSync('resources')) Object.assign(Resources, JSON.parse(readFileSync('resources/' + file)));
writeFileSync(out + '/Up.template.json', JSON.stringify({ Resources }));
const artifact = { type: 'aws:cloudformation:stack', environment: 'aws://unknown-account/unknown-region', properties: { templateFile: 'Up.template.json' } };
writeFileSync(out + '/manifest.json', JSON.stringify({ version: '36.0.0', artifacts: { Up: artifact } }));
`;
const write = (path: string, text: string) => writeFileSync(join(directory, path), text);
const queue = (VisibilityTimeout: number) =>
  write(
    'resources/queue.json',
    JSON.stringify({ Q: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'q', VisibilityTimeout } } }),
  );
const code = (answer: string) => {
  const trust = {
    Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
  };
  const Properties = {
    FunctionName: 'f',
    Runtime: 'nodejs22.x',
    Handler: 'index.handler',
    Code: { ZipFile: `exports.handler = async () => '${answer}'` },
    Role: { 'Fn::GetAtt': ['R', 'Arn'] },
  };
  const R = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } };
  write('resources/function.json', JSON.stringify({ R, F: { Type: 'AWS::Lambda::Function', Properties } }));
};

function launch(...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: directory, NODE_NO_WARNINGS: '1' };
  const started = spawn(process.execPath, [bin, 'up', ...args], { cwd: directory, env });
  child = started;
  let said = '';
  for (const stream of [started.stdout, started.stderr]) stream.on('data', (chunk) => (said += chunk));
  let ended = false;
  const closed = new Promise<number | null>((done) => started.once('close', (status) => done(status)));
  void closed.then(() => {
    ended = true;
  });
  return {
    closed,
    /** Waits for a text, and forgets all up to it. */
    async says(pattern: RegExp): Promise<RegExpExecArray> {
      for (let n = 0; n < 1500; n++) {
        const found = pattern.exec(said);
        if (found) {
          said = said.slice(found.index + found[0].length);
          return found;
        }
        if (ended) break;
        await new Promise((done) => setTimeout(done, 20));
      }
      throw new Error(`it did not say ${pattern} but: ${said}`);
    },
  };
}

test('a change of a file is deployed, and only that; what fails is told and tried again', async () => {
  mkdirSync(join(directory, 'resources'));
  write('app.js', APP);
  write('cdk.json', JSON.stringify({ app: 'node app.js' }));
  queue(10);
  const up = launch('--watch', '--port', '0', '--ephemeral');
  const [, endpoint] = await up.says(/Coffer listens at (\S+)/);
  const options = { endpoint, region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } };
  const sqs = new SQSClient(options);
  const hidden = async () => {
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'q' }));
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
    return (await sqs.send(asked)).Attributes?.VisibilityTimeout;
  };
  await up.says(/✓ CREATE_COMPLETE +AWS::SQS::Queue {2}Q[\s\S]+up: synth \d+ ms, deploy \d+ ms\s+watching for changes/);
  expect(await hidden()).toBe('10');

  queue(20);
  await up.says(
    /queue\.json changed\s+✓ UPDATE_COMPLETE +AWS::SQS::Queue {2}Q {2}VisibilityTimeout {2}\d+ ms[\s\S]+watching/,
  );
  expect(await hidden()).toBe('20');

  write('resources/queue.json', '{');
  await up.says(/queue\.json changed[\s\S]+`node app\.js` ended with exit code 1[\s\S]*watching/);
  queue(-1);
  await up.says(/✗ UPDATE_FAILED +AWS::SQS::Queue {2}Q[\s\S]+not up:[\s\S]+watching/);
  expect(await hidden()).toBe('20');

  // A new file; then code alone, which swaps in at once.
  queue(20);
  await up.says(/watching/);
  code('one');
  await up.says(/function\.json changed[\s\S]+AWS::Lambda::Function {2}F[\s\S]+up: [\s\S]+watching/);
  code('two');
  await up.says(/AWS::Lambda::Function {2}F {2}Code\.ZipFile[\s\S]+watching/);
  const { Payload } = await new LambdaClient(options).send(new InvokeCommand({ FunctionName: 'f' }));
  expect(Buffer.from(Payload!).toString()).toBe('"two"');

  child!.kill('SIGINT');
  expect(await up.closed).toBe(0);
});

test('without a change to wait for it stays as long as the Coffer that it started', async () => {
  mkdirSync(join(directory, 'resources'));
  write('app.js', APP);
  queue(10);
  const up = launch('--port', '0', '--ephemeral', 'node app.js');
  const [, endpoint] = await up.says(/Coffer listens at (\S+)/);
  await up.says(/up: synth[\s\S]+Ctrl-C ends it/);
  // Another one finds it running, has nothing to do, and ends.
  const first = child!;
  const second = launch('--port', new URL(endpoint).port, 'node app.js');
  await second.says(/Up: unchanged[\s\S]+up: synth/);
  expect(await second.closed).toBe(0);
  first.kill('SIGINT');
  expect(await up.closed).toBe(0);
});
