"""A CloudFormation template as karin dev knows it: its functions (Ref, Fn::GetAtt, ...) resolved to local values.

Sources: "Intrinsic function reference" and "Pseudo parameters" in the CloudFormation user guide. What only a deployment
could tell raises Unresolved.
"""

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from karin.local.definition import Definition
from karin.local.project.choices import Choices
from karin.local.project.problems import Unresolved
from karin.sqs.errors import SqsError
from karin.sqs.names import FIFO_SUFFIX, QueueId, queue_id_from_arn, validate_queue_name

QUEUE_TYPE = "AWS::SQS::Queue"
_NAMED_BY = {  # resources whose Ref is the name that their properties give them
    "AWS::DynamoDB::Table": "TableName",
    "AWS::Serverless::SimpleTable": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::Events::EventBus": "Name",
    "AWS::SSM::Parameter": "Name",
}
_SUBSTITUTED = re.compile(r"\$\{(!?)\s*([^${}]+?)\s*\}")
_PSEUDO = re.compile(r"\$\{(AWS::\w+)\}")


class _NoValue:
    """AWS::NoValue: what resolves to it is left out."""


NO_VALUE = _NoValue()


@dataclass(frozen=True)
class Parts:
    """The sections of a template; ``functions`` gives each function's logical id its local name."""

    resources: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mappings: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)


class Template:
    """Resolves values of one template; ``account`` is the local definition, for its account and region."""

    def __init__(
        self,
        parts: Parts,
        choices: Choices,
        account: Definition,
        stack_name: str,
        *,
        variables: Callable[[Any], Any] | None = None,
    ) -> None:
        """Take a template's parts.

        ``variables`` resolves the Serverless Framework's variables of a text; ${AWS::Region} is then replaced in every
        text, as that framework does.
        """
        self._parts = parts
        self._choices = choices
        self.account = account
        self._variables = variables
        self._pseudo: dict[str, Any] = {
            "AWS::AccountId": account.account_id,
            "AWS::Region": account.region,
            "AWS::Partition": "aws",
            "AWS::StackName": stack_name,
            "AWS::StackId": f"arn:aws:cloudformation:{account.region}:{account.account_id}:stack/{stack_name}/local",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::NotificationARNs": [],
            "AWS::NoValue": NO_VALUE,
        }
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._attribute,
            "Fn::Sub": self._substitute,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::Base64": lambda value: base64.b64encode(self.text(value).encode()).decode(),
        }
        self._open: list[str] = []

    def resolve(self, value: Any) -> Any:
        """Return a value with all of its functions resolved; raises Unresolved. NO_VALUE stands for nothing."""
        value = self.prepared(value)
        if isinstance(value, dict):
            if len(value) == 1 and (name := next(iter(value))) in self._functions:
                return self._functions[name](value[name])
            if len(value) == 1 and next(iter(value)).startswith("Fn::"):
                raise Unresolved(f"{next(iter(value))} works only where it is deployed: write the value itself")
            resolved = {name: self.resolve(item) for name, item in value.items()}
            return {name: item for name, item in resolved.items() if item is not NO_VALUE}
        if isinstance(value, list):
            return [item for item in map(self.resolve, value) if item is not NO_VALUE]
        if isinstance(value, str) and self._variables:
            return _PSEUDO.sub(lambda found: str(self._ref(found[1])), value)
        return value

    def optional(self, value: Any) -> Any:
        """Return a value as ``resolve`` does, with None for NO_VALUE as well; raises Unresolved."""
        resolved = self.resolve(value)
        return None if resolved is NO_VALUE else resolved

    def prepared(self, value: Any) -> Any:
        """Return a value without variables, its functions as they stand; raises Unresolved."""
        return self._variables(value) if self._variables else value

    def text(self, value: Any) -> str:
        """Return a value as text; raises Unresolved when it is none."""
        resolved = self.resolve(value)
        if isinstance(resolved, bool):
            return str(resolved).lower()
        if isinstance(resolved, (str, int, float)) and "\0" not in str(resolved):  # which no path or variable takes
            return str(resolved)
        raise Unresolved(f"{shown(value)} is not text")

    def condition(self, value: Any) -> bool:
        """Tell whether a condition holds, given its name or its definition; raises Unresolved."""
        if isinstance(value, str):
            if value not in self._parts.conditions:
                raise Unresolved(f"there is no condition {value}")
            return bool(self._once(f"condition {value}", lambda: self.condition(self._parts.conditions[value])))
        if isinstance(value, dict) and len(value) == 1:
            ((name, operands),) = value.items()
            match name, operands:
                case "Condition", str():
                    return self.condition(operands)
                case "Fn::Equals", [left, right]:
                    return self.text(left) == self.text(right)
                case "Fn::Not", [operand]:
                    return not self.condition(operand)
                case "Fn::And", list():
                    return all(map(self.condition, operands))
                case "Fn::Or", list():
                    return any(map(self.condition, operands))
        raise Unresolved(f"{shown(value)} is not a condition")

    def resources(self, *types: str) -> dict[str, dict[str, Any]]:
        """Return the resources of some types whose condition holds, or cannot be told, by logical id."""
        return {
            logical_id: resource
            for logical_id, resource in self._parts.resources.items()
            if isinstance(resource, dict) and resource.get("Type") in types and self._is_wanted(resource)
        }

    def properties(self, logical_id: str) -> dict[str, Any]:
        """Return a resource's properties as they stand in the template."""
        properties = self.prepared(self._parts.resources[logical_id].get("Properties"))
        return properties if isinstance(properties, dict) else {}

    def queue_name(self, logical_id: str) -> str:
        """Return the name of a queue: its own, else its logical id; raises Unresolved."""
        properties = self.properties(logical_id)
        given = self._once(f"QueueName of {logical_id}", lambda: self.resolve(properties.get("QueueName", NO_VALUE)))
        if given is not NO_VALUE and given is not None:
            return str(given)
        is_fifo = str(self.resolve(properties.get("FifoQueue", False))).lower() == "true"
        return logical_id + FIFO_SUFFIX if is_fifo else logical_id

    def queue_url(self, name: str) -> str:
        """Return where karin serves a queue."""
        return f"{self._choices.endpoint_url}/{QueueId(self.account.account_id, name)}"

    def local_queue_arn(self, arn: Any) -> str:
        """Return the local ARN of the queue that any ARN names, of whatever account and region; raises Unresolved."""
        queue = queue_id_from_arn(arn) if isinstance(arn, str) else None
        if queue is None:
            raise Unresolved(f"{shown(arn)} is not the ARN of an SQS queue")
        try:
            validate_queue_name(queue.name, fifo=queue.is_fifo)
        except SqsError as error:
            raise Unresolved(f"{queue.name} is no name of a queue: {error.message}") from error
        return self.account.queue_arn(queue.name)

    def _is_wanted(self, resource: Mapping[str, Any]) -> bool:
        try:
            return "Condition" not in resource or self.condition(resource["Condition"])
        except Unresolved:
            return True

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            raise Unresolved(f"{shown({'Ref': name})} names nothing")
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parts.functions:
            return self._parts.functions[name]
        if name in self._parts.parameters:
            return self._parameter(name)
        resource = self._resource(name)
        kind = resource.get("Type")
        if kind == QUEUE_TYPE:
            return self.queue_url(self.queue_name(name))
        given = self.properties(name).get(_NAMED_BY.get(str(kind), ""))
        if given is None:
            raise Unresolved(f"the name of {name} ({kind}) is known only once it is deployed: write a value itself")
        return self.resolve(given)

    def _parameter(self, name: str) -> Any:
        definition = self._parts.parameters[name]
        if name in self._choices.params:
            value: Any = self._choices.params[name]
        elif not isinstance(definition, dict) or "Default" not in definition:
            raise Unresolved(f"parameter {name} has no Default: say --param {name}=VALUE")
        elif str(definition.get("Type", "")).startswith("AWS::SSM::"):
            raise Unresolved(f"parameter {name} is kept in SSM: say --param {name}=VALUE")
        else:
            value = definition["Default"]
        is_list = isinstance(definition, dict) and str(definition.get("Type", "")).startswith(("Comma", "List<"))
        return [item.strip() for item in str(value).split(",")] if is_list else value

    def _attribute(self, operand: Any) -> Any:
        if isinstance(operand, str):
            name, _, attribute = operand.partition(".")
        elif isinstance(operand, list) and len(operand) == 2:
            name, attribute = operand[0], self.text(operand[1])
        else:
            raise Unresolved(f"{shown({'Fn::GetAtt': operand})} is not written Resource.Attribute")
        if not isinstance(name, str):
            raise Unresolved(f"{shown({'Fn::GetAtt': operand})} is not written Resource.Attribute")
        if name in self._parts.functions and attribute == "Arn":
            return self.account.function_arn(self._parts.functions[name])
        kind = self._resource(name).get("Type")
        if kind == QUEUE_TYPE:
            queue = self.queue_name(name)
            values = {"Arn": self.account.queue_arn(queue), "QueueName": queue, "QueueUrl": self.queue_url(queue)}
            if attribute in values:
                return values[attribute]
        raise Unresolved(f"{name}.{attribute} ({kind}) is known only once it is deployed: write a value itself")

    def _resource(self, name: str) -> Mapping[str, Any]:
        resource = self._parts.resources.get(name)
        if not isinstance(resource, dict):
            raise Unresolved(f"there is no resource {name}")
        return resource

    def _substitute(self, operand: Any) -> str:
        text, own = operand if isinstance(operand, list) and len(operand) == 2 else (operand, {})
        text, own = self.prepared(text), self.prepared(own)
        if not isinstance(text, str) or not isinstance(own, dict):
            raise Unresolved(f"{shown({'Fn::Sub': operand})} is not a text, or a text and its values")

        def value_of(found: re.Match[str]) -> str:
            is_literal, name = found[1], found[2]
            if is_literal:
                return f"${{{name}}}"
            if name in own:
                return self.text(own[name])
            return self.text({"Fn::GetAtt": name} if "." in name else {"Ref": name})

        return _SUBSTITUTED.sub(value_of, text)

    def _join(self, operand: Any) -> str:
        match operand:
            case [separator, pieces]:
                resolved = self.resolve(pieces)
                if isinstance(resolved, list):
                    return str(separator).join(self.text(piece) for piece in resolved)
        raise Unresolved(f"{shown({'Fn::Join': operand})} is not a separator and a list")

    def _select(self, operand: Any) -> Any:
        match operand:
            case [index, items]:
                resolved, number = self.resolve(items), self.text(index)
                if isinstance(resolved, list) and number.isdecimal() and int(number) < len(resolved):
                    return resolved[int(number)]
        raise Unresolved(f"{shown({'Fn::Select': operand})} selects nothing")

    def _split(self, operand: Any) -> list[str]:
        match operand:
            case [str(separator), text] if separator:
                return self.text(text).split(separator)
        raise Unresolved(f"{shown({'Fn::Split': operand})} is not a separator and a text")

    def _find_in_map(self, operand: Any) -> Any:
        found: Any = self._parts.mappings
        for key in operand if isinstance(operand, list) else ():
            name = self.text(key)
            if not isinstance(found, Mapping) or name not in found:
                raise Unresolved(f"{shown({'Fn::FindInMap': operand})} finds nothing: there is no {name}")
            found = found[name]
        return self.resolve(found)

    def _if(self, operand: Any) -> Any:
        match operand:
            case [str(name), yes, no]:
                return self.resolve(yes if self.condition(name) else no)
        raise Unresolved(f"{shown({'Fn::If': operand})} is not a condition and two values")

    def _import(self, operand: Any) -> Any:
        name = self.text(operand)
        if name in self._choices.imports:
            return self._choices.imports[name]
        for output in self._parts.outputs.values():
            exported = output.get("Export") if isinstance(output, dict) else None
            if isinstance(exported, dict) and "Name" in exported and self.text(exported["Name"]) == name:
                return self.resolve(output.get("Value"))
        raise Unresolved(f"{name} is exported by another stack: say --import {name}=VALUE")

    def _once(self, what: str, find: Callable[[], Any]) -> Any:
        """Find a value that may depend on others, and not at last on itself."""
        if what in self._open:
            raise Unresolved(f"{what} depends on itself")
        self._open.append(what)
        try:
            return find()
        finally:
            self._open.pop()


def shown(value: Any) -> str:
    """Return a value in one short line."""
    text = str(value).replace("\n", " ")
    return text if len(text) <= 80 else f"{text[:77]}..."
