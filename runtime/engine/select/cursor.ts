/** A place among the tokens, and what may be asked of it. */
import { selectError, syntaxError } from './errors';
import { shown, type Token } from './lexer';

/** Operators and calls in one expression, and how deep they may be nested. */
const MOST_OPERATORS = 2_000;
const DEEPEST = 200;

export class Cursor {
  private at = 0;
  private operators = 0;
  private depth = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  get peek(): Token {
    return this.tokens[this.at];
  }

  get following(): Token {
    return this.tokens[Math.min(this.at + 1, this.tokens.length - 1)];
  }

  next(): Token {
    return this.tokens[this.at < this.tokens.length - 1 ? this.at++ : this.at];
  }

  isKeyword(word: string): boolean {
    return this.peek.type === 'keyword' && this.peek.text === word;
  }

  isSymbol(symbol: string): boolean {
    return this.peek.type === 'symbol' && this.peek.text === symbol;
  }

  takeKeyword(word: string): boolean {
    const is = this.isKeyword(word);
    if (is) this.at++;
    return is;
  }

  takeSymbol(symbol: string): boolean {
    const is = this.isSymbol(symbol);
    if (is) this.at++;
    return is;
  }

  expectSymbol(symbol: string, code = 'ParseExpectedTokenType'): void {
    if (!this.takeSymbol(symbol)) throw this.refuse(code, `Expected '${symbol}', found ${shown(this.peek)}`);
  }

  expectKeyword(word: string): void {
    if (!this.takeKeyword(word))
      throw this.refuse('ParseExpectedKeyword', `Expected keyword ${word}, found ${shown(this.peek)}`);
  }

  refuse(code: string, what: string) {
    return syntaxError(code, what, this.peek.place);
  }

  unexpected() {
    return this.refuse('ParseUnexpectedToken', `Unexpected token found ${shown(this.peek)}`);
  }

  count(): void {
    if (++this.operators > MOST_OPERATORS) throw selectError('MaxOperatorsExceeded');
  }

  nested<T>(parse: () => T): T {
    if (++this.depth > DEEPEST) throw selectError('MaxOperatorsExceeded');
    const parsed = parse();
    this.depth--;
    return parsed;
  }
}
