import { Inject, Injectable } from '@nestjs/common';
import type { MachineState, Overview, Range } from '@provefleet/fleet-protocol';
import { CLOCK, type Clock } from '../config/clock.js';
import { MachinesService } from '../machines/machines.service.js';
import { unknowns } from '../machines/series.repository.js';
import { perMinute, type SeriesWindow, windowOf } from '../machines/series-window.js';
import { EventsService } from '../telemetry/events.service.js';
import { type FleetStep, OverviewRepository } from './overview.repository.js';

/** States that ask for a look: something is wrong, or waits for somebody. */
const PROBLEM_STATES: readonly MachineState[] = ['failing', 'low-memory', 'offline', 'blocked', 'throttled', 'pending'];
const RECENT_MS = 300_000;
const SHOWN_EVENTS = 20;
/** An answer is given again for this long, and for five times as long as it took to find. */
const MIN_AGE_MS = 1_000;
const AGE_PER_COST = 5;

@Injectable()
export class OverviewService {
  private readonly answers = new Map<Range, { readonly overview: Promise<Overview>; freshUntil: number }>();

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    private readonly overview: OverviewRepository,
    private readonly machines: MachinesService,
    private readonly events: EventsService,
  ) {}

  /** The fleet in one answer. Many dashboards that ask at once get the same one. */
  get(range: Range): Promise<Overview> {
    const known = this.answers.get(range);
    const startedAt = this.clock();
    if (known && startedAt < known.freshUntil) return known.overview;
    const answer = { overview: this.load(range), freshUntil: Infinity };
    this.answers.set(range, answer);
    const forget = () => void (this.answers.get(range) === answer && this.answers.delete(range));
    answer.overview.then(() => (answer.freshUntil = this.clock() + Math.max(MIN_AGE_MS, (this.clock() - startedAt) * AGE_PER_COST)), forget);
    return answer.overview;
  }

  private async load(range: Range): Promise<Overview> {
    const now = this.clock();
    const window = windowOf(range, now);
    const [byState, steps, heard, totals, recent, problems, events] = await Promise.all([
      this.machines.countByState(),
      this.overview.steps(window),
      this.overview.heardSteps(window),
      this.overview.totals(window),
      this.overview.acceptedSince(new Date(now - RECENT_MS)),
      this.overview.problems(PROBLEM_STATES, new Date(now), RECENT_MS),
      this.events.ofFleet({ routine: false, cursor: undefined, limit: SHOWN_EVENTS }),
    ]);
    const settled = Object.values(totals.outcomes).reduce((sum, count) => sum + count, 0);
    return {
      range,
      serverTime: now,
      machines: Object.values(byState).reduce((sum, count) => sum + count, 0),
      byState,
      proofsPerMinute: perMinute(recent, RECENT_MS),
      bestPerMinute: totals.bestPerMinute,
      provingMsP50: totals.p50,
      provingMsP95: totals.p95,
      successRate: settled === 0 ? null : totals.outcomes.accepted / settled,
      outcomes: totals.outcomes,
      series: fleetSeries(window, steps, heard),
      problems,
      events: events.items,
    };
  }
}

/** Lays the counted steps out in order; a step in which no machine was heard of is unknown, not zero. */
export function fleetSeries(window: SeriesWindow, counted: readonly FleetStep[], heard: ReadonlySet<number>): Overview['series'] {
  const { from, to, stepMs, steps } = window;
  const series = { from, to, stepMs, proofsPerMinute: unknowns(steps), before: unknowns(steps), accepted: unknowns(steps), refused: unknowns(steps), expired: unknowns(steps) };
  const fill = ({ step, accepted, refused, expired }: FleetStep) => {
    if (step < 0) {
      series.before[step + steps] = perMinute(accepted, stepMs);
      return;
    }
    series.proofsPerMinute[step] = perMinute(accepted, stepMs);
    series.accepted[step] = accepted;
    series.refused[step] = refused;
    series.expired[step] = expired;
  };
  for (const step of heard) fill({ step, accepted: 0, refused: 0, expired: 0 });
  counted.forEach(fill);
  return series;
}
