# SPDX-License-Identifier: Apache-2.0
"""Validates every case of a corpus against a JSON Schema and prints 'valid' or 'invalid' for each, one a line.

usage: validate_specs.py SCHEMA CORPUS

The corpus is read as the tests read it: '=== title' starts a case, '>>>' ends its spec. If its name ends with
'-json.txt', only JSON is read.
"""

import json
import re
import sys

import jsonschema
import yaml


class Loader(yaml.SafeLoader):
    """YAML 1.1 as PyYAML has it, without times, merge keys and '=': JSON Schema knows none of them."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":", 1)[1] not in ("timestamp", "merge", "value")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def has_json_keys(value):
    """JSON has no keys but strings."""
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(has_json_keys, value.values()))
    return all(map(has_json_keys, value)) if isinstance(value, list) else True


def load(text, is_json):
    """PyYAML does not read all of JSON: no tabs, for example."""
    try:
        return json.loads(text)
    except ValueError:
        if is_json:
            raise
        return yaml.load(text, Loader)


def is_valid(validator, text, is_json):
    try:
        value = load(text, is_json)
    except (yaml.YAMLError, ValueError):
        return False
    return has_json_keys(value) and validator.is_valid(value)


def main(schema_path, corpus_path):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    with open(corpus_path, encoding="utf-8", newline="") as file:
        cases = re.split(r"^=== .*\n", file.read(), flags=re.MULTILINE)[1:]
    for case in cases:
        spec = re.split(r"^>>>\n", case, flags=re.MULTILINE)[0]
        print("valid" if is_valid(validator, spec, corpus_path.endswith("-json.txt")) else "invalid")


main(*sys.argv[1:])
