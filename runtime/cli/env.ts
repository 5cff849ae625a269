/** `coffer env`: lines for a shell to evaluate. */
import { basename } from 'node:path';
import { account, type Command, port, region, text, UsageError, type Values } from './command';
import { environmentFor } from './environment';

interface Shell {
  set(name: string, value: string): string;
  unset(name: string): string;
  readonly how: string;
}

const posix: Shell = {
  set: (name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`,
  unset: (name) => `unset ${name}`,
  how: 'eval "$(npx coffer env)"',
};

const shells: Readonly<Record<string, Shell>> = {
  sh: posix,
  bash: posix,
  zsh: posix,
  fish: {
    set: (name, value) => `set -gx ${name} '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
    unset: (name) => `set -e ${name}`,
    how: 'npx coffer env | source',
  },
  powershell: {
    set: (name, value) => `$Env:${name} = '${value.replaceAll("'", "''")}'`,
    unset: (name) => `Remove-Item Env:${name} -ErrorAction SilentlyContinue`,
    how: 'npx coffer env | Out-String | Invoke-Expression',
  },
};

export const env: Command = {
  name: 'env',
  about: 'Prints what points every AWS client of a shell at a Coffer, and away from real AWS.',
  options: {
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    host: { type: 'string', value: 'address', says: 'at which address (default 127.0.0.1)' },
    region: { type: 'string', value: 'name', says: 'default region (default us-east-1)' },
    account: { type: 'string', value: 'id', says: 'whose administrator to be, twelve digits (default 000000000000)' },
    shell: { type: 'string', value: 'name', says: `${Object.keys(shells).join(', ')} (default: from SHELL)` },
  },
  examples: Object.entries({ 'sh, bash, zsh': posix, fish: shells.fish, powershell: shells.powershell }).map(
    ([names, { how }]) => `${how.padEnd(50)} # ${names}`,
  ),
  async run(values) {
    const shell = shellOf(values);
    const url = `http://${text(values, 'host') ?? '127.0.0.1'}:${port(values, 4566)}`;
    const target = { url, account: account(values) ?? '000000000000', region: region(values) ?? 'us-east-1' };
    const { set, unset } = environmentFor(target, process.env);
    for (const name of unset) console.log(shell.unset(name));
    for (const [name, value] of Object.entries(set)) console.log(shell.set(name, value));
    return 0;
  },
};

function shellOf(values: Values): Shell {
  const given = text(values, 'shell');
  const name = given ?? basename(process.env.SHELL ?? (process.platform === 'win32' ? 'powershell' : 'sh'));
  const shell = Object.hasOwn(shells, name) ? shells[name] : undefined;
  if (!shell && given !== undefined) {
    throw new UsageError(`--shell must be one of ${Object.keys(shells).join(', ')}, not ${given}`);
  }
  return shell ?? posix;
}
