/** `coffer why`: the explanation of a request, from the Coffer that runs. */
import { type Command, UsageError } from './command';
import { askRunning } from './subject';

export const why: Command = {
  name: 'why',
  operands: '[request-id]',
  about:
    'Tells why a request was allowed or refused: who asked, every policy and statement that was considered with the one\n' +
    'element that counted, and the construct that each policy came from. Default: the newest refusal. The id stands in\n' +
    "the answer (`RequestId`, `x-amz-request-id`), a refused one's also in its header x-coffer-why.",
  options: {
    json: { type: 'boolean', says: 'print the explanation as JSON' },
    port: { type: 'string', value: 'n', says: 'where Coffer listens (default 4566)' },
    endpoint: { type: 'string', value: 'url', says: 'the same as a URL (default: AWS_ENDPOINT_URL when it is local)' },
  },
  examples: ['coffer why', 'coffer why 3F9A1B2C4D5E6F70', 'coffer why --json 3F9A1B2C4D5E6F70'],
  async run(values, words) {
    if (words.length > 1) throw new UsageError('why explains one request at a time');
    const told = await askRunning<{ text: string }>(values, 'why', { requestId: words[0] });
    const { text: readable, ...data } = told;
    console.log(values.json ? JSON.stringify(data, undefined, 2) : readable);
    return 0;
  },
};
