/**
 * What can go wrong on the way to an answer.
 *
 *     StreamError       what came was no event
 *     ├── Refused       the service answered, and said no
 *     └── Unreachable   nothing answered, or the answer broke off: another try may mend it
 */

export class StreamError extends Error {
  override name = "StreamError";
}

export class Refused extends StreamError {
  override name = "Refused";
  readonly status: number;
  readonly code: string;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly turnId: string | undefined;

  constructor(status: number, problem: Problem, retryAfterMs?: number) {
    super(problem.detail ?? problem.message ?? `The service answered ${status}.`);
    this.status = status;
    this.code = problem.code ?? "UNKNOWN";
    this.retryable = problem.retryable ?? status >= 500;
    this.retryAfterMs = retryAfterMs;
    this.turnId = problem.turnId;
  }
}

export class Unreachable extends StreamError {
  override name = "Unreachable";
}

interface Problem {
  code?: string;
  detail?: string;
  message?: string;
  retryable?: boolean;
  turnId?: string;
}

/** Returns the refusal that a response stands for: a problem document, or one `error` event. */
export async function refusalOf(response: Response): Promise<Refused> {
  const text = await response.text().catch(() => "");
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1000 : undefined;
  return new Refused(response.status, problemIn(text), retryAfterMs);
}

function problemIn(text: string): Problem {
  const json = text.startsWith("{") ? text : (/^data: ?(\{.*\})$/m.exec(text)?.[1] ?? "{}");
  try {
    return JSON.parse(json) as Problem;
  } catch {
    return {};
  }
}
