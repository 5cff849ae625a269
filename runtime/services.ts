/** All services of this runtime. Adding one is adding its folder and its line here. */
import type { Service } from './kernel/service';
import { kms } from './services/kms/service';
import { lambda } from './services/lambda/service';
import { s3 } from './services/s3/service';
import { ssm } from './services/ssm/service';

export function createServices(): Service[] {
  return [kms(), lambda(), s3(), ssm()];
}
