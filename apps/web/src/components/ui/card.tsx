import clsx from 'clsx';
import type { ReactNode } from 'react';

/** A surface that answers one question; `title` names it. */
export function Card({ title, meta, end, className, children }: { title: string; meta?: ReactNode; end?: ReactNode; className?: string; children: ReactNode }) {
  return (
    <section className={clsx('card', className)} aria-label={title}>
      <div className="card-h">
        <h2>{title}</h2>
        {meta && <span className="meta">{meta}</span>}
        {end && <span className="end">{end}</span>}
      </div>
      {children}
    </section>
  );
}

/** Stands where data will be, with its size, so that nothing moves when it comes. */
export const Skeleton = ({ className }: { className?: string }) => <span className={clsx('skel', className)} aria-hidden="true" />;
