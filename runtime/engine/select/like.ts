/** LIKE: `%` is any text, `_` any character. In time that grows with text times pattern, whatever the pattern. */
import { selectError } from './errors';

const ANY_TEXT = 0;
const ANY_CHARACTER = 1;
type Piece = typeof ANY_TEXT | typeof ANY_CHARACTER | string;

/** @throws AwsError EvaluatorLikePatternInvalidEscapeSequence */
export function compileLike(pattern: string, escaping: string | undefined): (text: string) => boolean {
  if (escaping !== undefined && [...escaping].length !== 1)
    throw selectError('EvaluatorLikePatternInvalidEscapeSequence');
  const pieces: Piece[] = [];
  const characters = [...pattern];
  for (let i = 0; i < characters.length; i++) {
    const char = characters[i];
    if (char === escaping) {
      const next = characters[++i];
      if (next !== '%' && next !== '_' && next !== escaping)
        throw selectError('EvaluatorLikePatternInvalidEscapeSequence');
      pieces.push(next);
    } else pieces.push(char === '%' ? ANY_TEXT : char === '_' ? ANY_CHARACTER : char);
  }
  return (text) => matches(pieces, text);
}

/** Where it fails it goes back to the last `%`, and lets that take one character more. */
function matches(pieces: readonly Piece[], text: string): boolean {
  let at = 0;
  let piece = 0;
  let resumePiece = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const wanted = pieces[piece];
    const width = text.codePointAt(at)! > 0xffff ? 2 : 1;
    if (wanted === ANY_TEXT) {
      resumePiece = piece++;
      resumeAt = at;
    } else if (wanted === ANY_CHARACTER || (typeof wanted === 'string' && text.startsWith(wanted, at))) {
      piece++;
      at += wanted === ANY_CHARACTER ? width : wanted.length;
    } else if (resumePiece >= 0) {
      piece = resumePiece + 1;
      resumeAt += text.codePointAt(resumeAt)! > 0xffff ? 2 : 1;
      at = resumeAt;
    } else return false;
  }
  while (pieces[piece] === ANY_TEXT) piece++;
  return piece === pieces.length;
}
