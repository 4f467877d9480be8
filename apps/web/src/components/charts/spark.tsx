import type { CSSProperties } from 'react';
import { type Points, sparkPath, toBars } from '../../lib/series';

/** Trend of one row; all rows of a column share `max`, so that heights compare. */
export const Spark = ({ points, max, tone = 'series-1', width = 76 }: { points: Points; max: number; tone?: string; width?: number }) => (
  <svg className="spark" style={{ '--w': `${width}px` } as CSSProperties} viewBox={`0 0 ${width} 22`} preserveAspectRatio="none" aria-hidden="true">
    <path d={sparkPath(points, width, 22, max)} stroke={`var(--color-${tone})`} />
  </svg>
);

const BARS = 24;
/** Small bars on a scale of their own: when it happened, not how often against the others. */
export function OutcomeBars({ points, tone }: { points: Points; tone: string }) {
  const bars = toBars(points, BARS);
  const max = Math.max(1, ...bars);
  return (
    <svg className="bars" viewBox={`0 0 ${bars.length * 4} 18`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map((value, index) => (
        <rect key={index} x={index * 4} width="2.8" y={18 - (value / max) * 17} height={(value / max) * 17} fill={`var(--color-${tone})`} />
      ))}
    </svg>
  );
}
