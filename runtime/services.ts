/** All services of this runtime. Adding one is adding its folder and its line here. */
import type { Service } from './kernel/service';
import { cloudformation } from './services/cloudformation/service';
import { iam } from './services/iam/service';
import { kms } from './services/kms/service';
import { lambda } from './services/lambda/service';
import { logs } from './services/logs/service';
import { s3 } from './services/s3/service';
import { ssm } from './services/ssm/service';

export function createServices(): Service[] {
  const services: Service[] = [
    iam(),
    kms(),
    lambda(),
    logs(),
    s3(),
    ssm(),
    cloudformation(() => services.flatMap((service) => service.resources ?? [])),
  ];
  return services;
}
