/** What a deployment says about itself: `config.json` beside the page. */

import { Unreachable } from "../stream";

export interface SignInConfig {
  /** The hosted page, e.g. `https://coach.auth.us-east-1.amazoncognito.com`. */
  domain: string;
  clientId: string;
  scope?: string;
}

export interface SiteConfig {
  /** Where the streaming function answers; empty for the page's own origin. */
  apiUrl: string;
  restUrl?: string;
  transport?: "fetch" | "eventsource";
  starterCoachId: string;
  signIn?: SignInConfig;
  /** A token of the local issuer: only the development stack gives one away. */
  localToken?: string;
}

/** Raises Unreachable. */
export async function loadConfig(): Promise<SiteConfig> {
  const config = await readConfig().catch((error: unknown) => {
    throw new Unreachable("The page's settings cannot be read.", { cause: error });
  });
  const apiUrl = (config.apiUrl ?? "").replace(/\/+$/, "");
  const restUrl = config.restUrl?.replace(/\/+$/, "");
  return { ...config, apiUrl, starterCoachId: config.starterCoachId ?? "atlas", ...(restUrl ? { restUrl } : {}) };
}

async function readConfig(): Promise<Partial<SiteConfig>> {
  const response = await fetch(new URL("config.json", document.baseURI), { cache: "no-store" });
  if (!response.ok) throw new Error(`config.json: ${response.status}`);
  return (await response.json()) as Partial<SiteConfig>;
}
