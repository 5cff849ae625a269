/** All services of this runtime. Adding one is adding its folder and its line here. */
import type { Service } from './kernel/service';
import { kms } from './services/kms/service';

export function createServices(): Service[] {
  return [kms()];
}
