-- How far each SIM is trusted; a SIM without a row is in service.

-- name: list
-- All that is known, with the names of the cards.
SELECT sim_health.sim_id, sim.name, sim.iccid, state, cause, reason, since_at,
       until_at, benches, successes, wanted, by_reports, paused, told
  FROM sim_health JOIN sim ON sim.id = sim_health.sim_id

-- name: put
-- Where a SIM stands now.
INSERT INTO sim_health (sim_id, state, cause, reason, since_at, until_at, benches,
                        successes, wanted, by_reports, paused, told)
VALUES (:sim_id, :state, :cause, :reason, :since_at, :until_at, :benches,
        :successes, :wanted, :by_reports, :paused, :told)
ON CONFLICT (sim_id) DO UPDATE SET
  state = excluded.state, cause = excluded.cause, reason = excluded.reason,
  since_at = excluded.since_at, until_at = excluded.until_at,
  benches = excluded.benches, successes = excluded.successes,
  wanted = excluded.wanted, by_reports = excluded.by_reports,
  paused = excluded.paused, told = excluded.told
