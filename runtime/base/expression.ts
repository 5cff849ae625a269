/**
 * Regular expressions that users write. Matching one can take longer than anyone waits, and nothing else runs
 * meanwhile: what has not matched after a second does not match.
 */
import { type Context, createContext, Script } from 'node:vm';

const PATIENCE_MS = 1000;

let context: Context | undefined;
let script: Script | undefined;

export function matchesInTime(expression: RegExp, text: string): boolean {
  script ??= new Script('expression.test(text)');
  context ??= createContext();
  Object.assign(context, { expression, text });
  try {
    return script.runInContext(context, { timeout: PATIENCE_MS });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return false;
    throw error;
  }
}
