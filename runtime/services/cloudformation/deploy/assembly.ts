/**
 * A cloud assembly read from disk: stacks in all its stages, what they wait for, and the files that they need. Trusts
 * the directory as far as one trusts code that one is about to deploy, but says what is wrong with it.
 */
import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { isObject } from '../../../engine/template/parse';

export interface AssemblyStack {
  /** Unique in the assembly: the path of its construct. */
  readonly id: string;
  readonly stackName: string;
  readonly template: string;
  /** Absent for stacks that do not say. */
  readonly account?: string;
  readonly region?: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  readonly terminationProtection: boolean;
  readonly notificationArns: readonly string[];
  /** Ids of stacks to be deployed before. */
  readonly dependsOn: readonly string[];
  readonly assets: readonly FileAsset[];
  /** Names of container images that it needs. */
  readonly images: readonly string[];
  /** By logical id. */
  readonly constructPaths: ReadonlyMap<string, string>;
}

export interface FileAsset {
  readonly name: string;
  /** Absolute path of a file or directory. */
  readonly path: string;
  readonly packaging: 'file' | 'zip';
  /** May hold placeholders such as `${AWS::AccountId}`. */
  readonly bucket: string;
  readonly key: string;
  readonly region?: string;
}

/** What is wrong with what shall be deployed, in a sentence for a person. */
export class AssemblyError extends Error {}

type Json = Record<string, unknown>;

async function readJson(file: string): Promise<Json> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new AssemblyError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch (error) {
    throw new AssemblyError(`${file} is not JSON: ${(error as Error).message}`);
  }
  throw new AssemblyError(`${file} is not a JSON object`);
}

/** @throws AssemblyError when the directory is no cloud assembly */
export async function readAssembly(directory: string): Promise<AssemblyStack[]> {
  return readManifest(resolve(directory), []);
}

/** @param outer stacks that all stacks in this assembly wait for */
async function readManifest(directory: string, outer: readonly string[]): Promise<AssemblyStack[]> {
  const { artifacts = {} } = await readJson(join(directory, 'manifest.json'));
  const all = new Map(Object.entries(artifacts as Record<string, Json>));
  const stacks: AssemblyStack[] = [];
  /** Ids of stacks that an artifact stands for, its own or those of its stage. */
  const standsFor = new Map<string, string[]>();
  // A manifest lists what is waited for before who waits.
  for (const id of inOrderOfDependencies(all)) {
    const artifact = all.get(id)!;
    const before = dependenciesOf(artifact).flatMap((other) => standsFor.get(other) ?? []);
    if (artifact.type === 'cdk:cloud-assembly') {
      const { directoryName } = artifact.properties as Json;
      const nested = await readManifest(join(directory, String(directoryName)), [...outer, ...before]);
      stacks.push(...nested);
      standsFor.set(
        id,
        nested.map((stack) => stack.id),
      );
    } else if (artifact.type === 'aws:cloudformation:stack') {
      const stack = await readStack(directory, id, artifact, all, [...outer, ...before]);
      stacks.push(stack);
      standsFor.set(id, [stack.id]);
    }
  }
  return stacks;
}

function dependenciesOf(artifact: Json): string[] {
  return (artifact.dependencies as string[] | undefined) ?? [];
}

function inOrderOfDependencies(artifacts: ReadonlyMap<string, Json>): string[] {
  const order = new Set<string>();
  const pending = new Set<string>();
  const visit = (id: string) => {
    const artifact = artifacts.get(id);
    if (!artifact || order.has(id)) return;
    if (pending.has(id)) throw new AssemblyError(`stacks wait for each other in a circle: ${[...pending].join(', ')}`);
    pending.add(id);
    for (const other of dependenciesOf(artifact)) visit(other);
    pending.delete(id);
    order.add(id);
  };
  for (const id of artifacts.keys()) visit(id);
  return [...order];
}

async function readStack(
  directory: string,
  id: string,
  artifact: Json,
  all: ReadonlyMap<string, Json>,
  dependsOn: readonly string[],
): Promise<AssemblyStack> {
  const properties = artifact.properties as Json;
  const [, account, region] = /^aws:\/\/([^/]+)\/([^/]+)$/.exec(String(artifact.environment)) ?? [];
  const templateFile = join(directory, String(properties.templateFile));
  const manifests = dependenciesOf(artifact).flatMap((other) => {
    const candidate = all.get(other);
    return candidate?.type === 'cdk:asset-manifest' ? String((candidate.properties as Json).file) : [];
  });
  const parts = await Promise.all(manifests.map((file) => readAssets(directory, file, templateFile)));
  return {
    id: String(artifact.displayName ?? id),
    stackName: String(properties.stackName ?? id),
    template: await readTemplateFile(templateFile),
    account: account === 'unknown-account' ? undefined : account,
    region: region === 'unknown-region' ? undefined : region,
    parameters: (properties.parameters ?? {}) as Record<string, string>,
    tags: (properties.tags ?? {}) as Record<string, string>,
    terminationProtection: properties.terminationProtection === true,
    notificationArns: (properties.notificationArns ?? []) as string[],
    dependsOn: [...new Set(dependsOn)],
    assets: parts.flatMap(({ assets }) => assets),
    images: parts.flatMap(({ images }) => images),
    constructPaths: await readConstructPaths(directory, artifact),
  };
}

export async function readTemplateFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AssemblyError(`${basename(file)} cannot be read: ${(error as Error).message}`);
  }
}

/** @param templateFile the stack's own template, which is handed over directly */
async function readAssets(
  directory: string,
  file: string,
  templateFile: string,
): Promise<{ assets: FileAsset[]; images: string[] }> {
  const { files = {}, dockerImages = {} } = await readJson(join(directory, file));
  const assets = Object.entries(files as Record<string, Json>).flatMap(
    ([hash, { displayName, source, destinations }]) => {
      const { path, packaging = 'file', executable } = source as Json;
      const name = String(displayName ?? path ?? hash);
      if (executable !== undefined)
        throw new AssemblyError(`asset ${name} is made by a command, which is not supported`);
      const absolute = join(directory, String(path));
      if (absolute === templateFile) return [];
      return Object.values(destinations as Record<string, Json>).map(
        ({ bucketName, objectKey, region }): FileAsset => ({
          name,
          path: absolute,
          packaging: packaging as FileAsset['packaging'],
          bucket: String(bucketName),
          key: String(objectKey),
          region: region === undefined ? undefined : String(region),
        }),
      );
    },
  );
  const images = Object.entries(dockerImages as Record<string, Json>).map(([hash, it]) =>
    String(it.displayName ?? hash),
  );
  return { assets, images };
}

/** Construct paths as synthesis notes them, beside the template: templates carry them only when asked to. */
async function readConstructPaths(directory: string, artifact: Json): Promise<Map<string, string>> {
  const file = artifact.additionalMetadataFile;
  const metadata = (file ? await readJson(join(directory, String(file))) : (artifact.metadata ?? {})) as Record<
    string,
    Json[]
  >;
  const paths = new Map<string, string>();
  for (const [path, entries] of Object.entries(metadata)) {
    const id = entries.find(({ type }) => type === 'aws:cdk:logicalId')?.data;
    if (typeof id === 'string') paths.set(id, path.replace(/^\//, ''));
  }
  return paths;
}
