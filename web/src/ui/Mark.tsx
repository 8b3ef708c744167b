import type { ReactNode } from "react";

export function Mark(): ReactNode {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M7 20.5c3.2 0 3.6-9 6.600-9s2.900 9 5.600 9 2.300-5 5.800-5" />
    </svg>
  );
}
