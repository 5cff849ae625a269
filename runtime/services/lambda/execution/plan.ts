/**
 * What it takes to start an environment for one version: program, arguments, directory, variables, role and log stream.
 * Source: Lambda developer guide, "Defined runtime environment variables".
 */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kernel } from '../../../kernel/call';
import type { FunctionName } from '../names';
import { assumeRole, type RoleSession } from '../role';
import { type Interpreter, interpreterOf } from '../runtimes';
import type { Code, VersionRow } from '../state';
import type { FileCache, Files } from './files';
import { Journal } from './journal';

export interface Plan {
  readonly program: string;
  readonly args: readonly string[];
  readonly directory: string;
  readonly temporary: string;
  readonly env: Readonly<Record<string, string>>;
  /** The program writes log frames to a descriptor of its own. */
  readonly framed: boolean;
  /** Runtime as INIT_START names it. */
  readonly label: string;
  readonly version: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  /** Virtual time at which the credentials in `env` end. */
  readonly expiresAt: number;
  readonly journal: Journal;
}

/** @param layers the code of the version's layers, in order */
export async function plan(
  kernel: Kernel,
  cache: FileCache,
  of: FunctionName,
  version: VersionRow,
  layers: readonly Code[],
): Promise<Plan> {
  const { settings } = version;
  const interpreter = await interpreterOf(settings.Runtime);
  const [files, role, endpoint] = await Promise.all([
    cache.files(kernel, version.code, layers),
    assumeRole(kernel, of, settings.Role),
    kernel.endpoint(),
  ]);
  const temporary = join(await kernel.scratch(), 'lambda', `tmp-${kernel.random.hex(16)}`);
  await mkdir(temporary, { recursive: true });
  const day = new Date(kernel.clock.now()).toISOString().slice(0, 10).replaceAll('-', '/');
  const journal = new Journal(
    kernel,
    role.peers,
    settings.Logging,
    `${day}/[${version.version}]${kernel.random.hex(32)}`,
  );
  return {
    ...command(interpreter, files, settings.MemorySize),
    directory: files.task,
    temporary,
    env: variables(of, version, interpreter, files, role, journal.stream, endpoint, temporary),
    framed: interpreter.family === 'nodejs',
    label: interpreter.label,
    version: version.version,
    timeoutSeconds: settings.Timeout,
    memoryMb: settings.MemorySize,
    expiresAt: role.expiresAt,
    journal,
  };
}

function command(interpreter: Interpreter, files: Files, memoryMb: number): Pick<Plan, 'program' | 'args'> {
  switch (interpreter.family) {
    case 'nodejs': {
      const share = (percent: number) => Math.floor((memoryMb * percent) / 100);
      const memory = [`--max-old-space-size=${share(90)}`, `--max-semi-space-size=${Math.max(1, share(5))}`];
      const args = [...memory, '--max-http-header-size=81920', join(bootstraps(), 'node.cjs')];
      return { program: interpreter.program!, args };
    }
    case 'python':
      return { program: interpreter.program!, args: ['-u', join(bootstraps(), 'python.py'), files.opt] };
    case 'provided': {
      const layered = join(files.opt, 'bootstrap');
      const own = join(files.task, 'bootstrap');
      return { program: !existsSync(own) && existsSync(layered) ? layered : own, args: [] };
    }
  }
}

/** The bootstraps are not compiled: they lie in the package, beside sources and build output alike. */
function bootstraps(): string {
  let directory = __dirname;
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return join(directory, 'services/lambda/bootstrap');
}

function variables(
  of: FunctionName,
  version: VersionRow,
  interpreter: Interpreter,
  files: Files,
  role: RoleSession,
  stream: string,
  endpoint: string,
  temporary: string,
): Record<string, string> {
  const { settings } = version;
  const { Logging: logging } = settings;
  const node = `node${/^nodejs(\d+)/.exec(settings.Runtime)?.[1]}`;
  const packages = [`${files.opt}/nodejs/${node}/node_modules`, `${files.opt}/nodejs/node_modules`];
  return {
    PATH: [
      ...(interpreter.program ? [dirname(interpreter.program)] : []),
      '/usr/local/bin',
      '/usr/bin',
      '/bin',
      `${files.opt}/bin`,
    ].join(':'),
    LD_LIBRARY_PATH: [`${files.opt}/lib`, files.task, `${files.task}/lib`].join(':'),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    ...(interpreter.family === 'nodejs' && {
      NODE_PATH: [...packages, join(dirname(files.task), 'node_modules'), files.task].join(':'),
    }),
    AWS_ENDPOINT_URL: endpoint,
    // The SDK's warning is about this machine's Node, not about the runtime that the function asks for.
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    // Neither the host's shared configuration nor its temporary files are the function's.
    HOME: temporary,
    TMPDIR: temporary,
    ...settings.Environment,
    _HANDLER: settings.Handler,
    LAMBDA_TASK_ROOT: files.task,
    LAMBDA_RUNTIME_DIR: bootstraps(),
    AWS_REGION: of.region,
    AWS_DEFAULT_REGION: of.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${settings.Runtime}`,
    AWS_LAMBDA_FUNCTION_NAME: of.name,
    AWS_LAMBDA_FUNCTION_VERSION: version.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.MemorySize),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: logging.group,
    AWS_LAMBDA_LOG_STREAM_NAME: stream,
    ...(logging.format === 'JSON' && {
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_LOG_LEVEL: logging.applicationLevel ?? 'INFO',
    }),
    AWS_ACCESS_KEY_ID: role.accessKeyId,
    AWS_SECRET_ACCESS_KEY: role.secretAccessKey,
    AWS_SESSION_TOKEN: role.sessionToken,
  };
}
