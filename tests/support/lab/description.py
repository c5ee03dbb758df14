"""What the server says of its API (OpenAPI 3.1), and whether it, and what is answered, is of that.

Answers are held to their schemas by python3-jsonschema, more strictly than a client would: a member
that no schema has is wrong, for it was forgotten there."""

import copy
import ipaddress
import json
import re
import urllib.parse

import jsonschema

ROOT, AT_ROOT = "/api/v1", "/metrics"
METHODS = ("get", "post", "patch", "delete")
# Of any request, before it is one of an operation: those may be answered by `default`.
ANY_STATUS = (405, 431, 500)
FORMATS = jsonschema.FormatChecker(formats=())


@FORMATS.checks("ip-address", raises=ValueError)
def is_address(value):
    return not isinstance(value, str) or bool(ipaddress.ip_address(value))


@FORMATS.checks("ip-prefix", raises=ValueError)
def is_prefix(value):
    return not isinstance(value, str) or bool(ipaddress.ip_network(value))


@FORMATS.checks("date-time")
def is_time(value):
    return not isinstance(value, str) or bool(
        re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", value))


def close(schema):
    """The schema without room for other members."""
    if isinstance(schema, list):
        return [close(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: part if name in ("enum", "examples", "example") else close(part)
              for name, part in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        closed.setdefault("additionalProperties", False)
    return closed


def walk(value, at=""):
    """Every object in the document, with its place."""
    if isinstance(value, dict):
        yield at, value
        for name, part in value.items():
            yield from walk(part, "%s/%s" % (at, name))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from walk(part, "%s/%d" % (at, number))


class Description:
    def __init__(self, document):
        self.document = document
        self.closed = dict(document, components=close(document["components"]))
        self.operations = [(path, method, item[method])
                           for path, item in document["paths"].items()
                           for method in METHODS if method in item]
        self.patterns = [(re.compile("".join(
            "[^/]+" if part.startswith("{") else re.escape(part)
            for part in re.split(r"(\{[^}]*\})", path)) + "$"), item)
            for path, item in sorted(document["paths"].items(), key=lambda one: "{" in one[0])]
        self.validators = {}

    def follow(self, part):
        while "$ref" in part:
            at = self.document
            for step in part["$ref"][2:].split("/"):
                at = at[step]
            part = at
        return part

    # The document itself.

    def faults(self):
        """What is wrong with the description: [text]."""
        return (self.broken_references() + self.bad_schemas() + self.bad_operations()
                + self.bad_examples())

    def broken_references(self):
        found = []
        for at, value in walk(self.document):
            if isinstance(value.get("$ref"), str):
                try:
                    self.follow(value)
                except KeyError:
                    found.append("%s: %s is not there" % (at, value["$ref"]))
        return found

    def schemas(self):
        for name, schema in self.document["components"]["schemas"].items():
            yield name, schema
        for path, method, operation in self.operations:
            for parameter in operation["parameters"]:
                yield "%s %s %s" % (method, path, parameter["name"]), parameter["schema"]

    def bad_schemas(self):
        found = []
        for name, schema in self.schemas():
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as problem:
                found.append("%s: %s" % (name, problem.message))
        for at, value in walk(self.document["components"]["schemas"]):
            # What generated code is documented with.
            if at.count("/") == 1 and not value.get("description"):
                found.append("%s has no description" % at)
            needed = value.get("required")
            if isinstance(needed, list) and isinstance(value.get("properties"), dict):
                found += ["%s: %s is required and not there" % (at, one)
                          for one in needed if one not in value["properties"]]
        return found

    def bad_operations(self):
        found, names = [], set()
        tags = {tag["name"] for tag in self.document["tags"]}
        for path, method, operation in self.operations:
            what = "%s %s" % (method, path)
            if operation["operationId"] in names:
                found.append("%s: its name is another's" % what)
            names.add(operation["operationId"])
            holes = set(re.findall(r"\{([^}]*)\}", path))
            given = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
            if holes != given:
                found.append("%s: %s" % (what, holes ^ given))
            found += ["%s: the tag %s is not described" % (what, tag)
                      for tag in operation["tags"] if tag not in tags]
            found += ["%s: %s is not described" % (what, one["name"])
                      for one in operation["parameters"] if not one.get("description")]
            found += ["%s: %s is not described" % (what, status)
                      for status, answer in operation["responses"].items()
                      if not self.follow(answer).get("description")]
        return found

    def bad_examples(self):
        found = []
        for name, schema in self.schemas():
            for example in schema.get("examples", ()):
                problem = self.problem_of(example, schema, self.document)
                found += ["example of %s: %s" % (name, problem)] if problem else []
        for path, method, operation in self.operations:
            for parameter in operation["parameters"]:
                if "example" in parameter:
                    problem = self.problem_of(parameter["example"], parameter["schema"],
                                              self.document)
                    found += ["%s %s %s: %s" % (method, path, parameter["name"], problem)
                              ] if problem else []
        for name, answer in self.document["components"]["responses"].items():
            media = answer["content"]["application/problem+json"]
            problem = "example" in media and self.problem_of(
                media["example"], media["schema"], self.document)
            found += ["%s: %s" % (name, problem)] if problem else []
        return found

    def problem_of(self, value, schema, document):
        key = (id(document), json.dumps(schema, sort_keys=True))
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(
                copy.deepcopy(schema), format_checker=FORMATS,
                resolver=jsonschema.RefResolver("", document))
        problem = jsonschema.exceptions.best_match(self.validators[key].iter_errors(value))
        if problem is None:
            return None
        return "/%s: %s" % ("/".join(str(step) for step in problem.absolute_path),
                            problem.message[:300])

    # Answers.

    def operation(self, method, path):
        """The operation of a request to `path`; None: there is none."""
        path = path[len(ROOT):] if path.startswith(ROOT + "/") else "/" + path
        path = AT_ROOT if path == "/" + AT_ROOT else path if path != AT_ROOT else ""
        for pattern, item in self.patterns:
            if pattern.match(path):
                return item.get("get" if method == "HEAD" else method.lower())
        return None

    def wrong(self, method, path, answer):
        """What of an answer is not as it is described; None: all is."""
        path = urllib.parse.urlsplit(path).path
        operation = self.operation(method, path)
        if operation is None:
            return None if answer.status in (404, 405, 429, 431) else "there is no such operation"
        described = operation["responses"].get(str(answer.status))
        if described is None:
            if answer.status not in ANY_STATUS:
                return "%d is not described" % answer.status
            described = operation["responses"]["default"]
        described = self.follow(described)
        content = described.get("content", {})
        if not answer.body:
            return None if not content or method == "HEAD" else "nothing was answered"
        kind = answer.headers.get_content_type()
        if kind not in content:
            return "%s is not described" % kind
        if not kind.endswith("json"):
            return None
        value = answer.json()
        reasons = described.get("x-reasons")
        if reasons and value.get("reason") not in reasons:
            return "%s is no reason for %d" % (value.get("reason"), answer.status)
        if answer.status >= 400 and value.get("status") != answer.status:
            return "%s is not its status" % value.get("status")
        return self.problem_of(value, close(content[kind]["schema"]), self.closed)

    def wrong_event(self, data):
        return self.problem_of(data, {"$ref": "#/components/schemas/Event"}, self.closed)
