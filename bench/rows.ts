/** A figure as it is printed: name, measured value, and the target that the project set itself. */
export interface Row {
  readonly name: string;
  readonly value: string;
  readonly target: string;
}

export function printed(rows: readonly Row[]): string {
  return rows.map((row) => `| ${row.name} | ${row.value} | ${row.target} |`).join('\n');
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

export const mebibytes = (bytes: number): string => `${(bytes / 1048576).toFixed(0)} MiB`;
