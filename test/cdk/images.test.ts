/** Container images are neither built nor run here: who has one in an app is told what to do, in process and by the CLI. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Coffer, startCoffer } from '@coffer/runtime';
import { App, Stack } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { cdkCommand } from './command';

process.env.CDK_VALIDATION = 'false';
jest.setTimeout(60_000);

let coffer: Coffer;
let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'coffer-images-'));
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\n');
  coffer = await startCoffer();
});
afterAll(async () => {
  await coffer.close();
  rmSync(directory, { recursive: true, force: true });
});

const ADVICE = 'give the function a zip package (lambda.Code.fromAsset), or leave the stack out';

test('an image asset is refused with what to do instead', async () => {
  const app = new App({ outdir: join(directory, 'out') });
  const stack = new Stack(app, 'Images');
  const code = lambda.DockerImageCode.fromImageAsset(directory, { exclude: ['out'] });
  new lambda.DockerImageFunction(stack, 'Fn', { code });
  await expect(coffer.deploy(app)).rejects.toThrow(
    new RegExp(`Fn/AssetImage.*${ADVICE.replace(/[().]/g, '\\$&')}`, 'i'),
  );
  const cdk = cdkCommand({ endpoint: await coffer.listen({ port: 0 }), directory });
  const { code: exit, said } = await cdk('--app', 'out', 'deploy', '--require-approval', 'never');
  expect(exit).not.toBe(0);
  expect(said.replace(/\s+/g, ' ')).toContain(ADVICE);
});
