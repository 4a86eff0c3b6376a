//! The bench of a notice asks the database for what the product asks it for: each statement of its script stands under
//! the name of the product's own, and names the same table and columns in the same order.

use crate::{assert_no_faults, source};

const NOTICE: &str = "tests/bench/notice.sql";
/// By this the script draws an order; no statement of the product does.
const DRAWN: &str = " FROM bench_order ";

/// The text of one of the product's statements, by `room.NAME`.
fn product(name: &str) -> Option<String> {
    let (room, name) = name.split_once('.')?;
    let rows = source::read("adapters/src/sql/payment_rows.rs")?;
    let (_, columns) = rows.split_once("macro_rules! payment_columns")?;
    let columns = columns.split('"').nth(1)?;
    let file = source::read(&format!("adapters/src/sql/{room}.rs"))?;
    let file = file.replace("\", payment_columns!(), \"", columns);
    let (_, rest) = file.split_once(&format!("\n    {name}(\""))?;
    let (_, rest) = rest.split_once(") = ")?;
    let text = rest.split('"').nth(1)?;
    Some(text.replace("\\\n", " "))
}

/// What a statement does, to which table, and the columns that it names.
fn shape(statement: &str) -> Vec<String> {
    let words: Vec<&str> = statement.split_whitespace().collect();
    let joined = words.join(" ");
    let text = joined.trim_end_matches(';');
    let between = |from: &str, to: &str| {
        let rest = text.split_once(from).map_or("", |(_, rest)| rest);
        rest.split_once(to).map_or(rest, |(part, _)| part)
    };
    let verb = text.split(' ').next().unwrap_or_default();
    let (table, columns, set) = match verb {
        "INSERT" => (
            between("INTO ", " "),
            between("(", ")"),
            between(" DO UPDATE SET ", " WHERE "),
        ),
        "UPDATE" => (between("UPDATE ", " "), "", between(" SET ", " WHERE ")),
        _ => (between(" FROM ", " "), between(" ", " FROM "), ""),
    };
    let written = set
        .split(',')
        .map(|one| one.split('=').next().unwrap_or(one));
    let named = columns.split(',').chain(written).map(str::trim);
    let all = [verb, table].into_iter().chain(named);
    all.map(str::to_owned).collect()
}

/// Where a script and the statements that it names part.
fn faults(script: &str, statement: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut named = None;
    for line in script.lines() {
        if let Some(said) = line.strip_prefix("-- ") {
            named = Some(said);
            continue;
        }
        let verbs = ["INSERT ", "UPDATE ", "SELECT ", "DELETE "];
        let asks = verbs.into_iter().any(|verb| line.starts_with(verb));
        if !asks || line.contains(DRAWN) {
            continue;
        }
        let name = named.take().unwrap_or("no name");
        match statement(name).map(|text| shape(&text)) {
            None => faults.push(format!("{name} is no statement of the product: {line}")),
            Some(theirs) if theirs != shape(line) => {
                faults.push(format!("{name} is {theirs:?}, not {:?}", shape(line)));
            }
            Some(_) => {}
        }
    }
    faults
}

#[test]
fn a_planted_column_is_found() {
    let product = |name: &str| {
        let text = "INSERT INTO outbox ( event_id, \n lane) VALUES ($1, $2)";
        (name == "outbox.ADD").then(|| text.to_owned())
    };
    let right = "INSERT INTO outbox (event_id, lane) VALUES ('a', 1);";
    let under = |name: &str, line: &str| faults(&format!("-- {name}\n{line}\n"), product);
    assert!(under("outbox.ADD", right).is_empty());
    for wrong in [
        "INSERT INTO outbox (event_id) VALUES ('a');",
        "INSERT INTO outbox (event_id, lane, money) VALUES ('a', 1, 1);",
        "INSERT INTO inbox (event_id, lane) VALUES ('a', 1);",
        "UPDATE outbox SET event_id = 'a', lane = 1 WHERE seq = 1;",
    ] {
        assert_eq!(under("outbox.ADD", wrong).len(), 1, "{wrong}");
    }
    assert_eq!(under("outbox.DROP", right).len(), 1);
    assert_eq!(faults(right, product).len(), 1, "under no name");
}

#[test]
fn a_notice_of_the_bench_asks_for_what_the_product_asks_for() {
    let script = source::read(NOTICE).expect("the script");
    assert_no_faults(NOTICE, &faults(&script, product));
    for name in [
        "inbox.RECEIVE",
        "ledger.CLOSE",
        "outbox.ADD",
        "payment_writes.SAVE",
        "payment_writes.LINE_SAVE",
    ] {
        assert!(script.contains(&format!("-- {name}\n")), "{name} is gone");
    }
}
