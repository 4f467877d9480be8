import { cva, type VariantProps } from 'class-variance-authority';
import clsx from 'clsx';
import Link from 'next/link';
import type { ComponentProps } from 'react';

const button = cva('btn', {
  variants: {
    /** One `solid` per view; row actions are `tint`; `danger` only for what cannot be undone. */
    look: { plain: '', solid: 'btn-p', tint: 'btn-t', ghost: 'btn-g', link: 'btn-l', danger: 'btn-d' },
    size: { small: 'btn-s', normal: '', large: 'btn-xl' },
    icon: { true: 'btn-i' },
    wide: { true: 'btn-w' },
  },
  defaultVariants: { look: 'plain', size: 'normal' },
});
type Look = VariantProps<typeof button>;

export const Button = ({ look, size, icon, wide, className, type = 'button', ...rest }: ComponentProps<'button'> & Look) => (
  <button type={type} className={clsx(button({ look, size, icon, wide }), className)} {...rest} />
);

export const ButtonLink = ({ look, size, icon, wide, className, ...rest }: ComponentProps<typeof Link> & Look) => (
  <Link className={clsx(button({ look, size, icon, wide }), className)} {...rest} />
);
