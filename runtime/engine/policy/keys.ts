/** Which condition keys policies ask for, in conditions and in variables. */
import { compile } from './compile';

/** Distinct keys in order of their names, each as it is first written. */
export function contextKeys(documents: readonly string[]): string[] {
  const found = new Map<string, string>();
  const note = (key: string): void => {
    if (!found.has(key.toLowerCase())) found.set(key.toLowerCase(), key);
  };
  for (const text of documents) {
    const compilation = compile(text);
    if ('problem' in compilation) continue;
    for (const { resources, conditions } of compilation.document.statements) {
      for (const value of resources?.values ?? []) variablesIn(value).forEach(note);
      for (const { key, values } of conditions) {
        note(key);
        for (const value of values) variablesIn(value).forEach(note);
      }
    }
  }
  return [...found.values()].sort();
}

/** Keys of the variables in a text, as written. */
export function variablesIn(text: string): string[] {
  return [...text.matchAll(/\$\{\s*([^},\s*?$]+)/g)].map(([, key]) => key);
}
