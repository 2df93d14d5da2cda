import type { ComponentChildren } from 'preact';

import './icons.css';

/**
 * An icon on a grid of 20 × 20, in the text color. Hidden from screen readers: the button or the text next to it has
 * the name.
 */
function Icon({ children }: { children: ComponentChildren }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.5"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

export const CopyIcon = () => (
  <Icon>
    <rect x="7" y="7" width="10" height="10" rx="2" />
    <path d="M13 4.5A1.5 1.5 0 0 0 11.5 3h-7A1.5 1.5 0 0 0 3 4.5v7A1.5 1.5 0 0 0 4.5 13" />
  </Icon>
);

export const CheckIcon = () => (
  <Icon>
    <path d="m4 10.5 4 4 8-9" />
  </Icon>
);

export const StopIcon = () => (
  <Icon>
    <rect x="5" y="5" width="10" height="10" rx="1.5" fill="currentColor" />
  </Icon>
);

export const TrashIcon = () => (
  <Icon>
    <path d="M3.5 5.5h13M8 5.5V4a1 1 0 0 1 1-1h2a1 1 0 0 1 1 1v1.5M5 5.5l.7 10a1.5 1.5 0 0 0 1.5 1.5h5.6a1.5 1.5 0 0 0 1.5-1.5l.7-10M8.5 9v4.5M11.5 9v4.5" />
  </Icon>
);

/** Filled for favorites. */
export const StarIcon = ({ filled }: { filled: boolean }) => (
  <Icon>
    <path
      d="m10 2.8 2.2 4.5 5 .7-3.6 3.5.9 5-4.5-2.4-4.5 2.4.9-5L2.8 8l5-.7z"
      fill={filled ? 'currentColor' : 'none'}
    />
  </Icon>
);

export const EditIcon = () => (
  <Icon>
    <path d="m12.5 4.5 3 3M4 16l.8-3.6 8.6-8.6a1.5 1.5 0 0 1 2.1 0l.7.7a1.5 1.5 0 0 1 0 2.1l-8.6 8.6z" />
  </Icon>
);

export const RefreshIcon = () => (
  <Icon>
    <path d="M16.5 10a6.5 6.5 0 1 1-2-4.7L16.5 7M16.5 3v4h-4" />
  </Icon>
);

export const UploadIcon = () => (
  <Icon>
    <path d="M10 13V3.5M6.5 7 10 3.5 13.5 7M3.5 13v2a1.5 1.5 0 0 0 1.5 1.5h10a1.5 1.5 0 0 0 1.5-1.5v-2" />
  </Icon>
);

export const DownloadIcon = () => (
  <Icon>
    <path d="M10 3.5V13M6.5 9.5 10 13l3.5-3.5M3.5 13v2a1.5 1.5 0 0 0 1.5 1.5h10a1.5 1.5 0 0 0 1.5-1.5v-2" />
  </Icon>
);

export const ImageIcon = () => (
  <Icon>
    <rect x="3" y="4" width="14" height="12" rx="2" />
    <circle cx="7.3" cy="8" r="1.3" />
    <path d="m3.5 14.5 4-3.5 2.5 2 3-3.5 4 4" />
  </Icon>
);

export const VideoIcon = () => (
  <Icon>
    <rect x="3" y="4" width="14" height="12" rx="2" />
    <path d="M6.5 4v12M13.5 4v12M3 8h3.5M3 12h3.5M13.5 8H17M13.5 12H17" />
  </Icon>
);

export const CloseIcon = () => (
  <Icon>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);

/** Points down. Rotated by the style sheet of an open element. */
export const ChevronIcon = () => (
  <Icon>
    <path d="m5 7.5 5 5 5-5" />
  </Icon>
);

export const PlusIcon = () => (
  <Icon>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);

/** Points left. */
export const BackIcon = () => (
  <Icon>
    <path d="m12.5 5-5 5 5 5" />
  </Icon>
);

/** Points right. */
export const ForwardIcon = () => (
  <Icon>
    <path d="m7.5 5 5 5-5 5" />
  </Icon>
);

export const FlagIcon = () => (
  <Icon>
    <path d="M5 17V3.500h9.500L12.500 7l2 3.500H5" />
  </Icon>
);
