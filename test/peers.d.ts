/** Tests that speak to peers see the operations of every service: see `runtime/kernel/peers.ts`. */
import '../runtime/services/cloudformation/service';
import '../runtime/services/iam/service';
import '../runtime/services/kms/service';
import '../runtime/services/lambda/service';
import '../runtime/services/logs/service';
import '../runtime/services/s3/control/service';
import '../runtime/services/s3/service';
import '../runtime/services/sqs/service';
import '../runtime/services/ssm/service';
import '../runtime/services/sts/service';
