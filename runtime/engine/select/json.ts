/**
 * JSON into values, of which only those are ever whole in memory that the query's FROM asks for. Tokens are those of
 * `@streamparser/json`. Source: S3 user guide, "SELECT command": "Wildcard characters always emit at least one record.
 * If no record matches, then Amazon S3 Select emits the value MISSING."
 */
import { Tokenizer, TokenizerError, TokenType } from '@streamparser/json';
import { selectError } from './errors';
import { LONGEST_RECORD } from './formats';
import type { Step } from './syntax';
import { MISSING, numberOf, type Value } from './values';

// Looked up once: the package answers each look with a call.
const { LEFT_BRACE, RIGHT_BRACE, LEFT_BRACKET, RIGHT_BRACKET, COLON, COMMA, STRING, NUMBER, TRUE, FALSE, NULL } =
  TokenType;

/** Deepest nesting. */
const DEEPEST = 500;

/** What becomes of a value: it is a record or part of one, it is passed over, or it is this many steps down the path. */
type Fate = number;
const BUILD: Fate = -1;
const SKIP: Fate = -2;

type Expected = 'key' | 'first key' | 'colon' | 'value' | 'first value' | 'comma';

interface Frame {
  readonly object: boolean;
  readonly fate: Fate;
  readonly members?: Map<string, Value>;
  readonly items?: Value[];
  expected: Expected;
  key: string;
  index: number;
  /** Something below has matched the path. */
  matched: boolean;
}

/** Numbers stay as they are written until somebody wants them. */
class TextualTokenizer extends Tokenizer {
  protected override parseNumber(text: string): number {
    return text as unknown as number;
  }
}

export class JsonReader {
  private readonly tokenizer = new TextualTokenizer({ separator: '' });
  private readonly frames: Frame[] = [];
  private values: Value[] = [];
  private written = 0;
  private recordStart = -1;
  private lastToken = 0;
  private failure?: Error;
  /** A root value began behind the end of what was asked for. */
  ended = false;

  /** @param endAt root values that begin behind this byte are not read */
  constructor(
    private readonly path: readonly Step[],
    private readonly endAt = Number.POSITIVE_INFINITY,
  ) {
    this.tokenizer.onToken = ({ token, value, offset }) => {
      if (this.failure || this.ended) return;
      try {
        this.take(token, value, offset);
      } catch (error) {
        this.failure = error as Error;
      }
    };
    this.tokenizer.onError = (error) => {
      this.failure ??= error;
    };
  }

  /** @returns the records that end within these bytes. @throws AwsError JSONParsingError, OverMaxRecordSize */
  write(bytes: Uint8Array): Value[] {
    this.tokenizer.write(bytes);
    this.written += bytes.length;
    this.check();
    const since = this.recordStart >= 0 ? this.recordStart : this.lastToken;
    if (!this.ended && this.written - since > LONGEST_RECORD + bytes.length) throw selectError('OverMaxRecordSize');
    return this.taken();
  }

  end(): Value[] {
    if (!this.tokenizer.isEnded) this.tokenizer.end();
    this.check();
    if (this.frames.length > 0 && !this.ended) throw selectError('JSONParsingError');
    return this.taken();
  }

  private taken(): Value[] {
    const all = this.values;
    this.values = [];
    return all;
  }

  private check(): void {
    if (this.failure) throw this.failure instanceof TokenizerError ? selectError('JSONParsingError') : this.failure;
  }

  private take(token: TokenType, value: unknown, offset: number): void {
    this.lastToken = offset;
    const frame = this.frames[this.frames.length - 1];
    switch (token) {
      case LEFT_BRACE:
      case LEFT_BRACKET:
        this.open(token === LEFT_BRACE, offset);
        return;
      case RIGHT_BRACE:
      case RIGHT_BRACKET:
        this.close(token === RIGHT_BRACE, offset);
        return;
      case COLON:
        if (frame?.expected !== 'colon') throw selectError('JSONParsingError');
        frame.expected = 'value';
        return;
      case COMMA:
        if (frame?.expected !== 'comma') throw selectError('JSONParsingError');
        frame.expected = frame.object ? 'key' : 'value';
        frame.index++;
        return;
      case STRING:
        if (frame?.expected === 'key' || frame?.expected === 'first key') {
          frame.key = value as string;
          frame.expected = 'colon';
          return;
        }
        this.simple(value as string, offset);
        return;
      case NUMBER:
        this.simple(value as string, offset, true);
        return;
      case TRUE:
      case FALSE:
      case NULL:
        this.simple(token === NULL ? null : token === TRUE, offset);
    }
  }

  /** What becomes of the value that begins here. */
  private fate(offset: number): Fate {
    const frame = this.frames[this.frames.length - 1];
    if (!frame) {
      if (offset > this.endAt) {
        this.ended = true;
        return SKIP;
      }
      return this.path.length === 0 ? BUILD : 0;
    }
    if (frame.expected !== 'value' && frame.expected !== 'first value') throw selectError('JSONParsingError');
    if (frame.fate < 0) return frame.fate;
    if (!this.leadsOn(frame)) return SKIP;
    frame.matched = true;
    const down = frame.fate + 1;
    return down === this.path.length ? BUILD : down;
  }

  private leadsOn(frame: Frame): boolean {
    const step = this.path[frame.fate];
    switch (step.kind) {
      case 'items':
        return !frame.object;
      case 'members':
        return frame.object;
      case 'index':
        return !frame.object && frame.index === step.index;
      case 'name': {
        const { key } = frame;
        if (!frame.object || !(key === step.name || (!step.exact && key.toLowerCase() === step.name.toLowerCase())))
          return false;
        if (frame.matched) throw selectError('AmbiguousFieldName');
        return true;
      }
    }
  }

  private open(object: boolean, offset: number): void {
    const fate = this.fate(offset);
    if (this.frames.length >= DEEPEST) throw selectError('JSONParsingError', 'The document is nested too deeply.');
    if (fate === BUILD && this.recordStart < 0) this.recordStart = offset;
    this.frames.push({
      object,
      fate,
      members: fate === BUILD && object ? new Map() : undefined,
      items: fate === BUILD && !object ? [] : undefined,
      expected: object ? 'first key' : 'first value',
      key: '',
      index: 0,
      matched: false,
    });
  }

  private close(object: boolean, offset: number): void {
    const frame = this.frames.pop();
    const complete =
      frame?.expected === 'comma' || frame?.expected === 'first key' || frame?.expected === 'first value';
    if (!frame || frame.object !== object || !complete) throw selectError('JSONParsingError');
    if (frame.fate === BUILD) this.finish((frame.members ?? frame.items)!, offset);
    else {
      if (frame.fate >= 0 && !frame.matched) this.values.push(MISSING);
      this.after();
    }
  }

  private simple(value: string | boolean | null, offset: number, number = false): void {
    const fate = this.fate(offset);
    if (fate === BUILD) this.finish(number ? jsonNumber(value as string) : value, offset);
    else {
      if (fate >= 0) this.values.push(MISSING);
      this.after();
    }
  }

  /** A value that is a record or part of one. */
  private finish(value: Value, offset: number): void {
    const parent = this.frames[this.frames.length - 1];
    if (parent?.fate === BUILD) {
      if (parent.members) parent.members.set(parent.key, value);
      else parent.items!.push(value);
    } else {
      if (this.recordStart >= 0 && offset - this.recordStart > LONGEST_RECORD) throw selectError('OverMaxRecordSize');
      this.recordStart = -1;
      this.values.push(value);
    }
    this.after();
  }

  private after(): void {
    const frame = this.frames[this.frames.length - 1];
    if (frame) frame.expected = 'comma';
  }
}

/** With an exponent it is a float, without one it is as exact as it is written. */
function jsonNumber(text: string): Value {
  return text.includes('e') || text.includes('E') ? Number(text) : numberOf(text);
}
