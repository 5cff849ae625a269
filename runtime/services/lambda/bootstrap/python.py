"""Runs a Python handler: asks the Runtime API for invocations, calls the handler, posts what it answers.

Behaves as Lambda's Python runtime does in names, errors and log format. Depends on the standard library only; boto3 is
there when the function, a layer or this machine brings it.
Source: Lambda developer guide, "Building Lambda functions with Python" and "Using the Lambda runtime API".
"""

import decimal
import http.client
import importlib
import json
import logging
import os
import sys
import time
import traceback

API = "/2018-06-01/runtime"
connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
request_id = None


def call(method, url, body=None, headers=None):
    try:
        connection.request(method, API + url, body, headers or {})
        response = connection.getresponse()
        return response.headers, response.read()
    except OSError:
        # Without its Runtime API a process has nothing to live for.
        os._exit(1)


class Context:
    def __init__(self, headers):
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        client = headers.get("Lambda-Runtime-Client-Context")
        self.client_context = json.loads(client) if client else None
        self.identity = None
        self._deadline = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline - int(time.time() * 1000))


class RequestIdFilter(logging.Filter):
    def filter(self, record):
        record.aws_request_id = request_id or ""
        return True


class JsonFormatter(logging.Formatter):
    def format(self, record):
        entry = {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname,
            "message": record.getMessage(),
            "logger": record.name,
            "requestId": record.aws_request_id,
        }
        if record.exc_info:
            entry["errorType"] = record.exc_info[0].__name__
            entry["errorMessage"] = str(record.exc_info[1])
            entry["stackTrace"] = traceback.format_tb(record.exc_info[2])
        return json.dumps(entry)


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(RequestIdFilter())
    root = logging.getLogger()
    if os.environ.get("AWS_LAMBDA_LOG_FORMAT") == "JSON":
        handler.setFormatter(JsonFormatter())
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "INFO")
        root.setLevel({"TRACE": "DEBUG", "FATAL": "CRITICAL"}.get(level, level))
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
        formatter = logging.Formatter(line, "%Y-%m-%dT%H:%M:%S")
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
    root.addHandler(handler)


def describe(error_type, message, frames):
    return {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id or "",
        "stackTrace": [f'  File "{f.filename}", line {f.lineno}, in {f.name}\n    {f.line}\n' for f in frames],
    }


def own_frames(error):
    return [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]


def post_error(url, document):
    print(f"[ERROR] {document['errorType']}: {document['errorMessage']}\nTraceback (most recent call last):")
    sys.stdout.write("".join(document["stackTrace"]))
    headers = {"Lambda-Runtime-Function-Error-Type": document["errorType"]}
    call("POST", url, json.dumps(document), headers)


class LoadError(Exception):
    def __init__(self, error_type, message, frames=()):
        super().__init__(message)
        self.document = describe(error_type, message, frames)


def load_handler(full):
    module_name, _, name = full.rpartition(".")
    if not module_name:
        raise LoadError("Runtime.MalformedHandlerName", f"Bad handler '{full}': not enough values to unpack (expected 2, got 1)")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise LoadError("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        message = f"Syntax error in module '{module_name}': {error}"
        raise LoadError("Runtime.UserCodeSyntaxError", message) from error
    if not hasattr(module, name):
        raise LoadError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return getattr(module, name)


def serialise(value):
    def number(item):
        if isinstance(item, decimal.Decimal):
            return float(item)
        raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")

    return json.dumps(value, ensure_ascii=False, default=number).encode()


def run_once(handler):
    global request_id
    headers, body = call("GET", "/invocation/next")
    request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers["Lambda-Runtime-Trace-Id"]
    url = f"/invocation/{request_id}"
    try:
        result = handler(json.loads(body), Context(headers))
    except Exception as error:
        post_error(f"{url}/error", describe(type(error).__name__, str(error), own_frames(error)))
        return
    try:
        payload = serialise(result)
    except (TypeError, ValueError) as error:
        message = f"Unable to marshal response: {error}"
        post_error(f"{url}/error", describe("Runtime.MarshalError", message, ()))
        return
    call("POST", f"{url}/response", payload)


def main():
    layers = sys.argv[1]
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = [f"{layers}/python/lib/{version}/site-packages", f"{layers}/python"]
    sys.path[0:1] = [os.environ["LAMBDA_TASK_ROOT"], *packages]
    set_up_logging()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except LoadError as error:
        post_error("/init/error", error.document)
        sys.exit(1)
    except Exception as error:
        post_error("/init/error", describe(type(error).__name__, str(error), own_frames(error)))
        sys.exit(1)
    while True:
        run_once(handler)


main()
