/**
 * A query's clauses. Source: S3 user guide, "SELECT command". What S3's dialect does not have (joins, subqueries,
 * grouping, ordering) is refused as S3 does it; expressions are read in `expressions.ts`.
 */
import { namesRow } from './binding';
import { Cursor } from './cursor';
import { selectError, syntaxError } from './errors';
import { parseStep, parseWhole } from './expressions';
import { shown, tokenize } from './lexer';
import type { Expression, Projection, Query, Step } from './syntax';

/** Bytes of an expression. Source: S3 user guide, "Filtering and retrieving data using Amazon S3 Select". */
const LONGEST_EXPRESSION_BYTES = 256 * 1024;

const JOINS = ['join', 'inner', 'left', 'right', 'full', 'cross', 'natural', 'outer'];

/** @throws AwsError by the names of "List of SELECT Object Content Error Codes" */
export function parseQuery(expression: string): Query {
  if (Buffer.byteLength(expression) > LONGEST_EXPRESSION_BYTES) throw selectError('ExpressionTooLong');
  const cursor = new Cursor(tokenize(expression));
  if (!cursor.takeKeyword('select')) throw refuseStatement(cursor);
  const projections = parseProjections(cursor);
  if (!cursor.takeKeyword('from')) throw cursor.refuse('ParseSelectMissingFrom', 'Missing FROM after SELECT list');
  const { path, alias } = parseSource(cursor);
  const where = cursor.takeKeyword('where') ? parseWhole(cursor) : undefined;
  if (where && holdsAggregate(where)) throw selectError('UnsupportedSqlStructure');
  if (cursor.isKeyword('group') || cursor.isKeyword('having')) throw selectError('UnsupportedSqlStructure');
  const limit = cursor.takeKeyword('limit') ? parseLimit(cursor) : undefined;
  cursor.takeSymbol(';');
  if (cursor.peek.type !== 'end') throw cursor.unexpected();
  checkAggregation(projections);
  return { projections: isWholeRow(projections, alias) ? undefined : projections, path, alias, where, limit };
}

/** What is no SELECT is read as an expression would be, for what is wrong with it as one. */
function refuseStatement(cursor: Cursor): Error {
  parseWhole(cursor);
  return cursor.peek.type === 'end' ? selectError('UnsupportedSqlStructure') : cursor.unexpected();
}

// ---- the list ----------------------------------------------------------------------------------------------------------

function parseProjections(cursor: Cursor): Projection[] | undefined {
  if (cursor.isKeyword('distinct') || cursor.isKeyword('value')) throw selectError('UnsupportedSqlStructure');
  cursor.takeKeyword('all');
  if (cursor.isKeyword('from')) throw cursor.refuse('ParseEmptySelect', 'Empty SELECT list');
  const star = cursor.peek;
  const projections: Projection[] = [];
  let all = false;
  do {
    if (cursor.takeSymbol('*')) all = true;
    else projections.push(parseProjection(cursor, projections.length + 1));
  } while (cursor.takeSymbol(','));
  if (!all) return projections;
  if (projections.length > 0)
    throw syntaxError(
      'ParseAsteriskIsNotAloneInSelectList',
      "Other expressions are not allowed in the SELECT list when '*' is used without dot notation",
      star.place,
    );
  return undefined;
}

function parseProjection(cursor: Cursor, position: number): Projection {
  const { place } = cursor.peek;
  const expression = parseWhole(cursor, true);
  if (expression.kind === 'path') {
    const { steps } = expression;
    const wild = steps.findIndex(({ kind }) => kind === 'items' || kind === 'members');
    if (wild >= 0) {
      if (steps[wild].kind === 'items' || wild < steps.length - 1)
        throw syntaxError('ParseInvalidContextForWildcardInSelectList', 'Invalid use of * in SELECT list', place);
      if (steps.some(({ kind }) => kind === 'index'))
        throw syntaxError('ParseCannotMixSqbAndWildcardInSelectList', 'Cannot mix [] and * in SELECT list', place);
      return { kind: 'members', expression: { ...expression, steps: steps.slice(0, -1) } };
    }
  }
  return { kind: 'value', expression, name: parseAlias(cursor)?.name ?? nameOf(expression, position) };
}

/** A column is called by the last name of its path, anything else by its position. */
function nameOf(expression: Expression, position: number): string {
  const last = expression.kind === 'path' ? expression.steps.at(-1) : undefined;
  return last?.kind === 'name' ? last.name : `_${position}`;
}

function parseAlias(cursor: Cursor): Query['alias'] {
  const named = cursor.takeKeyword('as');
  const { type, text } = cursor.peek;
  if (type === 'identifier' || type === 'quoted') {
    cursor.next();
    return { name: text, exact: type === 'quoted' };
  }
  if (named) throw cursor.refuse('ParseExpectedIdentForAlias', 'Expected identifier for alias');
  return undefined;
}

// ---- the source --------------------------------------------------------------------------------------------------------

function parseSource(cursor: Cursor): Pick<Query, 'path' | 'alias'> {
  const table = cursor.peek;
  if (table.type === 'symbol' && table.text === '(') throw selectError('UnsupportedSqlStructure');
  if (table.type === 'end') throw cursor.refuse('ParseUnexpectedTerm', `Unexpected term found, ${shown(table)}`);
  if (table.type === 'keyword')
    throw cursor.refuse('ParseUnExpectedKeyword', `Unexpected keyword found, ${shown(table)}`);
  cursor.next();
  const path: Step[] = [];
  while (cursor.isSymbol('.') || cursor.isSymbol('[')) path.push(parseStep(cursor));
  const named = table.type === 'identifier' || table.type === 'quoted';
  if (!named || table.text.toLowerCase() !== 's3object') throw selectError('InvalidDataSource');
  if (path.length > 0 && path[0].kind !== 'items')
    throw syntaxError('InvalidKeyPath', 'Invalid key path: S3Object[*] is expected', table.place);
  const alias = parseAlias(cursor);
  if (cursor.isSymbol(',')) throw selectError('MultipleDataSourcesUnsupported');
  if (JOINS.some((word) => cursor.isKeyword(word))) throw cursor.refuse('ParseMalformedJoin', 'JOIN is not supported');
  if (cursor.isKeyword('at')) throw selectError('UnsupportedSyntax');
  const below = path.slice(1);
  return { path: below, alias: alias ?? lastName(below) };
}

/** "If you don't provide an alias ..., you can refer to the row by using the last element in the path." */
function lastName(path: readonly Step[]): Query['alias'] {
  const last = path.at(-1);
  return last?.kind === 'name' ? { name: last.name, exact: last.exact } : undefined;
}

function parseLimit(cursor: Cursor): number {
  const negative = cursor.takeSymbol('-');
  const { type, text } = cursor.peek;
  if (type !== 'number' || !/^\d+$/.test(text)) throw cursor.refuse('ParseExpectedNumber', 'Expected number');
  if (negative && Number(text) !== 0) throw selectError('EvaluatorNegativeLimit');
  cursor.next();
  return Number(text);
}

/** `SELECT s.*`, where `s` is the row: as `SELECT *`. */
function isWholeRow(projections: readonly Projection[] | undefined, alias: Query['alias']): boolean {
  if (projections?.length !== 1) return false;
  const [{ kind, expression }] = projections;
  return (
    kind === 'members' &&
    expression.kind === 'path' &&
    expression.steps.length === 1 &&
    namesRow(expression.steps[0], alias)
  );
}

// ---- aggregates --------------------------------------------------------------------------------------------------------

/** Without grouping, a list with an aggregate has no row to take a column from. */
function checkAggregation(projections: readonly Projection[] | undefined): void {
  if (!projections?.some(({ expression }) => holdsAggregate(expression))) return;
  for (const { kind, expression } of projections)
    if (kind === 'members' || holdsBareColumn(expression) || holdsNested(expression))
      throw selectError('UnsupportedSqlStructure');
}

function holdsNested(expression: Expression): boolean {
  const within = childrenOf(expression);
  return expression.kind === 'aggregate' ? within.some(holdsAggregate) : within.some(holdsNested);
}

export function holdsAggregate(expression: Expression): boolean {
  return expression.kind === 'aggregate' || childrenOf(expression).some(holdsAggregate);
}

function holdsBareColumn(expression: Expression): boolean {
  if (expression.kind === 'aggregate') return false;
  return expression.kind === 'path' || childrenOf(expression).some(holdsBareColumn);
}

export function childrenOf(expression: Expression): readonly Expression[] {
  switch (expression.kind) {
    case 'literal':
    case 'path':
      return [];
    case 'list':
      return expression.items;
    case 'binary':
      return [expression.left, expression.right];
    case 'between':
      return [expression.operand, expression.low, expression.high];
    case 'in':
      return [expression.operand, expression.list];
    case 'like':
      return [expression.operand, expression.pattern, ...(expression.escape ? [expression.escape] : [])];
    case 'case':
      return [
        ...(expression.operand ? [expression.operand] : []),
        ...expression.branches.flatMap(({ when, result }) => [when, result]),
        ...(expression.otherwise ? [expression.otherwise] : []),
      ];
    case 'call':
      return expression.args;
    case 'aggregate':
      return expression.operand ? [expression.operand] : [];
    default:
      return [expression.operand];
  }
}
