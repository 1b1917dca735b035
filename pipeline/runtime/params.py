"""Typed parameters: frozen, unknown keys refused, errors as one readable line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.runtime.errors import InputError


class Params(BaseModel):
    """Base of every parameter model. Each part owns the model of its own parameters."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, protected_namespaces=())


P = TypeVar("P", bound=Params)


def parse_params(model: type[P], values: Mapping[str, Any], prefix: str) -> P:
    """Build ``model`` from plain ``values``.

    Args:
        model: the parameter model.
        values: what the parameters file holds in this section.
        prefix: full name of the section, e.g. ``"make_initial_pa"``; it leads every error.

    Raises:
        InputError: a wrong key, type or value; one line with the key's full name, the value and
            what is allowed.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise InputError("; ".join(_describe(prefix, e, model) for e in error.errors())) from None


def _describe(prefix: str, error: Any, model: type[BaseModel]) -> str:
    name = ".".join([prefix, *(str(part) for part in error["loc"])])
    if error["type"] == "extra_forbidden":
        allowed = ", ".join(sorted(_fields_at(model, error["loc"][:-1])))
        return f"unknown parameter {name}; allowed here: {allowed or 'nothing'}"
    if error["type"] == "missing":
        return f"parameter {name} is missing"
    message = error["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    if error["type"] == "value_error" and isinstance(error["input"], Mapping):
        return f"parameters {name}: {message}"  # of several together: the message names them
    return f"parameter {name} = {error['input']!r}: {message}"


def _fields_at(model: type[BaseModel], location: tuple[Any, ...]) -> list[str]:
    """Names of the fields of the (nested) model at ``location``."""
    for part in location:
        field = model.model_fields.get(str(part))
        annotation = field.annotation if field is not None else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        nested = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not nested:
            return []
        model = nested[0]
    return list(model.model_fields)
