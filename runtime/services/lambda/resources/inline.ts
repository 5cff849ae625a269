/**
 * Code that stands in the template itself: the text of `Code.ZipFile` becomes `index.js` or `index.py` of an archive,
 * with the `cfn-response` module that CloudFormation puts beside it. Source: CloudFormation template reference,
 * "AWS::Lambda::Function Code" and "cfn-response module".
 */
import { AwsError } from '../../../base/errors';
import { packArchive } from '../../../engine/archive';

export function packInline(runtime: string | undefined, source: string): Buffer {
  if (runtime?.startsWith('nodejs')) return packArchive({ 'index.js': source, 'cfn-response.js': NODE_RESPONSE });
  if (runtime?.startsWith('python')) return packArchive({ 'index.py': source, 'cfnresponse.py': PYTHON_RESPONSE });
  throw new AwsError(
    'ValidationError',
    `ZipFile can only be used when Runtime is set to nodejs or python, not ${runtime}`,
  );
}

const NODE_RESPONSE = `const http = require('node:http');
const https = require('node:https');

exports.SUCCESS = 'SUCCESS';
exports.FAILED = 'FAILED';

exports.send = (event, context, status, data, physicalId, noEcho) =>
  new Promise((resolve, reject) => {
    const body = JSON.stringify({
      Status: status,
      Reason: 'See the details in CloudWatch Log Stream: ' + context.logStreamName,
      PhysicalResourceId: physicalId || context.logStreamName,
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      NoEcho: noEcho || false,
      Data: data,
    });
    const url = new URL(event.ResponseURL);
    const headers = { 'content-type': '', 'content-length': Buffer.byteLength(body) };
    const request = (url.protocol === 'http:' ? http : https).request(url, { method: 'PUT', headers }, (response) => {
      response.resume();
      resolve(context.done());
    });
    request.on('error', (error) => reject(context.done(error)));
    request.end(body);
  });
`;

const PYTHON_RESPONSE = `import json
import urllib.request

SUCCESS = "SUCCESS"
FAILED = "FAILED"


def send(event, context, responseStatus, responseData, physicalResourceId=None, noEcho=False, reason=None):
    body = json.dumps({
        "Status": responseStatus,
        "Reason": reason or f"See the details in CloudWatch Log Stream: {context.log_stream_name}",
        "PhysicalResourceId": physicalResourceId or context.log_stream_name,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "NoEcho": noEcho,
        "Data": responseData,
    }).encode()
    request = urllib.request.Request(event["ResponseURL"], data=body, method="PUT", headers={"content-type": ""})
    urllib.request.urlopen(request).close()
`;
