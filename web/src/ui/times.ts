/** Moments, in the words of the reader's language. */

const DAY_MS = 86_400_000;
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

export function clock(at: string): string {
  return CLOCK.format(new Date(at));
}

export function shortDay(at: string): string {
  return SHORT_DAY.format(new Date(at));
}

/** Returns the heading that a conversation goes under. */
export function dayGroup(at: string, now = new Date()): string {
  const days = daysAgo(at, now);
  if (days <= 0) return "Today";
  if (days === 1) return "Yesterday";
  return days < 7 ? "This week" : "Earlier";
}

export function dayName(at: string, now = new Date()): string {
  const days = daysAgo(at, now);
  if (days <= 0) return "Today";
  return days === 1 ? "Yesterday" : DAY.format(new Date(at));
}

function daysAgo(at: string, now: Date): number {
  const then = new Date(at);
  const midnight = (date: Date): number => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(now) - midnight(then)) / DAY_MS);
}
