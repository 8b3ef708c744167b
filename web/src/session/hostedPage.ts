/**
 * Sign-in on Cognito's hosted page: authorization code with PKCE (RFC 7636), without a secret in the page.
 */

import { Unreachable } from "../stream";
import type { SignInConfig } from "./config";

export interface Tokens {
  idToken: string;
  refreshToken?: string | undefined;
}

interface Begun {
  state: string;
  verifier: string;
  /** Where in the page the person was. */
  hash: string;
}

const BEGUN = "stream-coach.sign-in";

export function pageUrl(): string {
  return location.origin + location.pathname;
}

/** Leave for the hosted page. */
export async function beginSignIn(config: SignInConfig): Promise<void> {
  const begun: Begun = { state: randomText(), verifier: randomText(), hash: location.hash };
  sessionStorage.setItem(BEGUN, JSON.stringify(begun));
  location.assign(await authorizeUrl(config, begun, pageUrl()));
}

export async function authorizeUrl(
  config: SignInConfig,
  { state, verifier }: Pick<Begun, "state" | "verifier">,
  redirectUri: string,
): Promise<string> {
  const query = new URLSearchParams({
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirectUri,
    scope: config.scope ?? "openid",
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
  });
  return `${config.domain}/oauth2/authorize?${query}`;
}

/** Returns the tokens where the hosted page has just sent the person back, else undefined. Raises Unreachable. */
export async function finishSignIn(config: SignInConfig): Promise<Tokens | undefined> {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("code") && !answer.has("error")) return undefined;
  const begun = JSON.parse(sessionStorage.getItem(BEGUN) ?? "null") as Begun | null;
  sessionStorage.removeItem(BEGUN);
  history.replaceState(null, "", pageUrl() + (begun?.hash ?? ""));
  const code = answer.get("code");
  // RFC 6749, 10.12: an answer to a question that this page did not ask is not used.
  if (begun === null || answer.get("state") !== begun.state || code === null) return undefined;
  return tokensFrom(config, {
    grant_type: "authorization_code",
    code,
    redirect_uri: pageUrl(),
    code_verifier: begun.verifier,
  });
}

/** Returns new tokens, or undefined where the person has to sign in again. Raises Unreachable. */
export async function renewTokens(config: SignInConfig, refreshToken: string): Promise<Tokens | undefined> {
  const renewed = await tokensFrom(config, { grant_type: "refresh_token", refresh_token: refreshToken });
  return renewed && { refreshToken, ...renewed };
}

export function signOutUrl(config: SignInConfig): string {
  return `${config.domain}/logout?${new URLSearchParams({ client_id: config.clientId, logout_uri: pageUrl() })}`;
}

async function tokensFrom(config: SignInConfig, grant: Record<string, string>): Promise<Tokens | undefined> {
  const body = new URLSearchParams({ ...grant, client_id: config.clientId });
  const response = await fetch(`${config.domain}/oauth2/token`, { method: "POST", body }).catch((error: unknown) => {
    throw new Unreachable("The sign-in cannot be reached.", { cause: error });
  });
  // RFC 6749, 5.2: a grant that is no good is 400. Everything else says nothing about the person.
  if (response.status >= 500 || response.status === 429) throw new Unreachable(`The sign-in answered ${response.status}.`);
  if (!response.ok) return undefined;
  const found = (await response.json()) as { id_token?: string; refresh_token?: string };
  if (found.id_token === undefined) return undefined;
  return { idToken: found.id_token, ...(found.refresh_token ? { refreshToken: found.refresh_token } : {}) };
}

export async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64Url(new Uint8Array(digest));
}

function randomText(): string {
  return base64Url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
