'''A Lambda runtime for Python that streams its responses, in the standard library alone.

AWS's own Python runtime cannot stream. This one takes its place: put this package and the script
`bootstrap` beside your function, and set `AWS_LAMBDA_EXEC_WRAPPER=/var/task/bootstrap` on the managed
python3.13 runtime. The handler's name stays where it is.

```python
# app.py, with the handler setting app.handler
from libs.lambda_runtime import Context, StreamingResponse


def handler(event: dict, context: Context) -> StreamingResponse:
    """Stream an HTTP answer through a Function URL with InvokeMode RESPONSE_STREAM."""
    return StreamingResponse(
        status=200,
        headers={"content-type": "text/plain; charset=utf-8"},
        cookies=(),
        body=count(context),
    )


def count(context):
    for number in range(10):
        yield f"{number}, {context.get_remaining_time_in_millis()} ms left\\n"
```

What a handler may return:

- a `StreamingResponse`: its head leaves before the first item of its body is asked for, and each
  item (bytes, or str as UTF-8) leaves as soon as the body yields it;
- an iterator of bytes or str, such as a generator: a stream without status and headers, for direct
  invocations;
- anything else that `json.dumps` takes: one buffered answer, for queues and schedules.

A body that has `close()` is closed in every case, also when its receiver has gone: `close()` may
finish the work before it returns. (A generator that was not begun ends without running a line of
it; work that must happen all the same belongs in an object with a `close` of its own.)

An error before the first byte fails the invocation, one after it ends the stream with Lambda's
error trailers.

`AWS_LAMBDA_MAX_CONCURRENCY=N` runs N invocations at a time, each in a thread of its own.
'''

from libs.lambda_runtime.context import ClientContext, CognitoIdentity, Context, Handler
from libs.lambda_runtime.response import StreamingResponse

__all__ = ["ClientContext", "CognitoIdentity", "Context", "Handler", "StreamingResponse"]
