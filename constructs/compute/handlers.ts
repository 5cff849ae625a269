/** The code of functions that constructs bring along: compiled beside them, one folder each, with nothing to bundle. */
import { join } from 'node:path';
import { IgnoreMode } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';

/** The folder of a handler; `dist/` has the compiled one, wherever this runs from. */
export function bundled(name: string): lambda.Code {
  const up = join(__dirname, '..');
  const built = __filename.endsWith('.ts') ? join(up, 'dist') : up;
  return lambda.Code.fromAsset(join(built, 'handlers', name), {
    exclude: ['*.map', '*.d.ts'],
    ignoreMode: IgnoreMode.GLOB,
  });
}
