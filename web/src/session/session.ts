/** Who is signed in, and with which token. */

import { loadConfig, type SiteConfig } from "./config";
import { finishSignIn, renewTokens, signOutUrl, type Tokens } from "./hostedPage";
import { hasExpired, userIdOf } from "./token";

const TOKENS = "stream-coach.tokens";
const LEFT = "stream-coach.signed-out";

/** The token has run out and cannot be renewed without the person. */
export class SignInNeeded extends Error {
  override name = "SignInNeeded";
}

export class Session {
  readonly userId: string;
  private readonly config: SiteConfig;
  private readonly ended: () => void;
  private tokens: Tokens;
  private renewing: Promise<string> | undefined;

  constructor(config: SiteConfig, tokens: Tokens, userId: string, ended: () => void) {
    this.config = config;
    this.tokens = tokens;
    this.userId = userId;
    this.ended = ended;
  }

  /** Returns a token that is good for a while. Raises SignInNeeded, after the page was told; Unreachable. */
  readonly token = async ({ renew }: { renew: boolean }): Promise<string> => {
    if (!renew && !hasExpired(this.tokens.idToken, Date.now())) return this.tokens.idToken;
    this.renewing ??= this.renew().finally(() => (this.renewing = undefined));
    return this.renewing;
  };

  /** Nobody takes the tokens any more, however new they are. */
  readonly rejected = (): void => {
    forget();
    this.ended();
  };

  private async renew(): Promise<string> {
    const renewed = await this.renewed();
    if (renewed === undefined || userIdOf(renewed.idToken) !== this.userId) {
      this.rejected();
      throw new SignInNeeded("Your session has ended. Sign in again to go on.");
    }
    this.tokens = renewed;
    keep(renewed);
    return renewed.idToken;
  }

  private async renewed(): Promise<Tokens | undefined> {
    const { signIn, localToken } = this.config;
    if (signIn && this.tokens.refreshToken) return renewTokens(signIn, this.tokens.refreshToken);
    if (localToken === undefined) return undefined;
    const fresh = (await loadConfig()).localToken;
    return fresh === undefined ? undefined : { idToken: fresh };
  }
}

/** Returns the tokens that are at hand: from the hosted page, from before, or from the local stack. */
export async function tokensAtHand(config: SiteConfig): Promise<Tokens | undefined> {
  const fresh = config.signIn && (await finishSignIn(config.signIn));
  if (fresh) {
    keep(fresh);
    return fresh;
  }
  const kept = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null") as Tokens | null;
  const usable = kept !== null && userIdOf(kept.idToken) !== undefined;
  if (usable && (kept.refreshToken || !hasExpired(kept.idToken, Date.now()))) return kept;
  const left = sessionStorage.getItem(LEFT) !== null;
  return config.localToken === undefined || left ? undefined : { idToken: config.localToken };
}

export function signInWith(token: string): Tokens {
  sessionStorage.removeItem(LEFT);
  const tokens = { idToken: token.trim() };
  keep(tokens);
  return tokens;
}

/** Forget the tokens, and leave the hosted page's session too where there is one. */
export function signOut(config: SiteConfig): void {
  forget();
  sessionStorage.setItem(LEFT, "1");
  if (config.signIn) location.assign(signOutUrl(config.signIn));
}

function keep(tokens: Tokens): void {
  sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
}

function forget(): void {
  sessionStorage.removeItem(TOKENS);
}
