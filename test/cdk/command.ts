/** The CDK CLI as a user runs it, against a runtime's port, with nothing else of the machine's configuration. */
import { type SpawnOptions, spawn } from 'node:child_process';

const cdk = require.resolve('aws-cdk/bin/cdk');

export interface Outcome {
  readonly code: number | null;
  /** Standard output and standard error, as they came. */
  readonly said: string;
}

export interface Setting {
  readonly endpoint: string;
  /** Home, working directory and whatever the CLI keeps. */
  readonly directory: string;
  /** @default the administrator of the default account */
  readonly accessKeyId?: string;
}

/** Arguments of Node that run the CLI, up to its own, and where and with which variables it runs. */
export function commandLine({ endpoint, directory, accessKeyId = 'test' }: Setting): {
  args: string[];
  options: SpawnOptions;
} {
  const env = {
    PATH: process.env.PATH,
    HOME: directory,
    CDK_HOME: directory,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: accessKeyId,
    AWS_REGION: 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    NODE_NO_WARNINGS: '1',
  };
  return { args: [cdk, '--no-notices', '--no-color'], options: { cwd: directory, env } };
}

/** @returns a function that runs the CLI with the arguments given */
export function cdkCommand(setting: Setting) {
  const { args, options } = commandLine(setting);
  return (...own: string[]) =>
    new Promise<Outcome>((done) => {
      const child = spawn(process.execPath, [...args, ...own], options);
      let said = '';
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (said += chunk));
      child.once('close', (code) => done({ code, said }));
    });
}
