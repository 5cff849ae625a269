/**
 * The handlers of the app's own functions, bundled by esbuild at synthesis into one file each; the SDK is left out, as
 * Lambda brings it. Compiled beside this file when the app runs from dist/, TypeScript when it runs from source.
 */
import { join } from 'node:path';
import { AssetHashType, DockerImage } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';

/** Code of `lib/handlers/<name>`; its handler is `index.handler`. */
export function handlerCode(name: string): lambda.Code {
  const folder = join(__dirname, 'handlers');
  return lambda.Code.fromAsset(folder, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never pulled: the local way does it all.
      image: DockerImage.fromRegistry('scratch'),
      local: {
        tryBundle(outputFolder: string): boolean {
          buildSync({
            entryPoints: [join(folder, `${name}${__filename.endsWith('.ts') ? '.ts' : '.js'}`)],
            bundle: true,
            minify: true,
            platform: 'node',
            target: 'node24',
            external: ['@aws-sdk/*'],
            logLevel: 'warning',
            outfile: join(outputFolder, 'index.js'),
          });
          return true;
        },
      },
    },
  });
}
