"""Bulk mutations: a staged JSONL file of variables, one mutation a line (question 10).

The file is uploaded as a multipart form to the target that `stagedUploadsCreate` gave;
its parameter `key` is the `stagedUploadPath`. Lines are applied when the operation is
due, each by itself; a result line holds `data` or `errors` and its `__lineNumber`.
"""

import email.parser
import email.policy
import json

from graphql import GraphQLError, validate, visit
from graphql import parse as parse_document
from graphql.language import FieldNode, OperationDefinitionNode, OperationType
from graphql.language.visitor import Visitor

from . import execute
from .errors import NotEmulated
from .registry import mutation, user_error
from .schema import schema

RESOURCE = "BULK_MUTATION_VARIABLES"


@mutation("stagedUploadsCreate")
def staged_uploads_create(ctx, args):
    targets = []
    for row in args["input"]:
        if row["resource"] != RESOURCE or row.get("httpMethod") != "POST":
            raise NotEmulated(
                "stagedUploadsCreate of other than bulk variables by POST"
            )
        row.accept("mimeType", "fileSize")
        path = f"tmp/{ctx.shop.new_number()}/bulk/{row['filename']}"
        ctx.shop.staged[path] = None
        targets.append(
            {
                "url": f"{ctx.base_url}/staged",
                "resourceUrl": None,
                "parameters": [{"name": "key", "value": path}],
            }
        )
    return {"stagedTargets": targets, "userErrors": []}


def take_upload(shop, content_type: str, body: bytes) -> bool:
    """Keep an uploaded file under its `key`; False if no such target was given."""
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    parts = {
        part.get_param("name", header="content-disposition"): part
        for part in (form.iter_parts() if form.is_multipart() else ())
    }
    if not {"key", "file"} <= set(parts):
        return False
    path = parts["key"].get_payload(decode=True).decode()
    with shop.lock:
        if path not in shop.staged:
            return False
        shop.staged[path] = parts["file"].get_payload(decode=True).decode()
        return True


def problem(ctx, text: str, path: str) -> dict | None:
    """Why this mutation with this file can't be run, as a user error."""
    wrong = _wrong_mutation(ctx.shop, text)
    if wrong:
        return user_error(wrong, ["mutation"], "INVALID_MUTATION")
    stored = ctx.shop.staged.get(path)
    if stored is None:
        return user_error(
            "The file does not exist.", ["stagedUploadPath"], "NO_SUCH_FILE"
        )
    try:
        rows = [json.loads(line) for line in stored.splitlines()]
    except ValueError:
        rows = []
    if not rows or not all(isinstance(row, dict) for row in rows):
        message = "The file must hold one JSON object a line."
        return user_error(message, ["stagedUploadPath"], "INVALID_STAGED_UPLOAD_FILE")
    return None


def _wrong_mutation(shop, text: str) -> str | None:
    try:
        document = parse_document(text)
    except GraphQLError as error:
        return error.message
    errors = validate(schema(), document)
    if errors:
        return errors[0].message
    [operation, *more] = document.definitions
    single = isinstance(operation, OperationDefinitionNode) and not more
    if not single or operation.operation != OperationType.MUTATION:
        return "It must be a single mutation operation."
    if len(operation.selection_set.selections) != 1:
        return "It must call a single mutation."
    found = _Directives()
    visit(document, found)
    if "idempotent" in found.names and not shop.switches.bulk_takes_idempotency_keys:
        return "The @idempotent directive is not supported in bulk mutations."
    return None


class _Directives(Visitor):
    """Names of the directives on fields."""

    def __init__(self):
        super().__init__()
        self.names = set()

    def enter_field(self, node: FieldNode, *_):
        self.names |= {directive.name.value for directive in node.directives}


def run_lines(ctx, text: str, path: str) -> list[dict]:
    """Apply the mutation to each line; the result lines, in file order or not (switch)."""
    document = parse_document(text)
    lines = []
    for number, line in enumerate(ctx.shop.staged[path].splitlines()):
        result = execute.run(ctx, document, json.loads(line), None)
        lines.append(result.formatted | {"__lineNumber": number})
    return lines if ctx.shop.switches.bulk_lines_in_order else lines[::-1]
