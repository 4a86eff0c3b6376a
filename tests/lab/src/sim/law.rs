//! The cells of the law's tables, as they are written for the cell tests, and how often a run met them.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::cells::Cell;

/// How often each cell must be met in a run of the full size (money.md 4).
pub(super) const HITS_MIN: u64 = 20;

const TABLES: [(&str, &str); 3] = [
    (
        "P",
        include_str!("../../../../adapters/tests/cells/p.table"),
    ),
    (
        "L",
        include_str!("../../../../adapters/tests/cells/l.table"),
    ),
    (
        "R",
        include_str!("../../../../adapters/tests/cells/r.table"),
    ),
];

/// One way out of a cell, and how often it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) cell: Cell,
    pub(super) times: u64,
}

/// Every way out of every cell that is no contradiction, in the law's order.
pub(super) fn rows(met: &BTreeMap<Cell, u64>) -> Vec<Row> {
    let mut all: Vec<Row> = Vec::new();
    for (table, text) in TABLES {
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some(cell) = cell(table, line) else {
                continue;
            };
            if all.iter().any(|row| row.cell == cell) {
                continue;
            }
            let times = met.get(&cell).copied().unwrap_or(0);
            all.push(Row { cell, times });
        }
    }
    all
}

/// Inputs by table and state.
type Told = BTreeMap<String, Vec<&'static str>>;

/// Cells that ask or record only under the facts that a rumour brings: none.
const WITHOUT_FACTS: [(&str, &str, &str); 5] = [
    ("P", "PAYING", "create_ok"),
    ("L", "POST_UNKNOWN", "give_up"),
    ("L", "FENCING(repost)", "case"),
    ("L", "FENCING(refund)", "case"),
    ("R", "BLOCKED", "case"),
];

/// What a row in this state may be told at any time: the law records it, asks, or opens a case, and
/// moves nothing. Statements that a later decision would lean on are left to those who know them.
pub(super) fn recorded_only(table: &str, state: &str) -> &'static [&'static str] {
    static ALL: OnceLock<Told> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut all = Told::new();
        for (table, text) in TABLES {
            let rows: Vec<[&'static str; 5]> = text.lines().filter_map(words).collect();
            for [state, input, ..] in &rows {
                let told = all.entry(format!("{table}.{state}")).or_default();
                if is_recorded_only(table, state, input, &rows) && !told.contains(input) {
                    told.push(input);
                }
            }
        }
        all
    });
    let name = format!("{table}.{state}");
    all.get(&name).map_or(&[], Vec::as_slice)
}

fn is_recorded_only(table: &str, state: &str, input: &str, rows: &[[&str; 5]]) -> bool {
    let leaned_on = match (table, state) {
        (_, _) if input == "posted_same" || input == "posted_other" => true,
        ("L", "HELD") => ["fenced", "reversed", "mkt_yes", "not_found"].contains(&input),
        ("R", "SENDING" | "DONE" | "WITHDRAWN") => false,
        ("R", _) => input == "query_empty",
        _ => false,
    };
    let mut same = rows.iter().filter(|row| row[0] == state && row[1] == input);
    let only = |row: &[&str; 5]| row[3] == state && ["-", "q", "case", "409"].contains(&row[4]);
    // A GET that overtook the send: nothing is known then, and it is asked again.
    let overtaken = (table, state, input) == ("L", "POSTING", "not_found");
    let known = WITHOUT_FACTS.contains(&(table, state, input)) || overtaken;
    !leaned_on && (known || (same.clone().count() == 1 && same.all(only)))
}

fn words(line: &'static str) -> Option<[&'static str; 5]> {
    if line.starts_with('#') {
        return None;
    }
    let mut words = line.split('|').map(str::trim);
    Some([
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
        words.next()?,
    ])
}

/// The cell of one line, unless it is empty or a contradiction.
fn cell(table: &str, line: &str) -> Option<Cell> {
    let mut words = line.split('|').map(str::trim);
    let (state, input) = (words.next()?, words.next()?);
    let (_condition, next, effects) = (words.next()?, words.next()?, words.next()?);
    (effects != "X").then(|| {
        (
            table.to_owned(),
            state.to_owned(),
            input.to_owned(),
            next.to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_is_read_and_contradictions_are_left_out() {
        let rows = rows(&BTreeMap::new());
        for table in ["P", "L", "R"] {
            assert!(
                rows.iter().filter(|row| row.cell.0 == table).count() > 50,
                "{table}"
            );
        }
        let has = |state: &str, input: &str| {
            rows.iter()
                .any(|row| row.cell.1 == state && row.cell.2 == input)
        };
        assert!(has("FENCING(repost)", "fenced") && has("WAIT_FUNDS", "turn"));
        assert!(recorded_only("L", "REFUND_DUE").contains(&"mkt_no"));
        assert!(!recorded_only("L", "REFUND_DUE").contains(&"processing"));
        assert!(!recorded_only("L", "READY").contains(&"posted_same"));
        assert!(!recorded_only("R", "BLOCKED").contains(&"query_empty"));
        assert!(
            !has("CREATED", "lines_final"),
            "a contradiction is no cell to be met"
        );
    }
}
