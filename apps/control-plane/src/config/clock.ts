/** Injection token of the {@link Clock}. */
export const CLOCK = Symbol('clock');
/** Milliseconds since the epoch. */
export type Clock = () => number;
