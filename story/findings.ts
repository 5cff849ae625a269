/** What cdk-nag found, from the report that a synth leaves in the cloud assembly. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Finding {
  readonly rule: string;
  /** `error`, `warning` or `info`. */
  readonly severity: string;
  readonly description: string;
  readonly constructPaths: readonly string[];
}

interface Report {
  readonly pluginReports: readonly {
    readonly violations?: readonly {
      readonly ruleName: string;
      readonly severity?: string;
      readonly description?: string;
      readonly violatingConstructs?: readonly { readonly constructPath?: string }[];
    }[];
  }[];
}

/** @param directory a cloud assembly */
export async function findingsIn(directory: string): Promise<Finding[]> {
  const text = await readFile(join(directory, 'validation-report.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return [];
  return (JSON.parse(text) as Report).pluginReports.flatMap((report) =>
    (report.violations ?? []).map((violation) => ({
      rule: violation.ruleName,
      severity: violation.severity ?? 'warning',
      description: violation.description ?? '',
      constructPaths: (violation.violatingConstructs ?? []).flatMap((c) => c.constructPath ?? []),
    })),
  );
}
