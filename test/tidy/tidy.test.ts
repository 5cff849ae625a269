/** The house stays in order: floors of the design, no import cycles, file names and sizes. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const top = resolve(__dirname, '../..');
const MAX_LINES = 450;

function sources(directory: string): string[] {
  return readdirSync(join(top, directory), { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (['node_modules', 'dist', 'cdk.out'].includes(entry.name)) return [];
    if (entry.isDirectory()) return sources(path);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

const files = ['bin', 'lib', 'constructs', 'runtime', 'catalogue', 'story', 'bench', 'test'].flatMap((d) =>
  existsSync(join(top, d)) ? sources(d) : [],
);

/** Import specifiers of a file, with whether each is for types only. */
function imports(file: string): { from: string; typeOnly: boolean }[] {
  const text = readFileSync(join(top, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '');
  const found: { from: string; typeOnly: boolean }[] = [];
  for (const m of text.matchAll(/^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\s+from\s+)?'([^']+)'/gm)) {
    found.push({ from: m[2], typeOnly: m[1] !== undefined });
  }
  for (const m of text.matchAll(/(?<!typeof )\b(?:require|import)\('([^']+)'\)/g))
    found.push({ from: m[1], typeOnly: false });
  return found;
}

/** The file of the repository that a relative specifier means. */
function target(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const base = resolve(top, dirname(file), specifier);
  for (const path of [`${base}.ts`, join(base, 'index.ts')]) if (existsSync(path)) return relative(top, path);
  return undefined;
}

const FLOORS = ['base', 'engine', 'protocol', 'store', 'kernel', 'services', 'edge'] as const;

/** What each floor may import, as folders of runtime/ (DESIGN §3). A service may import only itself. */
const MAY: Record<string, readonly string[]> = {
  base: [],
  engine: ['base', 'engine'],
  protocol: ['base', 'protocol'],
  store: ['base', 'store'],
  kernel: ['base', 'engine', 'protocol', 'store', 'kernel'],
  services: ['base', 'engine', 'kernel'],
  edge: ['base', 'engine', 'kernel', 'edge'],
};

function floor(file: string): string | undefined {
  const parts = file.split('/');
  return parts[0] === 'runtime' && parts.length > 2 && (FLOORS as readonly string[]).includes(parts[1])
    ? parts[1]
    : undefined;
}

const service = (file: string): string | undefined => {
  const parts = file.split('/');
  return parts[1] === 'services' && parts.length > 3 ? parts[2] : undefined;
};

function climbs(file: string, imported: string): boolean {
  const own = floor(file);
  if (own === undefined) return false;
  const other = floor(imported);
  if (own === 'base') return other !== 'base';
  if (own === 'services') {
    if (other === 'services') return service(file) !== service(imported);
    if (other === 'store') return !/\/state(\/|\.ts$)/.test(file);
    // The wire's vocabulary is data; how bytes are read is not a service's business.
    if (other === 'protocol') return imported !== 'runtime/protocol/wire.ts';
  }
  return other === undefined || !MAY[own].includes(other);
}

test('imports go down the floors only', () => {
  const wrong = files.flatMap((file) =>
    imports(file)
      .map((i) => ({ ...i, path: target(file, i.from) }))
      .filter((i) => i.path !== undefined && !i.typeOnly && climbs(file, i.path))
      .map((i) => `${file} imports ${i.path}`),
  );
  expect(wrong).toEqual([]);
});

test('constructs and lib never import the runtime; the runtime imports neither, nor the CDK', () => {
  const wrong = files.flatMap((file) => {
    const forbidden = /^(constructs|lib|bin)\//.test(file)
      ? /@coffer\/runtime|\/runtime\//
      : /^runtime\//.test(file)
        ? /@coffer\/constructs|\/constructs\/|^aws-cdk-lib/
        : undefined;
    return imports(file)
      .filter((i) => forbidden?.test(i.from) && !i.typeOnly)
      .map((i) => `${file} imports ${i.from}`);
  });
  expect(wrong).toEqual([]);
});

test('a package is imported only where it belongs', () => {
  const only: [RegExp, RegExp][] = [
    [/^lmdb$/, /^runtime\/store\/lmdb/],
    [
      /^@aws-sdk\/client-/,
      /^(runtime\/services\/|runtime\/client\.ts|lib\/handlers|constructs\/handlers|story|bench|test)/,
    ],
    [/^saxes$/, /^runtime\/protocol\//],
    [/^yaml$/, /^runtime\/engine\/template/],
  ];
  const wrong = files.flatMap((file) =>
    imports(file)
      .filter(
        (i) =>
          !i.typeOnly &&
          !file.startsWith('test/') &&
          only.some(([what, where]) => what.test(i.from) && !where.test(file)),
      )
      .map((i) => `${file} imports ${i.from}`),
  );
  expect(wrong).toEqual([]);
});

test('there are no import cycles', () => {
  const graph = new Map(
    files.map((file) => [
      file,
      imports(file)
        .filter((i) => !i.typeOnly)
        .map((i) => target(file, i.from))
        .filter((path) => path !== undefined),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const cycles: string[] = [];
  const visit = (file: string, trail: string[]): void => {
    if (state.get(file) === 'done') return;
    if (state.get(file) === 'open') {
      cycles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      return;
    }
    state.set(file, 'open');
    for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
    state.set(file, 'done');
  };
  for (const file of files) visit(file, []);
  expect(cycles).toEqual([]);
});

test('files are lower-case nouns, none a catch-all', () => {
  const wrong = files.filter((file) => {
    const name = file.split('/').pop() as string;
    return (
      !/^[a-z0-9]+(-[a-z0-9]+)*(\.test)?\.ts$/.test(name) || /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file)
    );
  });
  expect(wrong).toEqual([]);
});

test('no file has outgrown its room, and each runtime file opens by saying what it is for', () => {
  const wrong = files.flatMap((file) => {
    const text = readFileSync(join(top, file), 'utf8');
    const lines = text.split('\n').length;
    const problems: string[] = [];
    if (lines > MAX_LINES) problems.push(`${file} has ${lines} lines`);
    if (/^(runtime|constructs|lib|bin|catalogue|story)\//.test(file) && !/^(#!.*\n)?\/\*\*/.test(text))
      problems.push(`${file} has no opening comment`);
    return problems;
  });
  expect(wrong).toEqual([]);
});

test('every service folder has the one shape', () => {
  const folder = join(top, 'runtime/services');
  const wrong = readdirSync(folder)
    .filter((name) => statSync(join(folder, name)).isDirectory())
    .flatMap((name) =>
      ['service.ts', 'README.md'].filter((f) => !existsSync(join(folder, name, f))).map((f) => `${name} lacks ${f}`),
    );
  expect(wrong).toEqual([]);
});
