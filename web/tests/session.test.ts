import { describe, expect, it } from "vitest";
import { authorizeUrl, challengeOf } from "../src/session/hostedPage";
import { claimsOf, hasExpired, userIdOf } from "../src/session/token";

function token(claims: Record<string, unknown>): string {
  return `e30.${btoa(JSON.stringify(claims)).replace(/=+$/, "")}.c2ln`;
}

describe("a token", () => {
  it("names its user, where the service would take the name", () => {
    expect(userIdOf(token({ "custom:user_id": "demo" }))).toBe("demo");
    expect(userIdOf(token({ "custom:user_id": "../x" }))).toBeUndefined();
    expect(userIdOf(token({ sub: "demo" }))).toBeUndefined();
    expect(claimsOf("no token")).toBeUndefined();
    expect(claimsOf("a.!!.c")).toBeUndefined();
  });

  it("counts as expired a little before it is", () => {
    expect(hasExpired(token({ exp: 1000 }), 1_000_000)).toBe(true);
    expect(hasExpired(token({ exp: 1000 }), 980_000)).toBe(true);
    expect(hasExpired(token({ exp: 1000 }), 900_000)).toBe(false);
  });
});

describe("the hosted page", () => {
  it("is asked with PKCE", async () => {
    // The example of RFC 7636, appendix B.
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    expect(await challengeOf(verifier)).toBe("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    const config = { domain: "https://coach.auth.example", clientId: "id" };
    const url = new URL(await authorizeUrl(config, { state: "s", verifier }, "https://page/"));
    expect(url.origin + url.pathname).toBe("https://coach.auth.example/oauth2/authorize");
    expect(Object.fromEntries(url.searchParams)).toEqual({
      response_type: "code",
      client_id: "id",
      redirect_uri: "https://page/",
      scope: "openid",
      state: "s",
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
    });
  });
});
