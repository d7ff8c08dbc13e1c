"""
Values as text that two processes exchange. Nothing that is read can run code, as it could with pickle.

There are None, booleans, numbers, text, arrays, and lists, tuples and dictionaries of these. Tensors are sent as arrays.
"""

import base64
import json
import math
from typing import Any

import numpy as np


class NotPlain(TypeError):
    """A value that is more than numbers, text and containers of these."""


def dumps(value: Any) -> bytes:
    """The value as JSON. NotPlain where it holds something else."""
    return json.dumps(_packed(value)).encode()


def loads(data: bytes) -> Any:
    """The value that `dumps` wrote. ValueError where it is not of that form."""
    try:
        return _unpacked(json.loads(data))
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not a value: {type(error).__name__}") from None


def _packed(value: Any) -> Any:
    if value is None or type(value) in (bool, int, str) or (type(value) is float and math.isfinite(value)):
        return value
    if type(value) is float:
        return {"float": str(value)}
    if type(value) in (list, tuple):
        return {type(value).__name__: [_packed(each) for each in value]}
    if type(value) is dict:
        return {"dict": [[_packed(key), _packed(each)] for key, each in value.items()]}
    if isinstance(value, np.generic) or hasattr(value, "__array__"):
        try:
            array = np.asarray(value)
        except Exception as error:  # a symbolic tensor, say
            raise NotPlain(f"{type(value).__name__} holds no numbers: {type(error).__name__}") from None
        if array.dtype.kind in "biufcU":
            kind = "scalar" if isinstance(value, np.generic) else "array"
            return {kind: base64.b64encode(array.tobytes()).decode(), "dtype": array.dtype.str, "shape": array.shape}
    raise NotPlain(f"{type(value).__name__} is not a number, text or an array")


def _unpacked(value: Any) -> Any:
    match value:
        case {"float": text}:
            return float(text)
        case {"list": items}:
            return [_unpacked(each) for each in items]
        case {"tuple": items}:
            return tuple(_unpacked(each) for each in items)
        case {"dict": pairs}:
            return {_unpacked(key): _unpacked(each) for key, each in pairs}
        case {"dtype": dtype, "shape": shape, **rest}:
            (kind, data), *_ = rest.items()
            array = np.frombuffer(base64.b64decode(data), np.dtype(dtype)).reshape(shape).copy()
            return array[()] if kind == "scalar" else array
    return value
