/**
 * The one form in which anything here says that a configuration is wrong: construct path, what is wrong, the value
 * given, what is allowed, the fix. Problems are collected and thrown at once. Tokens are not judged: their value is
 * known only at deploy time.
 */
import { Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** One thing that is wrong with a configuration. */
export interface Problem {
  /** Property that is wrong, e.g. `lifecycleRules[0].transitions[1].transitionAfter`. */
  readonly property: string;
  /** The value given, as JSON. */
  readonly given: string;
  /** What is allowed. */
  readonly allowed: string;
  /** What to do. */
  readonly fix: string;
  /**
   * Rule that found it, by the name under which it is acknowledged.
   * @default - a prop of a construct is wrong by itself
   */
  readonly rule?: string;
  /**
   * Whether it works and is only hardly meant.
   * @default false
   */
  readonly warning?: boolean;
}

/** Collects the problems of one construct and throws them at once. */
export class Problems {
  /** `property is given; allowed: ...; fix: ...` */
  public static format(problem: Problem): string {
    return `${problem.property} is ${problem.given}; allowed: ${problem.allowed}; fix: ${problem.fix}`;
  }

  /** Refuses one value before there is a construct. @throws Error unless `holds` */
  public static refuse(where: string, holds: boolean, problem: Problem): void {
    if (!holds) throw new Error(`invalid props of ${where}:\n  ${Problems.format(problem)}`);
  }

  private readonly found: Problem[] = [];

  /** @param id of the construct, where it is yet to be made in `scope` */
  constructor(
    private readonly scope: IConstruct,
    private readonly id?: string,
  ) {}

  /** Notes a problem with `property` unless `holds`; an unresolved value is not judged. */
  public check(holds: boolean, property: string, value: unknown, allowed: string, fix: string): void {
    if (holds || Token.isUnresolved(value)) return;
    this.add({ property, given: JSON.stringify(value) ?? 'not set', allowed, fix });
  }

  /** Notes problems that a rule found. */
  public add(...problems: Problem[]): void {
    this.found.push(...problems);
  }

  /** Every problem so far, in one line each. */
  public messages(): string[] {
    return this.found.map(Problems.format);
  }

  /** Ends the construction if there are any. @throws Error naming the construct path and every problem */
  public throwIfAny(): void {
    if (this.found.length === 0) return;
    const path = [this.scope.node.path, this.id].filter((part) => part).join('/');
    throw new Error(`invalid props of ${path}:\n  ${this.messages().join('\n  ')}`);
  }
}
