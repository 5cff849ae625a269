/**
 * What the stacks of this app are told from outside: the context of cdk.json (or `-c`), one object per stack, and
 * environment variables, which win. `dataLake.scanLimitGib` is `COFFER_DATA_LAKE_SCAN_LIMIT_GIB` there. A setting that
 * nobody knows is refused, for it is a typing error; so is a value of the wrong kind. All are told at once.
 */
import { type Problem, Problems, Removal } from '@coffer/constructs';
import { Duration, Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

export class Settings {
  private readonly context: Record<string, unknown>;
  private readonly problems: Problem[] = [];
  private readonly known = new Set<string>();

  /** The settings of `stack`, e.g. `dataLake`, as `scope` and the environment have them. */
  constructor(
    scope: Construct,
    private readonly stack: string,
    private readonly environment: Readonly<Record<string, string | undefined>> = process.env,
  ) {
    const context = parsed(scope.node.tryGetContext(stack) ?? {});
    const isObject = typeof context === 'object' && context !== null && !Array.isArray(context);
    this.context = isObject ? { ...context } : {};
    if (!isObject) this.wrong('', context, 'an object of settings', `write "${stack}": { … } in cdk.json`);
  }

  /** A text. */
  public text(name: string): string | undefined {
    return this.read(name, (value) => (typeof value === 'string' && value !== '' ? value : undefined), 'a text');
  }

  /** A list of texts; in the environment separated by commas. */
  public list(name: string): string[] | undefined {
    return this.read(
      name,
      (value) => {
        const list = typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value;
        return Array.isArray(list) && list.every((one) => typeof one === 'string' && one !== '') ? list : undefined;
      },
      'a list of texts',
    );
  }

  /** A switch. */
  public flag(name: string): boolean | undefined {
    return this.read(
      name,
      (value) => (/^(true|false)$/.test(String(value)) ? String(value) === 'true' : undefined),
      'true or false',
    );
  }

  /** A number of whole days, at least 1. */
  public days(name: string): Duration | undefined {
    const days = this.number(name);
    return days === undefined ? undefined : Duration.days(days);
  }

  /** A number of whole gibibytes, at least 1. */
  public gibibytes(name: string): Size | undefined {
    const gibibytes = this.number(name);
    return gibibytes === undefined ? undefined : Size.gibibytes(gibibytes);
  }

  /** A whole number, at least 1. */
  public number(name: string): number | undefined {
    return this.read(
      name,
      (value) => (/^[1-9]\d{0,8}$/.test(String(value)) ? Number(value) : undefined),
      'a whole number, at least 1',
    );
  }

  /** One of the values given. */
  public choice(name: string, ...values: string[]): string | undefined {
    return this.read(name, (value) => values.find((one) => one === value), values.join(', '));
  }

  /** What becomes of what holds data: `retain`, `destroy` or `destroyWithObjects`. */
  public removal(): Removal | undefined {
    const name = this.choice('removal', 'retain', 'destroy', 'destroyWithObjects');
    return name === undefined ? undefined : Removal.fromName(name);
  }

  /** Ends the reading. @throws Error that names every setting that is unknown or wrong */
  public done(): void {
    for (const name of Object.keys(this.context))
      if (!this.known.has(name))
        this.wrong(name, this.context[name], [...this.known].join(', '), 'correct the name or take it out');
    if (this.problems.length > 0)
      throw new Error(`invalid settings:\n  ${this.problems.map(Problems.format).join('\n  ')}`);
  }

  private read<T>(name: string, parse: (value: unknown) => T | undefined, allowed: string): T | undefined {
    this.known.add(name);
    const value = this.environment[this.variable(name)] ?? this.context[name];
    if (value === undefined || value === '') return undefined;
    const parsed = parse(value);
    if (parsed === undefined) this.wrong(name, value, allowed, `correct it here, or set ${this.variable(name)}`);
    return parsed;
  }

  private variable(name: string): string {
    return `COFFER_${`${this.stack}_${name}`.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  }

  private wrong(name: string, value: unknown, allowed: string, fix: string): void {
    const property = name === '' ? this.stack : `${this.stack}.${name}`;
    this.problems.push({ property, given: JSON.stringify(value), allowed, fix });
  }
}

/** `-c stack={…}` arrives as text. */
function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
