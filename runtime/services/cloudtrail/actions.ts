/** What each operation asks of IAM. Source: Service Authorization Reference, "AWS CloudTrail". */
import type { Actions } from '../../kernel/service';

export const actions: Actions<typeof import('@aws-sdk/client-cloudtrail')> = {
  LookupEvents: () => [{ action: 'cloudtrail:LookupEvents', resource: '*' }],
};
