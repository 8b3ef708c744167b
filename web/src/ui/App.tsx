import { useEffect, useEffectEvent, useState, type ReactNode } from "react";
import { CoachApi } from "../api/coachApi";
import { Desk } from "../desk/desk";
import { Keepsakes } from "../desk/keepsakes";
import { PersonalData } from "../desk/personalData";
import { loadConfig, type SiteConfig } from "../session/config";
import { Session, signInWith, signOut, tokensAtHand } from "../session/session";
import { userIdOf } from "../session/token";
import { browserNetwork } from "../stream";
import { Kept } from "../thread/kept";
import { SignIn } from "./SignIn";
import { Workspace } from "./Workspace";

type Shown =
  | { what: "loading" }
  | { what: "broken" }
  | { what: "sign-in"; config: SiteConfig; reason: string }
  | { what: "work"; config: SiteConfig; desk: Desk; keepsakes: Keepsakes; data: PersonalData };

export function App(): ReactNode {
  const [shown, setShown] = useState<Shown>({ what: "loading" });

  const enter = (config: SiteConfig, tokens: { idToken: string; refreshToken?: string | undefined }): void => {
    const userId = userIdOf(tokens.idToken);
    if (userId === undefined) {
      setShown({ what: "sign-in", config, reason: "This token does not say who you are." });
      return;
    }
    const ended = (): void => {
      desk.close();
      setShown({ what: "sign-in", config, reason: "Your session has ended. Sign in again, and go on where you were." });
    };
    const session = new Session(config, tokens, userId, ended);
    const { token, rejected } = session;
    const api = new CoachApi({ baseUrl: config.apiUrl, network: browserNetwork, token, rejected }, userId);
    const keepsakes = new Keepsakes(api);
    const kept = new Kept(userId);
    const desk = new Desk({ config, session, api, kept, keepsakes });
    setShown({ what: "work", config, desk, keepsakes, data: new PersonalData(api, kept) });
    void desk.start();
    keepsakes.refresh().catch(() => undefined);
  };

  const begin = async (): Promise<void> => {
    setShown({ what: "loading" });
    try {
      const config = await loadConfig();
      const tokens = await tokensAtHand(config);
      if (tokens === undefined) setShown({ what: "sign-in", config, reason: "" });
      else enter(config, tokens);
    } catch {
      setShown({ what: "broken" });
    }
  };

  const first = useEffectEvent(() => void begin());
  useEffect(() => first(), []);

  switch (shown.what) {
    case "loading":
      return <div className="splash" role="status" aria-label="Loading" />;
    case "broken":
      return (
        <main className="gate">
          <h1>The page cannot start</h1>
          <p>Its settings could not be read. Check your connection, then try again.</p>
          <button type="button" className="primary" onClick={() => void begin()}>
            Try again
          </button>
        </main>
      );
    case "sign-in":
      return (
        <SignIn
          config={shown.config}
          reason={shown.reason}
          onToken={(token) => enter(shown.config, signInWith(token))}
        />
      );
    case "work":
      return (
        <Workspace
          desk={shown.desk}
          keepsakes={shown.keepsakes}
          data={shown.data}
          onSignOut={() => {
            shown.desk.close();
            signOut(shown.config);
            setShown({ what: "sign-in", config: shown.config, reason: "" });
          }}
        />
      );
  }
}
