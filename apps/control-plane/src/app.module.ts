import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, DiscoveryModule } from '@nestjs/core';
import { AgentGateway } from './agents/agent.gateway.js';
import { ProblemFilter } from './api/problem.filter.js';
import { RouteCheck } from './api/route-check.js';
import { AuditRepository } from './audit/audit.repository.js';
import { AuthController } from './auth/auth.controller.js';
import { AuthGuard } from './auth/auth.guard.js';
import { AuthRepository } from './auth/auth.repository.js';
import { AuthService } from './auth/auth.service.js';
import { CLOCK, type Clock } from './config/clock.js';
import { CONFIG, type Config } from './config/config.js';
import { LOGGER, type Logger } from './config/logger.js';
import { databaseProviders } from './database/providers.js';
import { DesiredStateController } from './desired-state/desired-state.controller.js';
import { DesiredStateRepository } from './desired-state/desired-state.repository.js';
import { DesiredStateService } from './desired-state/desired-state.service.js';
import { EnrolmentController } from './enrolment/enrolment.controller.js';
import { EnrolmentRepository } from './enrolment/enrolment.repository.js';
import { EnrolmentService } from './enrolment/enrolment.service.js';
import { HealthController } from './health/health.controller.js';
import { HealthRepository } from './health/health.repository.js';
import { HealthService } from './health/health.service.js';
import { FleetChanges } from './live/fleet-changes.js';
import { LiveGateway } from './live/live.gateway.js';
import { MachinesController } from './machines/machines.controller.js';
import { MachinesRepository } from './machines/machines.repository.js';
import { MachinesService } from './machines/machines.service.js';
import { SeriesRepository } from './machines/series.repository.js';
import { StatsJob } from './machines/stats.job.js';
import { StatsRepository } from './machines/stats.repository.js';
import { OverviewController } from './overview/overview.controller.js';
import { OverviewRepository } from './overview/overview.repository.js';
import { OverviewService } from './overview/overview.service.js';
import { ProofsController } from './proofs/proofs.controller.js';
import { ProofsRepository } from './proofs/proofs.repository.js';
import { ProofsService } from './proofs/proofs.service.js';
import { SocketServer } from './sockets/socket-server.js';
import { EventsController } from './telemetry/events.controller.js';
import { EventsRepository } from './telemetry/events.repository.js';
import { EventsService } from './telemetry/events.service.js';
import { TelemetryRepository } from './telemetry/telemetry.repository.js';
import { TelemetryService } from './telemetry/telemetry.service.js';
import { UsersRepository } from './users/users.repository.js';
import { UsersService } from './users/users.service.js';

const repositories = [
  AuditRepository, AuthRepository, DesiredStateRepository, EnrolmentRepository, EventsRepository, HealthRepository, MachinesRepository, OverviewRepository, ProofsRepository, SeriesRepository,
  StatsRepository, TelemetryRepository, UsersRepository,
];
const services = [AuthService, DesiredStateService, EnrolmentService, EventsService, HealthService, MachinesService, OverviewService, ProofsService, StatsJob, TelemetryService, UsersService];

/** One module: every feature needs the database and most need each other, so walls of Nest's kind would only be doors. */
@Module({})
export class AppModule {
  static with({ config, logger, clock }: { config: Config; logger: Logger; clock: Clock }): DynamicModule {
    return {
      module: AppModule,
      imports: [DiscoveryModule],
      controllers: [AuthController, DesiredStateController, EnrolmentController, EventsController, HealthController, MachinesController, OverviewController, ProofsController],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: CLOCK, useValue: clock },
        { provide: APP_GUARD, useClass: AuthGuard },
        { provide: APP_FILTER, useClass: ProblemFilter },
        ...databaseProviders, ...repositories, ...services,
        FleetChanges, SocketServer, AgentGateway, LiveGateway, RouteCheck,
      ],
    };
  }
}
