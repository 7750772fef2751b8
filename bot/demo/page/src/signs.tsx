// Small pictures, drawn here: a machine may have no font with emoji.

import type { ReactNode } from "react";

function Sign({ size = 16, children }: { size?: number; children: ReactNode }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth="2"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const Checked = () => (
  <Sign size={20}>
    <rect x="5" y="10.5" width="14" height="9.5" rx="2" />
    <path d="M8 10.5V8a4 4 0 0 1 8 0v2.5M9.5 15l2 2 3.5-3.5" />
  </Sign>
);
export const Padlock = () => (
  <Sign size={14}>
    <rect x="5" y="11" width="14" height="9" rx="2" />
    <path d="M8 11V8a4 4 0 0 1 8 0v3" />
  </Sign>
);
export const Eye = () => (
  <Sign size={14}>
    <path d="M2 12s3.6-6.5 10-6.5S22 12 22 12s-3.6 6.5-10 6.5S2 12 2 12Z" />
    <circle cx="12" cy="12" r="2.8" />
  </Sign>
);
export const Sheet = () => (
  <Sign size={26}>
    <path d="M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h7" />
  </Sign>
);
export const Menu = () => (
  <Sign size={20}>
    <path d="M4 6h16M4 12h16M4 18h16" />
  </Sign>
);
export const Bulb = () => (
  <Sign size={20}>
    <path d="M9.5 17.5h5M10 21h4M12 3a6 6 0 0 0-3.5 10.9c.6.5 1 1.2 1 2v1.6h5v-1.6c0-.8.4-1.5 1-2A6 6 0 0 0 12 3Z" />
  </Sign>
);
export const Sun = () => (
  <Sign size={18}>
    <circle cx="12" cy="12" r="4" />
    <path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2" />
  </Sign>
);
export const Moon = () => (
  <Sign size={18}>
    <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5Z" />
  </Sign>
);
export const Arrow = () => (
  <Sign size={18}>
    <path d="M4 12h15M13 6l6 6-6 6" />
  </Sign>
);
export const Clip = () => (
  <Sign size={18}>
    <path d="M19.5 11.5 12 19a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-8 8a1.6 1.6 0 0 1-2.2-2.2l7.3-7.3" />
  </Sign>
);
export const Cross = () => (
  <Sign size={18}>
    <path d="M6 6l12 12M18 6 6 18" />
  </Sign>
);
export const Bubble = () => (
  <Sign size={18}>
    <path d="M5 5h14a1.5 1.5 0 0 1 1.5 1.5v8A1.5 1.5 0 0 1 19 16h-7l-4.5 4v-4H5a1.5 1.5 0 0 1-1.5-1.5v-8A1.5 1.5 0 0 1 5 5Z" />
  </Sign>
);
export const Dots = () => (
  <Sign size={18}>
    <path d="M12 5.5v.01M12 12v.01M12 18.5v.01" strokeWidth="3" />
  </Sign>
);
