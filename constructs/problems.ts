/**
 * Collects everything that is wrong with a construct's props and throws it at once: each problem names the prop, the
 * value given, what is allowed and the fix. Tokens are not judged here: their value is known only at deploy time.
 */
import { Token } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/** @internal */
export class Problems {
  private readonly found: string[] = [];

  constructor(private readonly scope: Construct) {}

  /** Notes a problem unless `holds`. */
  check(holds: boolean, prop: string, value: unknown, allowed: string, fix: string): void {
    if (holds || Token.isUnresolved(value)) return;
    this.found.push(`${prop} is ${JSON.stringify(value)}; allowed: ${allowed}; fix: ${fix}`);
  }

  /** @throws Error naming the construct path and every problem */
  throwIfAny(): void {
    if (this.found.length === 0) return;
    throw new Error(`invalid props of ${this.scope.node.path}:\n  ${this.found.join('\n  ')}`);
  }
}
