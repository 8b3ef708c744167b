/** Where in the page one is, as its address says: `#/<coachId>/<conversationId>`. */

export interface Place {
  coachId?: string;
  conversationId?: string;
}

const PLACE = /^#\/([A-Za-z0-9_-]{1,64})(?:\/([A-Za-z0-9_-]{1,64}))?$/;

export function parsePlace(hash: string): Place {
  const found = PLACE.exec(hash);
  if (found === null) return {};
  const [, coachId, conversationId] = found;
  return { ...(coachId ? { coachId } : {}), ...(conversationId ? { conversationId } : {}) };
}

export function placeHash({ coachId, conversationId }: Required<Place>): string {
  return `#/${coachId}/${conversationId}`;
}
