/**
 * Wildcard patterns as AWS writes them: `*` is any run of characters, `?` is one. A pattern compiles to a function that
 * never backtracks over more than one star: the leftmost place of each piece between two stars is always good enough.
 */

export type Matcher = (text: string) => boolean;

/** `*` and `?` of a pattern; everything else in it is literal text. */
export const anyRun = Symbol('*');
export const anyOne = Symbol('?');
export type Token = string | typeof anyRun | typeof anyOne;

/** Compiles a pattern in which each `*` and `?` is a wildcard. */
export function wildcard(pattern: string): Matcher {
  return compileTokens(tokensOf(pattern));
}

export function tokensOf(pattern: string): Token[] {
  return pattern
    .split(/([*?])/)
    .filter((part) => part !== '')
    .map((part) => (part === '*' ? anyRun : part === '?' ? anyOne : part));
}

export function compileTokens(tokens: readonly Token[]): Matcher {
  const pieces = piecesOf(tokens);
  const first = pieces[0];
  const last = pieces[pieces.length - 1];
  if (pieces.length === 1) {
    if (first.length > 1) return (text) => endsAt(first, text, 0);
    const whole = first[0];
    return (text) => text === whole;
  }
  if (pieces.length === 2 && first.length === 1 && last.length === 1) {
    const [prefix] = first;
    const [suffix] = last;
    if (suffix === '') return prefix === '' ? () => true : (text) => text.startsWith(prefix);
    const shortest = prefix.length + suffix.length;
    return (text) => text.length >= shortest && text.startsWith(prefix) && text.endsWith(suffix);
  }
  const middle = pieces.slice(1, -1);
  return (text) => {
    let at = matchAt(first, text, 0);
    for (const piece of middle) {
      if (at < 0) return false;
      at = find(piece, text, at);
    }
    return at >= 0 && endsAt(last, text, at, true);
  };
}

/** Literal texts with one free character between each two of them: `a?b` is `['a', 'b']`. */
type Piece = readonly string[];

function piecesOf(tokens: readonly Token[]): Piece[] {
  const pieces: string[][] = [['']];
  for (const token of tokens) {
    const piece = pieces[pieces.length - 1];
    if (token === anyRun) pieces.push(['']);
    else if (token === anyOne) piece.push('');
    else piece[piece.length - 1] += token;
  }
  // `**` means `*`: an empty piece between two stars asks for nothing.
  return pieces.filter((piece, i) => i === 0 || i === pieces.length - 1 || piece.length > 1 || piece[0] !== '');
}

/** Where a match of the piece that begins at `at` ends; -1 when there is none. */
function matchAt(piece: Piece, text: string, at: number): number {
  for (let i = 0; i < piece.length; i++) {
    if (i > 0) {
      if (at >= text.length) return -1;
      at += text.codePointAt(at)! > 0xffff ? 2 : 1;
    }
    if (!text.startsWith(piece[i], at)) return -1;
    at += piece[i].length;
  }
  return at;
}

/** The end of the leftmost match at or after `from`; -1 when there is none. */
function find(piece: Piece, text: string, from: number): number {
  if (piece.length === 1) {
    const at = text.indexOf(piece[0], from);
    return at < 0 ? -1 : at + piece[0].length;
  }
  for (let at = from; at <= text.length; at++) {
    const end = matchAt(piece, text, at);
    if (end >= 0) return end;
  }
  return -1;
}

/** Whether the piece matches up to the end of the text, beginning at `from` or (`later`) anywhere after it. */
function endsAt(piece: Piece, text: string, from: number, later = false): boolean {
  if (!later) return matchAt(piece, text, from) === text.length;
  if (piece.length === 1) return text.length - from >= piece[0].length && text.endsWith(piece[0]);
  const literal = piece.reduce((sum, part) => sum + part.length, 0);
  const holes = piece.length - 1;
  // A free character is one or two code units wide, so only a few beginnings are possible.
  for (let at = Math.max(from, text.length - literal - 2 * holes); at <= text.length - literal - holes; at++) {
    if (matchAt(piece, text, at) === text.length) return true;
  }
  return false;
}
