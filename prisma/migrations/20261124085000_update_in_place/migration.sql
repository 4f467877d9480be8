-- Every heartbeat changes this column, so that each had to be written to every index of the table as well.
-- DropIndex
DROP INDEX "machine_status_offline_at_idx";

-- Both tables are all updates: room in each page for the next version of its rows.
ALTER TABLE "machine_status" SET (fillfactor = 50);
ALTER TABLE "machine_stats" SET (fillfactor = 50);
