/** A query as a tree. */
import type { Place } from './errors';
import type { Value } from './values';

/** A step down into a value. */
export type Step =
  | { readonly kind: 'name'; readonly name: string; readonly exact: boolean }
  | { readonly kind: 'index'; readonly index: number }
  /** All of a list, `[*]`. */
  | { readonly kind: 'items' }
  /** All members of an object, `.*`. */
  | { readonly kind: 'members' };

export type BinaryOperator = 'and' | 'or' | '=' | '<>' | '<' | '>' | '<=' | '>=' | '+' | '-' | '*' | '/' | '%' | '||';

export type Expression =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  /** A column, an alias, or something within. The first step is a name. */
  | { readonly kind: 'path'; readonly steps: readonly Step[]; readonly place: Place }
  | { readonly kind: 'not' | 'minus' | 'plus'; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly negated: boolean;
    }
  | { readonly kind: 'in'; readonly operand: Expression; readonly list: Expression; readonly negated: boolean }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape?: Expression;
      readonly negated: boolean;
    }
  | { readonly kind: 'is'; readonly operand: Expression; readonly what: 'null' | 'missing'; readonly negated: boolean }
  | {
      readonly kind: 'case';
      /** Absent: each `when` is a condition. */
      readonly operand?: Expression;
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise?: Expression;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: CastType }
  /** Date functions have their date part as `part`; TRIM which side. */
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly part?: string;
      readonly args: readonly Expression[];
      readonly place: Place;
    }
  /** `operand` is absent for COUNT(*). */
  | { readonly kind: 'aggregate'; readonly name: string; readonly operand?: Expression };

export type CastType = 'bool' | 'int' | 'float' | 'decimal' | 'string' | 'timestamp';

export type Projection =
  | { readonly kind: 'value'; readonly expression: Expression; readonly name: string }
  /** `alias.*`: the members of what the path leads to. */
  | { readonly kind: 'members'; readonly expression: Expression };

export interface Query {
  /** Absent: `*`, the row as it is. */
  readonly projections?: readonly Projection[];
  /** Steps below the root values; empty for the root values themselves. */
  readonly path: readonly Step[];
  /** What a row is called besides S3Object. */
  readonly alias?: { readonly name: string; readonly exact: boolean };
  readonly where?: Expression;
  readonly limit?: number;
}
