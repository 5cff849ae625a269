/**
 * A query over an object, as the events that S3 answers with. Never the whole object in memory, and never long without
 * letting others have their turn. Source: S3 API reference, "SelectObjectContent" and "Appendix: SelectObjectContent
 * Response".
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Evaluate, Selected } from './binding';
import { compile, condition, type Scope } from './compile';
import type { Compression, Content, Counters, InputFormat, OutputFormat } from './formats';
import { compileOutput, type WriteRecord } from './output';
import { holdsAggregate } from './parser';
import { openSource, type ScanRange, type Source } from './source';
import type { Query } from './syntax';
import { isStruct, type Value } from './values';

export interface Selection {
  readonly query: Query;
  readonly content: Content;
  readonly input: InputFormat;
  readonly compression: Compression;
  readonly output: OutputFormat;
  readonly range?: ScanRange;
  /** Progress is told from time to time. */
  readonly progress: boolean;
  /** Milliseconds, for UTCNOW. */
  readonly now: number;
}

export interface Details {
  readonly BytesScanned: number;
  readonly BytesProcessed: number;
  readonly BytesReturned: number;
}

export type SelectEvent =
  | { readonly Records: { readonly Payload: Uint8Array } }
  | { readonly Progress: { readonly Details: Details } }
  | { readonly Stats: { readonly Details: Details } }
  | { readonly Cont: Record<string, never> }
  | { readonly End: Record<string, never> };

/** Bytes of one event; characters that wait for it. */
const LARGEST_PAYLOAD_BYTES = 256 * 1024;
const ENOUGH_CHARACTERS = 64 * 1024;
/** Real time without a word before the client is told that its query goes on, and that records wait. */
const SILENCE_MS = 1_000;
const PROGRESS_MS = 1_000;
/** Real time for which rows are evaluated in one go, and how many rows between two looks at it. */
const TURN_MS = 5;
const ROWS_UNWATCHED = 64;

// biome-ignore lint/suspicious/noExplicitAny: rows are opaque to all but their own binding
type AnyRow = any;

/** @throws AwsError by the names of "List of SELECT Object Content Error Codes" */
export async function* runQuery(selection: Selection): AsyncGenerator<SelectEvent> {
  const { query, progress } = selection;
  const counters: Counters = { scanned: 0, processed: 0 };
  let returned = 0;
  const details = (): Details => ({
    BytesScanned: counters.scanned,
    BytesProcessed: counters.processed,
    BytesReturned: returned,
  });
  let pending = '';
  let spoke = performance.now();
  let told = spoke;
  function* records(): Generator<SelectEvent> {
    const bytes = Buffer.from(pending);
    pending = '';
    for (let at = 0; at < bytes.length; at += LARGEST_PAYLOAD_BYTES) {
      const Payload = bytes.subarray(at, at + LARGEST_PAYLOAD_BYTES);
      returned += Payload.length;
      yield { Records: { Payload } };
    }
  }

  const source = await openSource({ ...selection, format: selection.input, counters });
  try {
    const plan = compilePlan(query, source, compileOutput(selection.output), selection.now);
    let left = query.limit ?? Number.POSITIVE_INFINITY;
    let turn = performance.now();
    let evaluated = 0;
    if (left > 0) {
      scan: for await (const batch of source.batches()) {
        for (const row of batch) {
          const text = plan.row(row);
          if (text !== undefined) {
            pending += text;
            if (--left <= 0) break scan;
          }
          if (pending.length >= ENOUGH_CHARACTERS) {
            yield* records();
            spoke = performance.now();
          }
          if (++evaluated % ROWS_UNWATCHED === 0 && performance.now() - turn >= TURN_MS) {
            await nextTurn();
            turn = performance.now();
          }
        }
        const now = performance.now();
        if (now - spoke >= SILENCE_MS) {
          if (pending === '') yield { Cont: {} };
          yield* records();
          spoke = now;
        }
        if (progress && now - told >= PROGRESS_MS) {
          yield { Progress: { Details: details() } };
          told = now;
        }
        if (now - turn >= TURN_MS) {
          await nextTurn();
          turn = performance.now();
        }
      }
    }
    if (query.limit !== 0) pending += plan.end();
    yield* records();
  } finally {
    await source.close?.();
  }
  if (progress) yield { Progress: { Details: details() } };
  yield { Stats: { Details: details() } };
  yield { End: {} };
}

interface Plan {
  /** A record, if the row makes one. */
  row(row: AnyRow): string | undefined;
  /** What is told when all rows have been seen. */
  end(): string;
}

function compilePlan(query: Query, { binding }: Source, write: WriteRecord, now: number): Plan {
  const scope: Scope<AnyRow> = { binding, now, aggregates: [] };
  const where = query.where && condition(compile(query.where, scope));
  const { projections } = query;
  if (!projections)
    return { row: (row) => (!where || where(row) ? write(binding.all(row)) : undefined), end: () => '' };
  const select = compileList(projections, scope);
  if (!projections.some(({ expression }) => holdsAggregate(expression)))
    return { row: (row) => (!where || where(row) ? write(select(row)) : undefined), end: () => '' };
  const { aggregates } = scope;
  return {
    row(row) {
      if (!where || where(row)) for (const { operand, into } of aggregates) into.add(operand ? operand(row) : true);
      return undefined;
    },
    end: () => write(select(undefined)),
  };
}

function compileList(projections: NonNullable<Query['projections']>, scope: Scope<AnyRow>): (row: AnyRow) => Selected {
  const columns = projections.map((projection) => ({
    name: projection.kind === 'value' ? projection.name : undefined,
    value: compile(projection.expression, scope) as Evaluate<AnyRow>,
  }));
  if (columns.every(({ name }) => name !== undefined)) {
    const names = columns.map(({ name }) => name!);
    return (row) => ({ names, values: columns.map(({ value }) => value(row)) });
  }
  return (row) => {
    const names: string[] = [];
    const values: Value[] = [];
    for (const { name, value } of columns) {
      const found = value(row);
      if (name !== undefined) {
        names.push(name);
        values.push(found);
      } else if (isStruct(found)) {
        names.push(...found.keys());
        values.push(...found.values());
      }
    }
    return { names, values };
  };
}
