/**
 * Runs a Node handler: asks the Runtime API for invocations, calls the handler, posts what it answers. Behaves as the
 * Node runtime of Lambda does in names, errors, console format and the moment at which a result counts. Loaded into
 * the function's own process; depends on nothing but Node.
 * Source: Lambda developer guide, "Building Lambda functions with Node.js" and "Using the Lambda runtime API".
 */
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');

const { env } = process;
const [host, port] = env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const API = '/2018-06-01/runtime';

// ---- Runtime API --------------------------------------------------------------------------------------------------

/** @returns {Promise<{ headers: import('node:http').IncomingHttpHeaders, body: string }>} */
function call(method, url, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const bytes = body === undefined ? undefined : Buffer.from(body);
    const length = bytes ? { 'Content-Type': 'application/json', 'Content-Length': bytes.length } : {};
    const options = { host, port, agent, method, path: API + url, headers: { ...length, ...headers } };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(bytes);
  });
}

/** Without its Runtime API a process has nothing to live for. */
function leave() {
  process.exit(1);
}

// ---- Answers of custom resources ----------------------------------------------------------------------------------

/**
 * On AWS the answer of a custom resource goes to an https URL, and most handlers take host and path from it and
 * protocol and port for granted. Here it is plain HTTP on a port of this machine: what is sent to
 * CloudFormation's path is led there. See services/cloudformation/custom/responses.ts.
 */
const ANSWERS = '/_coffer/cloudformation/response/';

function leadAnswersHome({ hostname, port }) {
  const https = require('node:https');
  const { request } = https;
  https.request = (...args) => {
    const [target, ...rest] = args;
    const url = typeof target === 'string' || target instanceof URL ? new URL(target) : undefined;
    const given = url ? rest.find((it) => it !== null && typeof it === 'object') : target;
    const asked = given?.path ?? url?.pathname;
    if (!asked?.startsWith(ANSWERS)) return request(...args);
    const options = { ...given, path: asked, protocol: 'http:', host: hostname, hostname, port, agent: undefined };
    return http.request(options, ...rest.filter((it) => typeof it === 'function'));
  };
  require('node:module').syncBuiltinESMExports();
}

if (URL.canParse(env.AWS_ENDPOINT_URL)) leadAnswersHome(new URL(env.AWS_ENDPOINT_URL));

// ---- Console ------------------------------------------------------------------------------------------------------

const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
const logDescriptor = Number(env._LAMBDA_TELEMETRY_LOG_FD);
delete env._LAMBDA_TELEMETRY_LOG_FD;
const asJson = env.AWS_LAMBDA_LOG_FORMAT === 'JSON';
const leastLevel = asJson ? LEVELS.indexOf(env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO') : 0;
let currentId;

/** One log event: a frame of its own, so that its line breaks stay inside. */
function emit(text) {
  const content = Buffer.from(text);
  const frame = Buffer.alloc(16 + content.length);
  frame.writeUInt32BE(0xa55a0003, 0);
  frame.writeUInt32BE(content.length, 4);
  frame.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  content.copy(frame, 16);
  for (let at = 0; at < frame.length; ) at += fs.writeSync(logDescriptor, frame, at);
}

function log(level, format, ...rest) {
  if (LEVELS.indexOf(level) < leastLevel) return;
  const { format: formatted } = require('node:util');
  const time = new Date().toISOString();
  if (!asJson) return emit(`${time}\t${currentId}\t${level}\t${formatted(format, ...rest)}\n`);
  const message =
    rest.length === 0 && format !== null && typeof format === 'object' ? format : formatted(format, ...rest);
  const entry = { timestamp: time, level, requestId: currentId };
  if (message instanceof Error) Object.assign(entry, { message: message.message }, describe(message));
  else entry.message = message;
  emit(`${JSON.stringify(entry)}\n`);
}

for (const [method, level] of [
  ['log', 'INFO'],
  ['info', 'INFO'],
  ['debug', 'DEBUG'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
  ['trace', 'TRACE'],
]) {
  console[method] = (...args) => log(level, ...args);
}
console.fatal = (...args) => log('FATAL', ...args);

// ---- Errors -------------------------------------------------------------------------------------------------------

function describe(error) {
  if (!(error instanceof Error) && Object.prototype.toString.call(error) !== '[object Error]') {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  const errorType = String(error.name);
  const errorMessage = String(error.message);
  return { errorType, errorMessage, trace: String(error.stack ?? `${errorType}: ${errorMessage}`).split('\n') };
}

function named(name, message, cause) {
  const error = new Error(message);
  error.name = name;
  error.stack = [
    `${name}: ${message}`,
    ...String((cause ?? error).stack)
      .split('\n')
      .slice(1),
  ].join('\n');
  return error;
}

function postError(url, error) {
  const document = describe(error);
  return call('POST', url, JSON.stringify(document), { 'Lambda-Runtime-Function-Error-Type': document.errorType });
}

/** As Lambda logs it: a JSON object with the error's own properties. */
function logFailure(label, error) {
  const { errorType, errorMessage, trace } = describe(error);
  const own = error instanceof Error ? { ...error } : {};
  if (asJson) return log('ERROR', error);
  log('ERROR', `${label} \t${stringify({ errorType, errorMessage, ...own, stack: trace })}`);
}

function stringify(value) {
  try {
    return JSON.stringify(value);
  } catch {
    return require('node:util').inspect(value);
  }
}

async function fatal(label, name, error, exitCode) {
  const wrapped = name ? named(name, `${describe(error).errorType}: ${describe(error).errorMessage}`, error) : error;
  if (name) wrapped.reason = describe(error);
  logFailure(label, wrapped);
  await postError(currentId ? `/invocation/${currentId}/error` : '/init/error', wrapped).catch(() => undefined);
  process.exit(exitCode);
}

process.on('uncaughtException', (error) => void fatal('Uncaught Exception', undefined, error, 129));
process.on('unhandledRejection', (reason) => {
  void fatal('Unhandled Promise Rejection', 'Runtime.UnhandledPromiseRejection', reason, 128);
});

// ---- Loading ------------------------------------------------------------------------------------------------------

function parseHandler(full) {
  const [, directory, rest] = /^(.*\/)?([^/]*)$/.exec(full);
  const dot = rest.indexOf('.');
  if (dot <= 0 || dot === rest.length - 1) throw named('Runtime.MalformedHandlerName', 'Bad handler');
  if (full.includes('..')) {
    const advice = 'Use absolute paths when specifying root directories in handler names.';
    throw named('Runtime.MalformedHandlerName', `'${full}' is not a valid handler name. ${advice}`);
  }
  return {
    file: path.resolve(env.LAMBDA_TASK_ROOT, directory ?? '', rest.slice(0, dot)),
    names: rest.slice(dot + 1).split('.'),
  };
}

/**
 * Lambda brings every client of the AWS SDK, and handlers load some that they use in rare cases only (CDK's provider
 * framework). One that is not installed beside this runtime loads too, and refuses to be used.
 */
function loadAbsentClients() {
  const Module = require('node:module');
  const { _load: loadModule } = Module;
  Module._load = function (name, ...rest) {
    try {
      return Reflect.apply(loadModule, this, [name, ...rest]);
    } catch (error) {
      const absent = error?.code === 'MODULE_NOT_FOUND' && error.message.startsWith(`Cannot find module '${name}'`);
      if (absent && /^@aws-sdk\/client-[a-z0-9-]+$/.test(name)) return absentClient(name);
      throw error;
    }
  };
}

function absentClient(name) {
  class Client {
    constructor() {
      throw named('Runtime.ImportModuleError', `Error: ${name} is not installed beside this runtime`);
    }
  }
  const isMember = (key) => typeof key === 'string' && !['then', 'default', '__esModule'].includes(key);
  return new Proxy({ Client }, { get: (_, key) => (isMember(key) ? Client : undefined) });
}

function isModuleScope(file) {
  for (
    let directory = path.dirname(file);
    directory.startsWith(env.LAMBDA_TASK_ROOT);
    directory = path.dirname(directory)
  ) {
    const manifest = path.join(directory, 'package.json');
    if (fs.existsSync(manifest)) return JSON.parse(fs.readFileSync(manifest, 'utf8')).type === 'module';
  }
  return false;
}

function load(file) {
  const { pathToFileURL } = require('node:url');
  if (fs.existsSync(`${file}.js`)) {
    return isModuleScope(`${file}.js`) ? import(pathToFileURL(`${file}.js`).href) : require(`${file}.js`);
  }
  if (fs.existsSync(`${file}.mjs`)) return import(pathToFileURL(`${file}.mjs`).href);
  if (fs.existsSync(`${file}.cjs`)) return require(`${file}.cjs`);
  return require(file);
}

async function loadHandler() {
  const { file, names } = parseHandler(env._HANDLER);
  let handler;
  try {
    handler = await load(file);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw named('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`, error);
    if (error?.code === 'MODULE_NOT_FOUND' || error?.code === 'ERR_MODULE_NOT_FOUND') {
      throw named('Runtime.ImportModuleError', `Error: ${error.message}`, error);
    }
    throw error;
  }
  for (const name of names) handler = handler?.[name];
  if (handler === undefined || handler === null) {
    throw named('Runtime.HandlerNotFound', `${env._HANDLER} is undefined or not exported`);
  }
  if (typeof handler !== 'function') throw named('Runtime.HandlerNotFound', `${env._HANDLER} is not a function`);
  const release = Number(/nodejs(\d+)/.exec(env.AWS_EXECUTION_ENV)?.[1]);
  if (release >= 24 && handler.length >= 3 && !handler[STREAMING]) {
    throw named(
      'Runtime.CallbackHandlerDeprecated',
      'ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.',
    );
  }
  return handler;
}

// ---- Streaming ----------------------------------------------------------------------------------------------------

const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
const HTTP_RESPONSE = 'application/vnd.awslambda.http-integration-response';
/** Between what a response says of itself and its body. */
const DELIMITER = new Uint8Array(8);

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[STREAMING] = options ?? {};
    return handler;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType(HTTP_RESPONSE);
      stream._onBeforeFirstWrite = (write) => {
        write(JSON.stringify(prelude));
        write(DELIMITER);
      };
      return stream;
    },
  },
};

/** The stream that a handler writes to; posted from its first byte on. */
function openResponse(id, { highWaterMark }) {
  const { Writable } = require('node:stream');
  let contentType = 'application/octet-stream';
  let request;
  let posted;
  const begin = () => {
    const headers = {
      'Content-Type': contentType,
      'Transfer-Encoding': 'chunked',
      'Lambda-Runtime-Function-Response-Mode': 'streaming',
      Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
    };
    request = http.request({ host, port, agent, method: 'POST', path: `${API}/invocation/${id}/response`, headers });
    posted = new Promise((resolve, reject) => {
      request.on('error', reject);
      request.on('response', (response) => response.resume().on('end', resolve));
    });
    posted.catch(() => undefined);
    stream._onBeforeFirstWrite?.((chunk) => request.write(chunk));
  };
  const stream = new Writable({
    ...(highWaterMark === undefined ? {} : { highWaterMark }),
    write(chunk, _encoding, done) {
      if (!request) begin();
      request.write(chunk, done);
    },
    final(done) {
      if (!request) begin();
      request.end(done);
    },
  });
  stream.setContentType = (type) => {
    if (request) throw named('InvalidStreamingOperation', 'Cannot set content-type, too late.');
    contentType = type;
  };
  return {
    stream,
    begun: () => request !== undefined,
    async end() {
      await new Promise((resolve, reject) => {
        if (stream.writableFinished) return resolve();
        stream.once('finish', resolve).once('error', reject);
        if (!stream.writableEnded) stream.end();
      });
      await posted;
    },
    /** What went wrong after the response had begun goes behind it. */
    async fail(error) {
      const document = describe(error);
      if (!request.writableEnded) {
        request.addTrailers({
          'Lambda-Runtime-Function-Error-Type': document.errorType,
          'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
        });
        request.end();
      }
      await posted;
    },
  };
}

async function runStreaming(handler, event, ctx) {
  const response = openResponse(currentId, handler[STREAMING]);
  const failed = new Promise((_, reject) => response.stream.once('error', reject));
  failed.catch(() => undefined);
  try {
    await Promise.race([runOnce((input, context) => handler(input, response.stream, context), event, ctx), failed]);
    await response.end();
  } catch (error) {
    if (!response.begun()) throw error;
    logFailure('Invoke Error', error);
    await response.fail(error);
  }
}

// ---- Running ------------------------------------------------------------------------------------------------------

function context(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const clientContext = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext === undefined ? undefined : JSON.parse(clientContext),
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

/**
 * Calls the handler. A promise counts when it settles; a callback when the event loop is empty, unless the handler
 * says not to wait; nothing at all, when the event loop is empty.
 * @returns {Promise<unknown>} what the handler answered
 */
function runOnce(handler, event, ctx) {
  return new Promise((resolve, reject) => {
    let called;
    const settle = (error, result) => {
      process.off('beforeExit', idle);
      if (error !== undefined && error !== null) reject(error);
      else resolve(result);
    };
    const callback = (error, result) => {
      called ??= [error, result];
      if (!ctx.callbackWaitsForEmptyEventLoop || (error !== undefined && error !== null)) settle(...called);
    };
    Object.assign(ctx, {
      done: callback,
      succeed: (result) => settle(null, result),
      fail: (error) => settle(error ?? 'handled'),
    });
    let pending = false;
    const idle = () => {
      if (called) return settle(...called);
      if (!pending) return settle(null, null);
      const advice =
        'This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';
      settle(
        named('Runtime.NodeJsExit', `The Lambda runtime client detected an unexpected Node.js exit code. ${advice}`),
      );
    };
    process.on('beforeExit', idle);
    let returned;
    try {
      returned = handler(event, ctx, callback);
    } catch (error) {
      return settle(error ?? new Error('undefined'));
    }
    if (typeof returned?.then !== 'function') return;
    pending = true;
    returned.then(
      (result) => settle(null, result),
      (error) => settle(error ?? new Error('undefined')),
    );
  });
}

async function runForever(handler) {
  for (;;) {
    const { headers, body } = await call('GET', '/invocation/next');
    currentId = headers['lambda-runtime-aws-request-id'];
    env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'];
    try {
      if (handler[STREAMING]) {
        await runStreaming(handler, JSON.parse(body), context(headers));
        continue;
      }
      const result = await runOnce(handler, JSON.parse(body), context(headers));
      await call('POST', `/invocation/${currentId}/response`, serialise(result));
    } catch (error) {
      logFailure('Invoke Error', error);
      await postError(`/invocation/${currentId}/error`, error);
    }
  }
}

function serialise(result) {
  try {
    return JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch (error) {
    throw named('Runtime.MarshalError', `Unable to stringify response body: ${error.message}`, error);
  }
}

loadAbsentClients();
loadHandler().then(
  (handler) => runForever(handler).catch(leave),
  (error) => fatal('Uncaught Exception', undefined, error, 1),
);
