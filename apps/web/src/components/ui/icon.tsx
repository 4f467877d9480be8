import clsx from 'clsx';

// Icons on a 16 px grid, drawn with the current text colour. States have filled or outlined shapes of their own, so that
// they are told apart without colour.

const SHAPES = {
  's-proving': '<path fill="currentColor" stroke="none" fill-rule="evenodd" d="M8 1a7 7 0 1 1 0 14A7 7 0 0 1 8 1Zm-1.6 3.9v6.2L11.3 8Z"/>',
  's-idle': '<circle cx="8" cy="8" r="5.9"/>',
  's-nowork': '<path d="M2 9.3 4 3.2h8l2 6.1v3.5H2zM2 9.3h3.4l1 1.8h3.2l1-1.8H14"/>',
  's-throttled': '<path d="M3.6 2h8.8M3.6 14h8.8M4.8 2v2.4L8 8l3.2-3.6V2M4.8 14v-2.4L8 8l3.2 3.6V14"/><path fill="currentColor" stroke="none" d="M5.6 14h4.8v-1.6L8 10.6l-2.4 1.8Z"/>',
  's-paused': '<path fill="currentColor" stroke="none" d="M4 2.5h2.2a.8.8 0 0 1 .8.8v9.4a.8.8 0 0 1-.8.8H4a.8.8 0 0 1-.8-.8V3.3a.8.8 0 0 1 .8-.8Zm5.8 0H12a.8.8 0 0 1 .8.8v9.4a.8.8 0 0 1-.8.8H9.8a.8.8 0 0 1-.8-.8V3.3a.8.8 0 0 1 .8-.8Z"/>',
  's-draining': '<path d="M8 1.8v8.4M4.4 6.8 8 10.4l3.6-3.6M2.8 14.2h10.4" stroke-width="1.9"/>',
  's-lowmem': '<rect x="3.6" y="3.6" width="8.8" height="8.8" rx="1.2"/><path d="M6 1.2v2.2M10 1.2v2.2M6 12.6v2.2M10 12.6v2.2M1.2 6h2.2M1.2 10h2.2M12.6 6h2.2M12.6 10h2.2"/><path fill="currentColor" stroke="none" d="M5.6 7h4.8v3.4H5.6z"/>',
  's-failing': '<path fill="currentColor" stroke="none" d="M5.1.9h5.8l4.2 4.2v5.8l-4.2 4.2H5.1L.9 10.9V5.1Z"/><path d="m5.6 5.6 4.8 4.8m0-4.8-4.8 4.8" stroke="var(--cut,var(--color-surface))" stroke-width="1.9"/>',
  's-blocked': '<path d="M8 1.1 14.2 4.6v6.8L8 14.9 1.8 11.4V4.6Z"/><path d="M8 11.3V5.2M5.6 7.4 8 5l2.4 2.4"/>',
  's-offline': '<path d="M12.1 4.6a5.6 5.6 0 0 1-7.6 7.9M3.7 11.2a5.6 5.6 0 0 1 7.5-7.8"/><path d="M1.8 14.2 14.2 1.8" stroke-width="1.9"/>',
  's-pending': '<path d="M8 1.2 14.8 8 8 14.8 1.2 8Z"/><circle cx="8" cy="8" r="1.9" fill="currentColor" stroke="none"/>',
  overview: '<rect x="2" y="2" width="5" height="7" rx="1"/><rect x="9" y="2" width="5" height="4" rx="1"/><rect x="9" y="8" width="5" height="6" rx="1"/><rect x="2" y="11" width="5" height="3" rx="1"/>',
  machines: '<rect x="2" y="2.5" width="12" height="4.5" rx="1.2"/><rect x="2" y="9" width="12" height="4.5" rx="1.2"/><path d="M4.8 4.75h.01M4.8 11.25h.01M8 4.75h3.2M8 11.25h3.2"/>',
  key: '<circle cx="5" cy="11" r="3"/><path d="m7.2 8.8 6-6M11 5l2 2M9.4 6.6l1.3 1.3"/>',
  events: '<path d="M5.5 3.5H14M5.5 8H14M5.5 12.5H14M2.3 3.5h.01M2.3 8h.01M2.3 12.5h.01"/>',
  plus: '<path d="M8 3v10M3 8h10"/>',
  gear: '<path d="M2 4.5h6M12 4.5h2M2 11.5h2M8 11.5h6"/><circle cx="10" cy="4.5" r="2"/><circle cx="6" cy="11.5" r="2"/>',
  search: '<circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 3.5 3.5"/>',
  chev: '<path d="m4 6 4 4 4-4"/>',
  right: '<path d="m6 4 4 4-4 4"/>',
  up: '<path d="M8 13V3.5M4 7.5l4-4 4 4"/>',
  down: '<path d="M8 3v9.5M4 8.5l4 4 4-4"/>',
  x: '<path d="m4 4 8 8m0-8-8 8"/>',
  check: '<path d="m3 8.5 3.5 3.5L13 4.5"/>',
  copy: '<rect x="5.5" y="5.5" width="8.5" height="8.5" rx="1.5"/><path d="M10.5 5.5V3.5A1.5 1.5 0 0 0 9 2H3.5A1.5 1.5 0 0 0 2 3.5V9a1.5 1.5 0 0 0 1.5 1.5h2"/>',
  more: '<path d="M3.5 8h.01M8 8h.01M12.5 8h.01" stroke-width="2.2"/>',
  clock: '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8l2.5 1.5"/>',
  alert: '<path d="M8 1.8 15 14H1Z"/><path d="M8 6.2v3.6M8 11.9h.01" stroke-width="1.8"/>',
  info: '<circle cx="8" cy="8" r="6.2"/><path d="M8 7.4v3.4M8 5.1h.01"/>',
  refresh: '<path d="M13.5 8A5.5 5.5 0 1 1 11.7 4M13.5 1.8V4.6h-2.8"/>',
  workers: '<path d="M4 2v6M4 12v2M8 2v2M8 8v6M12 2v7M12 13v1M2.4 8h3.2M6.4 8h3.2M10.4 9.5h3.2"/>',
  pause: '<path d="M5.2 3v10M10.8 3v10" stroke-width="2"/>',
  drain: '<path d="M8 2v8M4.6 7 8 10.4 11.4 7M3 14h10"/>',
  play: '<path d="M4.5 2.8v10.4L13 8Z"/>',
  cloudoff: '<path d="M4.5 12.5a3 3 0 0 1-.4-5.9M6.5 4a4 4 0 0 1 5.6 3.2 2.7 2.7 0 0 1 1.5 4.3M2 2l12 12M4.5 12.5h6"/>',
  user: '<circle cx="8" cy="5.5" r="2.8"/><path d="M2.8 14c.6-2.8 2.6-4.2 5.2-4.2s4.6 1.4 5.2 4.2"/>',
  lock: '<rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/>',
  moon: '<path d="M13.5 9.6A5.8 5.8 0 0 1 6.4 2.5a5.8 5.8 0 1 0 7.1 7.1Z"/>',
  rollback: '<path d="M5 3 2 6l3 3M2.2 6H10a3.6 3.6 0 0 1 0 7.2H6"/>',
  sun: '<circle cx="8" cy="8" r="3"/><path d="M8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1.1 1.1M11.5 11.5l1.1 1.1M12.6 3.4l-1.1 1.1M4.5 11.5l-1.1 1.1"/>',
} as const;

export type IconName = keyof typeof SHAPES;
export const isIconName = (name: string): name is IconName => name in SHAPES;

/** All shapes, once per page; icons refer to them. */
export const IconSprite = () => (
  <svg width="0" height="0" className="absolute" aria-hidden="true">
    <defs dangerouslySetInnerHTML={{ __html: Object.entries(SHAPES).map(([id, shape]) => `<symbol id="i-${id}" viewBox="0 0 16 16">${shape}</symbol>`).join('') }} />
  </svg>
);

/** A shape beside its word; it says nothing of its own to a screen reader. */
export function Icon({ name, small, className }: { name: IconName; small?: boolean; className?: string }) {
  return (
    <svg className={clsx('i', small && 'i-s', className)} aria-hidden="true">
      <use href={`#i-${name}`} />
    </svg>
  );
}

/** The product's mark. */
export const Mark = ({ size = 22 }: { size?: number }) => (
  <svg width={size} height={size} viewBox="0 0 22 22" aria-hidden="true">
    <rect width="22" height="22" rx="6" className="fill-accent-solid" />
    <path d="M5.5 15.5V9.2M11 15.5V6.5M16.5 15.5V9.2" fill="none" stroke="#fff" strokeWidth="2" strokeLinecap="round" opacity=".6" />
    <path d="M5 10.5 9.3 14 17 6.2" fill="none" stroke="#fff" strokeWidth="2.2" strokeLinecap="round" strokeLinejoin="round" />
  </svg>
);
