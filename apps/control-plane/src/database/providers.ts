import { PrismaService } from './prisma.service.js';

export const databaseProviders = [PrismaService];
