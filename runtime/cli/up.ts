/** `coffer up`: an app synthesised and deployed by difference, and again whenever one of its files changes. */
import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Coffer, startCoffer } from '../coffer';
import { outputOfCdkJson } from '../synthesis';
import { account, type Command, Failure, port, region, text, UsageError, type Values } from './command';
import { type Input, inputOptions, readInput, throughServer } from './deploy';
import { findServer, likelyEndpoint, type Server } from './server';
import { cannotListen, interrupted } from './start';
import { assemblyOf } from './synth';
import { type Watch, watchTree } from './watch';

export const up: Command = {
  name: 'up',
  operands: '[cdk.out | app command]',
  about:
    'Brings up an app (default: that of cdk.json): synthesises it, deploys what differs and prints what that was, into\n' +
    'the Coffer that runs, or else into one that it starts and runs until Ctrl-C. With --watch it does so again whenever\n' +
    'a file below the working directory changes.',
  options: {
    watch: { type: 'boolean', says: 'go on: deploy again when a file changes' },
    ...inputOptions,
    port: { type: 'string', value: 'n', says: 'where Coffer listens, or is to listen (default 4566)' },
    data: { type: 'string', value: 'directory', says: 'of a Coffer that it starts (default ./.coffer)' },
    ephemeral: { type: 'boolean', says: 'a Coffer that it starts keeps nothing' },
    region: { type: 'string', value: 'name', says: 'default region of a Coffer that it starts (default us-east-1)' },
    account: { type: 'string', value: 'id', says: 'default account of a Coffer that it starts' },
  },
  examples: ['coffer up', 'coffer up --watch', 'coffer up --watch --ephemeral "npx tsx bin/app.ts"'],
  async run(values, words) {
    if (values.ephemeral && values.data !== undefined)
      throw new UsageError('--ephemeral keeps nothing, so --data makes no sense');
    // Two thirds of a synth's time are the CDK's own template validator; templates are validated here as they deploy.
    process.env.CDK_VALIDATION ??= 'false';
    const options = readInput(values);
    const url = likelyEndpoint(values.port === undefined ? undefined : `http://127.0.0.1:${port(values, 0)}`);
    const running = port(values, 4566) === 0 ? undefined : await findServer(url);
    const own = running ? undefined : await startOwn(values);
    const server = running ?? own!.server;
    const ended = own || values.watch ? interrupted() : Promise.resolve();
    try {
      const watch = values.watch ? await watched(words) : undefined;
      const failure = await bringUp(server, words, options);
      if (watch) await Promise.race([ended, again(watch, server, words, options)]);
      else if (failure !== undefined) throw new Failure(failure);
      if (own && !watch) console.log('Ctrl-C ends it.');
      await ended;
      watch?.close();
      return 0;
    } finally {
      await own?.coffer.close();
    }
  },
};

async function startOwn(values: Values): Promise<{ coffer: Coffer; server: Server }> {
  const coffer = await startCoffer({
    directory: values.ephemeral ? undefined : resolve(text(values, 'data') ?? '.coffer'),
    defaultAccount: account(values),
    defaultRegion: region(values),
    report: (line) => console.error(line),
  });
  const asked = port(values, 4566);
  try {
    const url = await coffer.listen({ port: asked });
    console.log(`Coffer listens at ${url}`);
    const { defaultAccount, defaultRegion } = coffer;
    return { coffer, server: { url, defaultAccount, defaultRegion } };
  } catch (error) {
    await coffer.close();
    throw cannotListen(error as NodeJS.ErrnoException, asked, '127.0.0.1');
  }
}

/** What an app is made of: an assembly that is given, or all below the working directory but what synthesis writes. */
async function watched(words: readonly string[]): Promise<Watch> {
  const [first] = words;
  const given = words.length === 1 && existsSync(first) && statSync(first).isDirectory();
  return given ? watchTree(first, []) : watchTree('.', [outputOfCdkJson()]);
}

async function again(watch: Watch, server: Server, words: readonly string[], options: Input): Promise<never> {
  for (;;) {
    console.log('watching for changes');
    const path = await watch.changed();
    console.log(`\n${relative('', path)} changed`);
    const failure = await bringUp(server, words, options);
    if (failure !== undefined) console.error(failure);
  }
}

/** @returns why it failed */
async function bringUp(server: Server, words: readonly string[], options: Input): Promise<string | undefined> {
  try {
    const from = performance.now();
    const directory = await assemblyOf(words, server.defaultAccount, server.defaultRegion);
    const synthesised = performance.now();
    const failure = await throughServer(server, { ...options, directory });
    const [synth, deploy] = [synthesised - from, performance.now() - synthesised];
    console.log(
      `${failure === undefined ? 'up' : 'not up'}: synth ${synth.toFixed(0)} ms, deploy ${deploy.toFixed(0)} ms`,
    );
    return failure;
  } catch (error) {
    if (error instanceof Failure) return error.message;
    throw error;
  }
}
