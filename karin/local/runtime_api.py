"""The Lambda Runtime API, version 2018-06-01: what a runtime process asks for and answers.

One application serves all environments: each listens on its own port, and its server says which one it is.
Source: "Lambda runtime API" in the Lambda developer guide.
"""

import falcon

from karin.local import outcome
from karin.local.environment import WSGI_KEY, ExecutionEnvironment

ROOT = "/2018-06-01/runtime"


def create_runtime_api() -> "falcon.App[falcon.Request, falcon.Response]":
    """Build the application."""
    app = falcon.App()
    app.add_route(f"{ROOT}/invocation/next", Next())
    app.add_route(f"{ROOT}/invocation/{{request_id}}/response", Response())
    app.add_route(f"{ROOT}/invocation/{{request_id}}/error", InvocationError())
    app.add_route(f"{ROOT}/init/error", InitError())
    return app


class Next:
    """GET .../invocation/next: waits until there is a call."""

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the next event; what is known of the call stands in the headers."""
        environment = _environment(req)
        invocation = environment.next_invocation()
        deadline_ms = (invocation.started_at_ms or 0) + environment.function.timeout_seconds * 1000
        resp.content_type = falcon.MEDIA_JSON
        resp.data = invocation.payload
        resp.set_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        resp.set_header("Lambda-Runtime-Deadline-Ms", str(deadline_ms))
        resp.set_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        if invocation.trace_id is not None:
            resp.set_header("Lambda-Runtime-Trace-Id", invocation.trace_id)
        if invocation.client_context is not None:
            resp.set_header("Lambda-Runtime-Client-Context", invocation.client_context)


class Response:
    """POST .../invocation/{request_id}/response."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Take the function's result."""
        result = outcome.succeeded(req.stream.read())
        if not _environment(req).settle(request_id, result):
            _refuse(resp, 400, "InvalidRequestID", "Invalid request ID")
        elif result.is_error:
            _refuse(resp, 413, "RequestEntityTooLarge", result.error_message)
        else:
            _accept(resp)


class InvocationError:
    """POST .../invocation/{request_id}/error."""

    def on_post(self, req: falcon.Request, resp: falcon.Response, request_id: str) -> None:
        """Take the function's error."""
        if _environment(req).settle(request_id, outcome.reported(req.stream.read(), request_id)):
            _accept(resp)
        else:
            _refuse(resp, 400, "InvalidRequestID", "Invalid request ID")


class InitError:
    """POST .../init/error."""

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Take the runtime's word that the function cannot be loaded."""
        _environment(req).fail_init(req.stream.read())
        _accept(resp)


def _environment(req: falcon.Request) -> ExecutionEnvironment:
    environment: ExecutionEnvironment = req.env[WSGI_KEY]
    return environment


def _accept(resp: falcon.Response) -> None:
    resp.status = 202
    resp.media = {"status": "OK"}


def _refuse(resp: falcon.Response, status: int, error_type: str, message: str) -> None:
    resp.status = status
    resp.media = {"errorType": error_type, "errorMessage": message}
