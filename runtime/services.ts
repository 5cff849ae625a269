/** All services of this runtime. Adding one is adding its folder and its line here. */
import type { Service } from './kernel/service';
import { cloudformation } from './services/cloudformation/service';
import { cloudtrail } from './services/cloudtrail/service';
import { events } from './services/events/service';
import { iam } from './services/iam/service';
import { kms } from './services/kms/service';
import { lambda } from './services/lambda/service';
import { logs } from './services/logs/service';
import { organizations } from './services/organizations/service';
import { s3control } from './services/s3/control/service';
import { s3 } from './services/s3/service';
import { secretsmanager } from './services/secretsmanager/service';
import { sns } from './services/sns/service';
import { sqs } from './services/sqs/service';
import { ssm } from './services/ssm/service';
import { states } from './services/states/service';
import { sts } from './services/sts/service';

export function createServices(): Service[] {
  const services: Service[] = [
    events(),
    cloudtrail(),
    iam(),
    kms(),
    lambda(),
    logs(),
    organizations(),
    s3(),
    s3control(),
    secretsmanager(),
    sns(),
    sqs(),
    ssm(),
    states(),
    sts(),
    cloudformation(() => services.flatMap((service) => service.resources ?? [])),
  ];
  return services;
}
