/** Requests that carry the caller's token, and renew it once where the service does not take it. */

import { Refused, refusalOf, Unreachable } from "./errors";
import type { Network } from "./network";

export interface Access {
  baseUrl: string;
  network: Network;
  token(options: { renew: boolean }): Promise<string>;
  /** Told when a token that was just renewed is refused as well. */
  rejected?: (() => void) | undefined;
}

export interface Asked {
  method?: string;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/**
 * Returns the response, whose status is 2xx.
 *
 * @throws {Refused} the service said no
 * @throws {Unreachable} nothing answered
 */
export async function request(access: Access, path: string, asked: Asked = {}): Promise<Response> {
  try {
    return await once(access, path, asked, false);
  } catch (error) {
    if (!isUnknown(error)) throw error;
  }
  try {
    return await once(access, path, asked, true);
  } catch (error) {
    if (isUnknown(error)) access.rejected?.();
    throw error;
  }
}

export async function requestJson<T>(access: Access, path: string, asked: Asked = {}): Promise<T> {
  const response = await request(access, path, asked);
  try {
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    throw broken(error, asked.signal);
  }
}

function isUnknown(error: unknown): boolean {
  return error instanceof Refused && error.status === 401;
}

async function once(access: Access, path: string, asked: Asked, renew: boolean): Promise<Response> {
  const token = await access.token({ renew });
  const init: RequestInit = {
    method: asked.method ?? "GET",
    headers: {
      authorization: `Bearer ${token}`,
      ...(asked.body === undefined ? {} : { "content-type": "application/json" }),
      ...asked.headers,
    },
    cache: "no-store",
    ...(asked.body === undefined ? {} : { body: JSON.stringify(asked.body) }),
    ...(asked.signal ? { signal: asked.signal } : {}),
  };
  let response: Response;
  try {
    response = await access.network.fetch(access.baseUrl + path, init);
  } catch (error) {
    throw broken(error, asked.signal);
  }
  if (!response.ok && !isOver(response)) throw await refusalOf(response);
  return response;
}

/** Returns what to throw for a request that broke off: the caller's own abort stays what it is. */
export function broken(error: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return signal.reason;
  return new Unreachable("The service cannot be reached.", { cause: error });
}

/** Whether a resumed stream has nothing left: 204, or 410 from a service whose empty answers would hang. */
export function isOver(response: Response): boolean {
  return response.status === 204 || response.status === 410;
}
