"""From the name in `_HANDLER` to the function that it means."""

import gc
import importlib

from libs.lambda_runtime.context import Handler
from libs.lambda_runtime.errors import HandlerUnavailable


def load_handler(name: str) -> Handler:
    """Return the handler of a name such as `package.module.function` or `folder/module.function`.

    Raises  HandlerUnavailable, and whatever the module raises when it is imported
    """
    module_name, dot, attribute = name.rpartition(".")
    if not dot or not module_name or not attribute:
        message = f"_HANDLER is {name!r}: it must be module.function"
        raise HandlerUnavailable(message, error_type="Runtime.MalformedHandlerName")
    try:
        module = _import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"the module {module_name!r} cannot be imported: {error}"
        raise HandlerUnavailable(message, error_type="Runtime.ImportModuleError") from error
    except SyntaxError as error:
        message = f"the module {module_name!r} cannot be parsed: {error}"
        raise HandlerUnavailable(message, error_type="Runtime.UserCodeSyntaxError") from error
    handler: Handler | None = getattr(module, attribute, None)
    if not callable(handler):
        message = f"the module {module_name!r} has no function {attribute!r}"
        raise HandlerUnavailable(message, error_type="Runtime.HandlerNotFound")
    return handler


def _import_module(name: str) -> object:
    """Import without garbage collection: an import frees nearly nothing, and looking costs time."""
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.enable()
        # What was imported stays: later collections need not look at it.
        gc.freeze()
