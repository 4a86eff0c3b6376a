//! Measures pieces by themselves for `make bench`, and is the bare server that an edge is measured against.
//! Prints one line of JSON. Method: docs/PERFORMANCE.md.

mod bare;
mod decisions;
mod recording;

use std::process::ExitCode;

use serde_json::Value;

/// Rounds of each, in turn; the median is told.
const ROUNDS: usize = 5;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "this is what the command prints")]
fn tell(found: &Value) {
    println!("{found}");
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match args.as_slice() {
        ["serve", port, file] => bare::serve(port, file),
        ["decisions", redis] => decisions::measure(redis).map(|found| tell(&found)),
        ["recording"] => recording::measure().map(|found| tell(&found)),
        _ => Err("serve PORT FILE | decisions REDIS_URL | recording".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tell(&serde_json::json!({ "error": why }));
            ExitCode::FAILURE
        }
    }
}
