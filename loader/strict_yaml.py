"""YAML as it was meant: what would be lost or misread without a word is refused."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: the first one would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and (key.tag, key.value) in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands twice", key.start_mark
                )
            seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def strict_yaml(text: str) -> object:
    """Read YAML.

    Raises:
        ValueError: it is not YAML, nested too deep, or names a key twice; one line.
    """
    try:
        read: object = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise ValueError(f"is not YAML: {' '.join(str(error).split())}") from None
    except ValueError as error:
        # Such as 0000-00-00, which YAML takes for a date.
        raise ValueError(f"{error}: put what is no date and no number in quotes") from None
    except RecursionError:
        raise ValueError("is nested too deep") from None
    return read
