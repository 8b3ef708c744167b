/** What a page may read in a token. It is the service that checks it. */

export interface Claims {
  "custom:user_id"?: string;
  sub?: string;
  exp?: number;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Returns the claims of a JWT, or undefined where it is none. */
export function claimsOf(token: string): Claims | undefined {
  const payload = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token.trim())?.[1];
  if (payload === undefined) return undefined;
  try {
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes)) as Claims;
  } catch {
    return undefined;
  }
}

/** Returns whom a token stands for, or undefined where the service would refuse it. */
export function userIdOf(token: string): string | undefined {
  const id = claimsOf(token)?.["custom:user_id"];
  return id !== undefined && ID.test(id) ? id : undefined;
}

export function hasExpired(token: string, nowMs: number, marginMs = 30_000): boolean {
  const exp = claimsOf(token)?.exp;
  return exp !== undefined && exp * 1000 - marginMs < nowMs;
}
