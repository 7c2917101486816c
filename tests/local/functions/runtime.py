"""A custom runtime in a few lines: answers with what it was given."""

import http.client
import json
import os

ROOT = "/2018-06-01/runtime/invocation"

connection = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])  # noqa: TID251
while True:
    connection.request("GET", f"{ROOT}/next")
    answer = connection.getresponse()
    event = json.load(answer)
    print("served by bootstrap", flush=True)
    request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    if "wrong_id" in event:
        connection.request("POST", f"{ROOT}/no-such-request/response", b"{}")
        event["status_for_wrong_id"] = connection.getresponse().status
    chunked = iter([json.dumps({"seen": event}).encode()])  # sent in chunks, as Go's runtime does
    connection.request("POST", f"{ROOT}/{request_id}/response", chunked, encode_chunked=True)
    connection.getresponse().read()
