"""The service's HTTP face: which path leads to what, and how errors are answered."""

import uuid
from collections.abc import Callable
from typing import Any

import falcon
import msgspec

from karin.clock import Clock
from karin.local.definition import Definition, DefinitionError
from karin.local.errors import AccessDeniedError, InvalidParameterValueError, LambdaError, UnknownOperationError
from karin.local.invoke_api import Invocations
from karin.local.invoker import Invoker
from karin.local.listings import Configuration, EventSourceMappings, Functions, FunctionUrls
from karin.local.records import DEFINITION_PATH, INVOCATIONS_PATH, Records
from karin.local.sqs_api import TARGET_PREFIX, SqsApi
from karin.local.sqs_api import answer_error as answer_sqs_error
from karin.other_sites import sent_by_another_site
from karin.sqs.errors import SqsError


def create_app(
    definition: Definition,
    invoker: Invoker,
    records: Records,
    clock: Clock,
    *,
    urls: str,
    read_again: Callable[[], None],
) -> "falcon.App[falcon.Request, falcon.Response]":
    """Build the application that serves a definition.

    ``urls`` is what the functions' own URLs begin with, if they are served; ``read_again`` has whoever owns the
    definition read it anew, and raises DefinitionError when it is wrong.
    """
    started_at_ms = clock.now_ms()
    sqs = SqsApi(definition, started_at_ms)

    def anything_else(req: falcon.Request, resp: falcon.Response, **_: object) -> None:
        """Answer SQS's actions, which have no paths of their own."""
        if not (req.get_header("X-Amz-Target") or "").startswith(TARGET_PREFIX):
            raise UnknownOperationError(req.method, req.path)
        sqs.answer(req, resp)

    app = falcon.App(middleware=[RequestId()])
    app.add_middleware(OtherSites())
    app.req_options.strip_url_path_trailing_slash = True  # older SDKs end the list paths with one
    app.add_error_handler(LambdaError, _answer_lambda_error)
    app.add_error_handler(SqsError, answer_sqs_error)
    app.add_error_handler(falcon.HTTPMethodNotAllowed, _answer_wrong_method)
    app.add_route("/2015-03-31/functions", Functions(definition, started_at_ms))
    app.add_route("/2015-03-31/functions/{reference}/configuration", Configuration(definition, started_at_ms))
    app.add_route("/2015-03-31/functions/{reference}/invocations", Invocations(definition, invoker, clock))
    app.add_route("/2015-03-31/event-source-mappings", EventSourceMappings(definition, started_at_ms))
    app.add_route("/2021-10-31/functions/{reference}/urls", FunctionUrls(definition, started_at_ms, urls))
    app.add_route(INVOCATIONS_PATH, RecentInvocations(records))
    app.add_route(DEFINITION_PATH, DefinitionFile(read_again))
    app.add_sink(anything_else)
    return app


class RequestId:
    """Gives every answer an id, as AWS does; an invocation's answer has its own already."""

    def process_response(
        self, _req: falcon.Request, resp: falcon.Response, _resource: object, _req_succeeded: bool
    ) -> None:
        """Set x-amzn-RequestId unless it is there."""
        if resp.get_header("x-amzn-RequestId") is None:
            resp.set_header("x-amzn-RequestId", str(uuid.uuid4()))


class OtherSites:
    """Refuses what a page of another site makes a browser send: no call of a function needs a signature here."""

    def process_request(self, req: falcon.Request, _resp: falcon.Response) -> None:
        """Raise AccessDeniedError for such a request."""
        if sent_by_another_site(req.get_header("Origin"), req.get_header("Sec-Fetch-Site")):
            raise AccessDeniedError


class RecentInvocations:
    """GET /_karin/invocations?after=N: this service's own addition to the API."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the records of finished invocations numbered higher than ``after``."""
        resp.data = msgspec.json.encode(self._records.after(req.get_param_as_int("after", default=0)))
        resp.content_type = falcon.MEDIA_JSON


class DefinitionFile:
    """POST /_karin/definition: the other addition."""

    def __init__(self, read_again: Callable[[], None]) -> None:
        self._read_again = read_again

    def on_post(self, _req: falcon.Request, resp: falcon.Response) -> None:
        """Read the definition again; what is answered from now on is as it says. 400 when it is wrong."""
        try:
            self._read_again()
        except DefinitionError as error:
            raise InvalidParameterValueError(str(error)) from error
        resp.status = 204


def _answer_lambda_error(
    _req: falcon.Request, resp: falcon.Response, error: LambdaError, _params: dict[str, Any]
) -> None:
    resp.status = error.status
    resp.media = error.body()
    resp.set_header("x-amzn-ErrorType", error.shape)


def _answer_wrong_method(
    req: falcon.Request, resp: falcon.Response, _error: falcon.HTTPMethodNotAllowed, params: dict[str, Any]
) -> None:
    _answer_lambda_error(req, resp, UnknownOperationError(req.method, req.path), params)
