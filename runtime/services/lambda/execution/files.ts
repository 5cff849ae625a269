/**
 * The files of an execution environment: code under `task`, layers merged in order under `opt`, and beside them a
 * `node_modules` with what a Node function may load although it did not bring it: layers' packages over the AWS SDK
 * that is installed beside this runtime. Node finds it after the function's own `node_modules`, for `require` and
 * `import` alike. Kept by content: one directory serves all environments of the same code and layers.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Kernel } from '../../../kernel/call';
import { unpack } from '../code';
import type { Code } from '../state';

export interface Files {
  /** `LAMBDA_TASK_ROOT`. */
  readonly task: string;
  /** What `/opt` is on Lambda. */
  readonly opt: string;
}

const SDK_SCOPES = ['@aws-sdk', '@smithy'];

export class FileCache {
  private readonly ready = new Map<string, Promise<Files>>();

  async files(kernel: Kernel, code: Code, layers: readonly Code[]): Promise<Files> {
    const key = createHash('sha256')
      .update([code, ...layers].map((part) => part.sha256).join())
      .digest('hex');
    const known = this.ready.get(key);
    if (known) return known;
    const made = make(kernel, key, code, layers);
    this.ready.set(key, made);
    made.catch(() => this.ready.delete(key));
    return made;
  }
}

async function make(kernel: Kernel, key: string, code: Code, layers: readonly Code[]): Promise<Files> {
  const root = join(await kernel.scratch(), 'lambda');
  const building = join(root, `${key}.${kernel.random.hex(8)}`);
  await unpack(kernel, code, join(building, 'task'));
  await mkdir(join(building, 'opt'), { recursive: true });
  for (const layer of layers) await unpack(kernel, layer, join(building, 'opt'));
  // Without it, Node would look for a package.json, and with it for a module type, further up.
  await writeFile(join(building, 'package.json'), '{}\n');
  const home = join(root, key);
  await linkPackages(building, home);
  await rename(building, home).catch(() => rm(building, { recursive: true, force: true }));
  return { task: join(home, 'task'), opt: join(home, 'opt') };
}

/** @param home where `building` will end up: links must point there */
async function linkPackages(building: string, home: string): Promise<void> {
  const target = join(building, 'node_modules');
  await mkdir(target, { recursive: true });
  for (const scope of SDK_SCOPES) await linkAll(installed(scope), join(target, scope));
  for (const place of ['nodejs/node_modules', ...(await versioned(join(building, 'opt/nodejs')))]) {
    const from = join(building, 'opt', place);
    for (const name of await list(from)) {
      const path = join(home, 'opt', place, name);
      if (name.startsWith('@')) await linkNames(await list(join(from, name)), path, join(target, name));
      else await linkNames([name], dirname(path), target);
    }
  }
}

/** `nodejs/node20/node_modules` and the like; they win over `nodejs/node_modules`. */
async function versioned(nodejs: string): Promise<string[]> {
  return (await list(nodejs)).filter((name) => /^node\d+$/.test(name)).map((name) => `nodejs/${name}/node_modules`);
}

/** The directory of a scope that is installed beside this runtime. */
function installed(scope: string): string {
  const anchor = { '@aws-sdk': '@aws-sdk/client-s3', '@smithy': '@smithy/core' }[scope]!;
  const beside = [dirname(require.resolve('@aws-sdk/client-s3/package.json'))];
  return dirname(dirname(require.resolve(`${anchor}/package.json`, { paths: beside })));
}

async function linkAll(from: string, to: string): Promise<void> {
  await linkNames(await list(from), from, to);
}

async function linkNames(names: readonly string[], from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  for (const name of names) {
    await rm(join(to, name), { recursive: true, force: true });
    await symlink(join(from, name), join(to, name), 'junction');
  }
}

async function list(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => []);
}
