/**
 * Synthesises the app of `cdk.json` the way the CDK CLI does (same command, same environment, same context), and reads
 * what cdk-nag found from the report that the synth leaves in the assembly.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Synthesis {
  readonly directory: string;
  readonly elapsedMs: number;
  readonly findings: readonly Finding[];
}

export interface Finding {
  readonly rule: string;
  readonly severity: string;
  readonly description: string;
  readonly constructPaths: readonly string[];
}

/** The app failed, or cdk-nag found errors. What the app printed is in the message. */
export class SynthFailed extends Error {}

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

/**
 * @param directory where the assembly goes
 * @throws SynthFailed
 */
export async function synthesise(directory: string, account: string, region: string): Promise<Synthesis> {
  const { app, context = {} } = JSON.parse(await readFile('cdk.json', 'utf8')) as {
    app: string;
    context?: Record<string, unknown>;
  };
  const from = performance.now();
  const { code, text } = await shell(app, {
    CDK_OUTDIR: directory,
    CDK_CONTEXT_JSON: JSON.stringify(context),
    CDK_DEFAULT_ACCOUNT: account,
    CDK_DEFAULT_REGION: region,
  });
  if (code !== 0) throw new SynthFailed(`\`${app}\` ended with ${code}:\n${text}`);
  return { directory, elapsedMs: performance.now() - from, findings: await findings(directory) };
}

function shell(command: string, environment: Record<string, string>): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, {
      shell: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
    });
    const chunks: Buffer[] = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text: Buffer.concat(chunks).toString() }));
  });
}

async function findings(directory: string): Promise<Finding[]> {
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
