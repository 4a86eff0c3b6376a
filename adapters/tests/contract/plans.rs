//! What works through rows in the background finds them by an index, however many there are: a statement that reads a
//! whole table outlasts the time of its unit one day, and then whatever shares its turn is never done again.

use lifeline_adapters::sql::statement;

use crate::bench::{Bench, EngineKind};
use crate::contracts;

contracts! { "plans":
    no_sweep_reads_a_whole_table => [];
}

/// Rooms whose every statement is a purge, an erasure or an export.
const ROOMS: [&str; 5] = [
    "ended_tables.",
    "erasing.",
    "personal.",
    "privacy.",
    "telling.",
];
/// Statements of timed tasks in other rooms.
const SWEEPS: [&str; 23] = [
    "outbox.PURGE",
    "outbox.PURGE_DEAD",
    "requests.DUE",
    "generation.DUE",
    "generation.KEYLESS",
    "grants.OVER",
    "grants.TAKE_UNLOOKED",
    "insight_writes.PEOPLE_GO",
    "insight_writes.TRIM",
    "latencies.HOLD",
    "latencies.TAKE",
    "latencies.PACKED",
    "latencies.LOOSE_GO",
    "latencies.PACKS_GO",
    "slices.HOLD",
    "slices.TAKE",
    "followers.LEFT_GO",
    "followers.DAYS_GO",
    "followers.TO_PLACE",
    "sessions.PURGE_STARTS",
    "merges.MOVE_CONSENTS",
    "settlement.ERASE_TRADES",
    "settlement.ERASE_PAYEES",
];
/// What somebody waits for: the line of time of one among all, and the links of a day among all that were ever made.
const LINES: [&str; 6] = [
    "links.BEGAN",
    "links.ENDED",
    "links.MOVED",
    "timeline.OF_ACCOUNT",
    "timeline.OF_HOME",
    "timeline.OF_PAYMENT",
];
/// A scan of these reads rows that are few: what waits, and not what has ever been.
const OF_FEW: [&str; 7] = [
    "USING INDEX outbox_turn",
    "USING INDEX binding_unplaced",
    // What one recovery was pointed at; it is emptied when that is over.
    "SCAN recovery_look",
    // What indexes found of one line of time, to be sorted.
    "SCAN told",
    // People of whom a link began or ended today.
    "SCAN every",
    "SCAN moved",
    "SCAN people",
];

fn is_sweep(name: &str) -> bool {
    ROOMS.iter().any(|room| name.starts_with(room))
        || SWEEPS.contains(&name)
        || LINES.contains(&name)
        || name == "outbox.CLAIM"
}

/// The steps of SQLite's plan for a statement, its parameters unknown.
fn plan(conn: &rusqlite::Connection, text: &str) -> Vec<String> {
    let mut asked = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
    let mut rows = asked.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>(3).unwrap());
    }
    steps
}

fn reads_all(step: &str) -> bool {
    step.starts_with("SCAN ")
        && step != "SCAN CONSTANT ROW"
        && !OF_FEW.iter().any(|few| step.contains(few))
}

/// PostgreSQL plans by how many rows it counted, so that a plan over an empty table says nothing of a full one; the
/// indexes are the same.
async fn no_sweep_reads_a_whole_table(t: Bench) {
    if !matches!(t.kind, EngineKind::Sqlite) {
        return;
    }
    let conn = rusqlite::Connection::open(&t.target).unwrap();
    let seen = plan(&conn, "SELECT binding_id FROM binding WHERE label = ?1");
    assert!(seen.iter().any(|step| reads_all(step)), "{seen:?}");
    let (mut checked, mut faults) = (Vec::new(), Vec::new());
    for stmt in statement::all().filter(|stmt| is_sweep(stmt.name)) {
        checked.push(stmt.name);
        for step in plan(&conn, stmt.for_sqlite()) {
            if reads_all(&step) {
                faults.push(format!("{}: {step}", stmt.name));
            }
        }
    }
    let gone: Vec<_> = SWEEPS
        .iter()
        .chain(&LINES)
        .filter(|name| !checked.contains(name))
        .collect();
    assert!(gone.is_empty(), "there are no such statements: {gone:?}");
    assert!(faults.is_empty(), "{faults:#?}");
}
