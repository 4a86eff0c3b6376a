//! The cells of the law's tables, as they are written for the cell tests, and how often a run met them.

use std::collections::BTreeMap;

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

/// Why a cell is not met: said for one cell, or with `*` for every input of a state.
const UNMET: &str = include_str!("unmet.table");

/// One way out of a cell, and how often it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) cell: Cell,
    pub(super) times: u64,
    /// Why it is not met, where that is known.
    pub(super) reason: Option<&'static str>,
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
            let reason = reason(&cell);
            all.push(Row {
                cell,
                times,
                reason,
            });
        }
    }
    all
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

fn reason((table, state, input, next): &Cell) -> Option<&'static str> {
    let fits = |word: &str, given: &str| word == "*" || word == given;
    UNMET
        .lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut words = line.split('|').map(str::trim);
            let matches = fits(words.next()?, table)
                && fits(words.next()?, state)
                && fits(words.next()?, input)
                && fits(words.next()?, next);
            matches.then(|| words.next()).flatten()
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
        assert!(
            !has("CREATED", "lines_final"),
            "a contradiction is no cell to be met"
        );
    }

    #[test]
    fn a_reason_is_for_cells_of_the_law() {
        let rows = rows(&BTreeMap::new());
        for line in UNMET
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty())
        {
            let words: Vec<&str> = line.split('|').map(str::trim).collect();
            assert_eq!(words.len(), 5, "{line}");
            let fits = |word: &str, given: &str| word == "*" || word == given;
            let used = rows.iter().any(|row| {
                let (table, state, input, next) = &row.cell;
                fits(words[0], table)
                    && fits(words[1], state)
                    && fits(words[2], input)
                    && fits(words[3], next)
            });
            assert!(used, "no cell fits: {line}");
        }
    }
}
