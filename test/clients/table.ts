/**
 * `npm run clients`: tries every command of `trials.ts` against a fresh runtime and writes docs/clients.md. A client that
 * is not installed is said loudly and its rows are left out; an outcome that is not the expected one is said in the table
 * and makes the exit code 1.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCoffer } from '@coffer/runtime';
import { environment, run } from './command';
import { type Client, clients } from './trials';

/** The repository, from dist/test/clients. */
const top = join(__dirname, '../../..');

type Outcome = { readonly code: number | null; readonly text: string };
type Shell = (command: string) => Promise<Outcome>;

/** Runs lines of `program.json` one after another in one process, and prints their outcomes as JSON on the last line. */
const interpreters = {
  python: [
    'python3',
    '-c',
    `
import json
lines = json.load(open('program.json')); scope = {}; outcomes = []
exec(lines[0], scope)
for line in lines[1:]:
    try:
        exec(line, scope); outcomes.append({'code': 0, 'text': ''})
    except Exception as error:
        outcomes.append({'code': 1, 'text': f'{type(error).__name__}: {error}'})
print(); print(json.dumps(outcomes))`,
  ],
  node: [
    process.execPath,
    '--no-warnings',
    '-e',
    `
(async () => {
  const [before, ...lines] = JSON.parse(require('fs').readFileSync('program.json', 'utf8')); const outcomes = [];
  globalThis.require = require; (0, eval)(before);
  for (const line of lines)
    try { await (0, eval)('(async () => {' + line + '})()'); outcomes.push({ code: 0, text: '' }); }
    catch (error) { outcomes.push({ code: 1, text: error.name + ': ' + error.message }); }
  console.log('\\n' + JSON.stringify(outcomes));
})()`,
  ],
} as const;

async function outcomesOf(client: Client, shell: Shell, env: Record<string, string>, directory: string) {
  const lines = client.commands.map((command) => (typeof command === 'string' ? command : command.command));
  if (client.language === 'shell') {
    const outcomes: Outcome[] = [];
    for (const line of lines) outcomes.push(await shell(line));
    return outcomes;
  }
  await writeFile(join(directory, 'program.json'), JSON.stringify([client.before ?? '', ...lines]));
  const [command, ...args] = interpreters[client.language];
  const { out, err } = await run(command, args, env, directory);
  const last = out.trim().split('\n').at(-1) ?? '';
  if (!last.startsWith('[')) throw new Error(`${client.name}: ${err}`);
  return JSON.parse(last) as Outcome[];
}

/** What came of a command, in words, and whether it was what had to come. */
function judge(command: Client['commands'][number], { code, text }: Outcome): { words: string; right: boolean } {
  if (typeof command === 'string') {
    if (code === 0) return { words: 'works', right: true };
  } else if (code !== 0 && text.includes(command.by)) {
    return { words: `refused, \`${command.by}\`: ${command.because}`, right: true };
  }
  const said = text.trim().split('\n').at(-1)?.slice(0, 200);
  return { words: `**${code === 0 ? 'works, and should not' : `fails**: ${said}`}`, right: false };
}

/** A table in the layout that the formatter keeps. */
function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = cells[0].map((_, column) => Math.max(3, ...cells.map((row) => row[column].length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const [head, ...body] = cells;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

async function main(): Promise<void> {
  const coffer = await startCoffer();
  const directory = await mkdtemp(join(tmpdir(), 'coffer-clients-'));
  const rows: string[][] = [];
  const wrong: string[] = [];
  const skipped: string[] = [];
  try {
    const env = await prepare(directory, await coffer.listen({ port: 0 }));
    const shell: Shell = async (command) => {
      const { code, out, err } = await run('bash', ['-c', `${settings}\n${command}`], env, directory);
      return { code, text: out + err };
    };
    for (const client of clients) {
      if (client.install) await fetchPackage(client.install, directory);
      const version = await shell(`set -o pipefail; ${client.version}`);
      if (version.code !== 0) {
        process.stderr.write(`\n*** SKIPPED: ${client.name} is not installed here ***\n\n`);
        skipped.push(client.name);
        continue;
      }
      const outcomes = await outcomesOf(client, shell, env, directory);
      client.commands.forEach((command, index) => {
        const shown = typeof command === 'string' ? command : command.command;
        const { words, right } = judge(command, outcomes[index]);
        if (!right) wrong.push(`${client.name}: ${shown}\n  ${outcomes[index].text.trim()}`);
        rows.push([client.name, version.text.trim(), `\`${shown}\``, words]);
      });
      process.stdout.write(`${client.name} ${version.text.trim()}: ${client.commands.length} commands\n`);
    }
  } finally {
    await coffer.close();
    await rm(directory, { recursive: true, force: true });
  }
  await writeFile(join(top, 'docs/clients.md'), page(rows, skipped));
  for (const line of wrong) process.stderr.write(`${line}\n`);
  if (wrong.length > 0) process.exitCode = 1;
}

/** With the variables of whoever runs this, which may name a mirror. A package that cannot be had is a client not installed. */
async function fetchPackage(name: string, directory: string): Promise<void> {
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', directory, name];
  await run('npm', args, process.env as Record<string, string>, directory);
}

/** `s3cmd` has no variable for where to go. */
const settings = `s3cmd() { command s3cmd --no-ssl --no-progress --config /dev/null --host "$HOST" --host-bucket "$HOST" "$@"; }`;

/** The files that the commands name, and the variables that send the clients here. */
async function prepare(directory: string, endpoint: string): Promise<Record<string, string>> {
  await mkdir(join(directory, 'tree/deep'), { recursive: true });
  const files = {
    'file.txt': 'text\n',
    'tree/a.txt': 'alpha\n',
    'tree/empty': '',
    'tree/deep/b c+d ü.txt': 'beta\n',
    'tree/large.bin': Buffer.alloc(11 * 1024 * 1024, 'large'),
    'lifecycle.json':
      '{"Rules":[{"ID":"a","Status":"Enabled","Filter":{},"Transitions":[{"Days":30,"StorageClass":"GLACIER"}]}]}',
    'logging.json': '{"LoggingEnabled":{"TargetBucket":"cli-bucket","TargetPrefix":"logs/"}}',
    'public.json':
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::cli-bucket/*"}]}',
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return {
    ...environment(endpoint, { HOME: directory, AWS_REGION: 'us-east-1' }),
    NODE_PATH: `${join(directory, 'node_modules')}:${join(top, 'node_modules')}`,
    HOST: new URL(endpoint).host,
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_S3_TYPE: 's3',
    RCLONE_CONFIG_S3_PROVIDER: 'Other',
    RCLONE_CONFIG_S3_ENV_AUTH: 'true',
    RCLONE_CONFIG_S3_REGION: 'us-east-1',
    RCLONE_CONFIG_S3_ENDPOINT: endpoint,
    RESTIC_REPOSITORY: `s3:${endpoint}/restic-bucket`,
    RESTIC_PASSWORD: 'secret',
  };
}

const page = (rows: readonly string[][], skipped: readonly string[]): string => `# Clients

Unmodified clients against a fresh runtime: what was tried and what came of it. \`npm run clients\` runs the commands of
[\`test/clients/trials.ts\`](../test/clients/trials.ts) and writes this page; it fails when one ends otherwise than on AWS.

The aws CLI, boto3 and the SDKs are pointed here by \`eval "$(npx coffer env)"\` and nothing else. The others are told where
to go in their own way:

- **rclone**: a remote of type \`s3\` with \`provider = Other\` and \`endpoint = http://127.0.0.1:4566\` (with \`provider = AWS\` it
  puts the bucket's name before the host's, which an IP address does not allow). It fails by itself where \`AWS_CA_BUNDLE\` is set.
- **s3cmd**: \`--no-ssl --host 127.0.0.1:4566 --host-bucket 127.0.0.1:4566\`, or the same in \`~/.s3cfg\`.
- **restic**: \`-r s3:http://127.0.0.1:4566/bucket\`.

${rows.length} commands were tried.${skipped.length > 0 ? ` Not installed where this was made: ${skipped.join(', ')}.` : ''}

${table([['Client', 'Version', 'Command', 'Outcome'], ...rows])}
`;

void main();
