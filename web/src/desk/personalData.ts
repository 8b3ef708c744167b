/** All that is kept of a person, to take along or to be rid of. */

import type { CoachApi } from "../api/coachApi";
import type { ExportedRecord } from "../api/types";
import type { Kept } from "../thread/kept";

export class PersonalData {
  private readonly api: CoachApi;
  private readonly kept: Kept;

  constructor(api: CoachApi, kept: Kept) {
    this.api = api;
    this.kept = kept;
  }

  /** Returns everything as one JSON file. */
  async file(): Promise<File> {
    const records: ExportedRecord[] = [];
    let next: string | undefined;
    do {
      const page = await this.api.exported(next);
      records.push(...page.records);
      next = page.next;
    } while (next !== undefined);
    const day = new Date().toISOString().slice(0, 10);
    return new File([JSON.stringify({ records }, null, 2)], `coach-${day}.json`, { type: "application/json" });
  }

  /** Delete everything, here and at the service, and begin anew. */
  async erase(): Promise<void> {
    await this.api.deleteEverything();
    this.kept.forgetEverything();
    history.replaceState(null, "", location.pathname);
    location.reload();
  }
}
