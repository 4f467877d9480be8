import clsx from 'clsx';
import { ICON_SHAPES, type IconName } from '../../lib/icon-shapes';

/** All shapes, once per page; icons refer to them. */
export const IconSprite = () => (
  <svg width="0" height="0" className="absolute" aria-hidden="true">
    <defs dangerouslySetInnerHTML={{ __html: Object.entries(ICON_SHAPES).map(([id, shape]) => `<symbol id="i-${id}" viewBox="0 0 16 16">${shape}</symbol>`).join('') }} />
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
