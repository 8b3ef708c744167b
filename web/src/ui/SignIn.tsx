import { useState, type FormEvent, type ReactNode } from "react";
import type { SiteConfig } from "../session/config";
import { beginSignIn } from "../session/hostedPage";
import { hasExpired, userIdOf } from "../session/token";
import { Mark } from "./Mark";

interface Props {
  config: SiteConfig;
  reason: string;
  onToken(token: string): void;
}

export function SignIn({ config, reason, onToken }: Props): ReactNode {
  const { signIn, localToken } = config;
  return (
    <main className="gate">
      <Mark />
      <h1>Train with someone who remembers</h1>
      <p>Your coach answers as you read, keeps your log, and knows what you told them last month.</p>
      {reason !== "" && (
        <p className="problem" role="alert">
          {reason}
        </p>
      )}
      {signIn !== undefined && (
        <button type="button" className="primary" onClick={() => void beginSignIn(signIn)}>
          Sign in
        </button>
      )}
      {localToken !== undefined && (
        <button type="button" className="primary" onClick={() => onToken(localToken)}>
          Continue as demo
        </button>
      )}
      {signIn === undefined && <TokenForm onToken={onToken} />}
    </main>
  );
}

function TokenForm({ onToken }: { onToken(token: string): void }): ReactNode {
  const [problem, setProblem] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const token = String(new FormData(event.currentTarget).get("token") ?? "").trim();
    if (userIdOf(token) === undefined) setProblem("This is no token of this service: it names no user.");
    else if (hasExpired(token, Date.now(), 0)) setProblem("This token has run out. Get a new one.");
    else onToken(token);
  };
  return (
    <form className="token-form" onSubmit={submit} noValidate>
      <label htmlFor="token">Or paste a token</label>
      <input
        id="token"
        name="token"
        autoComplete="off"
        spellCheck={false}
        placeholder="eyJhbGciOi…"
        aria-invalid={problem !== ""}
        aria-describedby="token-hint"
      />
      <p id="token-hint" className={problem === "" ? "hint" : "problem"} role={problem === "" ? undefined : "alert"}>
        {problem || "On this machine: coach token --user you"}
      </p>
      <button type="submit">Use this token</button>
    </form>
  );
}
