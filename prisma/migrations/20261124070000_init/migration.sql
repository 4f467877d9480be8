-- CreateEnum
CREATE TYPE "role" AS ENUM ('viewer', 'operator', 'key-admin', 'admin');

-- CreateTable
CREATE TABLE "user_account" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "user_account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "session" (
    "id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "user_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "join_token" (
    "id" UUID NOT NULL,
    "token_hash" BYTEA NOT NULL,
    "prefix" TEXT NOT NULL,
    "labels" TEXT[],
    "uses" INTEGER NOT NULL,
    "used" INTEGER NOT NULL DEFAULT 0,
    "require_approval" BOOLEAN NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "join_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "sealing_key" TEXT NOT NULL,
    "labels" TEXT[],
    "join_token_id" UUID,
    "joined_at" TIMESTAMPTZ(3) NOT NULL,
    "approved_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "facts" JSONB NOT NULL,
    "desired_revision" INTEGER NOT NULL,
    "desired" JSONB NOT NULL,

    CONSTRAINT "machine_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine_status" (
    "machine_id" UUID NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL,
    "offline_at" TIMESTAMPTZ(3) NOT NULL,
    "state" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "observed_workers" INTEGER NOT NULL,
    "gauges" JSONB NOT NULL,
    "counters" JSONB NOT NULL,
    "workers" JSONB NOT NULL,
    "nodes" JSONB NOT NULL,
    "observed" JSONB NOT NULL,

    CONSTRAINT "machine_status_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "machine_ingest" (
    "machine_id" UUID NOT NULL,
    "last_sequence" BIGINT NOT NULL DEFAULT 0,
    "accepted_total" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "machine_ingest_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "machine_stats" (
    "machine_id" UUID NOT NULL,
    "computed_at" TIMESTAMPTZ(3) NOT NULL,
    "proofs_per_minute" DOUBLE PRECISION NOT NULL,
    "spark" JSONB NOT NULL,
    "proving_ms_p50" DOUBLE PRECISION,
    "proving_ms_p95" DOUBLE PRECISION,
    "success_rate" DOUBLE PRECISION,

    CONSTRAINT "machine_stats_pkey" PRIMARY KEY ("machine_id")
);

-- CreateTable
CREATE TABLE "desired_revision" (
    "machine_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "document" JSONB NOT NULL,
    "by" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "desired_revision_pkey" PRIMARY KEY ("machine_id","revision")
);

-- CreateTable
CREATE TABLE "event" (
    "machine_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "level" TEXT NOT NULL,
    "routine" BOOLEAN NOT NULL,
    "body" JSONB NOT NULL,

    CONSTRAINT "event_pkey" PRIMARY KEY ("machine_id","sequence")
);

-- CreateTable
CREATE TABLE "proof" (
    "machine_id" UUID NOT NULL,
    "sequence" BIGINT NOT NULL,
    "node_id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "program" TEXT NOT NULL,
    "task_type" TEXT NOT NULL,
    "difficulty" TEXT NOT NULL,
    "input" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "worker_id" BIGINT,
    "proving_ms" DOUBLE PRECISION,
    "stages" JSONB NOT NULL,
    "proof_bytes" BIGINT NOT NULL,
    "submit_attempts" BIGINT NOT NULL,
    "fetched_at" TIMESTAMPTZ(3) NOT NULL,
    "settled_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "proof_pkey" PRIMARY KEY ("machine_id","sequence")
);

-- CreateTable
CREATE TABLE "sample" (
    "machine_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "cpu" REAL NOT NULL,
    "memory_used_bytes" BIGINT NOT NULL,

    CONSTRAINT "sample_pkey" PRIMARY KEY ("machine_id","at")
);

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "target" TEXT NOT NULL,
    "before" JSONB,
    "after" JSONB,
    "reason" TEXT NOT NULL,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "user_account_name_key" ON "user_account"("name");

-- CreateIndex
CREATE UNIQUE INDEX "session_token_hash_key" ON "session"("token_hash");

-- CreateIndex
CREATE INDEX "session_user_id_idx" ON "session"("user_id");

-- CreateIndex
CREATE INDEX "session_expires_at_idx" ON "session"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "join_token_token_hash_key" ON "join_token"("token_hash");

-- CreateIndex
CREATE INDEX "join_token_created_at_idx" ON "join_token"("created_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "machine_name_key" ON "machine"("name");

-- CreateIndex
CREATE UNIQUE INDEX "machine_public_key_key" ON "machine"("public_key");

-- CreateIndex
CREATE INDEX "machine_join_token_id_idx" ON "machine"("join_token_id");

-- CreateIndex
CREATE INDEX "machine_status_offline_at_idx" ON "machine_status"("offline_at");

-- CreateIndex
CREATE INDEX "event_machine_id_routine_sequence_idx" ON "event"("machine_id", "routine", "sequence");

-- CreateIndex
CREATE INDEX "event_routine_at_machine_id_sequence_idx" ON "event"("routine", "at", "machine_id", "sequence");

-- CreateIndex
CREATE INDEX "event_at_machine_id_sequence_idx" ON "event"("at", "machine_id", "sequence");

-- CreateIndex
CREATE INDEX "proof_machine_id_settled_at_sequence_idx" ON "proof"("machine_id", "settled_at", "sequence");

-- CreateIndex
CREATE INDEX "proof_settled_at_outcome_machine_id_proving_ms_idx" ON "proof"("settled_at", "outcome", "machine_id", "proving_ms");

-- CreateIndex
CREATE INDEX "sample_at_idx" ON "sample"("at");

-- CreateIndex
CREATE INDEX "audit_entry_at_idx" ON "audit_entry"("at");

-- CreateIndex
CREATE INDEX "audit_entry_target_at_idx" ON "audit_entry"("target", "at");

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "user_account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine" ADD CONSTRAINT "machine_join_token_id_fkey" FOREIGN KEY ("join_token_id") REFERENCES "join_token"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_status" ADD CONSTRAINT "machine_status_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_ingest" ADD CONSTRAINT "machine_ingest_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_stats" ADD CONSTRAINT "machine_stats_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "desired_revision" ADD CONSTRAINT "desired_revision_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "event" ADD CONSTRAINT "event_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "proof" ADD CONSTRAINT "proof_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sample" ADD CONSTRAINT "sample_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machine"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What happened stays as it was written: the audit takes new entries and nothing else.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END;
$$;

CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit_entry"
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
