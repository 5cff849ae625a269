/** Subscription filters of a group, which feed functions. Source: CloudWatch Logs API Reference, "PutSubscriptionFilter". */
import type * as Logs from '@aws-sdk/client-cloudwatch-logs';
import { parseArn } from '../../../base/arn';
import type { Handlers } from '../../../kernel/service';
import { constraint, invalidParameter, limitExceeded, subscriptionNotFound, unsupported } from '../errors';
import { needGroup } from '../names';
import { compilePattern } from '../pattern';
import { filtersOf, readFilter, removeFilter, writeFilter } from '../state';
import { isLetIn } from '../subscribers';

/** Source: CloudWatch Logs quotas, "Subscription filters". */
const MOST_FILTERS = 2;

export const subscriptionHandlers: Handlers<typeof Logs> = {
  async PutSubscriptionFilter(call, input) {
    const { filterName: name = '', destinationArn = '', filterPattern: pattern = '' } = input;
    if (!/^[^:*]{1,512}$/.test(name))
      throw constraint('filterName', name, 'satisfy regular expression pattern: [^:*]*');
    compilePattern(pattern);
    if (input.fieldSelectionCriteria || input.emitSystemFields?.length || input.applyOnTransformedLogs)
      throw unsupported('field selection and transformed logs of subscription filters');
    const destination = parseArn(destinationArn);
    if (destination?.service !== 'lambda')
      throw unsupported(`${destination?.service ?? 'other'} destinations of subscription filters`);
    const { kernel, now } = call;
    const found = await needGroup(kernel.store, call, input.logGroupName!);
    if (destination.resource.split(':')[1] === found.name.replace('/aws/lambda/', ''))
      throw invalidParameter('The function writes to this log group: it would feed itself.');
    if (!(await isLetIn(kernel, call, found.name, destinationArn)))
      throw invalidParameter(
        'Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.',
      );
    await kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, input.logGroupName!);
      const others = (await filtersOf(tx, group.id)).filter((filter) => filter.name !== name);
      if (others.length >= MOST_FILTERS) throw limitExceeded('Resource limit exceeded.');
      const before = await readFilter(tx, group.id, name);
      writeFilter(tx, group.id, { name, pattern, destinationArn, created: before?.created ?? now });
    });
    return {};
  },

  async DescribeSubscriptionFilters(call, input) {
    const group = await needGroup(call.kernel.store, call, input.logGroupName!);
    const rows = await filtersOf(call.kernel.store, group.id);
    return {
      subscriptionFilters: rows
        .filter(({ name }) => name.startsWith(input.filterNamePrefix ?? ''))
        .map(({ name, pattern, destinationArn, created }) => ({
          filterName: name,
          logGroupName: group.name,
          filterPattern: pattern,
          destinationArn,
          distribution: 'ByLogStream' as const,
          creationTime: created,
        })),
    };
  },

  async DeleteSubscriptionFilter(call, input) {
    await call.kernel.store.write(async (tx) => {
      const group = await needGroup(tx, call, input.logGroupName!);
      if (!(await readFilter(tx, group.id, input.filterName!))) throw subscriptionNotFound();
      removeFilter(tx, group.id, input.filterName!);
    });
    return {};
  },
};
