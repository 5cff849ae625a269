/** Paths into JSON, as Step Functions and EventBridge write them: `$.detail.items[0].name`, `$['a']`. One value each. */

export type JsonPath = readonly (string | number)[];

/** @returns undefined when it is no path, or one that means several values */
export function readJsonPath(text: string): JsonPath | undefined {
  if (!text.startsWith('$')) return undefined;
  const steps: (string | number)[] = [];
  let rest = text.slice(1);
  while (rest !== '') {
    const step = /^(?:\.([\p{L}\p{N}_-]+)|\['([^']+)'\]|\["([^"]+)"\]|\[(\d+)\])/u.exec(rest);
    if (!step) return undefined;
    steps.push(step[4] !== undefined ? Number(step[4]) : (step[1] ?? step[2] ?? step[3]));
    rest = rest.slice(step[0].length);
  }
  return steps;
}

/** @returns undefined when there is nothing at the path */
export function valueAt(value: unknown, path: JsonPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<string | number, unknown>)[step];
  }
  return found;
}

/** A copy of `into` with a value at a path of names; what is in the way of it is replaced. */
export function withValueAt(into: unknown, path: JsonPath, value: unknown): unknown {
  if (path.length === 0) return value;
  const [step, ...rest] = path;
  if (Array.isArray(into) && typeof step === 'number') {
    const copy = [...into];
    copy[step] = withValueAt(copy[step], rest, value);
    return copy;
  }
  const fields = typeof into === 'object' && into !== null && !Array.isArray(into) ? into : {};
  return { ...fields, [step]: withValueAt((fields as Record<string, unknown>)[String(step)], rest, value) };
}
