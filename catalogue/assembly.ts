/**
 * Compiles the constructs with jsii, on a copy in `dist/jsii`, so that their API stays one that Python, Java, .NET and
 * Go could be given: jsii refuses unions, generics, mapped types and narrowed properties in what is exported. The copy
 * is there because jsii writes beside its sources, brings its own TypeScript and wants its own tsconfig. What it says
 * about the API (the assembly, `.jsii`) is what the reference in `docs/constructs.md` is written from.
 *
 *     node dist/catalogue/assembly.js     compiles; prints what jsii refuses and exits with 1
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The repository, from `catalogue/` and from `dist/catalogue/`. */
export const top = join(__dirname, __dirname.endsWith(join('dist', 'catalogue')) ? '../..' : '..');
const source = join(top, 'constructs');
const copy = join(top, 'dist/jsii');

/** What jsii knows of an exported type; only the members that are read here. */
export interface Assembly {
  readonly types: Readonly<Record<string, AssemblyType>>;
}

export interface AssemblyType {
  readonly kind: 'class' | 'interface' | 'enum';
  readonly name: string;
  readonly fqn: string;
  readonly base?: string;
  readonly interfaces?: readonly string[];
  readonly datatype?: boolean;
  readonly abstract?: boolean;
  readonly docs?: Docs;
  readonly initializer?: Callable;
  readonly properties?: readonly Property[];
  readonly methods?: readonly (Callable & {
    readonly name: string;
    readonly static?: boolean;
    readonly returns?: { readonly type: TypeReference };
  })[];
  readonly members?: readonly { name: string; docs?: Docs }[];
  readonly locationInModule: { filename: string; line: number };
}

export interface Callable {
  readonly docs?: Docs;
  readonly protected?: boolean;
  readonly overrides?: string;
  readonly variadic?: boolean;
  readonly parameters?: readonly { name: string; type: TypeReference; optional?: boolean; variadic?: boolean }[];
}

export interface Property {
  readonly name: string;
  readonly type: TypeReference;
  readonly optional?: boolean;
  readonly static?: boolean;
  readonly const?: boolean;
  readonly overrides?: string;
  readonly docs?: Docs;
  readonly locationInModule: { filename: string; line: number };
}

export interface Docs {
  readonly summary?: string;
  readonly remarks?: string;
  readonly default?: string;
  readonly example?: string;
  readonly deprecated?: string;
}

export interface TypeReference {
  readonly primitive?: string;
  readonly fqn?: string;
  readonly collection?: { kind: 'array' | 'map'; elementtype: TypeReference };
  readonly union?: { types: readonly TypeReference[] };
}

/** Files of the package, by folder; what builds leave is not among them. */
function files(folder = ''): string[] {
  return readdirSync(join(source, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (['node_modules', 'dist'].includes(entry.name)) return [];
    if (entry.isDirectory()) return files(path);
    return /\.(ts|rego|guard|md)$/.test(entry.name) ? [path] : [];
  });
}

/** The package as jsii wants it: entry beside the sources, an author and a place, which npm does not ask for. */
function manifest(): string {
  const own = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  return JSON.stringify({
    author: { name: 'The Coffer authors' },
    repository: { type: 'git', url: 'https://example.invalid/coffer.git' },
    stability: 'experimental',
    ...own,
    files: undefined,
    main: 'index.js',
    types: 'index.d.ts',
    jsii: { outdir: 'out', targets: {} },
  });
}

/** Compiles unless nothing changed since. @throws Error with what jsii refuses */
export function assembly(): Assembly {
  const wanted: [string, string][] = files().map((path) => [path, readFileSync(join(source, path), 'utf8')]);
  wanted.push(['package.json', manifest()]);
  const digest = createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
  const stamp = join(copy, '.digest');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
    rmSync(copy, { recursive: true, force: true });
    mkdirSync(copy, { recursive: true });
    for (const [path] of wanted.slice(0, -1)) cpSync(join(source, path), join(copy, path));
    writeFileSync(join(copy, 'package.json'), manifest());
    const run = spawnSync(
      process.execPath,
      [require.resolve('jsii/bin/jsii'), copy, '--silence-warnings=reserved-word'],
      {
        encoding: 'utf8',
        // CI runs the oldest Node that the package promises; that jsii would rather have a newer one is no finding.
        env: { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: process.version, FORCE_COLOR: '0' },
      },
    );
    if (run.status !== 0) throw new Error(`jsii refuses the constructs:\n${run.stdout || run.stderr}`);
    writeFileSync(stamp, digest);
  }
  return JSON.parse(readFileSync(join(copy, '.jsii'), 'utf8'));
}

/** What jsii lets pass and the house does not: unions, members without a word, options without `@default`. */
export function findings({ types }: Assembly): string[] {
  const hasUnion = (type: TypeReference): boolean =>
    type.union !== undefined || (type.collection !== undefined && hasUnion(type.collection.elementtype));
  return Object.values(types).flatMap((type) => {
    const where = (name: string) => `${type.locationInModule.filename}: ${type.name}.${name}`;
    const properties = (type.properties ?? []).filter((property) => property.overrides === undefined);
    return [
      ...(type.docs?.summary || type.datatype ? [] : [`${type.locationInModule.filename}: ${type.name} says nothing`]),
      ...properties.filter((p) => hasUnion(p.type)).map((p) => `${where(p.name)} is a union`),
      ...properties.filter((p) => !p.docs?.summary).map((p) => `${where(p.name)} says nothing`),
      ...properties
        .filter((p) => type.datatype && p.optional && !p.docs?.default)
        .map((p) => `${where(p.name)} lacks @default`),
      ...(type.methods ?? [])
        .filter((m) => m.overrides === undefined && !m.docs?.summary)
        .map((m) => `${where(m.name)} says nothing`),
    ];
  });
}

if (require.main === module) {
  try {
    const found = assembly();
    const wrong = findings(found);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    console.log(`jsii: ${Object.keys(found.types).length} exported types, usable from every language that it speaks`);
  } catch (error) {
    console.error((error as Error).message.replaceAll(copy, 'constructs'));
    process.exitCode = 1;
  }
}
