/**
 * JSON as policies are held to it: no name twice in an object (`JSON.parse` silently keeps the last), no depth without
 * end, and a position for each mistake.
 */

export interface JsonMistake {
  /** `line 3, column 7`. */
  readonly place: string;
  /** The name that an object has twice. */
  readonly duplicate?: string;
}

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

const MAX_DEPTH = 32;

const TOKEN =
  /[ \t\r\n]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\.)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)|$)/uy;

export function parseJson(text: string): { readonly json: Json } | { readonly mistake: JsonMistake } {
  const reader = new Reader(text);
  try {
    const json = reader.value(0);
    reader.expect('');
    return { json };
  } catch (error) {
    if (error instanceof Stop) return { mistake: { place: reader.place(), duplicate: error.duplicate } };
    throw error;
  }
}

class Stop extends Error {
  constructor(readonly duplicate?: string) {
    super();
  }
}

class Reader {
  private position = 0;
  /** Where the token that was read last begins. */
  private start = 0;

  constructor(private readonly text: string) {}

  place(): string {
    const lines = this.text.slice(0, this.start).split('\n');
    return `line ${lines.length}, column ${lines[lines.length - 1].length + 1}`;
  }

  value(depth: number): Json {
    if (depth > MAX_DEPTH) throw new Stop();
    const { mark, literal } = this.next();
    if (mark === '{') return this.object(depth);
    if (mark === '[') return this.array(depth);
    return this.scalar(literal);
  }

  expect(...wanted: string[]): string {
    const { mark, literal } = this.next();
    if (literal !== undefined || !wanted.includes(mark)) throw new Stop();
    return mark;
  }

  private object(depth: number): Json {
    const members = new Map<string, Json>();
    let token = this.next();
    if (token.mark === '}') return {};
    for (;;) {
      const name = this.scalar(token.literal);
      if (typeof name !== 'string') throw new Stop();
      if (members.has(name)) throw new Stop(name);
      this.expect(':');
      members.set(name, this.value(depth + 1));
      if (this.expect(',', '}') === '}') return Object.fromEntries(members);
      token = this.next();
    }
  }

  private array(depth: number): Json {
    const items: Json[] = [];
    const before = this.position;
    if (this.next().mark === ']') return items;
    this.position = before;
    for (;;) {
      items.push(this.value(depth + 1));
      if (this.expect(',', ']') === ']') return items;
    }
  }

  private scalar(literal: string | undefined): Json {
    if (literal === undefined) throw new Stop();
    try {
      return JSON.parse(literal);
    } catch {
      throw new Stop();
    }
  }

  /** The next token: a punctuation mark (`''` at the end) or a literal. */
  private next(): { readonly mark: string; readonly literal?: string } {
    TOKEN.lastIndex = this.position;
    const match = TOKEN.exec(this.text);
    if (!match) {
      this.start = this.position + /^[ \t\r\n]*/.exec(this.text.slice(this.position))![0].length;
      throw new Stop();
    }
    const [whole, mark = '', literal] = match;
    this.position += whole.length;
    this.start = this.position - (mark || (literal ?? '')).length;
    return { mark, literal };
  }
}
